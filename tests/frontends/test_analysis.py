"""Descriptors, chroma, deltas and PCEN: against librosa in float64, and what they promise of silence and stacks."""

import json

import librosa
import numpy as np
import pytest
import scipy.signal
import torch

from esc_gpu.errors import EscGpuError
from esc_gpu.frontends.chroma import chroma_filterbank, cqt_to_chroma
from esc_gpu.frontends.filterbank import FilterbankFrontend
from esc_gpu.frontends.pcen import smoothing
from esc_gpu.frontends.registry import create_frontend
from esc_gpu.frontends.spectrogram import STFTFrontend, make_window
from tests.helpers import signals
from tests.helpers.signals import features

RATE = 22050
SAMPLES = 22051
SIGNALS = ("tone", "chirp", "click", "noise", "square", "silence")
STFT = {"n_fft": 2048, "hop_length": 512, "pad_mode": "reflect"}
OTHER_STFT = {"n_fft": 1000, "win_length": 801, "hop_length": 300, "window": "hamming", "pad_mode": "constant"}
ODD_STFT = {"n_fft": 1025, "hop_length": 256, "pad_mode": "reflect"}
NORMS = {"max": np.inf, "l1": 1, "l2": 2, None: None}


def signal(name):
    """One clip `(T,)` in float64."""
    return signals.signal(name, RATE, SAMPLES)


def with_floor(clip):
    """A clip with noise 40 dB under full scale: float32's errors, 1e-7 of a frame's loudest bin, are small in all."""
    return clip + 1e-2 * np.random.default_rng(1).standard_normal(SAMPLES) if clip.any() else clip


def magnitude(clip, stft):
    return np.abs(librosa.stft(clip, **stft))


def mel(clip, stft, power, **options):
    return librosa.feature.melspectrogram(y=clip, sr=RATE, power=power, dtype=np.float64, **stft, **options)


def spectral(function, **options):
    """Of a spectrogram whose n_fft librosa is told: it would take an odd one for the even one below."""

    def expected(clip, stft):
        spectrum = magnitude(clip, stft)
        return getattr(librosa.feature, function)(S=spectrum, sr=RATE, n_fft=stft["n_fft"], **options)

    return expected


def flatness(**options):
    return lambda clip, stft: librosa.feature.spectral_flatness(S=magnitude(clip, stft), **options)


def chroma(norm=np.inf, tuning=0.0, **options):
    def expected(clip, stft):
        power = magnitude(clip, stft) ** 2
        # librosa's filter bank is float32 unless told otherwise.
        return librosa.feature.chroma_stft(
            S=power, sr=RATE, n_fft=stft["n_fft"], norm=norm, tuning=tuning, dtype=np.float64, **options
        )

    return expected


def pcen(mel_power=1, scale=2.0**31, n_mels=128, **options):
    def expected(clip, stft):
        energy = mel(clip, stft, mel_power, n_mels=n_mels) * scale
        return librosa.pcen(energy, sr=RATE, hop_length=stft["hop_length"], **options)

    return expected


# name, options, librosa's features of (clip, options of the STFT)
SPECTRAL = [
    ("spectral_centroid", {}, spectral("spectral_centroid")),
    ("spectral_bandwidth", {}, spectral("spectral_bandwidth")),
    ("spectral_bandwidth", {"p": 1}, spectral("spectral_bandwidth", p=1)),
    ("spectral_bandwidth", {"p": 3.5}, spectral("spectral_bandwidth", p=3.5)),
    ("spectral_bandwidth", {"p": 0.5}, spectral("spectral_bandwidth", p=0.5)),
    ("spectral_flatness", {}, flatness()),
    ("spectral_flatness", {"power": 1, "amin": 1e-6}, flatness(power=1, amin=1e-6)),
    ("spectral_contrast", {}, spectral("spectral_contrast")),
    (
        "spectral_contrast",
        {"n_bands": 3, "fmin": 300.0, "quantile": 0.3},
        spectral("spectral_contrast", n_bands=3, fmin=300.0, quantile=0.3),
    ),
    ("chroma", {}, chroma()),
    ("chroma", {"norm": "l1", "tuning": 0.3}, chroma(norm=1, tuning=0.3)),
    ("chroma", {"norm": "l2", "n_chroma": 24}, chroma(norm=2, n_chroma=24)),
    ("chroma", {"norm": None, "n_chroma": 7, "tuning": -0.2}, chroma(norm=None, n_chroma=7, tuning=-0.2)),
    ("pcen", {}, pcen()),
    ("pcen", {"mel_power": 2, "input_scale": 1.0, "n_mels": 40}, pcen(2, 1.0, 40)),
    (
        "pcen",
        {"gain": 0.6, "bias": 10.0, "power": 0.25, "time_constant": 0.06, "eps": 1e-3, "input_scale": 1000.0},
        pcen(scale=1000.0, gain=0.6, bias=10.0, power=0.25, time_constant=0.06, eps=1e-3),
    ),
]
for_spectral = pytest.mark.parametrize(
    ("name", "options", "expected"),
    SPECTRAL,
    ids=["-".join([name, *(f"{key}={value}" for key, value in options.items())]) for name, options, _ in SPECTRAL],
)
for_signals = pytest.mark.parametrize("clip_name", SIGNALS)


def relative_l2(actual, expected):
    """The error itself where all is 0."""
    assert actual.shape == expected.shape
    return np.linalg.norm(actual - expected) / (np.linalg.norm(expected) or 1.0)


def in_float64(frontend):
    """With constants that were never rounded to float32: what is left is the definition."""
    frontend = frontend.double()
    if isinstance(frontend, STFTFrontend):
        frontend.stft_window = make_window(frontend.window, frontend.win_length, frontend.n_fft)
        frontend.bin_hz = torch.from_numpy(np.fft.rfftfreq(frontend.n_fft, 1 / frontend.sample_rate))
    if isinstance(frontend, FilterbankFrontend):
        frontend.bank = frontend.filterbank().T.contiguous()
    if frontend.name == "pcen":
        t = frontend.time_constant * frontend.sample_rate / frontend.hop_length
        frontend.smooth_weights, frontend.smooth_decay = smoothing(t, len(frontend.smooth_decay))
    return frontend


# ---- features of a spectrum against librosa


@for_spectral
@pytest.mark.parametrize("stft", [STFT, OTHER_STFT, ODD_STFT], ids=["default", "other", "odd"])
@pytest.mark.filterwarnings("ignore:Empty filters", "ignore:.*hold no FFT bin")
def test_definition_is_that_of_librosa(name, options, expected, stft):
    """In float64 with float64's constants, where the ends of a pure tone's spectrum are no rounding errors."""
    frontend = in_float64(create_frontend(name, sample_rate=RATE, **stft, **options))
    for clip in map(signal, SIGNALS):
        actual, reference = features(frontend, clip), expected(clip, stft)
        if name == "spectral_contrast" and np.abs(reference).max() < 1e-9:
            # A click is flat: its contrast is nothing but rounding errors, 1e-15 dB.
            assert np.abs(actual).max() < 1e-9
            continue
        # 1e-15 to 1e-9; a chirp's ends at 1e-16 of its peak, the FFT's own rounding errors, are lifted by PCEN.
        assert relative_l2(actual, reference) < 1e-7


@for_spectral
@for_signals
def test_float32_is_close_to_librosa(name, options, expected, clip_name):
    """Of clips with a noise floor: 1e-7, and up to 6e-6 in the mean of what valleys and logarithms lift."""
    clip = with_floor(signal(clip_name))
    frontend = create_frontend(name, sample_rate=RATE, **STFT, **options)
    tolerance = 3e-5 if name == "spectral_contrast" else 1e-5  # a valley is a mean of the smallest bins
    assert relative_l2(features(frontend, clip), expected(clip, STFT)) < tolerance


@for_signals
@pytest.mark.parametrize("roll_percent", [0.01, 0.5, 0.85, 0.99])
def test_rolloff_is_that_of_librosa(clip_name, roll_percent):
    """Where the sum reaches the share to within float32's rounding, a frame may be one bin off."""
    clip = signal(clip_name)
    for stft in STFT, OTHER_STFT:
        frontend = create_frontend("spectral_rolloff", sample_rate=RATE, roll_percent=roll_percent, **stft)
        expected = spectral("spectral_rolloff", roll_percent=roll_percent)(clip, stft)
        np.testing.assert_allclose(features(in_float64(frontend), clip), expected, rtol=1e-12)
        bins_off = np.abs(features(frontend.float(), clip) - expected) * stft["n_fft"] / RATE
        assert bins_off.max() < 1.001
        assert (bins_off > 0.001).mean() < 0.05


def test_default_of_librosa_pads_with_zeros():
    clip = signal("noise")
    actual = features(create_frontend("spectral_centroid", sample_rate=RATE, pad_mode="constant"), clip)
    assert relative_l2(actual, librosa.feature.spectral_centroid(y=clip, sr=RATE)) < 1e-6


@pytest.mark.parametrize("n_fft", [512, 1001, 2048])
@pytest.mark.parametrize(("n_chroma", "tuning"), [(12, 0.0), (12, 0.4), (24, -0.3), (36, 0.0), (5, 0.1), (7, 0.0)])
def test_chroma_filter_bank_is_that_of_librosa(n_fft, n_chroma, tuning):
    expected = librosa.filters.chroma(sr=RATE, n_fft=n_fft, n_chroma=n_chroma, tuning=tuning, dtype=np.float64)
    np.testing.assert_allclose(chroma_filterbank(RATE, n_fft, n_chroma, tuning), expected, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("hz", [220.0, 261.63, 440.0, 932.33])
@pytest.mark.parametrize("name", ["chroma", "chroma_cqt"])
def test_a_note_lands_in_its_class(name, hz):
    clip = 0.5 * np.sin(2 * np.pi * hz / RATE * np.arange(SAMPLES))
    classes = features(create_frontend(name, sample_rate=RATE), clip)
    assert classes[:, classes.shape[1] // 2].argmax() == round(librosa.hz_to_midi(hz)) % 12


# ---- descriptors of samples against librosa


FRAMES = [
    {"frame_length": 2048, "hop_length": 512},
    {"frame_length": 301, "hop_length": 100},
    {"frame_length": 2, "hop_length": 441},
]
for_frames = pytest.mark.parametrize("frames", FRAMES, ids=["default", "odd", "pair"])


@for_frames
@for_signals
def test_zero_crossing_rate_is_that_of_librosa(clip_name, frames):
    """float32 keeps the sign of every sample; none of these lies within an ulp of librosa's threshold."""
    clip = signal(clip_name)
    expected = librosa.feature.zero_crossing_rate(clip, **frames)
    actual = features(create_frontend("zero_crossing_rate", sample_rate=RATE, **frames), clip)
    np.testing.assert_allclose(actual, expected, rtol=1e-6)


def test_small_samples_are_zeros_and_zeros_are_positive():
    clip = np.array([0.5, -0.5, 0.0, -0.5, -5e-11, 5e-11, -2e-10, 0.0, 0.5, -0.5] * 3)
    frames = {"frame_length": 10, "hop_length": 5}
    expected = librosa.feature.zero_crossing_rate(clip, **frames)
    assert expected.max() > 0.5
    np.testing.assert_allclose(features(create_frontend("zero_crossing_rate", **frames), clip), expected, rtol=1e-6)


@for_frames
@for_signals
@pytest.mark.parametrize("pad_mode", ["constant", "reflect"])
def test_rms_is_that_of_librosa(clip_name, frames, pad_mode):
    clip = signal(clip_name)
    expected = librosa.feature.rms(y=clip, pad_mode=pad_mode, dtype=np.float64, **frames)
    actual = features(create_frontend("rms", sample_rate=RATE, pad_mode=pad_mode, **frames), clip)
    assert relative_l2(actual, expected) < 1e-6


# ---- chroma of a CQT, deltas


CHROMA_CQTS = [
    {},
    {"n_chroma": 24, "bins_per_octave": 24, "n_bins": 120, "norm": "l2", "fmin": 65.41},
    {"n_chroma": 6, "bins_per_octave": 12, "n_bins": 72, "norm": "l1", "fmin": 49.0},
    {"n_chroma": 12, "bins_per_octave": 24, "n_bins": 72, "norm": None, "fmin": 233.08, "pad_mode": "constant"},
]


@pytest.mark.parametrize("options", CHROMA_CQTS, ids=["default", "24", "6", "no_norm"])
def test_chroma_cqt_is_librosas_of_the_same_cqt(options):
    chroma_cqt = create_frontend("chroma_cqt", sample_rate=RATE, top_db=None, **options)
    folded = {"n_chroma": chroma_cqt.n_chroma, "bins_per_octave": chroma_cqt.bins_per_octave, "fmin": chroma_cqt.fmin}
    cqt = create_frontend(
        "cqt",
        "native",
        sample_rate=RATE,
        fmin=chroma_cqt.fmin,
        n_bins=chroma_cqt.n_bins,
        bins_per_octave=chroma_cqt.bins_per_octave,
        pad_mode=chroma_cqt.pad_mode,
        scale="magnitude",
    )
    for clip in map(signal, SIGNALS):
        magnitudes = features(cqt, clip).astype(np.float64)
        expected = librosa.feature.chroma_cqt(C=magnitudes, sr=RATE, norm=NORMS[chroma_cqt.norm], **folded)
        assert relative_l2(features(chroma_cqt, clip), expected) < 1e-6


def test_chroma_cqt_leaves_silence_beside_sound_silent():
    """What a float32 FFT leaves of digital silence, 1e-7 of the sound, is no chord."""
    clip = np.zeros(3 * RATE)
    clip[:RATE] = np.random.default_rng(0).uniform(-1, 1, RATE)
    frontend = create_frontend("chroma_cqt", sample_rate=RATE, fmin=130.8, n_bins=180)
    chroma = features(frontend, clip)
    assert chroma[:, : RATE // 2 // 512].max(axis=0).min() == 1
    assert chroma[:, 2 * RATE // 512 :].max() < 1e-4
    everything = features(create_frontend(**frontend.spec | {"top_db": None}), clip)
    assert everything[:, 2 * RATE // 512 :].max() == 1


@pytest.mark.parametrize("fmin", [27.5, 32.70319566257483, 100.0, 440.0])
@pytest.mark.parametrize(("n_bins", "bins_per_octave", "n_chroma"), [(84, 12, 12), (100, 36, 12), (48, 24, 6)])
def test_folding_is_that_of_librosa(n_bins, bins_per_octave, n_chroma, fmin):
    options = {"bins_per_octave": bins_per_octave, "n_chroma": n_chroma, "fmin": fmin}
    assert (cqt_to_chroma(n_bins, **options) == librosa.filters.cq_to_chroma(n_bins, **options)).all()


LOGMEL = {"name": "logmel", "n_mels": 32, "n_fft": 1024, "hop_length": 512}


@for_signals
@pytest.mark.parametrize(("width", "order"), [(9, 2), (3, 1), (5, 2), (21, 2)])
def test_deltas_are_those_of_librosa(clip_name, width, order):
    clip = torch.from_numpy(signal(clip_name))[None]
    image = create_frontend("delta", member=LOGMEL, sample_rate=RATE, width=width, order=order)(clip)
    own = create_frontend(**LOGMEL, sample_rate=RATE)(clip)
    assert image.shape == (1, order + 1, 32, own.shape[-1])
    assert torch.equal(image[:, :1], own)
    own = own[0, 0].double().numpy()
    for k in range(1, order + 1):
        expected = librosa.feature.delta(own, width=width, order=k, mode="interp")
        # Differences of decibels: float32 rounds those, up to 100, where the differences may be 0. The weights of
        # a second derivative over few frames are up to 2.
        assert np.abs(image[0, k].numpy() - expected).max() < 2e-6 * np.abs(own).max()


def test_deltas_of_a_parabola():
    n = torch.arange(30, dtype=torch.float64)
    frontend = create_frontend("delta", member=LOGMEL, sample_rate=RATE)
    first, second = frontend.derivatives((3 * n.square() + 2 * n)[None, None, None])
    torch.testing.assert_close(second, torch.full_like(second, 6.0))
    torch.testing.assert_close(first[..., 4:-4], (6 * n + 2)[4:-4].expand(1, 1, 1, -1))


# ---- what holds for all of them

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
STEPS = ("spectral_rolloff", "zero_crossing_rate")  # their gradient is 0


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


@each(CASES)
def test_shape_and_axes(case):
    frontend = make(case)
    for n_samples in (8000, 8001, 8159, frontend.min_samples):
        output = frontend(noise(2, n_samples))
        assert output.dtype == torch.float32
        assert output.shape == (2, *frontend.output_shape(n_samples))
        assert len(frontend.frequencies) == output.shape[2]
        assert frontend.times(3).tolist() == pytest.approx([0, 0.01, 0.02])
    assert (frontend.frequencies.diff() > 0).all()


@each(CASES)
def test_too_short_clips(case):
    frontend = make(case)
    enough = frontend.min_samples
    with pytest.raises(EscGpuError, match=f"{frontend.name} needs at least {enough} samples"):
        frontend(noise(1, enough - 1))
    padded = make(case, pad_short=True)
    assert padded.min_samples == 1
    for n_samples in {1, 100, enough - 1, enough} - {0}:
        assert padded(noise(1, n_samples)).shape[1:] == padded.output_shape(n_samples)


@each(CASES)
def test_a_batch_is_its_clips(case):
    frontend, clips = make(case), noise(4) * torch.tensor([1.0, 1e-3, 0.0, 0.5])[:, None]
    together = frontend(clips)
    for k in range(4):
        torch.testing.assert_close(together[k : k + 1], frontend(clips[k : k + 1]), rtol=1e-5, atol=1e-5)


@each(CASES)
@pytest.mark.parametrize("options", [{}, {"pad_mode": "constant"}], ids=["", "constant"])
def test_finite_with_finite_gradients(case, options):
    if options and case in ("zero_crossing_rate", "delta"):
        pytest.skip("has no pad_mode")
    clips = extremes().requires_grad_()
    frontend = make(case, **options)
    output = frontend(clips)
    assert output.isfinite().all()
    output.square().sum().backward()
    assert clips.grad.isfinite().all()
    assert clips.grad[3:7].any() == (case not in STEPS)
    assert all(parameter.grad.isfinite().all() for parameter in frontend.parameters())


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("spectral_bandwidth", {"p": 0.5}),
        ("spectral_bandwidth", {"p": 1}),
        ("spectral_bandwidth", {"p": 8.0}),
        ("spectral_flatness", {"power": 1.0}),
        ("spectral_flatness", {"power": 0.5}),
        ("spectral_contrast", {"quantile": 0.9}),
        ("chroma", {"norm": "max"}),
        ("chroma", {"norm": "l1"}),
        ("chroma", {"norm": None}),
        ("pcen", {"mel_power": 2.0, "n_mels": 20}),
        ("pcen", {"input_scale": 1.0, "n_mels": 20}),
    ],
)
@pytest.mark.parametrize("window", ["hann", "boxcar"])
def test_finite_with_other_options(name, options, window):
    """A rectangular window gives a constant or a tone one bin and exact zeros."""
    clips = extremes().requires_grad_()
    output = create_frontend(name, **SMALL | options, window=window)(clips)
    assert output.isfinite().all()
    output.square().sum().backward()
    assert clips.grad.isfinite().all()


@each([case for case in CASES if case != "delta"])
def test_silence(case):
    expected = 1.0 if case == "spectral_flatness" else 0.0
    torch.testing.assert_close(make(case)(torch.zeros(1, 8000)).unique().detach(), torch.tensor([expected]))


def test_ranges():
    clips = extremes()
    for case, low, high in [
        ("spectral_centroid", 0, 8000),
        ("spectral_bandwidth", 0, 8000),
        ("spectral_rolloff", 0, 8000),
        ("spectral_flatness", 0, 1.00001),
        ("spectral_contrast", 0, 200),
        ("zero_crossing_rate", 0, 1),
        ("rms", 0, 1),
        ("chroma", 0, 1.00001),
        ("chroma_cqt", 0, 1.00001),
    ]:
        output = make(case)(clips)
        assert low <= output.min() <= output.max() <= high


@each(CASES)
def test_double(case):
    frontend = make(case)
    single = frontend(noise()).detach()
    double = frontend.double()(noise()).detach()
    assert double.dtype == torch.float64
    assert (double - single).abs().max() <= 1e-4 * single.abs().max()


@each(CASES)
def test_autocast_and_half_change_nothing(case):
    frontend = make(case)
    expected = frontend(noise())
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(frontend(noise()), expected)
    assert torch.equal(frontend.half()(noise()), expected)


@each(CASES)
def test_spec_makes_the_same_front_end(case):
    frontend = make(case)
    twin = create_frontend(**json.loads(json.dumps(frontend.spec, allow_nan=False)))
    assert type(twin) is type(frontend)
    assert twin.spec == frontend.spec
    assert torch.equal(twin(noise()), frontend(noise()))


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("spectral_bandwidth", {"p": 3.0}),
        ("spectral_rolloff", {"roll_percent": 0.5}),
        ("spectral_flatness", {"power": 1.0, "amin": 1e-5}),
        ("spectral_contrast", {"n_bands": 4, "fmin": 300.0, "quantile": 0.1}),
        ("zero_crossing_rate", {"frame_length": 500, "hop_length": 99}),
        ("rms", {"frame_length": 500, "pad_mode": "reflect", "input_sample_rate": 22050}),
        ("chroma", {"n_chroma": 24, "norm": None, "tuning": 0.1}),
        ("chroma_cqt", {"n_chroma": 6, "norm": "l1", "bins_per_octave": 24, "n_bins": 96, "filter_scale": 0.5}),
        ("pcen", {"gain": 0.5, "bias": 1.0, "power": 0.25, "eps": 1e-3, "time_constant": 0.1, "mel_power": 2.0}),
        ("pcen", {"trainable": True, "input_scale": 1.0, "n_mels": 20}),
        ("delta", {"member": SMALL_MEL, "width": 5, "order": 1, "pad_short": True}),
    ],
)
def test_spec_keeps_options(name, options):
    spec = json.loads(json.dumps(create_frontend(name, sample_rate=16000, **options).spec, allow_nan=False))
    assert {key: spec[key] for key in options if key != "member"} == {
        key: value for key, value in options.items() if key != "member"
    }
    assert create_frontend(**spec).spec == spec


@each(CASES)
def test_checkpoint_holds_what_is_trained(case):
    frontend = make(case)
    assert frontend.state_dict().keys() == dict(frontend.named_parameters()).keys()
    assert len(frontend.state_dict()) == (3 if case == "pcen-trainable" else 0)


@each(CASES)
def test_compiles_in_one_graph(case):
    frontend = make(case)
    compiled = torch.compile(frontend, backend="eager", fullgraph=True)
    torch.testing.assert_close(compiled(noise()), frontend(noise()), rtol=1e-5, atol=1e-5)
    torch.compiler.reset()


# ---- stacks


def test_a_stack_of_them_is_each_of_them_alone():
    members = [{"name": case, **options} for case, options in CASES.items() if "-" not in case]
    stack = create_frontend("stack", members=members, sample_rate=16000)
    image = stack(noise())
    assert image.shape[1:] == stack.output_shape(8000) == (13, 20, 51)
    first = 0
    for member in members:
        frontend = create_frontend(**member)
        own = frontend(noise())
        # On the grid the rows of the features with one bin are copies of it.
        channels = image[:, first : first + own.shape[1]]
        first += own.shape[1]
        rows = [0, -1] if own.shape[2] != 20 else range(20)
        for row in rows:
            torch.testing.assert_close(channels[:, :, row], own[:, :, row], rtol=1e-5, atol=1e-5)


def test_a_stack_computes_one_spectrum(monkeypatch):
    calls = []
    reduced_power = STFTFrontend.reduced_power

    def counted(self, waveform, reduce):
        calls.append(self.name)
        return reduced_power(self, waveform, reduce)

    monkeypatch.setattr(STFTFrontend, "reduced_power", counted)
    names = ["logmel", "pcen", "delta", *(name for name in CASES if name.startswith("spectral")), "chroma"]
    options = {"delta": {"member": {**SMALL, "name": "spectral_centroid"}}}
    members = [{"name": name, **options.get(name, SMALL)} for name in names]
    stack = create_frontend(
        "stack",
        members=[m | {"n_mels": 20} if m["name"] in ("logmel", "pcen") else m for m in members],
        sample_rate=16000,
    )
    stack(noise())
    assert len(calls) == 1
    calls.clear()
    create_frontend("spectral_centroid", **SMALL)(noise())
    assert calls == ["spectral_centroid"]


def test_long_clips_in_blocks_are_the_same(monkeypatch):
    clips = noise(3, 30000)
    for case in CASES:
        frontend = make(case)
        monkeypatch.setattr("esc_gpu.frontends.spectrogram.budget", lambda tensor: 2**40)
        expected = frontend(clips)
        monkeypatch.setattr("esc_gpu.frontends.spectrogram.budget", lambda tensor: 7 * 512 * 4)
        torch.testing.assert_close(frontend(clips), expected, rtol=1e-5, atol=1e-5)


# ---- delta's member


def test_delta_knows_its_members_axes():
    member = create_frontend(**SMALL_MEL, sample_rate=16000)
    frontend = create_frontend("delta", member=member, width=5)
    assert frontend.sample_rate == 16000
    assert frontend.hop_length == 160
    assert torch.equal(frontend.frequencies, member.frequencies)
    assert frontend.min_samples == 640
    assert frontend.n_frames(frontend.min_samples) == 5
    assert create_frontend("delta", member=SMALL_MEL, sample_rate=22050).layer.sample_rate == 22050


def test_delta_of_a_resampled_member():
    frontend = create_frontend("delta", member={**SMALL_MEL, "sample_rate": 8000}, sample_rate=16000, width=5)
    assert (frontend.sample_rate, frontend.layer.sample_rate) == (16000, 8000)
    enough = frontend.min_samples
    assert frontend.n_frames(enough) == 5
    assert frontend.n_frames(enough - 1) < 5
    assert frontend(noise(1, enough)).shape[1:] == frontend.output_shape(enough) == (3, 20, 5)
    assert create_frontend(**frontend.spec).spec == frontend.spec
    outer = create_frontend("delta", member=SMALL_MEL, sample_rate=8000, input_sample_rate=16000, width=5)
    assert torch.equal(outer(noise()), frontend(noise()))


def test_delta_of_a_stack():
    stack = {"name": "stack", "members": [SMALL_MEL, {"name": "rms", "hop_length": 160}]}
    frontend = create_frontend("delta", member=stack, sample_rate=16000, order=1)
    assert frontend(noise()).shape[1:] == frontend.output_shape(8000) == (4, 20, 51)
    padded = create_frontend(
        "stack", members=[{"name": "delta", "member": SMALL_MEL, "pad_short": True}, SMALL_MEL], sample_rate=16000
    )
    assert padded(noise(1, 300)).shape[1] == 4


# ---- PCEN's smoother and parameters


@pytest.mark.parametrize("n_frames", [1, 2, 255, 256, 257, 1000])
@pytest.mark.parametrize("time_constant", [0.001, 0.4, 30.0])
def test_smoother_is_the_recurrence_of_lfilter(n_frames, time_constant):
    frontend = in_float64(create_frontend("pcen", n_mels=3, time_constant=time_constant))
    energy = np.random.default_rng(0).uniform(0, 5, (2, n_frames, 3))
    t = time_constant * 44100 / 512
    s = (np.sqrt(1 + 4 * t**2) - 1) / (2 * t**2)
    zi = np.full((2, 1, 3), scipy.signal.lfilter_zi([s], [1, s - 1])[0])
    expected, _ = scipy.signal.lfilter([s], [1, s - 1], energy, axis=1, zi=zi)
    np.testing.assert_allclose(frontend.smooth(torch.from_numpy(energy)).numpy(), expected, rtol=1e-9)


def test_trainable_pcen_starts_as_the_frozen_one_and_trains():
    frontend = make("pcen-trainable")
    output = frontend(noise())
    # exp of a float32 logarithm: 1e-6 of the exponent 0.98 of numbers up to 1e10.
    torch.testing.assert_close(output, make("pcen")(noise()), rtol=1e-4, atol=1e-5)
    output.square().mean().backward()
    assert {name: len(parameter) for name, parameter in frontend.named_parameters()} == {
        "log_gain": 20,
        "log_bias": 20,
        "log_power": 20,
    }
    assert all(parameter.grad.any() for parameter in frontend.parameters())
    torch.optim.SGD(frontend.parameters(), lr=1e-3).step()
    twin = create_frontend(**frontend.spec)
    assert not torch.equal(twin(noise()), frontend(noise()))
    twin.load_state_dict(frontend.state_dict())
    assert torch.equal(twin(noise()), frontend(noise()))


# ---- mistakes

NAN = float("nan")
BAD = [
    ("spectral_bandwidth", "p", [0, -1.0, NAN, "2", None]),
    ("spectral_rolloff", "roll_percent", [0.0, 1.0, 85, -0.1, NAN, "0.85", None]),
    ("spectral_flatness", "amin", [0.0, -1e-10, NAN, None]),
    ("spectral_flatness", "power", [0, -2.0, NAN, "2", None]),
    ("spectral_contrast", "n_bands", [0, -1, 6.0, None, 8, 5000]),
    ("spectral_contrast", "fmin", [0.0, -200.0, NAN, None, 5.0, 20000.0]),
    ("spectral_contrast", "quantile", [0.0, 1.0, -0.1, NAN, None]),
    ("zero_crossing_rate", "frame_length", [1, 0, 2048.0, None]),
    ("zero_crossing_rate", "hop_length", [0, 512.0, None]),
    ("rms", "frame_length", [1, 0, 2048.0, None]),
    ("rms", "pad_mode", ["edge", None, "reflekt"]),
    ("chroma", "n_chroma", [0, 12.0, None]),
    ("chroma", "tuning", [NAN, "0", None]),
    ("chroma", "norm", ["inf", 2, float("inf"), "L2"]),
    ("chroma_cqt", "n_chroma", [0, 12.0, None, 10]),
    ("chroma_cqt", "bins_per_octave", [0, 36.0, None, 40]),
    ("chroma_cqt", "norm", ["inf", 2]),
    ("chroma_cqt", "n_bins", [0, 84.0, None]),
    ("chroma_cqt", "top_db", [0, -80.0, "80"]),
    ("chroma_cqt", "fmin", [0.0, NAN, None]),
    ("pcen", "gain", [0, -0.98, NAN, None]),
    ("pcen", "bias", [0, -2.0, NAN, None]),
    ("pcen", "power", [0, -0.5, NAN, None]),
    ("pcen", "time_constant", [0, -0.4, NAN, None]),
    ("pcen", "eps", [0, -1e-6, NAN, None]),
    ("pcen", "mel_power", [0, 3.0, 1.5, None, "1"]),
    ("pcen", "input_scale", [0, -1.0, NAN, None]),
    ("pcen", "trainable", [1, None, "yes"]),
    ("delta", "width", [1, 2, 8, 9.0, None]),
    ("delta", "order", [0, 3, 1.0, None]),
    ("delta", "member", [None, "logmel", {}, {"n_mels": 20}, [SMALL_MEL]]),
]


@pytest.mark.parametrize(
    ("name", "option", "value"), [(name, option, value) for name, option, values in BAD for value in values]
)
def test_bad_value_of_an_option(name, option, value):
    options = {"member": SMALL_MEL} if name == "delta" else {}
    with pytest.raises(EscGpuError) as caught:
        create_frontend(name, **options | {option: value})
    assert option in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "options", "parts"),
    [
        ("spectral_rolloff", {"roll_percent": 85}, ["between 0 and 1", "85"]),
        ("spectral_contrast", {"sample_rate": 8000}, ["n_bands=6", "6400 Hz", "4000 Hz", "lower n_bands or fmin"]),
        ("spectral_contrast", {"fmin": 20.0}, ["from 0 to 20 Hz", "21.5332 Hz apart", "raise fmin or n_fft"]),
        ("chroma", {"norm": "maxx"}, ["max, l1, l2, None", "did you mean 'max'?"]),
        ("chroma_cqt", {"bins_per_octave": 40}, ["multiple of n_chroma=12", "40"]),
        ("pcen", {"power": 0}, ["power", "above 0", "got 0"]),
        ("delta", {}, ["member", "{'name': 'logmel'}", "got None"]),
        ("delta", {"member": SMALL_MEL, "width": 8}, ["odd", "got 8: take 7 or 9"]),
        ("delta", {"member": {"name": "logml"}}, ["'logml'", "did you mean 'logmel'?"]),
    ],
)
def test_messages_say_what_to_do(name, options, parts):
    with pytest.raises(EscGpuError) as caught:
        create_frontend(name, **options)
    for part in parts:
        assert part in str(caught.value)


def test_delta_of_a_member_at_another_rate():
    member = create_frontend(**SMALL_MEL, sample_rate=16000)
    with pytest.raises(EscGpuError, match="44100 Hz, logmel takes 16000"):
        create_frontend("delta", member=member, sample_rate=44100)
