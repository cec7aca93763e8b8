"""What descriptors, chroma, deltas and PCEN promise: of silence and extremes, alone and in stacks."""

import json

import pytest
import torch

from esc_gpu.errors import EscGpuError
from esc_gpu.frontends.registry import create_frontend
from esc_gpu.frontends.spectrogram import STFTFrontend
from tests.helpers.descriptor_cases import CASES, SMALL, SMALL_MEL, each, extremes, make, noise

STEPS = ("spectral_rolloff", "zero_crossing_rate")  # their gradient is 0


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


@each(["chroma", "rms", "pcen-trainable"])  # of which test_graphs.py has other options
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
        monkeypatch.setattr("esc_gpu.frontends.framed.budget", lambda tensor: 2**40)
        expected = frontend(clips)
        monkeypatch.setattr("esc_gpu.frontends.framed.budget", lambda tensor: 7 * 512 * 4)
        torch.testing.assert_close(frontend(clips), expected, rtol=1e-5, atol=1e-5)
