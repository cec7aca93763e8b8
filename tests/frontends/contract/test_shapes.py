"""What every front-end promises: the shape of its features, and the axes that go with it."""

import pytest
import torch

from esc_gpu.errors import EscGpuError
from esc_gpu.frontends.registry import create_frontend
from tests.helpers.clips import RATE, SAMPLES, noise
from tests.helpers.frontend_cases import CASES, SINGLE, each, having, layer_of


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
    # Frame 0 is centred on the clip's first sample that is kept, but for Kaldi's: on the middle of 25 ms.
    first = 0.0125 if "kaldi_" in str(case) else 0.0 if case.get("center", True) else case["n_fft"] / 2 / RATE
    first += (case.get("preemphasis_start") == "drop") / RATE
    assert frontend.times(4).tolist() == pytest.approx([first + k * frontend.hop_length / RATE for k in range(4)])


@each({key: case for key, case in SINGLE.items() if "n_fft" in case})
def test_shape_with_an_odd_n_fft(case):
    frontend = create_frontend(**case | {"n_fft": 511})
    for n_samples in (SAMPLES, SAMPLES + 1):  # the first is a whole number of hops
        assert frontend(noise(n_samples=n_samples)).shape[1:] == frontend.output_shape(n_samples)


@each({key: case for key, case in CASES.items() if layer_of(case).min_samples > 1})
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
