"""Runs against each other, on made-up predictions."""

import json

import numpy as np
import pytest

from esc_gpu.evaluation.assessment import assess_seeds
from esc_gpu.evaluation.bootstrap import paired_difference, resampling_units
from esc_gpu.evaluation.comparison import compare, describe_frontend
from esc_gpu.evaluation.finished_run import read_run
from esc_gpu.evaluation.run_groups import select
from esc_gpu.evaluation.significance import holm, mcnemar
from tests.helpers.made_up_runs import make_official, write_esc10_run, write_run
from tests.helpers.one_line import refusal


@pytest.fixture
def write(tmp_path):
    """A run of the name, read."""
    return lambda name, **options: read_run(write_run(tmp_path / name, **options))


def right(run):
    return run.predictions == run.labels


def test_rows_are_what_evaluation_says_of_them(write):
    good, poor = write("good", skill=3), write("poor", seed=1, skill=1, frontend="mfcc")
    comparison = compare([good, poor], n_bootstrap=300)
    assert json.loads(json.dumps(comparison)) == comparison
    assert comparison["clips"] == len(good.labels) and comparison["folds"] == [1, 2, 3]
    for row, run in zip(comparison["rows"], (good, poor), strict=True):
        alone = assess_seeds([run], 300)
        for key in ("accuracy", "macro_f1", "intervals", "over_folds", "over_seeds"):
            assert row[key] == alone[key]
        assert row["fold_accuracies"] == [fold["accuracy"] for fold in alone["folds"]]
        assert (row["name"], row["runs"], row["seconds"]) == (run.name, [run.name], 20.0)
    assert [row["frontend"] for row in comparison["rows"]] == ["logmel", "mfcc"]
    assert [row["seeds"] for row in comparison["rows"]] == [[0], [1]]


def test_pairs_are_tested_and_corrected(write):
    runs = [write(name, seed=k, skill=skill, lr=k) for k, (name, skill) in enumerate({"a": 3, "b": 2, "c": 1}.items())]
    comparison = compare(runs, n_bootstrap=300)
    pairs = comparison["pairs"]
    assert [(pair["first"], pair["second"]) for pair in pairs] == [("a", "b"), ("a", "c"), ("b", "c")]
    for pair, (first, second) in zip(pairs, ((0, 1), (0, 2), (1, 2)), strict=True):
        expected = mcnemar(right(runs[first]), right(runs[second]))
        assert {key: pair[key] for key in expected} == expected
        assert pair["difference"] == pytest.approx(right(runs[first]).mean() - right(runs[second]).mean())
        units = resampling_units(runs[0].filenames)[1]
        expected = paired_difference(right(runs[first]), right(runs[second]), units, 300, 0)
        assert {key: pair[key] for key in expected} == expected
    assert [pair["p_holm"] for pair in pairs] == holm([pair["p_value"] for pair in pairs])


def test_the_order_of_the_clips_does_not_matter(write, tmp_path):
    first, second = write("first"), write("second", seed=1, frontend="mfcc")
    lines = (second.folder / "predictions.csv").read_text(encoding="utf-8").splitlines()
    (second.folder / "predictions.csv").write_text("\n".join([lines[0], *lines[:0:-1]]) + "\n", encoding="utf-8")
    assert (
        compare([first, read_run(second.folder)], n_bootstrap=50)["pairs"]
        == (compare([first, second], n_bootstrap=50)["pairs"])
    )


def test_seeds_are_one_row_and_the_lowest_that_both_have_is_tested(write):
    a = [write(f"a{seed}", seed=seed) for seed in (7, 1, 2)]
    b = [write(f"b{seed}", seed=seed, skill=1, frontend="mfcc") for seed in (2, 9)]
    comparison = compare([a[0], b[0], a[1], a[2], b[1]], n_bootstrap=50)
    assert [row["runs"] for row in comparison["rows"]] == [["a7", "a1", "a2"], ["b2", "b9"]]
    (pair,) = comparison["pairs"]
    assert pair["seeds"] == [2, 2]
    expected = mcnemar(right(a[2]), right(b[0]))
    assert {key: pair[key] for key in expected} == expected
    means = [np.mean([right(run).mean() for run in runs]) for runs in (a, b)]
    assert pair["difference"] == pytest.approx(means[0] - means[1])
    assert comparison["rows"][0]["over_seeds"]["accuracy"]["std"] > 0


def test_seeds_of_one_run_alone_are_one_row_without_a_pair(write):
    comparison = compare([write(f"a{seed}", seed=seed) for seed in (1, 2)], n_bootstrap=50)
    assert [row["runs"] for row in comparison["rows"]] == [["a1", "a2"]] and comparison["pairs"] == []
    assert comparison["validation"] is False


def test_without_a_common_seed_the_lowest_of_each_is_tested(write):
    a = [write(f"a{seed}", seed=seed) for seed in (7, 3)]
    b = [write(f"b{seed}", seed=seed, frontend="mfcc") for seed in (5, 4)]
    assert compare([*a, *b], n_bootstrap=50)["pairs"][0]["seeds"] == [3, 4]


def test_common_clips_only(write):
    wide, narrow = write("wide", folds=(1, 2, 3)), write("narrow", seed=1, folds=(2,), frontend="mfcc")
    assert "add --common to use the 24 that all runs have" in refusal(compare, [wide, narrow])
    comparison = compare([wide, narrow], common=True, n_bootstrap=50)
    assert comparison["folds"] == [2] and comparison["clips"] == len(narrow.labels)
    assert [row["seconds"] for row in comparison["rows"]] == [20.0, 20.0]  # of fold 2
    assert comparison["rows"][0]["accuracy"] == pytest.approx(right(wide)[wide.folds == 2].mean())


def test_two_runs_of_one_name_are_told_apart_by_their_folders(write):
    comparison = compare([write("x/logmel"), write("y/logmel", seed=1, frontend="mfcc")], n_bootstrap=10)
    assert [row["name"].split("/")[-2:] for row in comparison["rows"]] == [["x", "logmel"], ["y", "logmel"]]


def test_references_come_with_the_recordings(tmp_path, monkeypatch):
    folders = [write_esc10_run(tmp_path / name, frontend=name) for name in ("logmel", "mfcc")]
    make_official(monkeypatch, folders[0])
    runs = [read_run(folder) for folder in folders]
    assert {entry["name"] for entry in compare(runs, n_bootstrap=10)["references"]} > {"human listeners", "ACDNet"}
    part = compare([select(run, np.flatnonzero(run.folds == 1)) for run in runs], n_bootstrap=10)
    assert part["references"] == []


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ({"name": "logmel", "backend": "native"}, "logmel"),
        ({"name": "logmel", "backend": "nnaudio"}, "logmel (nnaudio)"),
        (
            {
                "name": "stack",
                "backend": "native",
                "members": [{"name": "mfcc", "backend": "torchaudio"}, {"name": "cqt", "backend": "native"}],
            },
            "stack of mfcc (torchaudio), cqt",
        ),
        ({"name": "delta", "backend": "native", "member": {"name": "pcen", "backend": "native"}}, "delta of pcen"),
    ],
)
def test_front_ends_in_words(spec, expected):
    assert describe_frontend(spec) == expected
