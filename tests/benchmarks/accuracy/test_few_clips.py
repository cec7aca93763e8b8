"""The benchmark of few clips: who learns from what, on small recordings."""

import json

import numpy as np
import pytest

from benchmarks.accuracy import few_clips
from benchmarks.accuracy.few_clips import first_of_each, halves, main
from benchmarks.accuracy.few_clips_table import few_clips_table
from tests.helpers.tiny import OPTIONS, parsed, write_tone

TONES = {"a": 300, "b": 700, "c": 1500, "d": 2500}


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    folder = tmp_path_factory.mktemp("few")
    rows = ["path,label,fold"]
    for number in range(24):
        name = list(TONES)[number % 4]
        write_tone(folder / f"{number}.wav", TONES[name], 1.0, number)
        rows.append(f"{number}.wav,{name},{1 + number // 4 % 3}")
    (folder / "tones.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    return "--data.table", str(folder / "tones.csv"), "--data.cache_dir", str(folder / "cache")


def test_every_other_class_is_learnt_first_and_no_clip_is_on_both_sides(data, monkeypatch):
    first, other = halves(parsed(*data))
    assert first.names == ["a", "c"] and other.names == ["b", "d"]
    assert not np.intersect1d(first.numbers, other.numbers).size
    in_fold = other.numbers[other.recordings.folds[other.numbers] == 1]
    few = first_of_each(other, in_fold, 1)
    assert other.labels[few].tolist() == [0, 1] and set(few) < set(in_fold)


def test_every_way_learns_from_the_same_clips_and_the_table_has_them(data, tmp_path, capsys, monkeypatch):
    seen = []
    train = few_clips.train

    def watched(config, fold):
        seen.append((config.train.freeze, config.model.weights is not None, tuple(fold.train), tuple(fold.test)))
        return train(config, fold)

    monkeypatch.setattr(few_clips, "train", watched)
    words = ["--clips", "1", "2", "--draws", "1", "2", "--steps", "3", "--output", str(tmp_path)]
    assert main([*words, *OPTIONS, *data]) == 0
    (first, *others) = seen
    assert first[:2] == ("none", False) and len(others) == 3 * 2 * 2
    for n in range(0, len(others), 3):
        assert [row[:2] for row in others[n : n + 3]] == [("none", False), ("backbone", True), ("none", True)]
        assert len({row[2:] for row in others[n : n + 3]}) == 1
    assert all(not set(train) & set(test) for *_, train, test in seen)
    (file,) = tmp_path.glob("few-clips-*.json")
    result = json.loads(file.read_text(encoding="utf-8"))
    assert result["trained_classes"] == ["a", "c"] and len(result["rows"]) == 2 * 5
    row = result["rows"][0]
    assert row["name"] == "scratch" and row["over_scratch"]["difference"] == 0
    assert row["accuracy"] == pytest.approx(np.mean(list(row["draws"].values())))
    header, _, *lines = few_clips_table(result)[:7]
    assert header.count("|") == 4 and [line.split("|")[1].strip() for line in lines] == [
        *("from scratch", "last layer alone", "all weights", "logistic regression", "nearest neighbours")
    ]


def test_more_clips_than_there_are_are_refused_before_the_training(data, capsys):
    assert main(["--clips", "3", "--draws", "1", *OPTIONS, *data]) == 2
    assert "fold 1 has 2 clips of a class; expected --clips up to that" in capsys.readouterr().err
