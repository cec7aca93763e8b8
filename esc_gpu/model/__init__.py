"""From waveform to logits: front-end, normalisation and a timm backbone in one module."""

from esc_gpu.model.classifier import WaveformClassifier as WaveformClassifier
