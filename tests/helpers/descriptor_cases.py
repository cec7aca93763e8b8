"""Small descriptors, chroma, deltas and PCEN by the name of the case, and clips for them."""

import pytest
import torch

from esc_gpu.frontends.registry import create_frontend

SMALL = {"sample_rate": 16000, "n_fft": 512, "hop_length": 160}
CQT = {"sample_rate": 16000, "hop_length": 160, "fmin": 200.0, "bins_per_octave": 12, "n_bins": 36}
SMALL_MEL = {"name": "logmel", "n_fft": 512, "hop_length": 160, "n_mels": 20}
CASES = {
    "spectral_centroid": SMALL,
    "spectral_bandwidth": SMALL,
    "spectral_rolloff": SMALL,
    "spectral_flatness": SMALL,
    "spectral_contrast": SMALL,
    "zero_crossing_rate": {"sample_rate": 16000, "frame_length": 400, "hop_length": 160},
    "rms": {"sample_rate": 16000, "frame_length": 400, "hop_length": 160, "pad_mode": "reflect"},
    "chroma": SMALL | {"norm": "l2"},
    "chroma_cqt": CQT,
    "delta": {"sample_rate": 16000, "member": SMALL_MEL, "width": 5},
    "pcen": SMALL | {"n_mels": 20},
    "pcen-trainable": SMALL | {"n_mels": 20, "trainable": True},
}


def each(cases):
    return pytest.mark.parametrize("case", cases)


def make(case, **options):
    return create_frontend(case.removesuffix("-trainable"), **CASES[case] | options)


def noise(n_clips=3, n_samples=8000, level=0.5):
    return level * (2 * torch.rand(n_clips, n_samples, generator=torch.Generator().manual_seed(0)) - 1)


def extremes():
    time = torch.arange(8000)
    click = torch.zeros(8000)
    click[4000] = 1
    clips = [
        torch.zeros(8000),
        torch.ones(8000),
        -torch.ones(8000),
        torch.sin(0.3 * time),
        torch.sign(time % 40 - 19.5),
    ]
    faint = [level * noise(1)[0] for level in (1e-9, 1e-15, 1e-21, 1e-30, 1e-40)]
    half_silent = noise(1)[0] * (time > 4000)
    return torch.stack([*clips, click, half_silent, *faint])
