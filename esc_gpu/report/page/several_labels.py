"""The sections of the page that only runs with several labels a clip have."""

from typing import Any

import numpy as np

from esc_gpu.evaluation.precision_recall import precision_recall
from esc_gpu.report.contents import RunReport
from esc_gpu.report.page.axes import value_axis
from esc_gpu.report.page.charts import Lines, line_path, step_path
from esc_gpu.report.page.section import MAP, MISTAKES, PROTOCOL, Section
from esc_gpu.report.several_labels_tables import threshold_note


def classes(report: RunReport) -> dict[str, Any]:
    """The table of the classes."""
    return {"threshold_note": threshold_note(report.assessment)}


def precision_and_recall(report: RunReport) -> dict[str, Any]:
    """The curve of each class that has clips, the lowest average precision first."""
    run, n_clips = report.run, len(report.run.labels)
    per_class = report.assessment["per_class"]
    x, y = (value_axis(0, 100, f"{name} in %") for name in ("recall", "precision"))
    curves = []
    for label in sorted(report.labels, key=lambda label: per_class[label]["average_precision"]):
        entry, steps = per_class[label], precision_recall(run.probabilities[:, label], run.labels[:, label])
        guess = 100 * entry["support"] / n_clips
        paths = (
            ("overall", line_path([0, 100], [guess] * 2, x, y)),
            ("line", step_path(100 * steps.recall, 100 * steps.precision, x, y)),
        )
        dot = line_path([100 * entry["recall"]], [100 * entry["precision"]], x, y) + "h0"
        is_heard = report.decisions.called[:, label].any()  # or there is no precision
        chart = Lines(x, y, paths, (("mark", dot),) if is_heard else ())
        curves.append({"label": label, "average_precision": entry["average_precision"], "chart": chart})
    return {"precision_recall": curves}


def missed(report: RunReport) -> dict[str, Any]:
    """How many clips of each class are found, missed and wrongly heard."""
    decisions = report.decisions
    counts = {
        "clips": decisions.true,
        "found": decisions.true & decisions.called,
        "missed": decisions.missed,
        "wrongly_heard": decisions.wrongly_heard,
    }
    columns = {name: np.count_nonzero(of_class, axis=0).tolist() for name, of_class in counts.items()}
    num_classes = len(report.run.class_names)
    return {
        "missed_rows": [
            {"label": label, **{name: values[label] for name, values in columns.items()}}
            for label in range(num_classes)
        ]
    }


def calibration(report: RunReport) -> dict[str, Any]:
    """The axes of the chart of probabilities and shares."""
    return {
        "confidence_axis": value_axis(0, 100, "probability of the class in %"),
        "share_axis": value_axis(0, 100, "share of pairs with the class in %"),
    }


SECTIONS = (
    PROTOCOL,
    Section("classes", "Classes", "label_classes", classes),
    Section("precision-recall", "Precision and recall", "precision_recall", precision_and_recall),
    Section("missed", "Missed and wrongly heard", "missed", missed),
    Section("calibration", "Calibration", "label_calibration", calibration),
    MAP,
    MISTAKES,
)
