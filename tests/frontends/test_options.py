"""Options that are seldom set: the numbers of librosa, scipy and torchaudio, in float64."""

import json

import numpy as np
import pytest
import torch

from benchmarks.exactness.float64_references import reference
from esc_gpu.config.parse import parse_run
from esc_gpu.frontends.registry import create_frontend
from tests.helpers.clips import RATE
from tests.helpers.float64 import in_float64
from tests.helpers.one_line import assert_refused
from tests.helpers.signals import relative_l2

STFT = {"sample_rate": RATE, "n_fft": 512, "hop_length": 160}
MEL = STFT | {"n_mels": 20}
CQT = {"sample_rate": RATE, "hop_length": 160, "fmin": 100.0, "n_bins": 30, "scale": "power"}
SAMPLES = np.random.default_rng(1).uniform(0.1, 1.0, 512).tolist()

EXACT = [
    # name, options
    ("spectrogram", STFT | {"window": ["kaiser", 8.6], "scale": "power"}),
    ("spectrogram", STFT | {"window": "hann_symmetric", "win_length": 401, "scale": "power"}),
    ("logmel", MEL | {"window": "povey", "scale": "power"}),
    ("mfcc", MEL | {"window": ["general_gaussian", 1.5, 100], "n_mfcc": 13}),
    ("chroma", STFT | {"window": SAMPLES, "norm": None}),
    ("pcen", MEL | {"window": ["tukey", 0.3]}),
    ("spectral_centroid", STFT | {"window": ["povey_periodic"]}),
    ("cqt", CQT | {"window": ["kaiser", 8.6]}),
    ("cqt", CQT | {"window": "blackman_symmetric", "fmin": 50.0}),
    ("vqt", CQT | {"window": "povey"}),
    ("spectrogram", STFT | {"pad_mode": "wrap", "scale": "power"}),
    ("spectrogram", STFT | {"pad_mode": "circular", "n_fft": 401, "scale": "power"}),
    ("mfcc", MEL | {"pad_mode": "edge", "n_mfcc": 13}),
    ("logmel", MEL | {"pad_mode": "replicate", "win_length": 300}),
    ("cqt", CQT | {"pad_mode": "edge"}),
    ("vqt", CQT | {"pad_mode": "wrap"}),
    ("spectrogram", STFT | {"ref": "max", "top_db": 30.0}),
    ("logmel", MEL | {"ref": 0.3, "amin": 1e-3, "top_db": None}),
    ("gammatone", STFT | {"ref": 0.3, "amin": 2.0}),
    ("mfcc", MEL | {"ref": "max", "amin": 1e-2, "n_mfcc": 13}),
    ("lfcc", STFT | {"n_lfcc": 13, "n_filters": 20, "ref": 100.0, "top_db": 10.0}),
    ("gfcc", STFT | {"n_gfcc": 13, "n_bins": 20, "ref": 1e-5}),
    ("cqt", CQT | {"scale": "db", "ref": "max", "top_db": 30.0}),
    ("spectrogram", STFT | {"scale": "log1p", "power": 1.0}),
    ("logmel", MEL | {"scale": "ln", "log_offset": 1e-5}),
    ("gammatone", STFT | {"scale": "log10", "amin": 0.5}),
    ("mfcc", MEL | {"n_mfcc": 13, "log": "ln", "log_offset": 1e-6}),
    ("lfcc", STFT | {"n_lfcc": 13, "n_filters": 20, "log_offset": 1e-3, "ref": 1e-5}),
    ("cqt", CQT | {"scale": "ln", "log_offset": 1e-4, "power": 0.7}),
    ("mfcc", MEL | {"n_mfcc": 13, "dct_type": 1}),
    ("mfcc", MEL | {"n_mfcc": 13, "dct_type": 3, "dct_norm": None, "lifter": 22.0}),
    ("lfcc", STFT | {"n_lfcc": 13, "n_filters": 20, "dct_norm": None, "dct_type": 1}),
    ("gfcc", STFT | {"n_gfcc": 20, "n_bins": 20, "lifter": 7.5}),
    ("logmel", MEL | {"preemphasis": 0.97}),
    ("pcen", MEL | {"preemphasis": 1.0, "pad_mode": "constant"}),
    ("logmel", MEL | {"preemphasis": 0.97, "preemphasis_start": "drop"}),
    ("logmel", MEL | {"mel_scale": "kaldi", "norm": None}),
    ("pcen", MEL | {"mel_scale": "kaldi"}),
    ("chroma", STFT | {"ctroct": 4.0, "octwidth": 1.0, "tuning": 0.25}),
    ("cqt", CQT | {"kernels": "librosa", "tuning": 0.3}),
    ("vqt", CQT | {"kernels": "librosa", "window": ["kaiser", 8.6]}),
    ("spectral_rolloff", STFT | {"preemphasis": 0.5}),
    ("logmel", MEL | {"power": 1.0, "scale": "power"}),
    ("logmel", MEL | {"power": 0.6}),
    ("mfcc", MEL | {"n_mfcc": 13, "power": 1.0}),
    ("lfcc", STFT | {"n_lfcc": 13, "n_filters": 20, "power": 3.0}),
    ("gammatone", STFT | {"power": 1.0, "top_db": None}),
    ("gfcc", STFT | {"n_gfcc": 13, "n_bins": 20, "power": 1.5}),
    ("spectral_bandwidth", STFT | {"norm": False}),
    ("spectral_bandwidth", STFT | {"norm": False, "p": 1.0}),
    ("spectral_rolloff", STFT | {"power": 2.0, "roll_percent": 0.95}),
    ("spectral_contrast", STFT | {"n_bands": 4, "linear": True}),
    ("spectrogram", STFT | {"center": False, "win_length": 300, "scale": "power"}),
    ("mfcc", MEL | {"center": False, "n_mfcc": 13}),
    ("pcen", MEL | {"center": False}),
    ("spectral_centroid", STFT | {"center": False, "n_fft": 401}),
    ("zero_crossing_rate", {"sample_rate": RATE, "frame_length": 400, "hop_length": 160, "center": False}),
    ("rms", {"sample_rate": RATE, "frame_length": 401, "hop_length": 160, "center": False, "pad_mode": "reflect"}),
    ("rms", {"sample_rate": RATE, "frame_length": 400, "hop_length": 160, "pad_mode": "edge"}),
    ("rms", {"sample_rate": RATE, "frame_length": 401, "hop_length": 160, "pad_mode": "wrap"}),
]


def clips(n_samples=4011):
    """`(2, T)` float64, noise that is louder in the second half; its ends differ."""
    noise = np.random.default_rng(0).uniform(-0.5, 0.5, (2, n_samples))
    return noise * np.linspace(0.2, 1.0, n_samples)


def names(cases):
    return [f"{name}-{', '.join(str(value)[:20] for value in list(options.values())[3:])}" for name, options in cases]


@pytest.mark.parametrize(("name", "options"), EXACT, ids=names(EXACT))
def test_it_is_the_definition(name, options):
    frontend = create_frontend(name, "native", **options)
    expected = reference(frontend, clips())
    actual = in_float64(frontend)(torch.from_numpy(clips())).numpy()
    # The constant-Q transform cuts its kernels' spectra.
    assert relative_l2(actual, expected) < (1e-5 if name in ("cqt", "vqt") else 1e-6)
    twin = create_frontend(**json.loads(json.dumps(frontend.spec)))
    assert twin.spec == frontend.spec
    np.testing.assert_allclose(twin(torch.from_numpy(clips())).numpy(), expected, rtol=1e-3, atol=2e-3)


# ---- windows


def test_a_window_is_a_list_of_plain_types_whatever_it_was():
    for window in (("kaiser", 8.6), ["kaiser", 8.6]):
        assert create_frontend("logmel", window=window).spec["window"] == ["kaiser", 8.6]
    for window in (np.array(SAMPLES), torch.tensor(SAMPLES, dtype=torch.float64), tuple(SAMPLES)):
        layer = create_frontend("spectrogram", **STFT, window=window)
        assert layer.spec["window"] == SAMPLES
        assert "window=[0.5" in repr(layer) and len(repr(layer)) < 400


def test_a_window_on_the_command_line_and_in_a_file(tmp_path):
    (tmp_path / "a.yaml").write_text("frontend: {name: mfcc, window: [kaiser, 8.6]}", encoding="utf-8")
    for words in (["--config", str(tmp_path / "a.yaml")], ["--frontend.window", '["kaiser", 8.6]']):
        assert parse_run(words, "train.py").frontend.options["window"] == ["kaiser", 8.6]
    assert parse_run(["--frontend.window", "hamming"], "train.py").frontend.options["window"] == "hamming"


def test_windows_that_cannot_be():
    assert_refused(lambda: create_frontend("logmel", window=SAMPLES), "512 numbers for 2048 samples")
    assert_refused(lambda: create_frontend("logmel", window=[0.0] * 2048), "0 everywhere")
    assert_refused(lambda: create_frontend("cqt", window=SAMPLES), "a window of its own length")
    assert_refused(lambda: create_frontend("cqt", window=["dpss", 200]), "NW must be less than M/2")


# ---- the ends of clips


@pytest.mark.parametrize("name", ["spectrogram", "cqt", "rms"])
def test_the_shortest_clip_that_wraps_around(name):
    frontend = create_frontend(name, sample_rate=RATE, pad_mode="wrap")
    least = frontend.min_samples
    clip = clips(least)
    assert frontend(torch.from_numpy(clip)).shape[1:] == frontend.output_shape(least)
    expected = reference(frontend, clip)
    assert relative_l2(frontend(torch.from_numpy(clip)).numpy(), expected) < 1e-4
    assert_refused(lambda: frontend(torch.from_numpy(clip[:, 1:])), f"at least {least} samples")


@pytest.mark.parametrize("name", ["logmel", "cqt", "rms", "stack", "delta"])
def test_a_stream_cannot_begin_with_its_end(name):
    options = {"pad_mode": "wrap"} if name == "rms" else {"pad_mode": "wrap", "top_db": None}
    member = {"name": "logmel", **options}
    options = {"stack": {"members": [member]}, "delta": {"member": member}}.get(name, options)
    assert_refused(
        create_frontend(name, sample_rate=RATE, **options).stream, "stands its own end", "set another pad_mode"
    )


# ---- decibels


def test_a_clips_own_maximum_is_its_zero():
    for name in ("spectrogram", "logmel", "cqt"):
        image = create_frontend(name, sample_rate=RATE, ref="max", top_db=30.0)(torch.from_numpy(clips(9000)))
        assert image.amax(dim=(1, 2, 3)).tolist() == [0.0, 0.0]
        assert image.amin().item() == pytest.approx(-30.0)


def test_silence_is_finite_over_its_own_maximum():
    silence = torch.zeros(1, 9000, requires_grad=True)
    image = create_frontend("logmel", sample_rate=RATE, ref="max", amin=1e-6)(silence)
    image.sum().backward()
    assert (image == 0).all() and silence.grad.isfinite().all()


def test_a_stream_has_no_maximum():
    assert_refused(create_frontend("mfcc", ref="max", top_db=None).stream, "ref='max'", "set a number")
    create_frontend("logmel", ref="max", top_db=None, scale="power").stream()
    waveform = torch.from_numpy(clips()).float()
    frontend = create_frontend("mfcc", sample_rate=RATE, ref=0.1, amin=1e-3, top_db=None)
    stream = frontend.stream()
    parts = [*map(stream.push, waveform.split(999, dim=1)), stream.end()]
    torch.testing.assert_close(torch.cat(parts, dim=-1), frontend(waveform), rtol=1e-5, atol=1e-4)


# ---- cepstra


def test_a_cosine_transform_of_one_band():
    options = STFT | {"n_mels": 1, "n_mfcc": 1}
    assert_refused(lambda: create_frontend("mfcc", **options, dct_type=1), "dct_type=1", "take dct_type=2")
    assert create_frontend("mfcc", **options, dct_type=3).output_shape(4000) == (1, 1, 26)


# ---- pre-emphasis


def test_pre_emphasis_is_that_of_torchaudio():
    transforms = pytest.importorskip("torchaudio.transforms")
    waveform = torch.from_numpy(clips()).float()
    frontend = create_frontend("mfcc", sample_rate=RATE, preemphasis=0.97)
    plain = create_frontend("mfcc", sample_rate=RATE)
    torch.testing.assert_close(frontend(waveform), plain(transforms.Preemphasis(0.97)(waveform)), rtol=1e-5, atol=1e-3)


def test_pre_emphasis_is_a_members_own():
    members = [{"name": "logmel", **MEL}, {"name": "mfcc", **MEL, "n_mfcc": 20, "preemphasis": 0.97}]
    waveform = torch.from_numpy(clips()).float()
    for ordered in (members, members[::-1]):
        image = create_frontend("stack", sample_rate=RATE, members=ordered)(waveform)
        for channel, member in enumerate(ordered):
            torch.testing.assert_close(image[:, channel], create_frontend(**member)(waveform)[:, 0])
    outer = create_frontend("delta", sample_rate=RATE, member=members[1])(waveform)
    torch.testing.assert_close(outer[:, :1], create_frontend(**members[1])(waveform))


def test_pre_emphasis_of_whole_numbers_and_of_chunks():
    frontend = create_frontend("logmel", **MEL, preemphasis=0.97, top_db=None)
    pcm = (torch.from_numpy(clips()) * 32767).to(torch.int16)
    torch.testing.assert_close(frontend(pcm), frontend(pcm.double() / 32768), rtol=1e-5, atol=1e-4)
    for pad_short, n_samples in ((False, 4000), (True, 100)):
        frontend = create_frontend("logmel", **MEL, preemphasis=0.97, top_db=None, pad_short=pad_short)
        waveform = torch.from_numpy(clips(n_samples)).float()
        for lengths in ([1] * 60 + [n_samples - 60], [0, n_samples], [n_samples // 2] * 2):
            stream = frontend.stream()
            parts = [*map(stream.push, waveform.split(lengths, dim=1)), stream.end()]
            torch.testing.assert_close(torch.cat(parts, dim=-1), frontend(waveform), rtol=1e-5, atol=1e-4)


# ---- bands of magnitude


@pytest.mark.parametrize("power", [0.5, 1.0, 3.0])
def test_the_gradient_of_silence_is_finite(power):
    silence = torch.zeros(1, 4000, requires_grad=True)
    create_frontend("logmel", **MEL, power=power)(silence).sum().backward()
    assert silence.grad.isfinite().all()


# ---- descriptors


def test_a_linear_contrast_is_streamed():
    waveform = torch.from_numpy(clips()).float()
    frontend = create_frontend("spectral_contrast", **STFT, n_bands=4, linear=True)
    assert frontend.value_unit == "magnitude"
    stream = frontend.stream()
    parts = [*map(stream.push, waveform.split(999, dim=1)), stream.end()]
    torch.testing.assert_close(torch.cat(parts, dim=-1), frontend(waveform), rtol=1e-5, atol=1e-5)


def test_the_gradient_of_the_bandwidth_of_silence_is_finite():
    silence = torch.zeros(1, 4000, requires_grad=True)
    create_frontend("spectral_bandwidth", **STFT, norm=False)(silence).sum().backward()
    assert silence.grad.isfinite().all()


# ---- frames within the clip


FRAMES = {"sample_rate": RATE, "frame_length": 512, "hop_length": 160}


@pytest.mark.parametrize(
    ("name", "options"),
    [("logmel", MEL | {"top_db": None}), ("chroma", STFT), ("rms", FRAMES), ("zero_crossing_rate", FRAMES)],
)
def test_frames_lie_within_the_clip(name, options):
    frontend = create_frontend(name, **options, center=False)
    assert frontend.min_samples == 512
    for n_samples, n_frames in ((512, 1), (671, 1), (672, 2)):
        image = frontend(torch.from_numpy(clips(n_samples)))
        assert image.shape[-1] == frontend.n_frames(n_samples) == n_frames
    assert frontend.times(2).tolist() == pytest.approx([256 / RATE, 416 / RATE])
    assert_refused(lambda: frontend(torch.zeros(1, 511)), "at least 512 samples")
    short = create_frontend(name, **options, center=False, pad_short=True)
    assert short(torch.zeros(1, 100)).shape[-1] == short.n_frames(100) == 1
    # They are the frames of a centred front-end of the clip without half a frame at its ends.
    clip = torch.from_numpy(clips(4000)).float()
    centred = create_frontend(name, **options | {"hop_length": 32})
    every = centred(clip)[..., 8::5]  # centred on sample 256 + 160 n
    inner = frontend(clip)
    torch.testing.assert_close(inner, every[..., : inner.shape[-1]], rtol=1e-5, atol=1e-4)
    stream = frontend.stream()
    assert stream.latency_samples == 256
    parts = [*map(stream.push, clip.split(777, dim=1)), stream.end()]
    torch.testing.assert_close(torch.cat(parts, dim=-1), inner, rtol=1e-5, atol=1e-4)
