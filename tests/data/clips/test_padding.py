"""Recordings that are much shorter than a clip are told of."""

import pytest

from esc_gpu.data.clips.padding import LOOKED_AT, describe_padding
from tests.helpers.windows import RATE, noise, write


@pytest.mark.parametrize(
    ("seconds", "clip_seconds", "expected"),
    [
        (
            (0.3, 0.4, 6),
            5,
            "Half of the recordings last 0.4 s or less: with clips of 5 s, 92% of the data is added silence. "
            "--data.clip_seconds 0.4 makes the clips shorter",
        ),
        ((0.3, 2.5, 2.6), 5, None),
        ((0.3, 0.4, 0.5), 0.5, None),
    ],
)
def test_half_a_clip_of_silence_is_much(tmp_path, seconds, clip_seconds, expected):
    paths = [write(tmp_path / f"{n}.wav", noise(round(length * RATE))) for n, length in enumerate(seconds)]
    assert describe_padding(paths, clip_seconds) == expected


def test_of_many_recordings_some_are_looked_at(tmp_path, monkeypatch):
    looked = []
    monkeypatch.setattr("esc_gpu.data.clips.padding.recording_samples", lambda path, rate: looked.append(path) or 5000)
    paths = list(range(10_000))
    assert describe_padding(paths, 5) is None
    assert len(set(looked)) == LOOKED_AT and {paths[0], paths[-1]} < set(looked)
