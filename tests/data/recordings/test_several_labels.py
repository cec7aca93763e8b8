"""Several labels in the column of a table: found, said, and refused where one is blank."""

import numpy as np
import pytest
import soundfile

from esc_gpu.data.recordings.layouts import read_recordings
from esc_gpu.data.recordings.several_labels import describe_labels
from esc_gpu.data.recordings.table import read_table
from esc_gpu.errors import EscGpuError
from tests.helpers.one_line import refusal

LABELS = ["dog|rain", "dog", "rain|wind", "wind|dog|rain", "wind", "rain|dog|dog"]


def write(folder, labels=LABELS):
    rows = ["path,label,fold"]
    for number, label in enumerate(labels):
        soundfile.write(folder / f"{number}.wav", np.zeros(80), 8000)
        rows.append(f'{number}.wav,"{label}",{1 + number % 2}')
    (folder / "list.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    return folder / "list.csv"


@pytest.mark.parametrize("sign", ["|", ",", " | "])
def test_labels_between_bars_or_commas_are_found(tmp_path, sign):
    recordings = read_table(write(tmp_path, [label.replace("|", sign) for label in LABELS]))
    assert recordings.task == "multi_label" and recordings.class_names == ("dog", "rain", "wind")
    expected = [[1, 1, 0], [1, 0, 0], [0, 1, 1], [1, 1, 1], [0, 0, 1], [1, 1, 0]]
    assert recordings.labels.dtype == bool and recordings.labels.astype(int).tolist() == expected
    assert recordings.of_class(1).tolist() == [True, False, True, True, False, True]
    assert "4 of 6 clips have several labels, 1.83 on average" in describe_labels(recordings)


def test_a_comma_before_a_space_is_of_the_name(tmp_path):
    recordings = read_table(write(tmp_path, ["Whip, crack", "dog", "dog", "Whip, crack"]))
    assert recordings.task == "single_label" and recordings.labels.tolist() == [0, 1, 1, 0]


def test_the_option_decides(tmp_path):
    """Each text is one class, or each clip has a list of one label."""
    table = write(tmp_path, ["a|b", "a|b", "c", "c"])
    one = read_table(table, task="single_label")
    assert one.class_names == ("a|b", "c") and one.labels.tolist() == [0, 0, 1, 1]
    plain = write(tmp_path, ["a", "a", "b", "b"])
    assert read_table(plain).labels.tolist() == [0, 0, 1, 1]
    several = read_recordings(None, table=plain, task="multi_label")
    assert several.labels.tolist() == [[True, False], [True, False], [False, True], [False, True]]


def test_the_rows_have_another_hash_by_each_label(tmp_path):
    first = read_table(write(tmp_path)).digest
    assert read_table(write(tmp_path, [*LABELS[:-1], "rain"])).digest != first


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (["a|b", "a||b"], r"row 3: one of the labels in 'a\|\|b' is blank; expected a name between two separators"),
        (["a|b", "a", "a", "a"], r"label 'b' is in fold 1 only; expected two folds or more"),
        (["\u0445|b", "\u0445|b", "\u0445\ufe0f|b"], r"looks like"),
    ],
)
def test_what_is_refused_of_one_label_is_refused_of_several(tmp_path, labels, message):
    table = write(tmp_path, labels)
    with pytest.raises(EscGpuError, match=message):
        read_table(table)


def test_a_class_that_validation_leaves_without_clips_is_refused(tmp_path):
    rows = ["path,label,fold"]
    for number, label in enumerate(["a|b", "a|b", "a", "a|b"]):
        soundfile.write(tmp_path / f"{number}.wav", np.zeros(80), 8000)
        rows.append(f"{number}.wav,{label},{1 + number}")
    (tmp_path / "list.csv").write_text("\n".join(rows), encoding="utf-8")
    recordings = read_table(tmp_path / "list.csv")
    recordings.check_classes(1, validate=False)
    assert recordings.left_out(1, validate=True) == [2] and recordings.left_out(1, validate=False) == []
    recordings.check_classes(3, validate=True)
    assert "class 'b' has no recording" in refusal(lambda: recordings.check_classes(1, True, skipped=[3]))
