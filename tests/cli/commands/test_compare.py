"""`esc-gpu compare`, by the command line."""

import json

import pytest

from esc_gpu.evaluation.comparison import compare
from esc_gpu.evaluation.finished_run import read_run
from tests.helpers.command import run_command
from tests.helpers.made_up_runs import make_official, write_esc10_run

FAST = ("--bootstrap", "200")


@pytest.fixture
def run(tmp_path):
    return write_esc10_run(tmp_path / "runs" / "logmel", skill=2.5)


def test_compare_prints_tables_and_leaves_its_files(run, tmp_path, monkeypatch, capfd):
    make_official(monkeypatch, run)
    other = write_esc10_run(tmp_path / "runs" / "mfcc", frontend="mfcc", seed=1)
    status, out, errors = run_command(capfd, "compare", run, other, *FAST, "--output", tmp_path / "out")
    assert status == 0 and not errors and out.startswith("2 runs on 120 clips of test folds 1, 2, 3\n")
    assert "McNemar" in out and "human listeners" in out
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        *("comparison.json", "comparison.md", "comparison.png", "comparison.pdf")
    }
    written = json.loads((tmp_path / "out" / "comparison.json").read_text(encoding="utf-8"))
    assert written == compare([read_run(run), read_run(other)], n_bootstrap=200)


def test_compare_as_json_writes_nothing_unasked(run, tmp_path, capfd):
    other = write_esc10_run(tmp_path / "runs" / "mfcc", frontend="mfcc")
    before = sorted(tmp_path.rglob("*"))
    _, out, _ = run_command(capfd, "compare", run, other, *FAST, "--json")
    assert json.loads(out) == compare([read_run(run), read_run(other)], n_bootstrap=200)
    assert sorted(tmp_path.rglob("*")) == before


def test_the_mean_of_the_runs_is_a_row(run, tmp_path, capfd):
    other = write_esc10_run(tmp_path / "runs" / "mfcc", frontend="mfcc")
    status, out, errors = run_command(capfd, "compare", run, other, *FAST, "--average")
    assert status == 0 and not errors
    assert out.startswith("3 runs on 120 clips of test folds 1, 2, 3, 1 of them the mean of others' probabilities\n")
    assert "mean of logmel + mfcc" in out and "mean of logmel, mfcc" in out


def test_compare_on_common_clips(run, tmp_path, capfd):
    other = write_esc10_run(tmp_path / "runs" / "mfcc", frontend="mfcc", folds=(3,))
    status, _, errors = run_command(capfd, "compare", run, other, *FAST)
    assert status == 2 and errors == [
        f"error: 80 clips are in {run} only and 0 in {other} only; expected the same clips; add --common to use the "
        "40 that all runs have"
    ]
    status, out, _ = run_command(capfd, "compare", run, other, *FAST, "--common")
    assert status == 0 and out.startswith("2 runs on 40 clips of test fold 3\n")


def test_one_run_is_not_compared(run, capfd):
    assert run_command(capfd, "compare", run)[::2] == (
        2,
        ["error: compare was given one run; expected two or more; use esc-gpu evaluate for a single run"],
    )


def test_a_run_twice_is_refused(run, capfd):
    status, _, errors = run_command(capfd, "compare", run, run)
    assert status == 2 and "was given the same run twice" in errors[0]
