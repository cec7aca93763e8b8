"""Which layout a folder has."""

import typing

import pytest

from esc_gpu.config.schema import DataConfig
from esc_gpu.data.recordings.layouts import read_recordings
from esc_gpu.data.recordings.layouts.find import LAYOUTS
from tests.helpers.layout_folders import LABELS, lay_out
from tests.helpers.one_line import refusal


@pytest.mark.parametrize(
    ("name", "layout", "folds"),
    [
        ("nested_esc50", "esc50", [1, 2, 3, 4, 5]),
        ("urbansound8k", "urbansound8k", list(range(1, 11))),
        ("folders", "folders", [1, 2, 3, 4, 5]),
        ("split_folders", "folders", ["train", "validation", "test"]),
        ("speech_commands", "speech_commands", ["train", "validation", "test"]),
    ],
)
def test_a_layout_is_known_by_its_folder(tmp_path, name, layout, folds):
    root = lay_out(tmp_path, name)
    data = read_recordings(root)
    assert (data.layout, data.fold_numbers, data.class_names) == (layout, folds, LABELS)
    assert len(data.filenames) == 60 and len(set(data.src_files)) == 30
    assert all(path.is_file() for path in data.paths)
    if name in ("urbansound8k", "speech_commands"):  # one folder deeper
        assert read_recordings(root.parent).digest == data.digest


def test_the_options_are_the_layouts():
    literal, _ = typing.get_args(typing.get_type_hints(DataConfig)["layout"])
    assert set(typing.get_args(literal)) == set(LAYOUTS)
    assert "data.layout 'esc-50' is unknown; expected one of esc50, urban" in refusal(
        read_recordings, ".", layout="esc-50"
    )


def test_of_two_layouts_one_is_to_be_chosen(tmp_path):
    root = lay_out(tmp_path, "urbansound8k", "speech_commands")
    message = refusal(read_recordings, root)
    assert f"{root} has several layouts: urbansound8k in {root} (metadata/UrbanSound8K.csv), speech_commands" in message
    assert "choose it with --data.layout" in message
    assert read_recordings(root, layout="urbansound8k").fold_numbers == list(range(1, 11))


def test_a_layout_that_is_not_there(tmp_path):
    root = lay_out(tmp_path, "folders")
    message = refusal(read_recordings, root, layout="urbansound8k")
    assert f"{root} does not have the layout urbansound8k; expected metadata/UrbanSound8K.csv" in message
    assert "meta/esc50.csv: no such file" in refusal(read_recordings, root, layout="esc50")


def test_only_esc50_has_subsets_and_a_table_no_layout(tmp_path):
    root = lay_out(tmp_path, "split_table", "urbansound8k")
    assert "has the layout urbansound8k; expected all" in refusal(read_recordings, root, "esc10")
    message = refusal(read_recordings, root, "all", root / "recordings.csv", "esc50")
    assert "data.layout is 'esc50' together with data.table" in message


def test_a_table_in_the_folder_is_to_be_named(tmp_path):
    """It comes before a folder for each class."""
    root = lay_out(tmp_path, "folders", "split_table")
    message = refusal(read_recordings, root)
    assert f"there is {root / 'recordings.csv'}" in message and "--data.table FILE.csv" in message
    (root / "recordings.csv").write_text("filepath,label,folder\n", encoding="utf-8")
    assert read_recordings(root).layout == "folders"


def test_recordings_without_a_class(tmp_path):
    root = lay_out(tmp_path)
    assert "there is no other layout; expected ESC-50, another data set" in refusal(read_recordings, root)
    message = refusal(read_recordings, tmp_path / "clips")
    assert "recordings such as 1-100-A-0.wav lie in no folder of a class" in message
