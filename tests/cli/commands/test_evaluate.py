"""`esc-gpu evaluate`, by the command line."""

import json

import pytest

from esc_gpu.evaluation.assessment import assess, assess_seeds
from esc_gpu.evaluation.finished_run import read_run
from tests.helpers.command import run_command
from tests.helpers.made_up_runs import make_official, write_esc10_run, write_run
from tests.helpers.undrawn import undrawn

FAST = ("--bootstrap", "200")
FILES = {
    *("evaluation.json", "evaluation.md", "confusion.png", "confusion.pdf", "reliability.png", "reliability.pdf"),
    *("per_class.png", "per_class.pdf"),
}


@pytest.fixture
def run(tmp_path):
    return write_esc10_run(tmp_path / "runs" / "logmel", skill=2.5)


def test_evaluate_prints_tables_and_leaves_its_files(run, monkeypatch, capfd):
    make_official(monkeypatch, run)
    status, out, errors = run_command(capfd, "evaluate", run, *FAST)
    assert status == 0 and not errors
    expected = assess(read_run(run), 200)
    assert out.startswith("logmel: 120 clips of 10 classes, test folds 1, 2, 3, seed 0\n")
    assert f"{100 * expected['accuracy']:.2f}" in out and "human listeners" in out and "this run" in out
    assert "200 resamples of 60 source recordings, seed 0" in out
    assert {path.name for path in (run / "evaluation").iterdir()} == FILES
    written = json.loads((run / "evaluation" / "evaluation.json").read_text(encoding="utf-8"))
    assert written == assess_seeds([read_run(run)], 200)
    markdown = (run / "evaluation" / "evaluation.md").read_text(encoding="utf-8")
    assert markdown.startswith("# logmel: 120 clips") and "| accuracy |" in markdown
    assert out.endswith(f"written: {run / 'evaluation'}\n")
    # Once more: the files are replaced.
    with undrawn():
        assert run_command(capfd, "evaluate", run, *FAST, "--seed", 5)[0] == 0
    assert json.loads((run / "evaluation" / "evaluation.json").read_text(encoding="utf-8"))["bootstrap"]["seed"] == 5
    assert {path.name for path in (run / "evaluation").iterdir()} == FILES


def test_evaluate_as_json_prints_nothing_else(run, tmp_path, capfd):
    with undrawn():
        status, out, _ = run_command(capfd, "evaluate", run, *FAST, "--json", "--output", tmp_path / "new" / "there")
    assert status == 0 and json.loads(out) == assess_seeds([read_run(run)], 200)
    assert {path.name for path in (tmp_path / "new" / "there").iterdir()} == FILES
    assert not (run / "evaluation").exists()


def test_evaluate_seeds_together(run, tmp_path, capfd):
    other = write_esc10_run(tmp_path / "runs" / "other", skill=2.5, seed=1)
    status, out, _ = run_command(capfd, "evaluate", run, other, *FAST)
    assert status == 0 and out.startswith("logmel, other: 120 clips of 10 classes, test folds 1, 2, 3, seeds 0, 1\n")
    assert "over seeds" in out and out.endswith("Give --output DIR to write this and its plots.\n")
    assert not (run / "evaluation").exists()
    with undrawn():
        assert run_command(capfd, "evaluate", run, other, *FAST, "--output", tmp_path / "both")[0] == 0
    assert {path.name for path in (tmp_path / "both").iterdir()} == FILES


def test_evaluate_seeds_on_the_folds_that_both_have(run, tmp_path, capfd):
    other = write_esc10_run(tmp_path / "runs" / "other", seed=1, folds=(2, 3))
    status, out, _ = run_command(capfd, "evaluate", run, other, *FAST)
    assert status == 0
    assert out.splitlines()[0].endswith(
        ": 80 clips of 10 classes, test folds 2, 3, seeds 0, 1, only the clips that all runs share"
    )


def test_no_run(tmp_path, capfd):
    for name in ("evaluate", "compare"):
        status, out, errors = run_command(capfd, name, tmp_path / "none", tmp_path / "neither")
        assert status == 2 and not out and len(errors) == 1 and "holds no summary.json of a run" in errors[0]


def test_runs_that_differ_are_not_evaluated_together(run, tmp_path, capfd):
    other = write_esc10_run(tmp_path / "runs" / "mfcc", frontend="mfcc")
    status, out, errors = run_command(capfd, "evaluate", run, other)
    assert status == 2 and not out and len(errors) == 1
    assert "in frontend.name; expected runs that differ only in train.seed; use esc-gpu compare" in errors[0]


@pytest.mark.parametrize("option", [("--bootstrap", "0"), ("--bootstrap", "1000001"), ("--seed", "-1")])
def test_bootstrap_out_of_range(run, option, capfd):
    status, out, errors = run_command(capfd, "evaluate", run, *option)
    assert status == 2 and not out and "expected at least 1 resample and a seed that is not negative" in errors[0]
    assert not (run / "evaluation").exists()


def test_damaged_predictions(run, capfd):
    table = run / "predictions.csv"
    before, _, after = table.read_text(encoding="utf-8").rpartition("0.")
    table.write_text(f"{before}x.{after}", encoding="utf-8")
    status, out, errors = run_command(capfd, "evaluate", run)
    assert status == 2 and not out and "do not fit each other" in errors[0]


def test_classes_may_be_named_like_the_columns_before_them(tmp_path, capfd):
    run = write_run(tmp_path / "run", classes=("fold", "category", "dog"), categories=("Other",) * 3)
    with undrawn():
        status, out, errors = run_command(capfd, "evaluate", run, *FAST)
    assert status == 0 and not errors and "3 classes" in out


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (lambda rows: [*rows, rows[-1]], "a clip is there twice"),
        (lambda rows: [*rows[:-1], rows[-1].rpartition(",")[0] + ",nan"], "a probability is no number"),
        (lambda rows: [rows[0] + ",more", *rows[1:]], "other columns"),
    ],
)
def test_predictions_that_would_be_scored_wrongly(run, capfd, damage, reason):
    table = run / "predictions.csv"
    table.write_text("\n".join(damage(table.read_text(encoding="utf-8").splitlines())) + "\n", encoding="utf-8")
    status, out, errors = run_command(capfd, "evaluate", run)
    assert status == 2 and not out and len(errors) == 1 and reason in errors[0]


def test_a_summary_without_the_config(run, capfd):
    summary = json.loads((run / "summary.json").read_text(encoding="utf-8"))
    del summary["config"]
    (run / "summary.json").write_text(json.dumps(summary), encoding="utf-8")
    status, _, errors = run_command(capfd, "evaluate", run)
    assert (
        status == 2 and len(errors) == 1 and "summary.json has no config; expected it; train the run again" in errors[0]
    )
