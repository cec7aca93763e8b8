"""Small models after a step of training, one for each kind of front-end."""

import torch

from esc_gpu import WaveformClassifier, create_frontend
from tests.helpers.tiny import RATE

SMALL = {"n_fft": 256, "hop_length": 256, "n_mels": 16}
FRONTENDS = {
    "logmel": {"name": "logmel", **SMALL},
    "mfcc": {"name": "mfcc", "n_mfcc": 8, **SMALL},
    "cqt": {"name": "cqt", "fmin": 200, "n_bins": 24, "hop_length": 256},
    "nnaudio": {"name": "logmel", "backend": "nnaudio", **SMALL},
    "trainable": {"name": "logmel", "backend": "nnaudio", "trainable_mel": True, **SMALL},
    "stack": {"name": "stack", "members": [{"name": "logmel", **SMALL}, {"name": "cqt", "fmin": 200, "n_bins": 12}]},
}
NAMES = ["a", "b", "c"]


def trained(spec, **options):
    """A model whose weights, batch statistics and normalisation are not the initial ones, and the clips that it saw."""
    torch.manual_seed(0)
    model = WaveformClassifier(create_frontend(**{"sample_rate": RATE, **spec}), 3, "test_resnet", **options)
    waveform = 0.1 * torch.randn(4, RATE)
    model.fit_normalization(waveform)
    model(waveform).square().mean().backward()
    torch.optim.SGD(model.parameters(), lr=0.1).step()
    return model.eval(), waveform
