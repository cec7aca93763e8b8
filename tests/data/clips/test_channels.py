"""Which channel of a recording is read."""

import numpy as np
import pytest
import soundfile

from esc_gpu.data.clips import decode as module
from esc_gpu.data.clips.damaged_files import DamagedFileError
from esc_gpu.data.clips.decode import decode_clip
from tests.helpers.one_line import refusal
from tests.helpers.stores import RATE, noise


@pytest.fixture
def path(tmp_path):
    """Three channels: the second is the loudest over all, but not in the first tenth of a second."""
    channels = np.stack([noise(0) // 4, noise(1) // 3, noise(2) // 5], axis=1)
    channels[: RATE // 10, 1] = 0
    soundfile.write(tmp_path / "a.wav", channels, RATE)
    return tmp_path / "a.wav"


def test_each_channel_is_read_by_name_or_number(path):
    channels = soundfile.read(path, dtype="int16")[0]
    places = {"left": 0, "right": 1, 0: 0, 1: 1, 2: 2, "loudest": 1}
    for channel, place in places.items():
        for start, samples in ((0, RATE // 10), (5000, 2000)):
            clip = decode_clip(path, start, sample_rate=RATE, samples=samples, channel=channel)
            np.testing.assert_array_equal(clip, channels[start : start + samples, place], str(channel))
    mix = decode_clip(path, 0, sample_rate=RATE, samples=RATE)
    np.testing.assert_array_equal(mix, np.rint(channels.mean(axis=1)))


def test_the_loudest_is_looked_for_once_a_file_and_the_first_of_equal_ones(path, monkeypatch):
    calls, find = [], module.loudest_channel
    monkeypatch.setattr(module, "loudest_channel", lambda blocks: calls.append(1) or find(blocks))
    monkeypatch.setattr(module, "_loudest", {})
    for start in (0, 100, 200):
        decode_clip(path, start, sample_rate=RATE, samples=100, channel="loudest")
    assert len(calls) == 1
    soundfile.write(path, np.stack([noise(0), -noise(0) - 1], axis=1), RATE, "PCM_16")
    soundfile.write(path, np.stack([noise(3)[::-1], noise(3)], axis=1), RATE)
    clip = decode_clip(path, 0, sample_rate=RATE, samples=RATE, channel="loudest")
    np.testing.assert_array_equal(clip, noise(3)[::-1])


def test_a_file_of_one_channel_is_its_left_its_first_and_its_loudest(tmp_path):
    soundfile.write(tmp_path / "a.wav", noise(), RATE)
    for channel in ("left", 0, "loudest"):
        clip = decode_clip(tmp_path / "a.wav", 0, sample_rate=RATE, samples=RATE, channel=channel)
        np.testing.assert_array_equal(clip, noise())


@pytest.mark.parametrize(
    ("channel", "said"),
    [
        ("right", "has 1 channel; expected a right one, by data.channel; replace it or leave it out"),
        (3, "has 1 channel; expected channel 3, counted from 0, by data.channel; replace it or leave it out"),
    ],
)
def test_a_channel_that_is_not_there_is_one_line(tmp_path, channel, said):
    soundfile.write(tmp_path / "a.wav", noise(), RATE)
    with pytest.raises(DamagedFileError, match=f"a.wav: {said}$"):
        decode_clip(tmp_path / "a.wav", 0, sample_rate=RATE, samples=10, channel=channel)


def test_no_channel_has_another_name(path):
    for channel in ("center", -1, True, 0.0, None):
        said = refusal(lambda channel=channel: decode_clip(path, 0, sample_rate=RATE, samples=10, channel=channel))
        assert said == (
            f"data.channel is {channel!r}; expected one of mix, left, right, loudest, or a number from 0 on; correct it"
        )
