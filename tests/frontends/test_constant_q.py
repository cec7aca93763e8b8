"""Constant-Q and variable-Q: the direct sum over their kernels, and the plans kept for the lengths of clips."""

from functools import partial

import librosa
import numpy as np
import pytest
import torch

from esc_gpu.frontends.constant_q_bands import relative_bandwidth
from esc_gpu.frontends.constant_q_kernels import cqt_kernel
from esc_gpu.frontends.images import default_frontends
from esc_gpu.frontends.registry import create_frontend, list_backends
from tests.helpers.clips import close, noise
from tests.helpers.frontend_cases import LONG_CQT
from tests.helpers.one_line import assert_refused
from tests.helpers.signals import features, relative_l2, signal


def test_replicas_of_a_cqt_make_plans_of_their_own():
    """As DataParallel's on another device; here one in float64."""
    frontend = create_frontend(**LONG_CQT, name="cqt")
    expected = frontend(noise())
    replica = frontend._replicate_for_data_parallel()
    replica._buffers = {name: buffer.double() for name, buffer in frontend._buffers.items()}
    close(replica(noise()).float(), expected)
    assert torch.equal(frontend(noise()), expected)


def test_a_cqt_loses_no_plan_to_another_thread(monkeypatch):
    """Its plan is thrown away between its making and its use."""
    frontend = create_frontend(**LONG_CQT, name="cqt")
    expected = frontend(noise())
    rfft = torch.fft.rfft
    monkeypatch.setattr(torch.fft, "rfft", lambda *args, **kwargs: (frontend._plans.clear(), rfft(*args, **kwargs))[1])
    assert torch.equal(frontend(noise()), expected)


@pytest.mark.parametrize("backend", list_backends("cqt"))
def test_cqt_above_the_nyquist_frequency(backend):
    options = {"sample_rate": 16000, "fmin": 500.0, "n_bins": 50, "hop_length": 160}
    make = partial(create_frontend, "cqt", backend, **options)
    assert_refused(make, "n_bins=50", "8476 Hz", "8000 Hz", "lower n_bins to 48")
    assert_refused(lambda: make(n_bins=49), "n_bins=49", "at 8000 Hz", "8357 Hz", "lower n_bins to 48")
    make(n_bins=48)
    # A narrower window's band is narrower, and kernels of four times the length have a fourth of it.
    assert_refused(lambda: make(n_bins=48, fmin=512.0), "n_bins=48")
    make(n_bins=48, fmin=512.0, window="boxcar")
    make(n_bins=48, fmin=512.0, filter_scale=4.0)


def test_bands_below_0_hz_and_of_no_bins():
    """Their mirror image lies below 0 Hz; and a fmin that leaves no bin has no n_bins to name."""
    assert_refused(lambda: create_frontend("vqt", gamma=50.0), "32.7032 Hz", "-6.3 Hz", "raise fmin", "lower gamma")
    assert_refused(lambda: create_frontend("cqt", bins_per_octave=1, n_bins=4, filter_scale=0.5), "down to -16.4 Hz")
    assert_refused(lambda: create_frontend("cqt", sample_rate=8000, fmin=3950.0), "lower fmin")


def test_cqt_keeps_the_spectra_of_few_clip_lengths():
    layer = create_frontend("cqt", sample_rate=8000, fmin=50.0, n_bins=12, hop_length=256)
    for n_samples in range(4000, 4000 + 20 * 256, 256):
        layer(torch.zeros(1, n_samples))
    assert 1 <= len(layer._plans) <= 8


RATE = 44100
SIGNALS = ("tone", "chirp", "click", "noise", "square")
for_signals = pytest.mark.parametrize("name", SIGNALS)
CQTS = {
    # name: options, samples
    "default": ({}, RATE),
    "24_bins_an_octave": ({"sample_rate": 22050, "bins_per_octave": 24, "n_bins": 168}, 22050),
    "part_of_an_octave": ({"sample_rate": 22050, "n_bins": 77, "pad_mode": "constant"}, 22051),
    "hop_441": ({"hop_length": 441, "fmin": 65.4, "n_bins": 90}, 30011),
    "prime_length": ({"sample_rate": 16000, "fmin": 55.0, "n_bins": 80, "hop_length": 300}, 10007),
    "hop_beyond_the_clip": ({"sample_rate": 16000, "fmin": 55.0, "n_bins": 80, "hop_length": 4000}, 3001),
    "hop_1": (
        {"sample_rate": 8000, "fmin": 55.0, "n_bins": 40, "hop_length": 1, "pad_mode": "constant"},
        1500,
    ),
    "hop_3": (
        {"sample_rate": 8000, "fmin": 55.0, "n_bins": 40, "hop_length": 3, "pad_mode": "constant"},
        1500,
    ),
    "shorter_than_a_kernel": ({"pad_mode": "constant"}, 1000),
    "one_bin": ({"fmin": 440.0, "n_bins": 1}, 8191),
    "window": ({"sample_rate": 16000, "fmin": 55.0, "n_bins": 60, "window": "hamming"}, 16001),
    "half_filters": ({"sample_rate": 22050, "filter_scale": 0.5}, 16384),
    "short_kernels": ({"sample_rate": 16000, "fmin": 500.0, "n_bins": 45, "hop_length": 250}, 16384),
    "long_kernels": (
        {"sample_rate": 16000, "fmin": 120.0, "n_bins": 24, "filter_scale": 2.0, "hop_length": 250},
        16381,
    ),
}


def direct_cqt(frontend, clip):
    """Magnitude `(n_bins, N)` in float64: each kernel's conjugate times the samples around each frame."""
    bandwidths = (2 ** (1 / frontend.bins_per_octave) - 1) * frontend.centres() + frontend.bandwidth_offset
    lengths = np.ceil(frontend.filter_scale * frontend.sample_rate / bandwidths).astype(int)
    kernels = [
        cqt_kernel(hz, length, frontend.sample_rate, frontend.window)
        for hz, length in zip(frontend.centres(), lengths, strict=True)
    ]
    pad = max(len(offsets) for offsets, _ in kernels)
    padded = np.pad(clip, pad, mode=frontend.pad_mode)
    centres = pad + np.arange(0, len(clip) + 1, frontend.hop_length)
    magnitude = np.empty((len(kernels), len(centres)))
    for row, (offsets, values) in zip(magnitude, kernels, strict=True):
        windows = np.lib.stride_tricks.sliding_window_view(padded, len(values))
        row[:] = np.abs(windows[centres + offsets[0]] @ values.conj())
    return magnitude


VQTS = {
    "ear": ({}, RATE),
    "no_gamma": ({"gamma": 0.0, "sample_rate": 22050}, 22050),
    "wide": ({"gamma": 30.0, "sample_rate": 16000, "fmin": 55.0, "n_bins": 60, "hop_length": 250}, 16001),
    "24_bins_an_octave": ({"bins_per_octave": 24, "n_bins": 120, "sample_rate": 16000, "filter_scale": 2.0}, 20000),
}


@for_signals
@pytest.mark.parametrize(("options", "n_samples"), VQTS.values(), ids=VQTS)
def test_vqt_is_the_direct_sum(options, n_samples, name):
    frontend = create_frontend("vqt", scale="magnitude", **options)
    clip = signal(name, frontend.sample_rate, n_samples)
    assert relative_l2(features(frontend, clip), direct_cqt(frontend, clip)) < 1e-4


def test_vqt_bandwidths_are_those_of_librosa():
    """librosa's lengths, for its own ratio of bandwidth to frequency, which is another than ours."""
    frontend = create_frontend("vqt")
    lengths, _ = librosa.filters.wavelet_lengths(
        freqs=frontend.centres(), sr=RATE, gamma=frontend.bandwidth_offset, alpha=np.full(84, relative_bandwidth(12))
    )
    assert np.array_equal(frontend.kernel_lengths(), np.ceil(lengths))
    assert (
        create_frontend("vqt", gamma=0.0).kernel_lengths().tolist() == create_frontend("cqt").kernel_lengths().tolist()
    )


@pytest.mark.parametrize("options", [{}, {"bins_per_octave": 24, "n_bins": 150, "tuning": 0.4, "filter_scale": 1.3}])
def test_librosas_kernels_are_its_own(options):
    """The same samples around each frame, with the scale that `librosa.cqt` gives them."""
    frontend = create_frontend("cqt", "native", sample_rate=22050, kernels="librosa", **options)
    given = {"sr": 22050, "filter_scale": frontend.filter_scale, "dtype": np.complex128}
    wavelets, lengths = librosa.filters.wavelet(freqs=frontend.centres(), **given)
    middle = wavelets.shape[1] // 2
    for k, (offsets, values) in enumerate(frontend.bin_kernels(range(frontend.n_bins))):
        expected = np.sqrt(lengths[k]) * wavelets[k]
        np.testing.assert_allclose(values, expected[middle + offsets], rtol=0, atol=1e-9 * np.abs(expected).max())
        assert np.abs(values).sum() == pytest.approx(np.abs(expected).sum())
    tuned = librosa.cqt_frequencies(frontend.n_bins, fmin=frontend.fmin, bins_per_octave=frontend.bins_per_octave)
    ratio = 2.0 ** (frontend.tuning / frontend.bins_per_octave)
    np.testing.assert_allclose(frontend.centres(), tuned * ratio, rtol=1e-12)


def test_nnaudio_has_no_kernels_of_librosa():
    make = partial(create_frontend, "cqt", "nnaudio", kernels="librosa")
    assert_refused(make, "'nnaudio'", "kernels='brown'", "backend='native'")


@for_signals
@pytest.mark.parametrize(("options", "n_samples"), CQTS.values(), ids=CQTS)
def test_cqt_is_the_direct_sum(options, n_samples, name):
    frontend = create_frontend("cqt", "native", scale="magnitude", **options)
    clip = signal(name, frontend.sample_rate, n_samples)
    actual, expected = features(frontend, clip), direct_cqt(frontend, clip)
    assert actual.shape == expected.shape
    # The long kernels' spectra are cut where 1e-14 of their energy is left.
    assert relative_l2(actual, expected) < 1e-4


def test_a_cqt_needs_half_of_its_longest_kernel():
    """Beyond a clip's end the samples before it are mirrored."""
    longest = int(np.ceil(44100 / (librosa.note_to_hz("C1") * (2 ** (1 / 12) - 1))))
    assert create_frontend("cqt", sample_rate=44100).min_samples == (longest + 1) // 2 + 1


def test_frames_as_far_apart_as_a_chunk_are_those_of_a_smaller_hop():
    options = {"sample_rate": 22050, "fmin": 2000.0, "n_bins": 12}
    waveform = torch.randn(1, 3 * 2**20, generator=torch.Generator().manual_seed(0))
    far = create_frontend("cqt", hop_length=2**20, **options)(waveform)
    near = create_frontend("cqt", hop_length=2**18, **options)(waveform)
    assert far.shape[-1] == 4
    torch.testing.assert_close(far, near[..., ::4], rtol=0, atol=1e-3)  # dB


@pytest.mark.parametrize("hop_length", [1, 5, 255, 512])
def test_cqt_of_long_kernels_up_to_nyquist(hop_length):
    """A part of the top kernel's spectrum lies above the Nyquist frequency."""
    frontend = create_frontend(
        "cqt",
        "native",
        sample_rate=16000,
        hop_length=hop_length,
        fmin=3997.0,
        n_bins=13,
        filter_scale=60.0,
        pad_mode="constant",
        scale="magnitude",
    )
    clip = signal("noise", 16000, 1501)
    assert relative_l2(features(frontend, clip), direct_cqt(frontend, clip)) < 1e-4


STEPS = {
    "tone": 0.9 * np.cos(2 * np.pi * 1000 * np.arange(RATE) / RATE),
    "onset": 0.9 * np.cos(2 * np.pi * 3000 * np.arange(RATE) / RATE) * (np.arange(RATE) > RATE // 2),
    "offset": 0.9 * (np.arange(RATE) > RATE // 2),
    "sweep": 0.9 * np.sin(np.pi * 20000 * (np.arange(RATE) / RATE) ** 2),
    # A kernel's quiet ends are alone in a frame, and all that is left out of its spectrum is heard.
    "click": np.eye(1, RATE, 22251)[0],
    "another click": np.eye(1, RATE, 30994)[0],
    "burst": 0.9 * np.cos(2 * np.pi * 3500 * np.arange(RATE) / RATE) * (abs(np.arange(RATE) - RATE // 2 - 150) < 150),
}


@pytest.mark.parametrize("name", ["cqt", "vqt"])
def test_quiet_bins_are_those_of_the_direct_sum(name):
    """All cells up to 80 dB under the clip's maximum, in decibels; a recording has as quiet ones."""
    frontend = create_frontend(name, "native", scale="magnitude")
    clips = {clip: samples.astype(np.float32) for clip, samples in STEPS.items()}
    actual = frontend(torch.from_numpy(np.stack(list(clips.values()))))[:, 0].double().numpy()
    for (clip, samples), image in zip(clips.items(), actual, strict=True):
        expected = direct_cqt(frontend, samples.astype(np.float64))
        is_heard = expected > 1e-4 * expected.max()
        error = np.abs(20 * np.log10(image[is_heard] / expected[is_heard])).max()
        assert error < 0.02, clip


def test_a_steady_tone_is_steady_in_the_outermost_bins():
    """A band that reaches beyond half the sample rate holds a tone and its mirror image, which beat."""
    for name in ("cqt", "vqt"):
        assert_refused(lambda name=name: create_frontend(name, sample_rate=8000), "n_bins to 83")
    for name, frontend in default_frontends(8000, ["cqt", "vqt", "logmel", "gammatone"]).items():
        for k in (0, -1):
            tone = torch.cos(2 * np.pi * frontend.frequencies[k] * torch.arange(5 * 8000) / 8000)
            middle = frontend(tone[None])[0, 0, k, 24:-24]
            assert middle.max() - middle.min() < 0.5, (name, k)  # dB


def test_cqt_in_decibels():
    frontend, magnitude = (
        create_frontend("cqt", "native"),
        create_frontend("cqt", "native", scale="magnitude"),
    )
    clip = signal("noise", RATE, RATE)
    expected = librosa.amplitude_to_db(features(magnitude, clip), ref=1.0, amin=1e-5, top_db=80.0)
    assert np.abs(features(frontend, clip) - expected).max() < 1e-4  # float32 at 100 dB: 1e-5


@pytest.mark.parametrize("case", ["default", "short_kernels", "long_kernels"])
def test_cqt_cases_cover_both_methods(case):
    """So that the comparison above is of the time domain, of the frequency domain and of both together."""
    frontend = create_frontend("cqt", "native", **CQTS[case][0])
    n_octaves = -(-frontend.n_bins // frontend.bins_per_octave)
    spectral = {"default": range(1, n_octaves), "short_kernels": [0], "long_kernels": [n_octaves]}
    assert frontend.n_spectral in spectral[case]


@pytest.mark.parametrize("k", [0, 20, 40, 60, 83])
def test_cqt_of_a_tone_has_the_scale_of_librosa(k):
    """A kernel has the L1 norm sqrt(length): a full-scale tone on its bin gives half of that."""
    frontend = create_frontend("cqt", "native", scale="magnitude")
    hz = frontend.centres()[k]
    clip = np.cos(2 * np.pi * hz * np.arange(2 * RATE) / RATE)
    length = np.ceil(RATE / hz / (2 ** (1 / 12) - 1))
    middle = features(frontend, clip)[k, 80:92]
    np.testing.assert_allclose(middle, np.sqrt(length) / 2, rtol=1e-3)  # the image below 0 Hz leaks 1e-4
