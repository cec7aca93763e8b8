"""The sections of the page that only runs with one class a clip have."""

from typing import Any

import numpy as np

from esc_gpu.report.contents import RunReport
from esc_gpu.report.page.axes import value_axis
from esc_gpu.report.page.section import MAP, MISTAKES, PROTOCOL, Section

LEVELS = 10  # of shading in the confusion matrix
DENSE = 20  # classes from which on the matrix is drawn small


def confusion(report: RunReport) -> dict[str, Any]:
    """The confusion matrix."""
    matrix = report.assessment["confusion_matrix"]
    return {"matrix": shaded(matrix), "is_dense": len(matrix) > DENSE}


def shaded(matrix: list[list[int]]) -> list[list[tuple[int, float, int]]]:
    """Each cell of the confusion matrix: clips, share of the true class, level of its shade from 0 to `LEVELS`."""
    rows = []
    for row in matrix:
        shares = [count / max(sum(row), 1) for count in row]
        rows.append([(count, share, int(np.ceil(share * LEVELS))) for count, share in zip(row, shares, strict=True)])
    return rows


def calibration(report: RunReport) -> dict[str, Any]:
    """The axes of the chart of confidence and accuracy."""
    return {
        "confidence_axis": value_axis(0, 100, "probability of the predicted class in %"),
        "share_axis": value_axis(0, 100, "accuracy in %"),
    }


def references(report: RunReport) -> dict[str, Any] | None:
    """Published accuracies on the same recordings, where there are any."""
    rows = compared(report.assessment)
    return {"references": rows} if rows else None


def compared(assessment: dict[str, Any]) -> list[dict[str, Any]]:
    """The published accuracies with that of the run among them, ascending; empty where there are none."""
    if not assessment["references"]:
        return []
    ours = {"name": "this run", "accuracy": assessment["accuracy"], "source": "", **assessment["protocol"]}
    return sorted([ours, *assessment["references"]], key=lambda entry: entry["accuracy"])


SECTIONS = (
    PROTOCOL,
    Section("classes", "Classes", "classes", lambda report: {}),
    Section("confusion", "Confusions", "confusion", confusion),
    Section("calibration", "Calibration", "calibration", calibration),
    Section("references", "Published results", "references", references),
    MAP,
    MISTAKES,
)
