"""What every front-end of every backend promises, whatever it computes."""

import copy
import io
import json
import math

import pytest
import torch

from esc_gpu.errors import EscGpuError
from esc_gpu.frontends import blocks, constant_q
from esc_gpu.frontends.base import exact_matmul, option_names
from esc_gpu.frontends.registry import create_frontend, frontend_class, list_backends, list_frontends
from esc_gpu.frontends.resampling import Resample

RATE = 16000
SAMPLES = 8000
STFT = {"sample_rate": RATE, "n_fft": 512, "hop_length": 160}
MEL = STFT | {"n_mels": 32}
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
    if name not in ("stack", "delta")
    for backend in list_backends(name)
} | {f"cqt_long-{backend}": {"name": "cqt", "backend": backend, **LONG_CQT} for backend in list_backends("cqt")}
STACKS = {
    "stack-features": {"name": "stack", "members": FEATURES, "sample_rate": RATE},
    "stack-resolutions": {"name": "stack", "members": RESOLUTIONS, "sample_rate": RATE},
    "delta": {"name": "delta", "member": FEATURES[0], "sample_rate": RATE},
}
CASES = SINGLE | STACKS


def having(option):
    """The cases whose front-end has an option."""
    return {key: case for key, case in SINGLE.items() if option in option_names(type(create_frontend(**case)))}


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
    return pytest.mark.parametrize("case", cases.values(), ids=cases)


def noise(n_clips=2, n_samples=SAMPLES, seed=0, level=0.5):
    generator = torch.Generator().manual_seed(seed)
    return level * (torch.rand(n_clips, n_samples, generator=generator) * 2 - 1)


def tone(hz, n_samples=SAMPLES):
    return 0.5 * torch.sin(2 * torch.pi * hz / RATE * torch.arange(n_samples, dtype=torch.float64))[None].float()


def close(actual, expected):
    """Equal up to what float32 loses when a sum is taken in another order.

    3e-4 of the largest value is 0.03 dB of 100: a bin 80 dB under the loudest is good to 1e-3 of itself.
    """
    assert actual.shape == expected.shape
    assert (actual - expected).abs().max() <= 3e-4 * expected.abs().max()


# ---- shapes and axes


@each(CASES)
def test_shape_and_axes(case):
    frontend = create_frontend(**case)
    for n_samples in (SAMPLES, SAMPLES - 1, SAMPLES + 1, frontend.min_samples, frontend.min_samples + 77):
        output = frontend(noise(n_samples=n_samples))
        assert output.shape == (2, *frontend.output_shape(n_samples))
        assert output.dtype == torch.float32
        _, n_channels, n_bins, n_frames = output.shape
        assert n_channels == frontend.n_channels
        assert len(frontend.frequencies) == n_bins
        assert len(frontend.times(n_frames)) == n_frames
        assert frontend.times(n_frames)[-1] <= n_samples / RATE
    assert (frontend.frequencies.diff() > 0).all()


@each(CASES)
def test_times_are_a_hop_apart(case):
    frontend = create_frontend(**case)
    assert frontend.times(4).tolist() == pytest.approx([k * frontend.hop_length / RATE for k in range(4)])


@each({key: case for key, case in SINGLE.items() if "n_fft" in case})
def test_shape_with_an_odd_n_fft(case):
    frontend = create_frontend(**case | {"n_fft": 511})
    for n_samples in (SAMPLES, SAMPLES + 1):  # the first is a whole number of hops
        assert frontend(noise(n_samples=n_samples)).shape[1:] == frontend.output_shape(n_samples)


@each({key: case for key, case in CASES.items() if create_frontend(**case).min_samples > 1})
def test_min_samples_is_the_least(case):
    frontend = create_frontend(**case)
    assert frontend(noise(n_samples=frontend.min_samples)).isfinite().all()
    with pytest.raises(EscGpuError, match=f"at least {frontend.min_samples} samples"):
        frontend(noise(n_samples=frontend.min_samples - 1))


@each(having("pad_mode"))
def test_constant_padding_takes_any_clip(case):
    frontend = create_frontend(**case | {"pad_mode": "constant"})
    for n_samples in (1, 2, 161):
        assert frontend(noise(n_samples=n_samples)).shape[1:] == frontend.output_shape(n_samples)


# ---- the input


@each(CASES)
def test_int16_is_the_same_as_float(case):
    waveform = (noise() * 32767).to(torch.int16)
    waveform[0, :2] = torch.tensor([-32768, 32767])
    frontend = create_frontend(**case)
    # 16 bits are exact in float32.
    assert torch.equal(frontend(waveform), frontend(waveform.float() / 32768))


@each(CASES)
@pytest.mark.parametrize("dtype", [torch.float64, torch.float16, torch.bfloat16])
def test_other_floats_are_converted(case, dtype):
    waveform = noise().to(dtype)
    frontend = create_frontend(**case)
    assert torch.equal(frontend(waveform), frontend(waveform.float()))


@each(CASES)
def test_strides_do_not_matter(case):
    frontend, waveform = create_frontend(**case), noise(4)
    expected = frontend(waveform)
    every_other = noise(4, 2 * SAMPLES)
    every_other[:, ::2] = waveform
    for same in (waveform.T.contiguous().T, every_other[:, ::2]):
        assert not same.is_contiguous()
        close(frontend(same), expected)
    assert torch.equal(waveform, noise(4))  # the caller's clip is left as it was


@each(CASES)
def test_a_clip_alone_and_in_a_batch(case):
    if "scale" in option_names(type(create_frontend(**case))):
        case = case | {"scale": "power"}
    frontend, waveform = create_frontend(**case), noise(16)
    alone, row = frontend(waveform[5:6])[0], frontend(waveform)[5]
    # Not always equal to the bit: matrix products and convolutions choose their blocks by the size of the batch. What
    # has no scale of power is in decibels, in which the quietest bins show it most.
    limit = 1e-6 if case.get("scale") == "power" and case["backend"] == "native" else 1e-4
    assert (alone - row).norm() <= limit * row.norm()


SMOOTH = {key: case for key, case in CASES.items() if case["name"] not in ("spectral_rolloff", "zero_crossing_rate")}


@each({key: case for key, case in SMOOTH.items() if case.get("backend", "native") == "native"})
def test_the_gradient_is_that_of_the_numbers(case):
    """In float64, along random directions, at a clip without silence."""
    generator = torch.Generator().manual_seed(3)
    frontend = create_frontend(**case).double()
    if "n_fft" in case:
        frontend = create_frontend(**case | {"n_fft": 128, "hop_length": 64}).double()
    n_samples = max(frontend.min_samples, 400)
    clip = (torch.rand(1, n_samples, dtype=torch.float64, generator=generator) - 0.5).requires_grad_()
    assert torch.autograd.gradcheck(frontend, clip, eps=1e-7, atol=1e-3, rtol=1e-3, fast_mode=True)


@each(CASES)
def test_two_lengths_one_after_the_other(case):
    """What is kept for one clip length must not reach another one."""
    frontend = create_frontend(**case)
    clips = [noise(n_samples=n, seed=n) for n in (SAMPLES, SAMPLES + 333)]
    for clip in (*clips, *clips):
        assert torch.equal(frontend(clip), create_frontend(**case)(clip))


@each(CASES)
def test_top_db_is_of_each_clip(case):
    frontend = create_frontend(**case)
    quiet, loud = noise(1, level=1e-4), noise(1, seed=1, level=1.0)
    together = frontend(torch.cat([quiet, loud]))
    close(together[:1], frontend(quiet))
    close(together[1:], frontend(loud))


@each(CASES)
def test_short_clips_are_padded_on_request(case):
    frontend = create_frontend(**case | {"pad_short": True})
    least = create_frontend(**case).min_samples
    assert frontend.min_samples == 1
    for n_samples in {1, max(1, least // 2), least, SAMPLES}:
        clip = noise(n_samples=n_samples)
        padded = torch.nn.functional.pad(clip, (0, max(0, least - n_samples)))
        output = frontend(clip)
        assert output.shape[1:] == frontend.output_shape(n_samples)
        assert torch.equal(output, create_frontend(**case)(padded))


@each({key: CASES[key] for key in ("logmel-native", "cqt-native", "rms-native", "stack-features", "delta")})
def test_clips_at_another_rate_are_resampled(case):
    frontend = create_frontend(**case | {"input_sample_rate": 22050})
    clip = noise(n_samples=11025)
    output = frontend(clip)
    assert output.shape[1:] == frontend.output_shape(11025)
    assert torch.equal(output, create_frontend(**case)(Resample(22050, RATE)(clip)))
    frontend(noise(n_samples=frontend.min_samples))
    if frontend.min_samples > 1:
        with pytest.raises(EscGpuError, match="at 22050 Hz"):
            frontend(noise(n_samples=frontend.min_samples - 1))


@each(SINGLE)
def test_a_long_recording_in_blocks_is_that_in_one(case, monkeypatch):
    """A budget of a few frames cuts even a short clip; nothing shows where."""
    if case["name"].startswith("spectral"):
        case = case | {"n_fft": 512}
    expected = create_frontend(**case)(noise(3))
    for name in "CPU_BYTES", "GPU_BYTES":
        monkeypatch.setattr(blocks, name, 16 * 512 * 4)
    monkeypatch.setattr(constant_q, "CPU_BYTES", 2000 * 4)
    monkeypatch.setattr(constant_q, "CHUNK_SAMPLES", 2000)
    close(create_frontend(**case)(noise(3)), expected)


# ---- extremes


def extremes():
    click = torch.zeros(SAMPLES)
    click[SAMPLES // 2] = 1
    half_silent = noise(1)[0]
    half_silent[: SAMPLES // 2] = 0
    square = torch.sign(tone(441)[0] + 1e-6)
    return torch.stack([torch.zeros(SAMPLES), torch.ones(SAMPLES), square, click, half_silent])


@each(CASES)
def test_finite_on_extremes(case):
    assert create_frontend(**case)(extremes()).isfinite().all()


@each(SCALED)
@pytest.mark.parametrize("scale", ["db", "power", "magnitude"])
def test_finite_gradient_through_extremes(case, scale):
    waveform = extremes().requires_grad_()
    output = create_frontend(**case | {"scale": scale})(waveform)
    assert output.isfinite().all()
    output.sum().backward()
    assert waveform.grad.isfinite().all()
    assert waveform.grad[2:].any()


@each({key: case for key, case in CASES.items() if key not in SCALED})
def test_finite_gradient_through_extremes_in_decibels(case):
    waveform = extremes().requires_grad_()
    create_frontend(**case)(waveform).square().sum().backward()
    assert waveform.grad.isfinite().all()
    if case["name"] not in ("spectral_rolloff", "zero_crossing_rate"):  # they count
        assert waveform.grad[2:].any()


LEVELS = torch.tensor([10.0**n for n in range(-12, 13, 3)])  # 0 dB is full scale
SCALE_INVARIANT = {"chroma", "chroma_cqt", "spectral_centroid", "spectral_bandwidth", "spectral_rolloff"} | {
    "spectral_contrast",
    "zero_crossing_rate",
}


@each(
    CASES
    | {f"{key}-{scale}": case | {"scale": scale} for key, case in SCALED.items() for scale in ("power", "magnitude")}
)
def test_finite_at_every_level_and_what_knows_no_level_stays_as_it_is(case):
    waveform = (noise(1) * LEVELS[:, None]).requires_grad_()
    output = create_frontend(**case)(waveform)
    output.sum().backward()
    assert output.isfinite().all() and waveform.grad.isfinite().all()
    if case["name"] in SCALE_INVARIANT:
        usual = (LEVELS >= 1e-6) & (LEVELS <= 1e6)  # further down are the floors of the definitions
        expected = output[LEVELS == 1].expand_as(output[usual])
        assert (output[usual] - expected).norm() <= 1e-5 * expected.norm()


@each(CASES)
def test_gradient_after_inference_mode(case):
    frontend = create_frontend(**case)
    with torch.inference_mode():
        expected = frontend(noise())
    waveform = noise().requires_grad_()
    output = frontend(waveform)
    output.sum().backward()
    assert torch.equal(output, expected)
    assert waveform.grad.isfinite().all()


# ---- precision


@each(CASES)
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_autocast_changes_nothing(case, dtype):
    frontend, waveform = create_frontend(**case), noise()
    expected = frontend(waveform)
    with torch.autocast("cpu", dtype):
        assert torch.equal(frontend(waveform), expected)
        assert torch.equal(frontend(waveform.to(torch.float64)), expected)


@each(CASES)
@pytest.mark.parametrize("lower", ["half", "bfloat16"])
def test_lower_precision_leaves_it_float32(case, lower):
    frontend = create_frontend(**case)
    expected = frontend(noise())
    model = torch.nn.Sequential(frontend, torch.nn.Conv2d(frontend.n_channels, 1, 1))
    getattr(model, lower)()
    assert model[1].weight.dtype.itemsize == 2
    assert torch.equal(frontend(noise()), expected)
    tensors = [*frontend.buffers(), *frontend.parameters()]
    assert {tensor.dtype for tensor in tensors if tensor.is_floating_point()} == {torch.float32}


@each(CASES)
def test_double(case):
    """`.double()` computes in float64 on float32's constants; `.float()` brings the first numbers back."""
    frontend, waveform = create_frontend(**case), noise()
    single = frontend(waveform)
    double = frontend.double()(waveform)
    assert double.dtype == torch.float64
    # Nothing is left of the pass in float32.
    assert torch.equal(double, create_frontend(**case).double()(waveform))
    close(double.float(), single)
    back = frontend.float()(waveform)
    assert back.dtype == torch.float32
    assert torch.equal(back, single)


@each({key: case for key, case in SCALED.items() if case["backend"] == "native"})
def test_double_sums_in_float64(case):
    """Scaled by less than an ulp of float32, the clip gives features scaled by as much."""
    frontend = create_frontend(**case | {"scale": "magnitude"}).double()
    waveform, gain = noise().double(), 1 + 1e-9
    torch.testing.assert_close(frontend(gain * waveform), gain * frontend(waveform), rtol=1e-11, atol=1e-13)


def test_matrix_products_are_exact_whatever_the_caller_allows():
    matmul = torch.backends.cuda.matmul
    for allowed in "high", "highest":
        torch.set_float32_matmul_precision(allowed)
        before = matmul.fp32_precision
        with pytest.raises(ZeroDivisionError), exact_matmul, exact_matmul:
            assert matmul.fp32_precision == "ieee"
            raise ZeroDivisionError
        assert (matmul.fp32_precision, torch.get_float32_matmul_precision()) == (before, allowed)


# ---- what a checkpoint holds


@each(CASES)
def test_frozen_front_ends_add_nothing_to_a_checkpoint(case):
    frontend = create_frontend(**case)
    frontend(noise())
    assert frontend.state_dict() == {}
    assert list(frontend.parameters()) == []
    frontend.load_state_dict({}, strict=True)


@each(CASES)
def test_spec_makes_the_same_front_end(case):
    frontend = create_frontend(**case)
    spec = json.loads(json.dumps(frontend.spec, allow_nan=False))
    twin = create_frontend(**spec)
    assert type(twin) is type(frontend)
    assert twin.spec == frontend.spec
    assert torch.equal(twin(noise()), frontend(noise()))
    plain = {key: value for key, value in case.items() if key not in ("members", "member")}
    assert {key: frontend.spec[key] for key in plain} == plain


@each(SINGLE)
def test_spec_keeps_every_option_that_was_not_the_default(case):
    others = {"hop_length": 200, "window": "hamming", "pad_mode": "constant", "top_db": None, "pad_short": True}
    known = option_names(type(create_frontend(**case)))
    others = {option: value for option, value in others.items() if option in known}
    frontend = create_frontend(**case | others)
    twin = create_frontend(**json.loads(json.dumps(frontend.spec)))
    assert others.items() <= twin.spec.items()
    assert torch.equal(twin(noise()), frontend(noise()))


@each(CASES)
def test_repr_names_the_options(case):
    text = repr(create_frontend(**case))
    assert f"sample_rate={RATE}" in text
    assert len(text.splitlines()[0]) < 400


@each(CASES | {f"trainable-{key}": case for key, case in TRAINABLE.items()})
def test_deepcopy_is_independent(case):
    frontend = create_frontend(**case)
    expected = frontend(noise())
    twin = copy.deepcopy(frontend)
    twin.double()
    assert torch.equal(frontend(noise()), expected)
    assert torch.equal(twin.float()(noise()), expected)


# ---- trainable kernels


@each(TRAINABLE)
def test_trainable_kernels_start_as_the_frozen_ones(case):
    frozen = {key: value for key, value in case.items() if not key.startswith("trainable")}
    with torch.no_grad():
        expected = create_frontend(**frozen, backend="nnaudio")(noise())
        assert torch.equal(create_frontend(**case)(noise()), expected)


@each(TRAINABLE)
def test_trainable_kernels_train(case):
    frontend = create_frontend(**case)
    assert frontend.backend == "nnaudio"
    parameters = dict(frontend.named_parameters())
    assert parameters
    before = frontend(noise())
    before.square().mean().backward()
    for parameter in parameters.values():
        assert parameter.grad.isfinite().all()
        assert parameter.grad.any()
    torch.optim.SGD(frontend.parameters(), lr=1e-6).step()
    assert not torch.equal(frontend(noise()), before)


@each(TRAINABLE)
def test_trainable_kernels_are_in_the_checkpoint(case):
    frontend = create_frontend(**case)
    assert frontend.state_dict().keys() == dict(frontend.named_parameters()).keys()
    with torch.no_grad():
        for parameter in frontend.parameters():
            parameter.mul_(1.01)
    file = io.BytesIO()
    torch.save(frontend.state_dict(), file)
    file.seek(0)
    twin = create_frontend(**frontend.spec)
    assert not torch.equal(twin(noise()), frontend(noise()))
    twin.load_state_dict(torch.load(file, weights_only=True))
    assert torch.equal(twin(noise()), frontend(noise()))


@each(TRAINABLE)
def test_trainable_kernels_stay_finite_on_extremes(case):
    """Among them a mel basis that training has pushed below 0."""
    frontend = create_frontend(**case)
    with torch.no_grad():
        for parameter in frontend.parameters():
            parameter.sub_(1e-3)
    output = frontend(extremes())
    output.square().mean().backward()
    assert output.isfinite().all()
    assert all(parameter.grad.isfinite().all() for parameter in frontend.parameters())


# ---- what is heard where


@each(BANDED)
@pytest.mark.parametrize("share", [0.15, 0.4, 0.65, 0.9])
def test_a_tone_lands_in_its_bin(case, share):
    frontend = create_frontend(**case)
    assert frontend.bin_unit == "Hz"
    k = math.floor(share * len(frontend.frequencies))
    output = frontend(tone(frontend.frequencies[k].item()))[0, 0]
    middle = output[:, output.shape[-1] // 2]
    assert middle.argmax() == k


@each(BANDED | {key: case for key, case in SINGLE.items() if case["name"] in ("mfcc", "lfcc", "gfcc")})
@pytest.mark.parametrize("n", [13, 25, 36])
def test_a_click_lands_in_its_frame(case, n):
    frontend = create_frontend(**case)
    click = torch.zeros(1, SAMPLES)
    click[0, n * frontend.hop_length] = 0.5
    output = frontend(click)[0, 0]
    # The first coefficient of the MFCC is the mean over the bands.
    loudness = output[0] if frontend.bin_unit == "coefficient" else output.sum(dim=0)
    assert loudness.argmax() == n
    assert frontend.times(n + 1)[n] == pytest.approx(n * frontend.hop_length / RATE)


# ---- where it is made and used


@each({key: case for key, case in CASES.items() if case.get("backend", "native") == "native"})
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float64])
def test_the_default_dtype_does_not_matter(case, dtype):
    expected = create_frontend(**case)(noise())
    waveform = noise()
    torch.set_default_dtype(dtype)
    try:
        output = create_frontend(**case)(waveform)
    finally:
        torch.set_default_dtype(torch.float32)
    assert torch.equal(output, expected)


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
