"""What every front-end promises: clips of any type, rate, layout and length, and in any company."""

import pytest
import torch

from esc_gpu.errors import EscGpuError
from esc_gpu.frontends import blocks, constant_q
from esc_gpu.frontends.registry import create_frontend
from esc_gpu.frontends.resampling import Resample
from esc_gpu.frontends.signature import option_names
from tests.helpers.clips import RATE, SAMPLES, close, noise
from tests.helpers.frontend_cases import CASES, SINGLE, each


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
        case = {option: value for option, value in case.items() if option != "log_offset"} | {"scale": "power"}
    frontend, waveform = create_frontend(**case), noise(16)
    alone, row = frontend(waveform[5:6])[0], frontend(waveform)[5]
    # Not always equal to the bit: matrix products and convolutions choose their blocks by the size of the batch. What
    # has no scale of power is in decibels, in which the quietest bins show it most.
    limit = 1e-6 if case.get("scale") == "power" and case["backend"] == "native" else 1e-4
    assert (alone - row).norm() <= limit * row.norm()


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
