"""The page of a run with several labels a clip: its own sections, and no word of confusions or accuracy."""

import re
from dataclasses import replace

import numpy as np
import pytest

from esc_gpu.report.page.render import render_page
from esc_gpu.report.page.several_labels import missed, precision_and_recall
from esc_gpu.report.tables import percent
from tests.helpers.made_up_report import make_report
from tests.helpers.parsed_page import Parsed


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    return make_report(tmp_path_factory.mktemp("several") / "noise", several=True)


@pytest.fixture(scope="module")
def page(report):
    return Parsed(render_page(report))


def test_it_has_the_sections_of_its_task(page):
    ids = [attributes["id"] for attributes in page.all("section")]
    own = ["protocol", "classes", "precision-recall", "missed", "calibration", "map", "mistakes"]
    assert ids[ids.index("classification") + 1 :] == own
    assert {attributes["href"] for attributes in page.all("a")} >= {f"#{name}" for name in own}
    assert page.open == []


def test_it_says_nothing_of_accuracy_or_confusions(page):
    said = " ".join([page.text, *(attributes.get("aria-label") or "" for _, attributes in page.elements)])
    assert not re.search("accura|confus|predicted|top-3", said, re.IGNORECASE)


def test_the_numbers_are_those_of_the_assessment(report, page):
    found = report.assessment
    for value in (found["over_folds"]["map"]["mean"], found["prior"]["map"], found["calibration"]["ece"]):
        assert f"{percent(value)}" in page.text
    for entry in found["per_class"]:
        assert percent(entry["average_precision"]) in page.text and percent(entry["auroc"]) in page.text
    places = [float(attributes["cx"]) for attributes in page.all("circle") if attributes.get("cy") == "7"]
    assert places == [round(10 + 100 * entry["average_precision"], 1) for entry in found["per_class"]]


def test_curves_of_precision_and_recall_begin_with_the_worst_class(report):
    curves = precision_and_recall(report)["precision_recall"]
    values = [curve["average_precision"] for curve in curves]
    assert values == sorted(values) and len(curves) == 4
    first = curves[0]
    entry = report.assessment["per_class"][first["label"]]
    (_, guess), (_, line) = first["chart"].paths
    height = f"{1 - entry['support'] / 48:.4f}"
    assert guess == f"M0.0000 {height}L1.0000 {height}" and line.startswith("M0.0000 ")
    ((_, dot),) = first["chart"].marks
    assert dot == f"M{entry['recall']:.4f} {1 - entry['precision']:.4f}h0"


def test_a_class_that_is_never_heard_has_no_dot(report):
    probabilities = report.run.probabilities.copy()
    probabilities[:, 2] *= 0.1
    silent = replace(report, run=replace(report.run, probabilities=probabilities))
    marks = {curve["label"]: curve["chart"].marks for curve in precision_and_recall(silent)["precision_recall"]}
    assert marks[2] == () and len(marks[0]) == 1


def test_clips_are_found_missed_or_wrongly_heard(report, page):
    labels, called = report.run.labels, report.run.probabilities >= 0.5
    for row in missed(report)["missed_rows"]:
        true, heard = labels[:, row["label"]], called[:, row["label"]]
        assert row["clips"] == row["found"] + row["missed"] == true.sum()
        assert row["missed"] == (true & ~heard).sum() and row["wrongly_heard"] == (heard & ~true).sum()
    links = [a for a in page.all("a") if "data-true" in a or "data-predicted" in a]
    assert len(links) == sum((row["missed"] > 0) + (row["wrongly_heard"] > 0) for row in missed(report)["missed_rows"])


def test_a_mistake_names_all_classes_that_are_missed_or_wrongly_heard(report, page):
    cards = page.with_class("mistake")
    wrong = report.run.labels != (report.run.probabilities >= 0.5)
    assert len(cards) == wrong.any(axis=1).sum() == report.n_mistakes
    for card, clip in zip(cards, report.mistakes, strict=True):
        named = [int(label) for name in ("data-true", "data-predicted") for label in card[name].split()]
        assert sorted(named) == np.flatnonzero(wrong[clip.row]).tolist()
    assert {"true", "missed", "wrong"} <= {text.strip() for text in page.texts["small"]}


def test_a_point_of_the_map_has_a_sector_for_each_label(report, page):
    points = [a for a in page.with_class("point") if "transform" in a]
    rows = np.concatenate([part.rows for part in report.maps])
    assert [a["data-true"] for a in points] == [
        " ".join(map(str, np.flatnonzero(report.run.labels[row]))) for row in rows
    ]
    sectors = [a for a in page.all("path") if re.fullmatch(r"c\d", a.get("class") or "")]
    assert len(sectors) == report.run.labels.sum() and len(page.with_class("ring")) == len(rows)


def test_a_run_in_which_all_labels_are_heard(tmp_path):
    page = Parsed(render_page(make_report(tmp_path / "perfect", several=True, skill=50)))
    assert "in every test clip, exactly its labels are heard" in page.text and not page.with_class("mistake")
