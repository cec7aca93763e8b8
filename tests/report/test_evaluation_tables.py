"""What the tables of evaluations and comparisons say."""

import pytest

from esc_gpu.evaluation.assessment import assess_seeds
from esc_gpu.evaluation.comparison import compare
from esc_gpu.evaluation.finished_run import read_run
from esc_gpu.evaluation.run_groups import select
from esc_gpu.report.evaluation_tables import (
    comparison_tables,
    describe_comparison,
    describe_evaluation,
    evaluation_tables,
    fold_list,
)
from esc_gpu.report.evaluation_tables import tested_parts as title_of_what_was_tested  # no test
from tests.helpers.made_up_runs import CLASSES, make_official, write_esc10_run, write_run


def titled(tables):
    return {table.title: table for table in tables}


@pytest.fixture
def write(tmp_path):
    return lambda name, **options: read_run(write_run(tmp_path / name, **options))


def test_an_evaluation_has_its_tables(write):
    evaluation = assess_seeds([write("logmel")], 100)
    tables = titled(evaluation_tables(evaluation))
    assert list(tables) == [
        *("Scores in percent", "Test folds", "Calibration", "Categories", "Classes", "Most frequent confusions")
    ]
    for table in tables.values():
        assert all(len(row) == len(table.columns) for row in table.rows)
        assert all(isinstance(cell, str) for row in table.rows for cell in row)
    scores = {row[0]: row[1] for row in tables["Scores in percent"].rows}
    assert scores["macro-F1"] == f"{100 * evaluation['macro_f1']:.2f}"
    assert [row[0] for row in tables["Classes"].rows] == [name.replace("_", " ") for name in CLASSES]
    assert describe_evaluation(evaluation) == "logmel: 72 clips of 6 classes, test folds 1, 2, 3, seed 0"
    del evaluation["validation"]  # as in results of earlier versions
    assert describe_evaluation(evaluation) == "logmel: 72 clips of 6 classes, test folds 1, 2, 3, seed 0"


def test_a_split_is_called_by_its_name():
    assert fold_list(["validation"], True) == "the validation split" and fold_list(["test"], False) == "the test split"
    titles = [title_of_what_was_tested({"folds": [{"fold": fold}]}) for fold in ("test", 1)]
    assert titles == ["Test split", "Test folds"]


def test_a_validation_is_called_so(write):
    runs = [write(name, folds=(1, 3), frontend=name, validate=True) for name in ("logmel", "mfcc")]
    folds = "validation folds 1, 3 (the next of each left out)"
    assert describe_evaluation(assess_seeds(runs[:1], 10)) == f"logmel: 48 clips of 6 classes, {folds}, seed 0"
    assert describe_comparison(compare(runs, n_bootstrap=10)) == f"2 runs on 48 clips of {folds}"


def test_one_fold_has_no_spread_and_several_seeds_have_another(write):
    one = titled(evaluation_tables(assess_seeds([write("one", folds=(2,))], 100)))["Scores in percent"]
    assert list(one.columns) == ["", "all clips", "95 % interval"] and "±" not in one.notes[0]
    seeds = [write(str(seed), seed=seed) for seed in (0, 1)]
    evaluation = assess_seeds(seeds, 100)
    assert describe_evaluation(evaluation) == "0, 1: 72 clips of 6 classes, test folds 1, 2, 3, seeds 0, 1"
    tables = titled(evaluation_tables(evaluation))
    assert list(tables["Scores in percent"].columns)[3:] == ["over folds", "over seeds"]
    assert tables["Scores in percent"].notes[0].endswith(", seed 0. ±: standard deviation.")
    assert [row[:2] for row in tables["Runs"].rows] == [["0", "0"], ["1", "1"]]


def test_a_table_of_the_users_own_has_files_and_one_category(write):
    run = write("own", pattern="{source}_{take}.wav", categories=("Other",) * 6)
    tables = titled(evaluation_tables(assess_seeds([run], 100)))
    assert "100 resamples of 72 files, seed 0" in tables["Scores in percent"].notes[0]
    assert "Categories" not in tables


def test_published_results_stand_in_line_with_ours(tmp_path, monkeypatch):
    folder = write_esc10_run(tmp_path / "run", skill=3)
    make_official(monkeypatch, folder)
    evaluation = assess_seeds([read_run(folder)], 100)
    tables = titled(evaluation_tables(evaluation))
    assert [row[0] for row in tables["Categories"].rows] == ["Animals", "Others"]
    table = tables["Published accuracies in percent"]
    accuracies = [float(row[0]) for row in table.rows]
    assert accuracies == sorted(accuracies)
    ours = [row for row in table.rows if row[1] == "this run"]
    epochs = str(read_run(folder).config["train"]["epochs"])
    assert ours == [[f"{100 * evaluation['accuracy']:.2f}", "this run", "none", epochs, "1", "1", "no", ""]]
    assert {row[1]: row[-2] for row in table.rows}["ACDNet"] == "yes"  # its epoch was chosen on the test fold
    for row in table.rows:
        if row not in ours:  # each number of a source is explained
            assert any(note.startswith(row[-1] + " ") for note in table.notes)


def test_the_best_epoch_stands_apart_and_is_called_no_result(write):
    run = write("run")
    evaluation = assess_seeds([run], 100)
    best = {"epochs": [[3, 10, 5]], "accuracy": 0.98765}
    *results, last = evaluation_tables(evaluation | {"best_epochs": best})
    assert last.rows == [["run", "3, 10, 5"]] and "98.77 % instead of " in last.notes[0]
    assert last.title.startswith("Not a result") and not any("98.77" in str(table) for table in results)
    for other in (
        evaluation,
        evaluation | {"best_epochs": None},
        evaluation | {"best_epochs": best, "validation": True},
    ):
        assert [table.title for table in evaluation_tables(other)] == [table.title for table in results]


def test_what_is_undefined_is_a_dash(write):
    """No clip of the second class, and no prediction of it."""
    run = write("run", skill=60)
    tables = titled(evaluation_tables(assess_seeds([select(run, (run.labels != 1).nonzero()[0])], 10)))
    assert tables["Classes"].rows[1] == ["rooster", "0", "–", "–", "–"]
    assert tables["Classes"].rows[0] == ["dog", "12", "100.00", "100.00", "100.00"]
    assert "Most frequent confusions" not in tables  # there is none


def test_a_comparison_has_its_tables(write):
    runs = [write("a", seed=1), write("b", seed=1, skill=0.8, frontend="mfcc"), write("a2", seed=2)]
    tables = titled(comparison_tables(compare(runs, n_bootstrap=100)))
    rows = tables["Runs, in percent"].rows
    assert [row[:3] for row in rows] == [["a", "logmel", "1, 2"], ["b", "mfcc", "1"]]
    assert "±" in rows[0][6] and "±" not in rows[1][6]  # over seeds
    (pair,) = tables["Pairs"].rows
    first, second = (run.predictions == run.labels for run in runs[:2])
    assert (first & ~second).sum() != (second & ~first).sum()
    assert pair[4] == f"{(first & ~second).sum()} : {(second & ~first).sum()}"
    assert pair[:2] == ["a", "b"] and tables["Pairs"].notes[-1] == "The test uses one run of each row: seeds 1 and 1."


def test_the_calibration_names_the_bin_that_is_furthest_off(write):
    evaluation = assess_seeds([write("run")], 10)
    shares = [(0.25, 0.2), (0.75, 0.9), (0.95, 0.94)]  # of right clips, and their mean confidence
    bins = [
        {"low": k / 3, "high": (k + 1) / 3, "count": k + 1, "accuracy": accuracy, "confidence": confidence}
        for k, (accuracy, confidence) in enumerate(shares)
    ]
    calibration = {"bins": [*bins, bins[0] | {"count": 0}], "ece": 0.0125, "mce": 0.15}
    table = titled(evaluation_tables(evaluation | {"calibration": calibration, "nll": 0.5, "brier": 0.25}))[
        "Calibration"
    ]
    assert [row[1] for row in table.rows] == ["1.25 %", "15.00 %", "0.500 nats", "0.250 of 2"]
    assert table.notes == ["4 bins of equal width; the bin of the MCE, from 0.33 to 0.67, has 2 clips"]


def test_a_class_that_is_never_predicted_has_no_precision(write):
    evaluation = assess_seeds([write("run")], 10)
    names = ("found", "unseen", "missed")
    evaluation["confusion_matrix"] = [[2, 1, 0], [0, 0, 0], [1, 0, 0]]
    evaluation["per_class"] = [
        {"name": name, "support": support, "precision": 0.5, "recall": 0.25, "f1": 0.125}
        for name, support in zip(names, (3, 0, 1), strict=True)
    ]
    evaluation["per_category"] = [
        {"name": "A", "support": 3, "accuracy": 0.5, "category_accuracy": 0.75},
        {"name": "B", "support": 0, "accuracy": None, "category_accuracy": None},
    ]
    evaluation["confused_pairs"] = [{"true": "found", "predicted": "unseen", "count": 1, "share": 1 / 3}]
    tables = titled(evaluation_tables(evaluation))
    assert tables["Classes"].rows == [
        ["found", "3", "50.00", "25.00", "12.50"],
        ["unseen", "0", "50.00", "–", "12.50"],
        ["missed", "1", "–", "25.00", "12.50"],
    ]
    assert tables["Most frequent confusions"].rows == [["found", "unseen", "1", "33.33"]]
    assert tables["Categories"].rows == [["A", "3", "50.00", "75.00"], ["B", "0", "–", "–"]]


def test_a_comparison_by_hand():
    shares = {"accuracy": 0.75, "balanced_accuracy": 0.75, "macro_f1": 0.25}
    row = {"frontend": "logmel", "seeds": [3], "intervals": {"accuracy": {"low": 0.7, "high": 0.8}}, **shares}
    alone = {"accuracy": {"mean": 0.75, "std": None}}
    row |= {"over_folds": {"accuracy": {"mean": 0.74, "std": 0.0123}}, "over_seeds": alone, "seconds": 12.6}
    pair = {"first": "a", "second": "b", "difference": 0.05, "low": -0.01, "high": 0.11, "seeds": [3, 3]}
    pair |= {"first_only": 9, "second_only": 4, "p_value": 0.25, "p_holm": 0.5}
    comparison = {
        "rows": [row | {"name": "a"}, row | {"name": "b", "balanced_accuracy": 0.5}],
        "bootstrap": {"resamples": 1000, "units": 40, "unit": "recording", "seed": 7},
        "pairs": [pair],
        "references": [],
        **{"folds": [1], "clips": 1, "validation": False},
    }
    runs, pairs = comparison_tables(comparison)
    columns = ["run", "front-end", "seeds", "accuracy", "95 % interval", "balanced accuracy", "over folds"]
    assert list(runs.columns) == [*columns, "macro-F1", "seconds a fold"]
    cells = ["logmel", "3", "75.00", "70.0 to 80.0", "75.00", "74.00 ± 1.23", "25.00", "13"]
    assert runs.rows == [["a", *cells], ["b", *cells[:4], "50.00", *cells[5:]]]
    intervals = "Intervals: bootstrap, 1,000 resamples of 40 recordings, seed 7."
    assert runs.notes == [intervals + " ±: standard deviation."]
    assert pairs.rows == [["a", "b", "+5.00", "-1.0 to +11.0", "9 : 4", "0.2500", "0.5000"]] and len(pairs.notes) == 1
    equal = [
        {key: value for key, value in row.items() if key != "balanced_accuracy"} | {"name": "a", "over_folds": alone}
    ]
    (runs,) = comparison_tables(comparison | {"rows": equal, "pairs": []})
    assert runs.rows == [["a", *cells[:4], "25.00", "13"]] and runs.notes == [intervals]
    del comparison["validation"]
    assert describe_comparison(comparison | {"rows": [{"runs": ["a", "b"]}]}) == "2 runs on 1 clip of test fold 1"
