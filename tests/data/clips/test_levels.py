"""Clips that are far below or above full scale, and what is found in clips."""

import numpy as np
import pytest
import soundfile
import torch

from esc_gpu.data.clips.decode import decode, decode_clip, read_samples
from esc_gpu.data.clips.level_faults import describe_faults
from esc_gpu.data.clips.levels import AT_FULL_SCALE, CANCELLED, SILENT, quantize, scaled, stack_waveforms
from esc_gpu.frontends import create_frontend

RATE = 16000
SOUND = np.random.default_rng(0).standard_normal(RATE).astype(np.float32)
SOUND /= np.sqrt(np.mean(SOUND**2))  # of a root mean square of 1


def write(path, waveform, subtype="FLOAT", rate=RATE):
    soundfile.write(path, waveform, rate, subtype)
    return path


def read(path, samples=RATE, **options):
    return decode(path, 0, sample_rate=RATE, samples=samples, **options)


@pytest.mark.parametrize(
    ("level_db", "subtype"), [(-80, "PCM_24"), (-100, "PCM_24"), (-120, "FLOAT"), (12, "FLOAT"), (90, "DOUBLE")]
)
def test_log_mel_is_that_of_the_floats(tmp_path, level_db, subtype):
    path = write(tmp_path / "a.wav", 10 ** (level_db / 20) * SOUND, subtype)
    frontend = create_frontend("logmel", sample_rate=RATE, top_db=None, amin=1e-20)
    exact = torch.from_numpy(read_samples(path, 0, sample_rate=RATE, samples=RATE).waveform)[None]
    kept = torch.from_numpy(read(path).waveform)[None]
    assert kept.dtype == torch.float32 and (frontend(kept) - frontend(exact)).abs().max() < 0.1
    rounded = (exact * 32768).round().clamp(-32768, 32767).to(torch.int16)
    assert (frontend(rounded) - frontend(exact)).abs().max() > 0.5  # as it was


def test_clips_in_the_usual_range_are_int16(tmp_path):
    for level_db, subtype in [(-69, "PCM_24"), (-14, "FLOAT"), (-80, "PCM_16"), (-14, "PCM_16")]:
        path = write(tmp_path / "a.wav", 10 ** (level_db / 20) * SOUND, subtype)
        clip, exact = read(path), soundfile.read(path, dtype="float32")[0]
        assert clip.exponent == 0 and clip.waveform.dtype == np.int16
        np.testing.assert_array_equal(clip.samples, np.rint(exact * 32768))


@pytest.mark.parametrize("peak", [1 + 2**-23, 1.999999, 2.0, 4.0, 1e-4, 3e38, 1e-44])
def test_the_largest_sample_takes_up_the_range(peak):
    clip = quantize(np.array([peak, -peak, peak / 3], np.float32), 4, may_exceed=True)
    if peak == 3e38:  # no spectrum has its square
        assert clip.exponent == 32 and clip.marks == AT_FULL_SCALE and clip.samples.tolist()[:2] == [32767, -32768]
    elif peak == 1e-44:
        assert clip.exponent == -64
    else:
        assert 16384 <= clip.samples[0] <= 32767 and clip.samples[1] == -clip.samples[0]
        assert clip.waveform[2] == pytest.approx(peak / 3, rel=1e-4)


def test_a_clip_is_scaled_exactly():
    samples = np.arange(-32768, 32768).astype(np.int16)
    for exponent in (-64, -3, 1, 32):
        exact = samples.astype(np.float64) * 2.0 ** (exponent - 15)
        np.testing.assert_array_equal(scaled(samples, np.int8(exponent)), exact)
    both = stack_waveforms([samples, scaled(samples, np.int8(3))])
    np.testing.assert_array_equal(both * 32768, [samples, 8.0 * samples])
    assert stack_waveforms([samples, samples]).dtype == np.int16


def test_what_is_found(tmp_path):
    tone = 0.5 * np.sin(2 * np.pi * 440 * np.arange(RATE) / RATE)
    loud = np.clip(1.5 * tone / 0.5, -1, 1)
    found = {
        "tone": (tone, 0),
        "silence": (np.zeros(RATE), SILENT),
        "faint": (np.where(np.arange(RATE) == 7, 2.0**-20, 0), 0),
        "loud": (loud, AT_FULL_SCALE),
        "touching": (np.where(np.arange(RATE) < RATE // 100, loud[4], tone), 0),  # 1 %, and not more
        "stereo": (np.stack([tone, 0.5 * tone], 1), 0),
        "inverted": (np.stack([tone, -0.6 * tone], 1), CANCELLED),
        "nearly": (np.stack([tone, -0.5 * tone], 1), 0),  # 10 dB: a mean of 0.25 in 0.79
        "three": (np.stack([tone, -tone, 0 * tone], 1), 0),
    }
    for name, (waveform, mark) in found.items():
        assert read(write(tmp_path / f"{name}.wav", waveform, "PCM_24")).marks == mark, name
    short = write(tmp_path / "short.wav", loud[:800], "PCM_24")
    assert read(short).marks == AT_FULL_SCALE  # a share of what was recorded, not of the silence behind it
    assert read(tmp_path / "inverted.wav", channel="left").marks == 0


def test_what_is_said_of_it():
    marks = np.array([SILENT, SILENT, AT_FULL_SCALE, 0, CANCELLED, SILENT, SILENT, SILENT])
    recordings = np.array([0, 0, 1, 2, 3, 4, 5, 6])
    silent, clipped, cancelled = describe_faults(marks, recordings, [f"{name}.wav" for name in "abcdefg"])
    assert silent.startswith("5 of 8 clips are digital silence: a.wav, e.wav, f.wav, .... A model")
    assert clipped.startswith("1 of 8 clips is clipped, with more than 1% of the samples at full scale: b.wav. Record")
    assert cancelled.startswith("1 of 8 clips is left with less than a tenth of the energy of their two channels, ")
    assert ": d.wav. Read" in cancelled
    assert describe_faults(np.zeros(8, np.int8), recordings, []) == []


def test_a_quiet_window_of_a_compressed_recording_keeps_what_the_decoder_gives(tmp_path):
    soundfile.write(tmp_path / "a.ogg", 10 ** (-75 / 20) * SOUND, RATE)
    exact = soundfile.read(tmp_path / "a.ogg", dtype="float32")[0]
    clip = decode_clip(tmp_path / "a.ogg", 100, sample_rate=RATE, samples=1000)
    np.testing.assert_allclose(clip, exact[100:1100], rtol=0, atol=2**-15 * np.abs(exact).max())
