"""From waveform to logits: front-end, normalisation and a timm backbone in one module."""

from esc_gpu.core.extras import naming_extras

with naming_extras():
    from esc_gpu.model.backbone import create_backbone
    from esc_gpu.model.classifier import WaveformClassifier
    from esc_gpu.model.normalization import Normalization

__all__ = ["Normalization", "WaveformClassifier", "create_backbone"]
