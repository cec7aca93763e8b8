"""The default of every option, once more: one that changes, changes the images and the results of everybody."""

import inspect

import pytest

from esc_gpu.frontends.functions import estimate_tuning
from esc_gpu.frontends.registry import frontend_class, list_frontends
from esc_gpu.frontends.scaling import power_to_db
from esc_gpu.frontends.signature import option_parameters

DEFAULTS = {  # of all front-ends that have the option
    **{"sample_rate": 44100, "input_sample_rate": None, "pad_short": False, "center": True, "frame_length": 2048},
    **{"preemphasis_start": "zero", "log_offset": 0.0, "amin": 1e-10, "ref": 1.0, "top_db": 80.0, "scale": "db"},
    **{"win_length": None, "fmax": None, "mel_scale": "slaney", "tuning": 0.0},
    **{"n_filters": 128, "n_lfcc": 40, "n_gfcc": 40, "dct_type": 2, "dct_norm": "ortho"},
    **{"n_chroma": 12, "ctroct": 5.0, "octwidth": 2.0, "filter_scale": 1.0, "gamma": None, "kernels": "brown"},
    **{"gain": 0.98, "bias": 2.0, "time_constant": 0.4, "eps": 1e-6, "trainable": False},
    **{"p": 2.0, "roll_percent": 0.85, "quantile": 0.02, "linear": False, "n_bands": 6},
    **{"energy_floor": 0.0, "log_floor": 2.0**-23, "periodic": False, "snip_edges": True, "remove_dc": True},
    **{"raw_energy": True, "htk_compat": False},
    **{"width": 9, "order": 2, "mode": "interp", "member": None, "members": ()},
    **{"clip_seconds": None, "image_frames": None, "fill": "zeros", "max_range": None, "mean": 0.0, "std": 1.0},
}
KALDI = "kaldi_fbank kaldi_mfcc"
CQT, MEL = "cqt vqt chroma_cqt", "logmel mfcc pcen"
DIFFERING = {  # by front-end; "" stands for all others
    "n_fft": {"": 2048, KALDI: None},
    "hop_length": {"": 512, KALDI: None},
    "window": {"": "hann", KALDI: "povey"},
    "pad_mode": {"": "reflect", "rms": "constant"},
    "preemphasis": {"": 0.0, KALDI: 0.97},
    "fmin": {"": 0.0, KALDI: 20.0, "spectral_contrast": 200.0, "gammatone gfcc": 50.0, CQT: 32.70319566257483},
    "n_mels": {"": 128, KALDI: 23},
    "n_mfcc": {"mfcc": 40, "kaldi_mfcc": 13},
    "norm": {MEL: "slaney", "chroma chroma_cqt": "max", "spectral_bandwidth": True},
    "power": {"": 2.0, "pcen": 0.5, "spectral_rolloff": 1.0},
    "mel_power": {"pcen": 1.0, "kaldi_fbank": 2.0},
    "input_scale": {"pcen": 2.0**31, KALDI: 32768.0},
    "log": {"": "db", "kaldi_fbank": "ln"},
    "lifter": {"": 0.0, "kaldi_mfcc": 22.0},
    "use_energy": {"kaldi_fbank": False, "kaldi_mfcc": True},
    "n_bins": {"cqt vqt": 84, "chroma_cqt": 252, "gammatone gfcc": 64, "stack": None},
    "bins_per_octave": {"cqt vqt": 12, "chroma_cqt": 36},
}


def expected(name, option):
    if option not in DIFFERING:
        return DEFAULTS[option]
    values = {one: value for names, value in DIFFERING[option].items() for one in names.split()}
    return values.get(name, DIFFERING[option].get(""))


@pytest.mark.parametrize("name", list_frontends())
def test_the_default_of_every_option(name):
    found = {parameter.name: parameter.default for parameter in option_parameters(frontend_class(name, "native"))}
    assert found == {option: expected(name, option) for option in found}


def test_nothing_of_nnaudio_learns_by_default():
    for name, options in {"spectrogram": 1, "logmel": 2, "cqt": 1}.items():
        defaults = {p.name: p.default for p in option_parameters(frontend_class(name, "nnaudio"))}
        learning = [value for option, value in defaults.items() if option.startswith("trainable")]
        assert learning == [False] * options


def test_the_defaults_of_the_functions():
    for function, values in (
        (power_to_db, {"top_db": 80.0, "ref": 1.0, "amin": 1e-10}),
        (estimate_tuning, {"n_fft": 2048, "bins_per_octave": 12}),
    ):
        parameters = inspect.signature(function).parameters
        assert {name: parameters[name].default for name in values} == values
