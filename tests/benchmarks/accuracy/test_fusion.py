"""Late fusion of kept results and of runs: the same, from files to a table."""

import json
import shutil

import pytest

from benchmarks.accuracy.fusion import main, mistakes_of
from esc_gpu.core.text import escape
from esc_gpu.evaluation.finished_run import read_run
from tests.helpers.made_up_runs import write_run
from tests.helpers.several_labels_runs import write_several
from tools.doc_tables import table


def kept(run, folder):
    """A run as the benchmark of a cross-validation keeps it."""
    file = folder / f"cross-validation-{run.name}.json"
    shutil.copy(run / "summary.json", file)
    shutil.copy(run / "predictions.csv", file.with_suffix(".predictions.csv"))
    return file


@pytest.fixture
def runs(tmp_path):
    return write_run(tmp_path / "one"), write_run(tmp_path / "other", frontend="cqt", seed=1)


def test_from_results_to_a_table(runs, tmp_path, capsys):
    one, other = runs
    files = []
    for number, results in enumerate(([kept(one, tmp_path), kept(other, tmp_path)], [kept(one, tmp_path), other])):
        output = tmp_path / f"out{number}"
        assert main([*map(str, results), "--output", str(output)]) == 0
        files += output.glob("fusion-*.json")
    assert all("-logmel-cqt-" in file.name for file in files)  # or another mean of the same day would take its place
    first, second = (json.loads(file.read_text(encoding="utf-8"))["comparison"] for file in files)
    assert [row["name"] for row in first["rows"]] == [
        *("cross-validation-one", "cross-validation-other"),
        "mean of cross-validation-one + cross-validation-other",
    ]
    assert [row["accuracy"] for row in first["rows"]] == [row["accuracy"] for row in second["rows"]]
    assert first["rows"][2]["accuracy"] > max(row["accuracy"] for row in first["rows"][:2])
    assert len(first["pairs"]) == 3 and {"low", "high", "p_value"} <= first["pairs"][1].keys()
    text = table(files[0].name, files[0].parent)
    mistakes = json.loads(files[0].read_text(encoding="utf-8"))["mistakes"]
    check_mistakes(mistakes, *map(read_run, runs))
    assert all(f"| `{row['filename']}` | {escape(row['label'])} |" in text for row in mistakes)
    assert "3 runs on" in text and "McNemar" in text and text.splitlines()[2] in capsys.readouterr().out


def check_mistakes(found, one, other):
    """Those of the mean of two runs, whose clips are in the same order."""
    names, called = one.class_names, ((one.probabilities + other.probabilities) / 2).argmax(axis=1)
    wrong = [clip for clip in range(len(called)) if called[clip] != one.labels[clip]]
    assert 0 < len(wrong) < len(called) and [row["filename"] for row in found] == [one.filenames[n] for n in wrong]
    for clip, row in zip(wrong, found, strict=True):
        assert row["label"] == names[one.labels[clip]] and row["means"] == [names[called[clip]]]
        assert row["runs"] == [names[run.predictions[clip]] for run in (one, other)]


def test_the_mistakes_of_several_means_are_those_of_any(tmp_path):
    runs = [
        read_run(write_run(tmp_path / f"{frontend}{seed}", frontend=frontend, seed=seed))
        for frontend in ("logmel", "cqt")
        for seed in (0, 1)
    ]
    means = [runs[0], runs[1]]  # of other mistakes
    wrong = [{row["filename"] for row in mistakes_of(runs, [mean])} for mean in means]
    both = mistakes_of(runs, means)
    assert wrong[0] - wrong[1] and wrong[1] - wrong[0] and {row["filename"] for row in both} == wrong[0] | wrong[1]
    assert all(len(row["runs"]) == 4 and len(row["means"]) == 2 for row in both)


def test_what_cannot_be_fused_is_one_line(runs, tmp_path, capsys):
    file = kept(runs[0], tmp_path)
    assert main([str(file), "--output", str(tmp_path)]) == 2
    assert "expected two or more" in capsys.readouterr().err
    several = [str(write_several(tmp_path / f"several{seed}", seed=seed)) for seed in (0, 1)]
    assert main([*several, "--output", str(tmp_path)]) == 2
    assert "several0 has several labels a clip; expected one class a clip; use esc-gpu" in capsys.readouterr().err
    table = file.with_suffix(".predictions.csv")
    table.write_text("filename,fold\n", encoding="utf-8")
    assert main([str(file), str(runs[1]), "--output", str(tmp_path)]) == 2
    assert "does not fit" in capsys.readouterr().err
    table.unlink()
    assert main([str(file), str(runs[1]), "--output", str(tmp_path)]) == 2
    assert f"there is no {table} beside {file}" in capsys.readouterr().err
