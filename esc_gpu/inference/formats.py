"""What is answered for recordings, as text, CSV or JSON."""

import csv
import dataclasses
import io
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from esc_gpu.core.text import printable, shown
from esc_gpu.inference.prediction import Prediction, Segment

DIGITS = 6  # of probabilities, as in predictions.csv
TOP_COLUMNS = ["path", "rank", "class", "probability"]
NOTHING = "no class"  # where none reaches the threshold
Timeline = Sequence[Segment] | None  # where it was asked for
TIMELINE_COLUMNS = ["path", "start_seconds", "end_seconds", "class", "probability"]


def text_lines(
    path: str | Path, prediction: Prediction, top: int | None, timeline: Timeline, threshold: float | None = None
) -> list[str]:
    """A line with the `answers`, and one for each segment of the timeline."""
    said = prediction.answers(top, threshold)
    answers = ", ".join(f"{name} {probability:.3f}" for name, probability in said) or NOTHING
    return [f"{printable(shown(path))}: {answers}", *map(segment_line, timeline or ())]


def csv_lines(
    path: str | Path, prediction: Prediction, top: int | None, timeline: Timeline, threshold: float | None = None
) -> list[str]:
    """A row for each of the `answers` or, of a timeline, for each segment; `csv_header` names the columns."""
    rows: list[tuple[Any, ...]]
    if timeline is not None:
        rows = [
            (f"{part.start_seconds:.3f}", f"{part.end_seconds:.3f}", part.class_name, part.probability)
            for part in timeline
        ]
    else:
        rows = [(rank, *answer) for rank, answer in enumerate(prediction.answers(top, threshold), start=1)]
    return [_csv_line([shown(path), *row[:-1], f"{row[-1]:.{DIGITS}f}"]) for row in rows]


def csv_header(timeline: bool) -> str:
    """The first row."""
    return _csv_line(TIMELINE_COLUMNS if timeline else TOP_COLUMNS)


def json_record(
    path: str | Path, prediction: Prediction, top: int | None, timeline: Timeline, threshold: float | None = None
) -> dict[str, Any]:
    """All of it as plain types, with the probability of every class."""
    said = prediction.answers(top, threshold)
    record = {
        "path": shown(path),
        "duration_seconds": round(prediction.duration_seconds, 3),
        "windows": len(prediction.starts_seconds),
        "top": [{"class": name, "probability": round(value, DIGITS)} for name, value in said],
        "probabilities": {
            name: round(float(prediction.probabilities[label]), DIGITS)
            for label, name in enumerate(prediction.class_names)
        },
    }
    if timeline is not None:
        record["timeline"] = [segment_record(part) for part in timeline]
    return record


def clock(seconds: float) -> str:
    """Such as 1:02:03.4, the hours only where there are some."""
    minutes, tenths = divmod(round(10 * seconds), 600)
    hours, minutes = divmod(minutes, 60)
    rest = f"{tenths / 10:04.1f}"
    return f"{hours}:{minutes:02}:{rest}" if hours else f"{minutes}:{rest}"


def segment_line(part: Segment) -> str:
    """A segment as text."""
    return f"  {clock(part.start_seconds)} - {clock(part.end_seconds)}  {part.class_name} {part.probability:.3f}"


def segment_record(part: Segment) -> dict[str, Any]:
    """A segment as plain types."""
    fields = dataclasses.asdict(part)
    fields["class"] = fields.pop("class_name")
    fields["probability"] = round(fields.pop("probability"), DIGITS)
    return {**fields, "start_seconds": round(part.start_seconds, 3), "end_seconds": round(part.end_seconds, 3)}


def _csv_line(fields: Iterable[object]) -> str:
    text = io.StringIO()
    csv.writer(text).writerow(fields)  # a field that holds either character of its end, "\r\n", is quoted
    return text.getvalue().removesuffix("\r\n")
