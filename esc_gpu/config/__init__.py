"""A run's configuration."""

from esc_gpu.config.frontend import FrontendConfig as FrontendConfig
from esc_gpu.config.schema import AugmentConfig as AugmentConfig
from esc_gpu.config.schema import DataConfig as DataConfig
from esc_gpu.config.schema import ModelConfig as ModelConfig
from esc_gpu.config.schema import RunConfig as RunConfig
from esc_gpu.config.schema import TrackerConfig as TrackerConfig
from esc_gpu.config.schema import TrainConfig as TrainConfig
