"""The numbers, against librosa, scipy and a direct sum in float64, and backend against backend."""

import librosa
import numpy as np
import pytest
import scipy.fft
import scipy.signal
import soundfile
import torch

from esc_gpu.frontends.cepstral import dct_matrix
from esc_gpu.frontends.constant_q_kernels import cqt_kernel
from esc_gpu.frontends.mel import hz_to_mel, mel_filterbank, mel_frequencies, mel_to_hz
from esc_gpu.frontends.registry import create_frontend, list_backends
from tests.helpers.signals import features, signal

RATE = 44100
SIGNALS = ("tone", "chirp", "click", "noise", "square")
FLOAT32 = 1e-6  # float32 sums over a frame err by 1e-7 to 2e-7 in relative L2


def relative_l2(actual, expected):
    return np.linalg.norm(actual - expected) / np.linalg.norm(expected)


def assert_db_close(actual, expected):
    """Float32's error is relative to the loudest bin: 1e-3 dB down to 60 dB under it, 1e-2 dB at 80."""
    error = np.abs(actual - expected)
    assert error[expected >= expected.max() - 60].max() < 1e-3
    assert error[expected >= expected.max() - 80].max() < 1e-2


# ---- spectrogram, log-mel, MFCC against librosa

STFTS = {
    "default": {},
    "constant": {"pad_mode": "constant"},
    "short": {"n_fft": 512, "hop_length": 128},
    "window": {"n_fft": 2048, "win_length": 1102, "hop_length": 441},
    "odd_window": {"n_fft": 1024, "win_length": 601, "window": "hamming", "pad_mode": "constant"},
    "odd_fft": {"n_fft": 1001, "hop_length": 250},
    "16k": {"sample_rate": 16000, "n_fft": 400, "hop_length": 160},
}
MELS = {
    "default": {},
    "htk": {"mel_scale": "htk"},
    "no_norm": {"norm": None},
    "htk_no_norm": {"mel_scale": "htk", "norm": None, "pad_mode": "constant"},
    "band": {"n_mels": 64, "fmin": 50.0, "fmax": 14000.0},
    "few": {
        "n_fft": 1024,
        "win_length": 800,
        "hop_length": 320,
        "n_mels": 40,
        "fmin": 20.0,
        "pad_mode": "constant",
    },
    "16k": {
        "sample_rate": 16000,
        "n_fft": 400,
        "hop_length": 160,
        "n_mels": 40,
        "fmax": 7600.0,
        "mel_scale": "htk",
    },
}
for_signals = pytest.mark.parametrize("name", SIGNALS)
for_stfts = pytest.mark.parametrize("options", STFTS.values(), ids=STFTS)
for_mels = pytest.mark.parametrize("options", MELS.values(), ids=MELS)


def clip_for(options, name):
    sample_rate = options.get("sample_rate", RATE)
    return signal(name, sample_rate, sample_rate // 2 + 1)


def librosa_magnitude(clip, options):
    stft = {"n_fft": 2048, "hop_length": 512, "pad_mode": "reflect"} | options
    stft.pop("sample_rate", None)
    return np.abs(librosa.stft(clip, **stft))


def librosa_mel_power(clip, options):
    stft = {"n_fft": 2048, "hop_length": 512, "pad_mode": "reflect", "norm": "slaney"} | options
    htk = stft.pop("mel_scale", "slaney") == "htk"
    sample_rate = stft.pop("sample_rate", RATE)
    # librosa's filter bank is float32 unless told otherwise.
    return librosa.feature.melspectrogram(y=clip, sr=sample_rate, htk=htk, dtype=np.float64, **stft)


@for_signals
@for_stfts
def test_spectrogram_is_that_of_librosa(options, name):
    clip = clip_for(options, name)
    magnitude = librosa_magnitude(clip, options)
    for scale, expected in ("magnitude", magnitude), ("power", magnitude**2):
        actual = features(create_frontend("spectrogram", "native", scale=scale, **options), clip)
        assert actual.shape == expected.shape
        assert relative_l2(actual, expected) < FLOAT32
    for top_db in 80.0, 30.0, None:
        actual = features(create_frontend("spectrogram", "native", top_db=top_db, **options), clip)
        assert_db_close(actual, librosa.power_to_db(magnitude**2, top_db=top_db))


@for_signals
@for_mels
def test_logmel_is_that_of_librosa(options, name):
    clip = clip_for(options, name)
    power = librosa_mel_power(clip, options)
    for scale, expected in ("power", power), ("magnitude", np.sqrt(power)):
        actual = features(create_frontend("logmel", "native", scale=scale, **options), clip)
        assert actual.shape == expected.shape
        assert relative_l2(actual, expected) < FLOAT32
    for top_db in 80.0, 30.0, None:
        actual = features(create_frontend("logmel", "native", top_db=top_db, **options), clip)
        assert_db_close(actual, librosa.power_to_db(power, top_db=top_db))


@for_signals
@for_mels
@pytest.mark.parametrize("n_mfcc", [1, 13, 40])
def test_mfcc_is_that_of_librosa(options, name, n_mfcc):
    clip = clip_for(options, name)
    expected = librosa.feature.mfcc(S=librosa.power_to_db(librosa_mel_power(clip, options)), n_mfcc=n_mfcc)
    actual = features(create_frontend("mfcc", "native", n_mfcc=n_mfcc, **options), clip)
    assert actual.shape == expected.shape
    # The decibels have the error of assert_db_close, up to 1e-2 of 80.
    assert relative_l2(actual, expected) < 1e-5


def test_silence_lies_on_the_floor():
    for name in "spectrogram", "logmel":
        assert (features(create_frontend(name, "native"), np.zeros(RATE // 2)) == -100).all()


# ---- the parts

BANKS = [
    (44100, 2048, 128, 0.0, 22050.0),
    (44100, 2048, 64, 50.0, 14000.0),
    (22050, 512, 40, 20.0, 11025.0),
    (16000, 401, 26, 133.0, 6855.0),
    (44100, 512, 128, 0.0, 22050.0),  # some of its bands are empty
]


@pytest.mark.filterwarnings("ignore:Empty filters")
@pytest.mark.parametrize("mel_scale", ["slaney", "htk"])
@pytest.mark.parametrize("norm", ["slaney", None])
@pytest.mark.parametrize(("sample_rate", "n_fft", "n_mels", "fmin", "fmax"), BANKS)
def test_filter_bank_is_that_of_librosa(sample_rate, n_fft, n_mels, fmin, fmax, mel_scale, norm):
    expected = librosa.filters.mel(
        sr=sample_rate,
        n_fft=n_fft,
        n_mels=n_mels,
        fmin=fmin,
        fmax=fmax,
        htk=mel_scale == "htk",
        norm=norm,
        dtype=np.float64,
    )
    actual = mel_filterbank(sample_rate, n_fft, n_mels, fmin, fmax, mel_scale, norm)
    # Both are float64: only the order of the operations differs.
    np.testing.assert_allclose(actual, expected, rtol=1e-9, atol=1e-12 * expected.max())


@pytest.mark.parametrize("mel_scale", ["slaney", "htk"])
def test_mel_scale_is_that_of_librosa(mel_scale):
    htk = mel_scale == "htk"
    hz = np.concatenate([np.linspace(0, 22050, 500), [999.999, 1000.0, 1000.001]])
    mel = librosa.hz_to_mel(hz, htk=htk)
    np.testing.assert_allclose(hz_to_mel(hz, mel_scale), mel, rtol=1e-12)
    np.testing.assert_allclose(mel_to_hz(mel, mel_scale), librosa.mel_to_hz(mel, htk=htk), rtol=1e-12)
    np.testing.assert_allclose(mel_to_hz(hz_to_mel(hz, mel_scale), mel_scale), hz, rtol=1e-9, atol=1e-9)
    assert hz_to_mel(440.0, mel_scale) == pytest.approx(librosa.hz_to_mel(440.0, htk=htk))
    edges = librosa.mel_frequencies(n_mels=42, fmin=30.0, fmax=8000.0, htk=htk)
    np.testing.assert_allclose(mel_frequencies(40, 30.0, 8000.0, mel_scale), edges, rtol=1e-12)


@pytest.mark.parametrize(("n_out", "n_in"), [(1, 1), (1, 40), (13, 40), (40, 128), (128, 128)])
def test_dct_is_that_of_scipy(n_out, n_in):
    values = np.random.default_rng(0).normal(size=(5, n_in))
    expected = scipy.fft.dct(values, type=2, norm="ortho")[:, :n_out]
    np.testing.assert_allclose(values @ dct_matrix(n_out, n_in).numpy(), expected, atol=1e-12)


# ---- CQT against the direct sum over its kernels

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
        freqs=frontend.centres(), sr=RATE, gamma=frontend.bandwidth_offset, alpha=np.full(84, frontend.alpha)
    )
    assert np.array_equal(frontend.kernel_lengths(), np.ceil(lengths))
    assert (
        create_frontend("vqt", gamma=0.0).kernel_lengths().tolist() == create_frontend("cqt").kernel_lengths().tolist()
    )


@for_signals
@pytest.mark.parametrize(("options", "n_samples"), CQTS.values(), ids=CQTS)
def test_cqt_is_the_direct_sum(options, n_samples, name):
    frontend = create_frontend("cqt", "native", scale="magnitude", **options)
    clip = signal(name, frontend.sample_rate, n_samples)
    actual, expected = features(frontend, clip), direct_cqt(frontend, clip)
    assert actual.shape == expected.shape
    # The long kernels' spectra are cut where 1e-10 of their energy is left: an amplitude error of 1e-5.
    assert relative_l2(actual, expected) < 1e-4


@pytest.mark.parametrize("hop_length", [1, 5, 255, 512])
def test_cqt_of_long_kernels_up_to_nyquist(hop_length):
    """Half of the top kernel's spectrum lies above the Nyquist frequency."""
    frontend = create_frontend(
        "cqt",
        "native",
        sample_rate=16000,
        hop_length=hop_length,
        fmin=4000.0,
        n_bins=13,
        filter_scale=60.0,
        pad_mode="constant",
        scale="magnitude",
    )
    clip = signal("noise", 16000, 1501)
    assert relative_l2(features(frontend, clip), direct_cqt(frontend, clip)) < 1e-4


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


# ---- the other backends against the native one

NOISE_CASES = [
    ("spectrogram", {"scale": "magnitude"}),
    ("spectrogram", {"scale": "power", "pad_mode": "constant"}),
    ("spectrogram", {"n_fft": 1024, "win_length": 700, "hop_length": 441, "window": "hamming"}),
    ("spectrogram", {"n_fft": 1024, "win_length": 701, "hop_length": 300, "top_db": None}),
    ("logmel", {}),
    ("logmel", {"scale": "power"}),
    ("logmel", {"mel_scale": "htk", "scale": "magnitude"}),
    ("logmel", {"norm": None, "scale": "power", "pad_mode": "constant"}),
    (
        "logmel",
        {"mel_scale": "htk", "norm": None, "scale": "power", "fmin": 50.0, "fmax": 14000.0, "n_mels": 64},
    ),
    ("logmel", {"sample_rate": 16000, "n_fft": 512, "win_length": 400, "hop_length": 160, "n_mels": 40}),
    ("mfcc", {}),
    ("mfcc", {"n_mfcc": 13, "n_mels": 40, "mel_scale": "htk", "norm": None, "top_db": None}),
    ("mfcc", {"n_mfcc": 20, "top_db": 20.0, "pad_mode": "constant"}),
    ("logmel", {"n_fft": 511, "hop_length": 128, "n_mels": 20, "scale": "power"}),
    ("logmel", {"sample_rate": 11025, "n_fft": 512, "n_mels": 20, "scale": "power"}),
    ("mfcc", {"n_fft": 511, "n_mels": 20, "n_mfcc": 13}),
    ("lfcc", {"n_fft": 511, "n_filters": 20, "n_lfcc": 13}),
    ("lfcc", {"sample_rate": 11025, "n_fft": 512, "n_filters": 20, "n_lfcc": 13}),
    ("lfcc", {}),
    ("lfcc", {"n_lfcc": 13, "n_filters": 60, "fmin": 100.0, "fmax": 9000.0, "hop_length": 441, "top_db": None}),
    ("cqt", {"scale": "magnitude"}),
    ("cqt", {"scale": "magnitude", "pad_mode": "constant", "hop_length": 441, "n_bins": 77}),
    (
        "cqt",
        {"sample_rate": 22050, "bins_per_octave": 24, "n_bins": 168, "scale": "power", "window": "hamming"},
    ),
    ("cqt", {"sample_rate": 16000, "fmin": 200.0, "n_bins": 40, "filter_scale": 0.5}),
]
CLIP_CASES = [
    ("spectrogram", {"scale": "magnitude"}),
    ("spectrogram", {}),
    ("logmel", {}),
    ("logmel", {"scale": "power"}),
    ("mfcc", {}),
    ("cqt", {"scale": "magnitude"}),
]


def with_backends(cases):
    return [
        pytest.param(name, backend, options, id="-".join([name, backend, *map(str, options.values())]))
        for name, options in cases
        for backend in list_backends(name)
        if backend != "native"
    ]


@pytest.fixture(scope="module")
def real_clips(esc10_root):
    """`(6, 5 s)` int16 from all folds; most of the first clip is digital silence."""
    paths = sorted((esc10_root / "audio").iterdir())[::70]
    clips = [soundfile.read(path, dtype="int16")[0][: 5 * RATE] for path in paths]
    return torch.from_numpy(np.stack(clips))


def assert_same_features(name, backend, options, waveforms):
    expected = create_frontend(name, "native", **options)(waveforms)
    actual = create_frontend(name, backend, **options)(waveforms)
    assert actual.shape == expected.shape
    # The native CQT alone may be 1e-5 off, the others 1e-6; nnAudio rounds its kernels to float32.
    for one, other in zip(actual, expected, strict=True):
        assert relative_l2(one.numpy(), other.numpy()) < 1e-4


@pytest.mark.parametrize(("name", "backend", "options"), with_backends(NOISE_CASES))
def test_backends_agree_on_noise(name, backend, options):
    generator = torch.Generator().manual_seed(0)
    assert_same_features(name, backend, options, torch.rand(2, 30011, generator=generator) * 2 - 1)


@pytest.mark.parametrize(("name", "backend", "options"), with_backends(CLIP_CASES))
def test_backends_agree_on_real_clips(name, backend, options, real_clips):
    assert_same_features(name, backend, options, real_clips)


def test_native_cqt_in_decibels_on_real_clips(real_clips):
    """What its kernels' bands lose is 5e-6 of the loudest bin: 0.05 dB at 60 dB under it, 0.5 dB at 80."""
    expected = create_frontend("cqt", "nnaudio")(real_clips).numpy()
    error = np.abs(create_frontend("cqt", "native")(real_clips).numpy() - expected)
    assert error.max() < 0.5
    loudest = expected.max(axis=(1, 2, 3), keepdims=True)
    assert error[expected > loudest - 60].max() < 0.05
    assert np.median(error) < 1e-3
