"""Every front-end with small options, most of them without decibels: what is compared with other libraries."""

import numpy as np

from esc_gpu import create_frontend
from tests.helpers.clips import RATE
from tests.helpers.frontend_cases import MEL, SMALL_CQT, STFT

FRAMES = {"sample_rate": RATE, "frame_length": 512, "hop_length": 160}
LOGMEL = {"name": "logmel", **MEL}
OPTIONS = {
    "spectrogram": STFT | {"scale": "power"},
    "logmel": MEL | {"scale": "power"},
    "mfcc": MEL | {"n_mfcc": 13},
    "lfcc": STFT | {"n_filters": 20, "n_lfcc": 13},
    "kaldi_fbank": {"sample_rate": RATE},
    "kaldi_mfcc": {"sample_rate": RATE},
    "gammatone": STFT | {"n_bins": 20, "scale": "power"},
    "gfcc": STFT | {"n_bins": 20, "n_gfcc": 13},
    "cqt": SMALL_CQT | {"scale": "power"},
    "vqt": SMALL_CQT | {"scale": "magnitude", "gamma": 5.0},
    "chroma": STFT | {"norm": "l2"},
    "chroma_cqt": {"sample_rate": RATE, "hop_length": 160, "fmin": 200.0, "n_bins": 108},
    "pcen": MEL,
    "spectral_bandwidth": STFT | {"p": 3.0},
    "spectral_contrast": STFT | {"n_bands": 4},
    "zero_crossing_rate": FRAMES,
    "rms": FRAMES,
    "delta": {"member": LOGMEL, "width": 5, "sample_rate": RATE},
    "model_input": {"member": LOGMEL | {"sample_rate": RATE}, "image_frames": 30, "mean": -40.0, "std": 40.0}
    | {"clip_seconds": 0.5, "fill": "repeat", "max_range": 60.0, "sample_rate": RATE},
    "stack": {"members": [LOGMEL, {"name": "mfcc", **MEL, "n_mfcc": 13, "hop_length": 320}], "sample_rate": RATE},
}


def small(name):
    return create_frontend(name, "native", **OPTIONS.get(name, STFT))


def noise(n_samples=6000):
    return np.random.default_rng(0).uniform(-0.5, 0.5, (2, n_samples)).astype(np.float32)
