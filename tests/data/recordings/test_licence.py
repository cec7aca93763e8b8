"""The licence of ESC-50's recordings, and of no others."""

import numpy as np
import pytest

from esc_gpu.core.esc50 import ESC10, ESC50
from esc_gpu.data.recordings.base import Recordings
from esc_gpu.data.recordings.layouts.esc50 import read_esc50
from esc_gpu.data.recordings.licence import recordings_licence
from esc_gpu.data.recordings.synthetic import SOUNDS, write_synthetic


def official(name):
    """What ESC-50 could call a recording of a class."""
    return f"1-100-A-{ESC50.index(name)}.wav" if name in ESC50 else f"{name}.wav"


def recordings(root, classes, in_layout=True, named=official):
    n = len(classes)
    return Recordings(
        root=root,
        audio=root / "audio" if in_layout else root,
        filenames=tuple(map(named, classes)),
        folds=np.ones(n, dtype=np.int64),
        labels=np.arange(n),
        src_files=tuple(classes),
        class_names=tuple(classes),
        class_categories=("Other",) * n,
    )


def test_esc_50_has_fifty_classes_and_esc_10_ten_of_them():
    assert len(set(ESC50)) == 50 and len(set(ESC10)) == 10 and set(ESC10) < set(ESC50)
    assert set(SOUNDS) <= set(ESC50)


@pytest.mark.parametrize(
    ("classes", "in_layout", "expected"),
    [
        (sorted(ESC10), True, "CC BY 3.0"),
        (["dog", "rain"], True, "CC BY 3.0"),
        (["dog", "siren"], True, "CC BY-NC 3.0"),
        (sorted(ESC50), True, "CC BY-NC 3.0"),
        (["dog", "doorbell"], True, None),
        (["dog", "rain"], False, None),
    ],
)
def test_the_licence_is_known_by_layout_and_classes(tmp_path, classes, in_layout, expected):
    assert recordings_licence(recordings(tmp_path, classes, in_layout)) == expected


@pytest.mark.parametrize("named", ["{}.wav".format, lambda name: "2-100-A-0.wav", lambda name: "1-100-A-99.wav"])
def test_recordings_of_ones_own_with_classes_of_esc_50_are_not_those_of_esc_50(tmp_path, named):
    assert recordings_licence(recordings(tmp_path, ["dog", "rain"], named=named)) is None


def test_synthetic_recordings_in_the_layout_are_not_those_of_esc_50(tmp_path):
    root = write_synthetic(tmp_path / "synthetic", clips_per_class=10, progress=False)
    assert recordings_licence(read_esc50(root)) is None


def test_the_real_recordings_of_esc_10(esc10_root):
    assert recordings_licence(read_esc50(esc10_root)) == "CC BY 3.0"
