"""A small untrained model, for what looks at models."""

from esc_gpu import WaveformClassifier, create_frontend
from tests.helpers.tiny import RATE


def small_frontend(name="logmel", **options):
    defaults = {
        "logmel": {"n_fft": 256, "hop_length": 256, "n_mels": 16},
        "cqt": {"hop_length": 256, "fmin": 200, "n_bins": 24},
    }
    return create_frontend(name, sample_rate=RATE, **{**defaults[name], **options})


def small_model(**options):
    return WaveformClassifier(small_frontend(), 5, "test_resnet", **options)


def trainable_model():
    frontend = create_frontend(
        "logmel", "nnaudio", sample_rate=8000, n_fft=256, hop_length=256, n_mels=16, trainable_mel=True
    )
    return WaveformClassifier(frontend, 3, "test_resnet")
