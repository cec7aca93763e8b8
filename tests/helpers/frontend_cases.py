"""Every front-end of every backend with small options, by the name of the case: what the contract goes through."""

import pytest

from esc_gpu.frontends.registry import create_frontend, frontend_class, list_backends, list_frontends
from esc_gpu.frontends.signature import option_names
from tests.helpers.backends import HAS_TORCHAUDIO, needs
from tests.helpers.clips import RATE

STFT = {"sample_rate": RATE, "n_fft": 512, "hop_length": 160}
MEL = STFT | {"n_mels": 32}
KALDI = {"sample_rate": RATE, "hop_length": 160}
SMALL_CQT = {"sample_rate": RATE, "hop_length": 160, "fmin": 200.0, "n_bins": 24}
LONG_CQT = {
    "sample_rate": RATE,
    "hop_length": 160,
    "fmin": 60.0,
    "n_bins": 36,
}  # two octaves of FFT, one direct
OPTIONS = {
    "spectrogram": STFT,
    "logmel": MEL,
    "mfcc": MEL | {"n_mfcc": 13},
    "lfcc": STFT | {"n_filters": 32, "n_lfcc": 13},
    "kaldi_fbank": KALDI,
    "kaldi_mfcc": KALDI,
    "gammatone": STFT | {"n_bins": 32},
    "gfcc": STFT | {"n_bins": 32, "n_gfcc": 13},
    "cqt": SMALL_CQT,
    "vqt": SMALL_CQT,
    "pcen": MEL,
    "chroma": STFT,
    "chroma_cqt": {"sample_rate": RATE, "hop_length": 160, "fmin": 200.0, "bins_per_octave": 12, "n_bins": 36},
    "spectral_centroid": STFT,
    "spectral_bandwidth": STFT,
    "spectral_rolloff": STFT,
    "spectral_flatness": STFT,
    "spectral_contrast": STFT | {"n_bands": 4},
    "zero_crossing_rate": {"sample_rate": RATE, "frame_length": 512, "hop_length": 160},
    "rms": {"sample_rate": RATE, "frame_length": 512, "hop_length": 160},
}


def small_options(name):
    """Those of the table above; of a front-end that is not in it, the small ones that it has."""
    known = option_names(frontend_class(name))
    return OPTIONS.get(name) or {option: value for option, value in MEL.items() if option in known}


FEATURES = {"name": "logmel", **MEL}, {"name": "mfcc", **MEL, "n_mfcc": 13}, {"name": "cqt", **LONG_CQT}
RESOLUTIONS = [{"name": "logmel", **MEL, "n_fft": n_fft, "hop_length": n_fft // 4} for n_fft in (512, 1024, 2048)]

SINGLE = {
    f"{name}-{backend}": {"name": name, "backend": backend, **small_options(name)}
    for name in list_frontends()
    if name not in ("stack", "delta", "model_input")
    for backend in list_backends(name)
} | {f"cqt_long-{backend}": {"name": "cqt", "backend": backend, **LONG_CQT} for backend in list_backends("cqt")}
STACKS = {
    "stack-features": {"name": "stack", "members": FEATURES, "sample_rate": RATE},
    "stack-resolutions": {"name": "stack", "members": RESOLUTIONS, "sample_rate": RATE},
    "delta": {"name": "delta", "member": FEATURES[0], "sample_rate": RATE},
    "model_input": {"name": "model_input", "member": {"name": "kaldi_fbank"}, "max_range": 9.0, "sample_rate": RATE}
    | {"mean": 4.0, "std": 3.0},
}
# With options that are seldom set, of which the graphs and the contract are to know.
OPTIONED = {
    "mfcc-options": {"name": "mfcc", "backend": "native", **MEL, "n_mfcc": 13, "window": ["kaiser", 8.6]}
    | {"pad_mode": "edge", "ref": "max", "amin": 1e-8, "dct_type": 3, "dct_norm": None, "lifter": 22.0, "power": 1.0},
    "spectrogram-options": {
        "name": "spectrogram",
        "backend": "native",
        **STFT,
        "window": "hann_symmetric",
        "pad_mode": "wrap",
        "preemphasis": 0.9,
        "preemphasis_start": "drop",
        "scale": "log1p",
        "power": 1.0,
    },
    "cqt-options": {"name": "cqt", "backend": "native", **SMALL_CQT, "window": "povey", "pad_mode": "edge"}
    | {"kernels": "librosa", "tuning": 0.3},
}
OPTIONED["logmel-within"] = {"name": "logmel", "backend": "native", **MEL, "center": False} | {
    "mel_scale": "kaldi",
    "scale": "ln",
    "log_offset": 1e-5,
}
OPTIONED["chroma-options"] = {"name": "chroma", "backend": "native", **STFT, "tuning": None, "octwidth": None}
OPTIONED["delta-options"] = {"name": "delta", "member": FEATURES[0], "sample_rate": RATE, "mode": "mirror"}
CASES = SINGLE | STACKS | OPTIONED
NATIVE = {key: case for key, case in CASES.items() if case.get("backend", "native") == "native"}
OTHERS = {key: case for key, case in CASES.items() if case.get("backend", "native") != "native"}
# They count: their values move in steps, and their gradient is 0 everywhere.
COUNTING = ("spectral_rolloff", "zero_crossing_rate")


def promises(name, backend):
    """The line of a class's docstring that says what the tests of the contract and of the graphs show of it."""
    gradient = "gradient 0" if name in COUNTING else "gradient"
    graphs = "torch.compile · torch.export, ONNX" if backend == "native" else "torch.export"
    return f"Any device · {gradient} · {graphs}."


def layer_of(case):
    """The layer of a case, to choose cases by; of a backend that is not here the native one, which has its options."""
    return create_frontend(**case | ({} if HAS_TORCHAUDIO else {"backend": "auto"}))


def having(option):
    """The cases whose front-end has an option."""
    return {key: case for key, case in SINGLE.items() if option in option_names(type(layer_of(case)))}


SCALED = having("scale")
# Where a tone is a peak at its frequency: the bins are bands of frequency.
BANDED = {
    key: case for key, case in SINGLE.items() if case["name"] in ("spectrogram", "logmel", "gammatone", "cqt", "vqt")
}
TRAINABLE = {
    "spectrogram": {"name": "spectrogram", **STFT, "trainable_stft": True},
    "logmel-stft": {"name": "logmel", **MEL, "trainable_stft": True},
    "logmel-mel": {"name": "logmel", **MEL, "trainable_mel": True},
    "logmel-both": {"name": "logmel", **MEL, "trainable_stft": True, "trainable_mel": True},
    "mfcc": {"name": "mfcc", **MEL, "n_mfcc": 13, "trainable_mel": True},
    "cqt": {"name": "cqt", **SMALL_CQT, "trainable": True},
}


def each(cases):
    marked = [pytest.param(case, id=key, marks=needs(case.get("backend"))) for key, case in cases.items()]
    return pytest.mark.parametrize("case", marked)
