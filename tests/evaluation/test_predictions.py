"""`predictions.csv`: what is written is read again, in the same columns and order."""

import csv

import numpy as np
import pytest

from esc_gpu.evaluation.predictions import Predictions, join_predictions, read_predictions, write_predictions

CLASSES = ["dog", 'a, "b"', "fold"]  # one as a column


def some(fold, seed=0):
    probabilities = np.random.default_rng(seed).dirichlet(np.ones(3), 4).round(6)
    probabilities[3] = [1, 0, 0]
    return Predictions(
        tuple(f"{fold}-{number}, é.wav" for number in range(4)),
        np.full(4, fold),
        np.array([0, 1, 2, 1]),
        probabilities,
    )


def is_same(one, other):
    return one.filenames == other.filenames and all(map(np.array_equal, one[1:], other[1:]))


def test_what_is_written_is_read(tmp_path):
    write_predictions(tmp_path / "table.csv", some(2), CLASSES)
    assert is_same(read_predictions(tmp_path / "table.csv", CLASSES), some(2))
    lines = (tmp_path / "table.csv").read_bytes().decode().split("\n")  # as they are on every system
    assert lines[0] == 'filename,fold,category,prediction,probability,dog,"a, ""b""",fold'
    shares = some(2).probabilities[0]
    shown = [f"{share:.6f}" for share in shares]
    assert lines[1].startswith('"2-0, é.wav",2,dog,') and lines[1].endswith(",".join(["", max(shown), *shown]))
    predicted = [row[3] for row in csv.reader(lines[1:5])]
    assert predicted == [CLASSES[label] for label in some(2).probabilities.argmax(axis=1)]
    assert len(lines) == 6 and lines[5] == ""


def test_of_several_labels_all_are_said_whose_probability_is_a_half_or_more(tmp_path):
    labels = np.array([[True, False, True], [False, False, False]])
    probabilities = np.array([[0.5, 0.499999, 0.9], [0.1, 0.2, 0.3]])
    table = Predictions(("a.wav", "b.wav"), np.array([1, 1]), labels, probabilities)
    write_predictions(tmp_path / "table.csv", table, CLASSES)
    lines = (tmp_path / "table.csv").read_text(encoding="utf-8").splitlines()
    assert lines[1].startswith("a.wav,1,dog|fold,dog|fold,0.900000,") and lines[2].startswith("b.wav,1,,,0.300000,")
    assert is_same(read_predictions(tmp_path / "table.csv", CLASSES, "multi_label"), table)


def test_a_table_without_clips_has_numbers_of_none(tmp_path):
    nothing = Predictions((), np.zeros(0, dtype=int), np.zeros(0, dtype=int), np.zeros((0, 3)))
    write_predictions(tmp_path / "table.csv", nothing, CLASSES)
    found = read_predictions(tmp_path / "table.csv", CLASSES)
    assert is_same(found, nothing) and found.folds.dtype == np.int64


def test_parts_of_other_lengths_are_no_table(tmp_path):
    with pytest.raises(ValueError):
        write_predictions(tmp_path / "table.csv", some(2)._replace(filenames=("a.wav",)), CLASSES)
    assert not list(tmp_path.iterdir())


def test_the_folds_are_joined_in_their_order(tmp_path):
    parts = [some(3), some(1, seed=1)]
    files = [tmp_path / f"{number}.csv" for number in range(2)]
    for file, part in zip(files, parts, strict=True):
        write_predictions(file, part, CLASSES)
    join_predictions(tmp_path / "one.csv", files[:1])
    assert (tmp_path / "one.csv").read_bytes() == files[0].read_bytes()
    join_predictions(tmp_path / "all.csv", files)
    joined = read_predictions(tmp_path / "all.csv", CLASSES)
    first, second = parts
    assert joined.filenames == first.filenames + second.filenames
    for field, one, other in zip(joined[1:], first[1:], second[1:], strict=True):
        assert np.array_equal(field, np.concatenate([one, other]))


@pytest.mark.parametrize(
    ("find", "replacement", "reason"),
    [
        ("probability,dog", "probability,cat", "other columns"),
        ("2-1, ", "2-0, ", "twice"),
        (f"{some(2).probabilities[0, 0]:.6f}", "nan", "no number"),
        (f"{some(2).probabilities[0, 0]:.6f}", "1.000001", "not from 0 to 1"),
        (f"{some(2).probabilities[0, 0]:.6f}", "-0.000001", "not from 0 to 1"),
        (",2,dog,", ",test,dog,", "some folds are numbers and others are splits"),
        ("0.", "zero", "could not convert"),
        (",2,dog,", ",two,dog,", "invalid literal"),
    ],
)
def test_a_broken_table_is_refused(tmp_path, find, replacement, reason):
    write_predictions(tmp_path / "table.csv", some(2), CLASSES)
    text = (tmp_path / "table.csv").read_text(encoding="utf-8")
    assert find in text
    (tmp_path / "table.csv").write_text(text.replace(find, replacement), encoding="utf-8")
    with pytest.raises(ValueError, match=reason):
        read_predictions(tmp_path / "table.csv", CLASSES)
