"""Logarithms of levels: how they treat silence, what they are of, and what has no effect on them."""

import math

import pytest
import torch

from esc_gpu.frontends.registry import create_frontend
from tests.helpers.backends import needs_torchaudio
from tests.helpers.clips import RATE, noise
from tests.helpers.one_line import assert_refused

SMALL = {"sample_rate": RATE, "n_fft": 512, "hop_length": 160}


@pytest.mark.parametrize(
    ("options", "value"),
    [
        ({"scale": "ln"}, math.log(1e-10)),
        ({"scale": "ln", "log_offset": 1e-5}, math.log(1e-5)),
        ({"scale": "log10", "amin": 1e-4}, -4.0),
        ({"scale": "log1p"}, 0.0),
        ({"log_offset": 1e-6, "ref": 0.1}, -50.0),
    ],
)
def test_silence_is_the_floor_or_the_offset_and_has_a_gradient(options, value):
    silence = torch.zeros(1, 2000, requires_grad=True)
    for name in ("spectrogram", "logmel"):
        image = create_frontend(name, **SMALL, **options)(silence)
        torch.testing.assert_close(image, torch.full_like(image, value))
        image.sum().backward()
        assert silence.grad.isfinite().all()


def test_an_offset_is_added_where_the_floor_would_be():
    power = create_frontend("logmel", **SMALL, scale="power")(noise())
    image = create_frontend("logmel", **SMALL, scale="ln", log_offset=1e-3, amin=1.0)(noise())
    torch.testing.assert_close(image, (power + 1e-3).log(), rtol=1e-5, atol=1e-5)


def test_only_decibels_have_a_range():
    """So that a natural logarithm is streamed with the default options."""
    assert create_frontend("logmel", scale="ln").whole_clip is None
    assert create_frontend("mfcc", log="ln").whole_clip is None
    assert create_frontend("mfcc").whole_clip is not None


def test_a_power_of_one_is_the_magnitude():
    magnitude = create_frontend("spectrogram", **SMALL, scale="magnitude")(noise())
    torch.testing.assert_close(create_frontend("spectrogram", **SMALL, scale="power", power=1.0)(noise()), magnitude)
    image = create_frontend("spectrogram", **SMALL, scale="log1p", power=1.0)(noise())
    torch.testing.assert_close(image, magnitude.log1p())


def test_units():
    scales = {"db": "dB", "ln": "ln power", "log1p": "log1p power", "power": "power", "magnitude": "magnitude"}
    for scale, unit in scales.items():
        assert create_frontend("logmel", scale=scale).value_unit == unit
    assert create_frontend("mfcc").value_unit == "dB"
    assert create_frontend("mfcc", log="ln").value_unit == "ln power"


@pytest.mark.parametrize("scale", ["log1p", "power", "magnitude"])
def test_an_offset_without_effect_is_refused(scale):
    assert_refused(lambda: create_frontend("logmel", scale=scale, log_offset=1e-5), "log_offset", repr(scale), "leave")


@pytest.mark.parametrize(
    ("name", "option"),
    [("logmel", "amin"), ("logmel", "log_offset"), ("mfcc", "amin"), ("kaldi_fbank", "log_floor")],
)
def test_what_float32_takes_for_0_is_refused(name, option):
    """It would be no floor: the logarithm of silence would be minus infinity."""
    assert_refused(lambda: create_frontend(name, **{option: 2.0**-150}), option, "7.00649e-46", "raise it")
    least = create_frontend(name, **{option: 2.0**-149})
    assert least(torch.zeros(1, 44100)).isfinite().all()


def test_members_of_a_stack_have_each_its_own_logarithm():
    members = [
        {"name": "logmel", **SMALL, "n_mels": 20},
        {"name": "logmel", **SMALL, "n_mels": 20, "scale": "ln", "log_offset": 1e-2},
        {"name": "mfcc", **SMALL, "n_mels": 20, "n_mfcc": 20, "log_offset": 1e-2},
        {"name": "spectrogram", **SMALL, "power": 1.0},
    ]
    image = create_frontend("stack", sample_rate=RATE, members=members, n_bins=20)(noise())
    for channel, member in enumerate(members[:3]):
        torch.testing.assert_close(image[:, channel], create_frontend(**member)(noise())[:, 0], rtol=1e-5, atol=1e-4)


@needs_torchaudio
@pytest.mark.parametrize("name", ["mfcc", "lfcc"])
@pytest.mark.parametrize("options", [{"log": "ln"}, {"log_offset": 1e-6}])
def test_torchaudio_has_decibels_alone(name, options):
    assert_refused(lambda: create_frontend(name, "torchaudio", **options), "'torchaudio'", "backend='native'")


@needs_torchaudio
def test_log_mels_of_torchaudio():
    """`log_mels=True` is the natural logarithm of the bands plus 1e-6."""
    import torchaudio.transforms

    mel = {"n_fft": 512, "hop_length": 160, "n_mels": 40}
    expected = torchaudio.transforms.MFCC(RATE, 13, log_mels=True, melkwargs=mel)(noise())
    options = {"n_mels": 40, "n_mfcc": 13, "mel_scale": "htk", "norm": None, "log": "ln", "log_offset": 1e-6}
    torch.testing.assert_close(
        create_frontend("mfcc", **SMALL, **options)(noise())[:, 0], expected, rtol=1e-4, atol=1e-3
    )
    assert_refused(lambda: create_frontend("mfcc", log_mels=True), "log_mels", "write log='ln' and log_offset=1e-6")
