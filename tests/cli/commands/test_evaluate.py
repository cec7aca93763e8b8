"""`esc-gpu evaluate` and `esc-gpu compare`, by the command line."""

import json
import shutil

import pytest

from esc_gpu.cli.main import main
from esc_gpu.evaluation.assessment import assess, assess_seeds
from esc_gpu.evaluation.comparison import compare
from esc_gpu.evaluation.finished_run import read_run
from tests.helpers.made_up_runs import write_esc10_run, write_run

FAST = ("--bootstrap", "200")
FILES = {
    *("evaluation.json", "evaluation.md", "confusion.png", "confusion.pdf", "reliability.png", "reliability.pdf"),
    *("per_class.png", "per_class.pdf"),
}


@pytest.fixture
def run(tmp_path):
    return write_esc10_run(tmp_path / "runs" / "logmel", skill=2.5)


def command(capfd, *arguments):
    """Exit status, standard output, and the errors of a command."""
    status = main([str(argument) for argument in arguments])
    captured = capfd.readouterr()
    return status, captured.out, [line for line in captured.err.splitlines() if line.startswith("error: ")]


# evaluate


def test_evaluate_prints_tables_and_leaves_its_files(run, capfd):
    status, out, errors = command(capfd, "evaluate", run, *FAST)
    assert status == 0 and not errors
    expected = assess(read_run(run), 200)
    assert out.startswith("logmel: 120 clips of 10 classes, test folds 1, 2, 3, seed 0\n")
    assert f"{100 * expected['accuracy']:.2f}" in out and "human listeners" in out and "this run" in out
    assert "200 resamples of 60 source recordings, seed 0" in out
    assert {path.name for path in (run / "evaluation").iterdir()} == FILES
    written = json.loads((run / "evaluation" / "evaluation.json").read_text())
    assert written == assess_seeds([read_run(run)], 200)
    markdown = (run / "evaluation" / "evaluation.md").read_text()
    assert markdown.startswith("# logmel: 120 clips") and "| accuracy |" in markdown
    assert out.endswith(f"written: {run / 'evaluation'}\n")
    # Once more: the files are replaced.
    assert command(capfd, "evaluate", run, *FAST, "--seed", 5)[0] == 0
    assert json.loads((run / "evaluation" / "evaluation.json").read_text())["bootstrap"]["seed"] == 5
    assert {path.name for path in (run / "evaluation").iterdir()} == FILES


def test_evaluate_as_json_prints_nothing_else(run, tmp_path, capfd):
    status, out, _ = command(capfd, "evaluate", run, *FAST, "--json", "--output", tmp_path / "new" / "there")
    assert status == 0 and json.loads(out) == assess_seeds([read_run(run)], 200)
    assert {path.name for path in (tmp_path / "new" / "there").iterdir()} == FILES
    assert not (run / "evaluation").exists()


@pytest.mark.parametrize("words", [[], ["--json"]])
def test_a_name_commands_no_terminal(tmp_path, capfd, words):
    names = ("dog\x1b[2J", "rain\x9b2J", "ü")
    runs = [
        write_run(tmp_path / f"run\x1b]0;{seed}\x07", seed=seed, classes=names, categories=("\x1b[1m",) * 3)
        for seed in (0, 1)
    ]
    for what in ("evaluate", "compare"):
        status, out, errors = command(capfd, what, *runs, *words, *FAST)
        assert status == 0 and not errors and "run" in out
        assert all(c.isprintable() or c == "\n" for c in out)


def test_evaluate_seeds_together(run, tmp_path, capfd):
    other = write_esc10_run(tmp_path / "runs" / "other", skill=2.5, seed=1)
    status, out, _ = command(capfd, "evaluate", run, other, *FAST)
    assert status == 0 and out.startswith("logmel, other: 120 clips of 10 classes, test folds 1, 2, 3, seeds 0, 1\n")
    assert "over seeds" in out and out.endswith("Give --output DIR to write this and its plots.\n")
    assert not (run / "evaluation").exists()
    assert command(capfd, "evaluate", run, other, *FAST, "--output", tmp_path / "both")[0] == 0
    assert {path.name for path in (tmp_path / "both").iterdir()} == FILES


def test_evaluate_seeds_on_the_folds_that_both_have(run, tmp_path, capfd):
    other = write_esc10_run(tmp_path / "runs" / "other", seed=1, folds=(2, 3))
    status, out, _ = command(capfd, "evaluate", run, other, *FAST)
    assert status == 0
    assert out.splitlines()[0].endswith(
        ": 80 clips of 10 classes, test folds 2, 3, seeds 0, 1, the clips that all runs have"
    )


# compare


def test_compare_prints_tables_and_leaves_its_files(run, tmp_path, capfd):
    other = write_esc10_run(tmp_path / "runs" / "mfcc", frontend="mfcc", seed=1)
    status, out, errors = command(capfd, "compare", run, other, *FAST, "--output", tmp_path / "out")
    assert status == 0 and not errors and out.startswith("2 runs on 120 clips of test folds 1, 2, 3\n")
    assert "McNemar" in out and "human listeners" in out
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        *("comparison.json", "comparison.md", "comparison.png", "comparison.pdf")
    }
    written = json.loads((tmp_path / "out" / "comparison.json").read_text())
    assert written == compare([read_run(run), read_run(other)], n_bootstrap=200)


def test_compare_as_json_writes_nothing_unasked(run, tmp_path, capfd):
    other = write_esc10_run(tmp_path / "runs" / "mfcc", frontend="mfcc")
    before = sorted(tmp_path.rglob("*"))
    _, out, _ = command(capfd, "compare", run, other, *FAST, "--json")
    assert json.loads(out) == compare([read_run(run), read_run(other)], n_bootstrap=200)
    assert sorted(tmp_path.rglob("*")) == before


def test_compare_on_common_clips(run, tmp_path, capfd):
    other = write_esc10_run(tmp_path / "runs" / "mfcc", frontend="mfcc", folds=(3,))
    status, _, errors = command(capfd, "compare", run, other, *FAST)
    assert status == 2 and errors == [
        f"error: 80 clips are in {run} only and 0 in {other} only; expected the same clips; give --common to use the "
        "40 that all runs have"
    ]
    status, out, _ = command(capfd, "compare", run, other, *FAST, "--common")
    assert status == 0 and out.startswith("2 runs on 40 clips of test fold 3\n")


# Mistakes


def test_no_run(tmp_path, capfd):
    for name in ("evaluate", "compare"):
        status, out, errors = command(capfd, name, tmp_path / "none", tmp_path / "neither")
        assert status == 2 and not out and len(errors) == 1 and "holds no summary.json of a run" in errors[0]


def test_runs_that_differ_are_not_evaluated_together(run, tmp_path, capfd):
    other = write_esc10_run(tmp_path / "runs" / "mfcc", frontend="mfcc")
    status, out, errors = command(capfd, "evaluate", run, other)
    assert status == 2 and not out and len(errors) == 1
    assert "in frontend.name; expected runs that differ in train.seed only; use esc-gpu compare" in errors[0]


def test_one_run_is_not_compared(run, capfd):
    assert command(capfd, "compare", run)[::2] == (
        2,
        ["error: compare was given one run; expected two or more; use esc-gpu evaluate for one"],
    )


@pytest.mark.parametrize("option", [("--bootstrap", "0"), ("--seed", "-1")])
def test_bootstrap_out_of_range(run, option, capfd):
    status, out, errors = command(capfd, "evaluate", run, *option)
    assert status == 2 and not out and "expected at least 1 resample and a seed that is not negative" in errors[0]
    assert not (run / "evaluation").exists()


@pytest.mark.parametrize("name", ["evaluate", "compare"])
def test_an_output_that_is_a_file(run, tmp_path, name, capfd):
    (tmp_path / "taken").write_text("mine")
    other = shutil.copytree(run, tmp_path / "copy")
    runs = [run] if name == "evaluate" else [run, other]
    status, _, errors = command(capfd, name, *runs, *FAST, "--output", tmp_path / "taken")
    assert status == 2 and len(errors) == 1 and f"cannot write to {tmp_path / 'taken'}" in errors[0]
    assert errors[0].endswith("choose another --output") and (tmp_path / "taken").read_text() == "mine"


def test_damaged_predictions(run, capfd):
    table = run / "predictions.csv"
    before, _, after = table.read_text().rpartition("0.")
    table.write_text(f"{before}x.{after}")
    status, out, errors = command(capfd, "evaluate", run)
    assert status == 2 and not out and "do not fit each other" in errors[0]


@pytest.mark.parametrize("name", ["evaluate", "compare"])
def test_help_and_a_mistyped_option(name, capfd):
    with pytest.raises(SystemExit) as exit_:
        main([name, "--help"])
    out = capfd.readouterr().out
    assert exit_.value.code == 0
    assert all(option in out for option in ("RUN", "--output", "--json", "--bootstrap", "--seed"))
    with pytest.raises(SystemExit) as exit_:
        main([name, "run", "--outptu", "x"])
    assert exit_.value.code == 2


def test_classes_may_be_named_like_the_columns_before_them(tmp_path, capfd):
    run = write_run(tmp_path / "run", classes=("fold", "category", "dog"), categories=("Other",) * 3)
    status, out, errors = command(capfd, "evaluate", run, *FAST)
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
    table.write_text("\n".join(damage(table.read_text().splitlines())) + "\n")
    status, out, errors = command(capfd, "evaluate", run)
    assert status == 2 and not out and len(errors) == 1 and reason in errors[0]


def test_a_summary_without_the_config(run, capfd):
    summary = json.loads((run / "summary.json").read_text())
    del summary["config"]
    (run / "summary.json").write_text(json.dumps(summary))
    status, _, errors = command(capfd, "evaluate", run)
    assert status == 2 and len(errors) == 1 and "do not fit each other (KeyError('config'))" in errors[0]


def test_a_run_twice_is_refused(run, capfd):
    status, _, errors = command(capfd, "compare", run, run)
    assert status == 2 and "was given a run twice" in errors[0]
