"""A run's configuration."""

from esc_gpu.config.frontend import FrontendConfig
from esc_gpu.config.schema import AugmentConfig, DataConfig, ModelConfig, RunConfig, TrackerConfig, TrainConfig

__all__ = [
    "AugmentConfig",
    "DataConfig",
    "FrontendConfig",
    "ModelConfig",
    "RunConfig",
    "TrackerConfig",
    "TrainConfig",
]
