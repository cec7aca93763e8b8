"""A run's configuration."""

from esc_gpu.config.schema import RunConfig as RunConfig
