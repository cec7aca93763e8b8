"""Descriptors of samples, against librosa."""

import librosa
import numpy as np
import pytest
import torch

from esc_gpu.frontends.registry import create_frontend
from tests.helpers.peak_memory import PeakMemory
from tests.helpers.second_at_22050 import RATE, for_signals, signal
from tests.helpers.signals import features, relative_l2

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


@pytest.mark.parametrize("name", ["zero_crossing_rate", "rms"])
def test_a_long_recording_is_computed_block_by_block(name):
    """Beside the clip, its copy with padded ends and some megabytes; and the blocks give what short clips do."""
    frontend = create_frontend(name, frame_length=2047)
    clips = torch.from_numpy(np.random.default_rng(0).standard_normal((2, 60 * 44100))).float()
    with PeakMemory("cpu") as memory:
        found = frontend(clips[:1])
    assert memory.peak < 1.1 * clips[:1].nbytes + 15e6
    whole, first = frontend(clips), 40 * 100  # frames
    part = frontend(clips[1:, first * 512 : first * 512 + 4 * 44100])
    assert torch.equal(whole[:1], found)
    assert torch.allclose(whole[1:, ..., first + 4 : first + 300], part[..., 4:300], rtol=1e-6)
