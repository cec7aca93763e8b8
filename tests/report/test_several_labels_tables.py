"""The tables of runs with several labels a clip."""

import pytest

from esc_gpu.evaluation.finished_run import read_run
from esc_gpu.evaluation.multi_label_assessment import assess_several_labels
from esc_gpu.evaluation.multi_label_comparison import compare_several_labels
from esc_gpu.report import several_labels_tables as tables
from esc_gpu.report.tables import format_summary, format_text, percent
from tests.helpers.several_labels_runs import write_several


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    made = {seed: write_several(folder / f"run{seed}", seed=seed) for seed in range(2)}
    made["validated"] = write_several(folder / "validated", seed=4, validate=True)
    return {name: read_run(path) for name, path in made.items()}


def test_an_evaluation(runs):
    found = assess_several_labels([runs[0]], n_bootstrap=50)
    assert tables.describe_evaluation(found).startswith("run0: 48 clips with 1.")
    assert tables.describe_evaluation(found).endswith(" labels on average, of 4 classes, test folds 1, 2, 3, seed 0")
    scored, folds, *_ = tables.evaluation_tables(found)
    assert scored.rows[-1] == ["mAP of the prior", percent(found["prior"]["map"]), "–", "–"]
    assert (folds.title, folds.rows[1][:3]) == ("Test folds", ["2", "16", "0.50"])
    assert list(scored.columns) == ["", "all clips", "95 % interval", "over folds"]
    text = format_text(tables.evaluation_tables(found))
    for part in (percent(found["map"]), percent(found["per_class"][2]["average_precision"]), "sea waves", "0.50"):
        assert part in text
    assert "at a threshold of 0.5, because no run of --validate is named" in text


def test_thresholds_say_where_they_come_from(runs):
    chosen = assess_several_labels([runs[0]], 20, validated=runs["validated"])
    assert "chosen on validation clips of validated" in format_text(tables.evaluation_tables(chosen))
    own = assess_several_labels([runs["validated"]], 20)
    assert f"best threshold for these validation clips is {own['thresholds']['best']:.2f}" in tables.threshold_note(own)


def test_a_score_that_is_not_defined_is_a_dash(runs):
    found = assess_several_labels([runs[0], runs[1]], n_bootstrap=20)
    found["auroc"] = found["per_class"][0]["average_precision"] = found["per_class"][0]["interval"] = None
    found["over_seeds"]["auroc"] = found["over_folds"]["auroc"] = {"mean": None, "std": None}
    scored, runs_table, _, _, classes = tables.evaluation_tables(found)
    assert [row[1:] for row in scored.rows if row[0] == "AUROC (macro)"] == [["–"] * 4]
    assert classes.rows[0][2:4] == ["–", "–"] and len(runs_table.rows) == 2


def test_a_comparison(runs):
    found = compare_several_labels([runs[0], runs[1]], n_bootstrap=20)
    assert tables.describe_comparison(found) == "2 runs with several labels a clip on 48 clips of test folds 1, 2, 3"
    rows, pairs = tables.comparison_tables(found)
    assert len(rows.rows) == 1 and not pairs.rows  # they differ in their seed
    (row,) = found["rows"]
    scores = [percent(row[name]) for name in ("micro_ap", "auroc", "lwlrap", "macro_f1", "micro_f1")]
    ends = [percent(row["intervals"]["map"][end], 1) for end in ("low", "high")]
    assert rows.rows[0] == ["run0", "logmel", "0, 1", percent(row["map"]), " to ".join(ends), *scores, "2"]
    assert list(rows.columns[3:6]) == ["mAP (macro)", "95 % interval", "AP (micro)"]
    found["pairs"] = [{"first": "a", "second": "b", "difference": 0.05, "low": -0.01, "high": 0.11}]
    assert tables.comparison_tables(found)[1].rows == [["a", "b", "+5.00", "-1.0 to +11.0"]]


def test_a_summary_has_the_scores_of_its_task():
    fold = {"fold": 1, "clips": 8, "map": 0.75, "auroc": None, "lwlrap": 0.5, "macro_f1": 0.25, "seconds": 3.0}
    means = {name: {"mean": fold[name], "std": None} for name in ("map", "auroc", "lwlrap", "macro_f1")}
    summary = {"task": "multi_label", "folds": [fold], "overall": {"clips": 8, **means}, "seconds": 3.0}
    header, row, mean = format_summary(summary).splitlines()
    assert header.split() == ["fold", "clips", "mAP", "AUROC", "lwlrap", "macro-F1", "seconds"]
    assert row.split() == ["1", "8", "75.00", "–", "50.00", "25.00", "3"] and mean.split()[2:] == row.split()[2:]
