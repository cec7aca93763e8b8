"""A finished run as read from its folder."""

import json
from dataclasses import replace

import numpy as np
import pytest

from esc_gpu.core.run_layout import CONFIG, HISTORY, PREDICTIONS, SUMMARY
from esc_gpu.errors import EscGpuError
from esc_gpu.evaluation.finished_run import read_run
from tests.helpers.made_up_report import complete
from tests.helpers.made_up_runs import CATEGORIES, CLASSES, write_run


@pytest.fixture
def folder(tmp_path):
    return write_run(tmp_path / "a run", folds=(2, 1), per_class=2)


def test_what_is_read_is_what_was_written(folder):
    run = read_run(folder)
    assert (run.name, run.class_names, run.class_categories) == ("a run", list(CLASSES), list(CATEGORIES))
    assert run.fold_numbers == [1, 2] and run.folds.tolist() == [2] * 12 + [1] * 12
    assert run.labels.tolist() == np.arange(6).repeat(2).tolist() * 2
    assert run.probabilities.shape == (24, 6) and np.allclose(run.probabilities.sum(axis=1), 1, atol=1e-5)
    assert (run.probabilities[np.arange(24), run.predictions] == run.probabilities.max(axis=1)).all()
    assert not run.is_validation and run.config["train"]["seed"] == 0
    del run.config["validate"]  # of an earlier version
    assert not run.is_validation


def test_names_are_those_that_its_recordings_are_read_by(tmp_path):
    """Of a run that kept them as the csv had them."""
    classes = ("vo\u0308gel", "sea\u00a0waves")
    folder = write_run(tmp_path / "run", classes=classes, categories=("A", "A"), pattern="o\u0308{number}-{source}.wav")
    run = read_run(folder)
    assert run.class_names == ["vögel", "sea waves"] and all(name.startswith("ö") for name in run.filenames)


def test_the_history_of_a_fold(folder):
    run = read_run(folder)
    run.fold_folder(2).mkdir()
    (run.fold_folder(2) / HISTORY).write_text(
        '{"epoch": 1, "loss": 2.0}\n{"epoch": 2, "loss": 1.0}\n', encoding="utf-8"
    )
    assert run.history(2) == [{"epoch": 1, "loss": 2.0}, {"epoch": 2, "loss": 1.0}]
    with pytest.raises(EscGpuError, match="fold1/metrics.jsonl cannot be read"):
        run.history(1)
    (run.fold_folder(2) / HISTORY).write_text("", encoding="utf-8")
    with pytest.raises(EscGpuError, match="fold2/metrics.jsonl is empty: train the run again"):
        run.history(2)


@pytest.mark.parametrize(("begun", "hint"), [(True, "continue it with --resume"), (False, "such as runs/logmel")])
def test_a_folder_without_results_is_refused(tmp_path, begun, hint):
    if begun:
        (tmp_path / CONFIG).write_text("train: {}", encoding="utf-8")
    with pytest.raises(EscGpuError, match=f"{tmp_path} holds no summary.json of a run; .*{hint}$"):
        read_run(tmp_path)


def test_a_run_without_its_predictions_is_to_be_finished(folder):
    (folder / PREDICTIONS).unlink()
    with pytest.raises(EscGpuError, match="there is no file .*predictions.csv: finish the run with --resume"):
        read_run(folder)


@pytest.mark.parametrize(("find", "put"), [(",2,dog", f",{10**30},dog"), ("2-", "2" * 200_000)])
def test_predictions_that_nobody_writes_are_refused(folder, find, put):
    text = (folder / PREDICTIONS).read_text(encoding="utf-8")
    assert find in text
    (folder / PREDICTIONS).write_text(text.replace(find, put, 1), encoding="utf-8")
    with pytest.raises(EscGpuError, match="do not fit each other .*train the run again$"):
        read_run(folder)


@pytest.fixture
def altered(folder):
    """The folder with a value of its summary set, by the path to it."""

    def alter(*path, value):
        summary = json.loads((folder / SUMMARY).read_text(encoding="utf-8"))
        inner = summary
        for key in path[:-1]:
            inner = inner[key]
        inner[path[-1]] = value
        (folder / SUMMARY).write_text(json.dumps(summary), encoding="utf-8")
        return folder

    return alter


@pytest.mark.parametrize("key", ["config", "class_names", "class_categories", "frontend", "data", "folds"])
def test_a_summary_that_lacks_something_is_refused(folder, key):
    summary = json.loads((folder / SUMMARY).read_text(encoding="utf-8"))
    del summary[key]
    (folder / SUMMARY).write_text(json.dumps(summary), encoding="utf-8")
    with pytest.raises(EscGpuError, match=rf"a run: summary.json has no {key}; expected it; train the run again$"):
        read_run(folder)


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (("config", "train", "seed"), "<b>", "summary.json.config.train.seed is '<b>'; expected a whole number"),
        (("config", "train", "epochs"), "many", "summary.json.config.train.epochs is 'many'; expected a whole number"),
        (("config", "model"), {"pretrained": False}, "summary.json.config.model has no weights; expected it"),
        (("folds", 0, "seconds"), 1e400, r"summary.json.folds\[0\].seconds is inf; expected a number"),
        (("class_names", 1), ["x"], r"summary.json.class_names\[1\] is \['x'\]; expected a text"),
        (("frontend", "members"), [1], r"summary.json.frontend.members\[0\] is 1; expected an object"),
        (("class_categories",), ["x"], "do not fit each other .*not as many categories as classes"),
    ],
)
def test_a_value_of_another_type_is_refused(altered, path, value, message):
    with pytest.raises(EscGpuError, match=f"{message}.* train the run again$"):
        read_run(altered(*path, value=value))


def test_what_only_a_report_says_is_asked_for_by_the_report(folder):
    complete(folder)
    read_run(folder).check_reported()
    for path, value in ((("environment",), {}), (("config", "train", "batch_size"), "<b>"), (("seconds",), None)):
        summary = json.loads((folder / SUMMARY).read_text(encoding="utf-8"))
        inner = summary if len(path) == 1 else summary["config"]["train"]
        inner[path[-1]] = value
        run = replace(read_run(folder), summary=summary)
        with pytest.raises(EscGpuError, match=rf"summary.json.{'.'.join(path)} .*expected .*train the run again$"):
            run.check_reported()


@pytest.mark.parametrize("line", ["[1]", '{"epoch": "x"}', '{"epoch": 1, "loss": null}', "[" * 50_000, "{"])
def test_a_history_of_anything_else_is_refused(folder, line):
    run = read_run(folder)
    run.fold_folder(2).mkdir()
    (run.fold_folder(2) / HISTORY).write_text(f'{{"epoch": 1, "loss": NaN}}\n{line}\n', encoding="utf-8")
    with pytest.raises(EscGpuError, match=r"metrics.jsonl cannot be read \(.*train the run again$"):
        run.history(2)
