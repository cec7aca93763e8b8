"""Kaldi's features are Kaldi's: those of its own code (kaldi-native-fbank), and torchaudio's port of it."""

import numpy as np
import pytest
import torch

from benchmarks.common.difference import relative_error
from benchmarks.exactness.float64_references import reference
from benchmarks.peers.with_kaldi import of_frontend
from esc_gpu import EscGpuError, create_frontend
from tests.helpers.backends import HAS_TORCHAUDIO
from tests.helpers.clips import RATE, noise, tone

BOTH = {
    "default": {},
    "whole frames around each hop": {"snip_edges": False},
    "many bands in a range": {"n_mels": 60, "fmin": 100.0, "fmax": 7000.0},
    "hamming": {"window": "hamming", "snip_edges": False},
    "blackman": {"window": "blackman"},
    "rectangular": {"window": "rectangular", "preemphasis": 0.0},
    "hanning": {"window": "hanning", "remove_dc": False},
    "sine": {"window": "sine", "preemphasis": 1.0},
    "energy": {"use_energy": True, "energy_floor": 1e10},
    "energy after the window": {"use_energy": True, "raw_energy": False},
    "HTK's order with energy": {"use_energy": True, "htk_compat": True},
    "HTK's order": {"use_energy": False, "htk_compat": True},
    "full scale at 1": {"input_scale": 1.0, "use_energy": True},
    "44.1 kHz": {"sample_rate": 44100},
}
CASES = [("kaldi_fbank", name, options) for name, options in BOTH.items()]
CASES += [("kaldi_mfcc", name, options) for name, options in BOTH.items()]
CASES += [
    ("kaldi_fbank", "magnitudes", {"mel_power": 1.0}),
    ("kaldi_fbank", "no logarithm", {"log": None}),
    ("kaldi_mfcc", "no lifter", {"lifter": 0.0, "n_mfcc": 23}),
    ("kaldi_mfcc", "a lifter under 1", {"lifter": 0.7}),
]


@pytest.mark.parametrize(("kind", "options"), [pytest.param(k, o, id=f"{k}, {name}") for k, name, o in CASES])
def test_it_is_what_kaldis_own_code_gives(kind, options):
    clip = swelling()
    frontend = create_frontend(kind, **{"sample_rate": RATE} | options)
    expected = of_frontend(frontend, clip)
    got = frontend(torch.from_numpy(clip)[None])[0, 0].numpy()
    assert got.shape == expected.shape
    # 1e-5 of the largest value: Kaldi, too, computes in float32, its mel bank included.
    assert np.abs(got - expected).max() <= 1e-5 * np.abs(expected).max()


def swelling():
    """`(T,)` noise that swells by 40 dB, on a constant."""
    clip = noise(1, 9000)[0].numpy()
    return (clip * np.logspace(-2, 0, len(clip)) * 0.9 + 0.01).astype(np.float32)


@pytest.mark.skipif(not HAS_TORCHAUDIO, reason="torchaudio is not installed")
@pytest.mark.parametrize("kind", ["fbank", "mfcc"])
@pytest.mark.parametrize("snip_edges", [True, False])
def test_it_is_torchaudios_port_for_each_clip_of_a_batch(kind, snip_edges):
    import torchaudio.compliance.kaldi as kaldi

    clips = noise(3)
    got = create_frontend(f"kaldi_{kind}", sample_rate=RATE, snip_edges=snip_edges, use_energy=True)(clips)
    for clip, features in zip(clips, got, strict=True):
        options = {"sample_frequency": RATE, "snip_edges": snip_edges, "use_energy": True, "energy_floor": 0.0}
        expected = getattr(kaldi, kind)(32768 * clip[None], **options).T
        assert (features[0] - expected).abs().max() <= 1e-5 * expected.abs().max()


@pytest.mark.parametrize(
    "options",
    [
        {"log": "log10", "log_offset": 1.0, "periodic": True, "window": "hanning"},
        {"log": "db", "log_floor": 1e3, "n_fft": 600},
        {"log": "log1p", "log_floor": 0.0, "mel_power": 1.0},
        {"snip_edges": False, "win_length": 401, "hop_length": 150},
        {"snip_edges": False, "win_length": 100, "hop_length": 300},  # gaps between the frames
    ],
)
def test_options_that_kaldi_has_not_are_as_defined(options):
    frontend = create_frontend("kaldi_fbank", sample_rate=RATE, **options)
    clips = noise(2, 3000).numpy()
    assert relative_error(frontend(torch.from_numpy(clips)).numpy(), reference(frontend, clips)) <= 1e-5


@pytest.mark.parametrize("snip_edges", [True, False])
def test_a_click_is_in_the_frame_whose_time_is_nearest(snip_edges):
    frontend = create_frontend("kaldi_fbank", sample_rate=RATE, snip_edges=snip_edges)
    for sample in (900, 2000, 2077, 6001):
        click = torch.zeros(1, 8000)
        click[0, sample] = 0.5
        levels = frontend(click)[0, 0].sum(dim=0)
        times = frontend.times(len(levels))
        assert levels.argmax() == (times - sample / RATE).abs().argmin()


def test_a_tone_lands_in_its_band():
    frontend = create_frontend("kaldi_fbank", sample_rate=RATE, n_mels=40)
    for k in (5, 20, 38):
        assert frontend(tone(frontend.frequencies[k].item()))[0, 0].mean(dim=1).argmax() == k


def test_a_constant_is_taken_off():
    frontend = create_frontend("kaldi_fbank", sample_rate=RATE)
    clip = noise(1, 4000, level=0.1)
    # 0.5 is 14 dB above the noise: what is left of it is float32's rounding.
    torch.testing.assert_close(frontend(clip + 0.5), frontend(clip), rtol=1e-4, atol=1e-4)


def test_a_stack_computes_the_bands_once(monkeypatch):
    members = [{"name": "kaldi_fbank"}, {"name": "kaldi_mfcc", "n_mfcc": 23}]
    stack = create_frontend("stack", sample_rate=RATE, members=members)
    alone = [create_frontend(**member, sample_rate=RATE)(noise()) for member in members]
    calls, compute = [], type(stack.layers[0]).frame_power
    for cls in map(type, stack.layers):
        monkeypatch.setattr(cls, "frame_power", lambda layer, frames: calls.append(1) or compute(layer, frames))
    together = stack(noise())
    assert calls == [1]
    assert torch.equal(together, torch.cat(alone, dim=1))
    assert stack.times(2).tolist() == pytest.approx([0.0125, 0.0225])


def test_its_repr_has_what_was_chosen():
    frontend = create_frontend("kaldi_fbank", sample_rate=RATE, n_mels=40)
    assert frontend.extra_repr() == (
        f"backend='native', sample_rate={RATE}, win_length=400, hop_length=160, n_fft=512, n_mels=40, fmax=8000.0"
    )


def test_kaldis_names_of_options_lead_to_ours():
    for option, meant in ("num_mel_bins", "write n_mels"), ("dither", "leave it out"):
        with pytest.raises(EscGpuError, match=f"no option '{option}': .*{meant}"):
            create_frontend("kaldi_fbank", **{option: 1})
