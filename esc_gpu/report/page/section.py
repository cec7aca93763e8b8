"""A section of part II of the page, and those that runs of every task have."""

from collections.abc import Callable
from typing import Any, NamedTuple

from esc_gpu.core.folds import Fold
from esc_gpu.evaluation.decisions import Decisions
from esc_gpu.report import texts
from esc_gpu.report.contents import RunReport
from esc_gpu.report.evaluation_tables import tested_parts
from esc_gpu.report.figures.run import curve_names
from esc_gpu.report.page import charts
from esc_gpu.report.task_parts import TASK_PARTS

N_SHAPES = 5  # of points, for classes of one colour


class Section(NamedTuple):
    """A heading of the page.

    Attributes:
        id: of the section.
        title: in the contents.
        template: its file in `sections`, without the suffix.
        values: what the template places; None where the run has nothing to show there.
    """

    id: str
    title: str
    template: str
    values: Callable[[RunReport], dict[str, Any] | None]


def protocol(report: RunReport) -> dict[str, Any]:
    """How the run was trained and tested, its folds and their curves."""
    run, assessment = report.run, report.assessment
    histories = {fold: run.history(fold) for fold in run.fold_numbers}
    score, score_label, loss_label = curve_names([record for history in histories.values() for record in history])
    return {
        "protocol": texts.protocol(assessment, run.config),
        "tested": tested_parts(assessment),
        "metrics": TASK_PARTS[run.task].metrics,
        "has_thresholds": "threshold" in assessment["folds"][0],
        "loss_curves": charts.curves(histories, {"loss": "solid", "test_loss": "dotted"}, loss_label, None),
        "score_curves": charts.curves(percentages(histories, score), {score: "solid"}, score_label, 100),
    }


def percentages(histories: dict[Fold, list[dict[str, float]]], key: str) -> dict[Fold, list[dict[str, float]]]:
    """The records with the share of this name in percent."""
    return {
        fold: [record | ({key: 100 * record[key]} if key in record else {}) for record in history]
        for fold, history in histories.items()
    }


def fold_maps(report: RunReport) -> dict[str, Any]:
    """The test clips in the plane."""
    run, decisions = report.run, report.decisions
    confidences, wrong = run.probabilities.max(axis=1).tolist(), set(decisions.mistakes.tolist())
    return {
        "maps": [
            {
                "fold": part.fold,
                "points": [(int(row), x, y) for row, (x, y) in zip(part.rows, part.points, strict=True)],
            }
            for part in report.maps
        ],
        "points": [
            {**classes_of(decisions, row), "is_wrong": row in wrong, "confidence": confidences[row]}
            for row in range(len(confidences))
        ],
        "mixed": run.labels.ndim == 2,
        "n_shapes": N_SHAPES,
        "filenames": run.filenames,
    }


def classes_of(decisions: Decisions, row: int) -> dict[str, list[int]]:
    """What a clip has, what it is said to have, and where these differ."""
    return {
        name: getattr(decisions, name)[row].nonzero()[0].tolist()
        for name in ("true", "called", "missed", "wrongly_heard")
    }


def mistakes(report: RunReport) -> dict[str, Any]:
    """The list of mistakes, but for its clips."""
    return {"n_mistakes": report.n_mistakes, "no_heat": report.no_heat, "heat_cells": report.heat_cells}


PROTOCOL = Section("protocol", "Protocol and folds", "protocol", protocol)
MAP = Section("map", "Map", "map", fold_maps)
MISTAKES = Section("mistakes", "Mistakes", "mistakes", mistakes)
