"""Published results stand beside tests on the whole of ESC-10 and ESC-50, and beside no others."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from esc_gpu.core.esc50 import ESC10, ESC50
from esc_gpu.data.recordings.layouts.esc50 import read_esc50
from esc_gpu.evaluation.assessment import assess_seeds
from esc_gpu.evaluation.finished_run import RunResults, read_run
from esc_gpu.evaluation.published import HUMANS, NONE, OFFICIAL, PUBLISHED, UNKNOWN, Published, protocol, references
from esc_gpu.evaluation.run_groups import pool, select
from tests.helpers.made_up_runs import make_official, write_esc10_run


@pytest.fixture
def run(tmp_path, monkeypatch):
    """A run on what passes for ESC-10 in this test."""
    folder = write_esc10_run(tmp_path / "run", folds=(1, 2, 3, 4, 5))
    make_official(monkeypatch, folder)
    return read_run(folder)


def test_references_are_those_of_the_recordings(run):
    for of in (run, pool([run, run]), replace(run, filenames=tuple(f"audio/{name}" for name in run.filenames))):
        found = references(of)
        assert [Published(**entry) for entry in found] == list(PUBLISHED["ESC-10"])
        assert [entry["accuracy"] for entry in found] == sorted(entry["accuracy"] for entry in found)
    assert len(ESC10) == 10 and len(ESC50) == 50 and set(OFFICIAL.values()) == set(PUBLISHED)


def test_other_recordings_of_the_same_classes_have_none(tmp_path):
    assert references(read_run(write_esc10_run(tmp_path / "esc-names", folds=(1, 2, 3, 4, 5)))) == []
    assert references(read_run(write_esc10_run(tmp_path / "own", pattern="{source}-{take}.wav"))) == []


def test_other_folds_and_classes_have_none(run):
    assert references(replace(run, folds=run.folds % 5 + 1)) == []
    assert references(replace(run, labels=(run.labels + 1) % 10)) == []


def test_a_part_of_the_recordings_has_none(run):
    assert references(select(run, np.flatnonzero(run.folds != 2))) == []
    assert references(select(run, range(1, len(run.labels)))) == []


def test_the_digest_is_that_of_the_recordings(esc10_root):
    recordings = read_esc50(esc10_root)
    assert set(recordings.class_names) == set(ESC10)
    summary = {"config": {}, "class_names": list(recordings.class_names)}
    shares = np.eye(10)[recordings.labels]
    run = RunResults(esc10_root, summary, recordings.filenames, recordings.folds, recordings.labels, shares)
    assert [entry["accuracy"] for entry in references(run)] == [entry.accuracy for entry in PUBLISHED["ESC-10"]]


def test_each_number_says_how_it_was_made():
    for entries in PUBLISHED.values():
        assert [entry.accuracy for entry in entries] == sorted(entry.accuracy for entry in entries)
        for entry in entries:
            assert 0.4 < entry.accuracy < 1
            assert entry.selected in {"yes", "no", UNKNOWN, NONE} and entry.source.strip()
            assert (entry.selected == NONE) == (entry.name == HUMANS)
    fields = ("outside_data", "epochs", "seeds", "crops", "selected")
    unknown = {
        (task, entry.name): {name for name in fields if getattr(entry, name) == UNKNOWN}
        for task, entries in PUBLISHED.items()
        for entry in entries
    }
    not_said = {"seeds", "crops"}
    assert unknown == {
        **{("ESC-10", name): {"seeds"} for name in ("EnvNet-v2", "EnvNet-v2, between-class", "ACDNet")},
        **{(task, "EnvNet-v2, between-class, augmented"): {"seeds"} for task in PUBLISHED},
        **{("ESC-50", name): {"seeds"} for name in ("EnvNet-v2", "ACDNet")},
        **{(task, "random forest on MFCCs"): not_said for task in PUBLISHED},
        **{(task, "ESResNet"): not_said | {"selected"} for task in PUBLISHED},
        **{(task, HUMANS): set() for task in PUBLISHED},
        ("ESC-50", "CNN on mel spectrograms"): not_said | {"epochs"},
        ("ESC-50", "AclNet"): not_said | {"epochs", "selected"},
        **{("ESC-50", name): set() for name in ("ResNet-18", "DenseNet-161")},
        ("ESC-50", "EAT-S"): not_said,
    }
    chosen = {entry.name for entries in PUBLISHED.values() for entry in entries if entry.selected == "yes"}
    assert chosen == {"ACDNet", "EAT-S"}
    by_name = {entry.name: entry for entry in PUBLISHED["ESC-50"]}
    assert (by_name["ResNet-18"].outside_data, by_name["ResNet-18"].seeds) == ("ImageNet", "5")


def test_a_run_says_it_in_the_same_words(run):
    own = {"outside_data": "none", "epochs": str(run.config["train"]["epochs"]), "seeds": "1", "crops": "1"}
    assert protocol(run) == own | {"selected": "no"}
    for option in ({"pretrained": True}, {"weights": "a.safetensors"}):
        config = run.config | {"model": run.config["model"] | option}
        other = replace(run, summary=run.summary | {"config": config})
        assert protocol(other)["outside_data"] == "pretrained weights", option
    assert assess_seeds([run, run], 10)["protocol"] == own | {"selected": "no", "seeds": "2"}


def test_the_page_has_every_published_accuracy():
    page = (Path(__file__).parents[2] / "docs" / "evaluation.md").read_text(encoding="utf-8")
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in page.splitlines() if line.startswith("| ")]
    for column, entries in enumerate(PUBLISHED.values(), 1):
        for entry in entries:
            (row,) = (row for row in rows if row[0].removesuffix(", ImageNet weights") == entry.name)
            assert float(row[column]) == pytest.approx(100 * entry.accuracy)
            assert row[3] == ("" if entry.name == HUMANS else entry.selected), entry.name
            assert row[0].endswith("ImageNet weights") == (entry.outside_data == "ImageNet"), entry.name
