"""A run as one HTML page that needs nothing else: no network, no other file."""

import base64
import hashlib
from collections.abc import Sequence
from functools import cache
from importlib import resources
from typing import Any, NamedTuple

import jinja2
import numpy as np
from markupsafe import Markup

from esc_gpu.core.folds import Fold, fold_title
from esc_gpu.report import texts
from esc_gpu.report.contents import Clip, Mistake, RunReport
from esc_gpu.report.evaluation_tables import METRICS, tested_parts
from esc_gpu.report.figures.panels import DIVERGING, INPUT_LIMIT, SEQUENTIAL
from esc_gpu.report.page import charts
from esc_gpu.report.page.axes import value_axis
from esc_gpu.report.page.images import color_stops, data_uri
from esc_gpu.report.tables import counted, mean_and_spread, percent, readable

# Of pictures and, after them, sounds; what goes beyond is left out, of the surest mistakes last. With the rest, 60 MB.
PAGE_BYTES = 58_000_000
N_LIKELIEST = 3
N_SHAPES = 5  # of points, for classes of one colour
LEVELS = 10  # of shading in the confusion matrix
PER_PAGE = 12  # clips and charts of a list that are seen at once; the others are opened
DENSE = 20  # classes from which on the matrix is drawn small


class Card(NamedTuple):
    """A clip in the page: what it is, its pictures, and its sound as an address."""

    row: int
    filename: str
    fold: Fold
    label: int
    prediction: int
    likeliest: list[tuple[int, float]]
    pictures: list[charts.Picture]
    sound: str = ""


class Budget:
    """Bytes that are left for pictures and sounds, and how many of them found no room."""

    def __init__(self, n_bytes: int):
        self.left = n_bytes
        self.refused = 0

    def keep(self, addresses: Sequence[str]) -> bool:
        """Take the room that the addresses need; False where there is not as much."""
        size = sum(map(len, addresses))
        if size > self.left:
            self.refused += 1
            return False
        self.left -= size
        return True


def render_page(report: RunReport, page_bytes: int = PAGE_BYTES) -> str:
    """The page of a run as HTML.

    Args:
        report: what `esc_gpu.experiment.examine_run.collect` gives.
        page_bytes: the most that its pictures and sounds may take.
    """
    return template().render(
        run=report.run,
        names=report.run.class_names,
        shown=readable(report.run.class_names),
        metrics=METRICS,
        per_page=PER_PAGE,
        assessment=report.assessment,
        gradients={name: color_stops(name) for name in (SEQUENTIAL, DIVERGING)},
        synthetic=texts.SYNTHETIC if report.run.summary["data"]["synthetic"] else "",
        **code(),
        **features_part(report),
        **classification_part(report),
        **cards_part(report, page_bytes),
    )


@cache
def template() -> jinja2.Template:
    """`page.html`, in which every value is escaped and a missing one an error."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("esc_gpu", "report/page"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"percent": percent, "readable": readable_here, "spread": mean_and_spread}
    environment.filters["fold"] = fold_title
    environment.globals |= {"counted": counted}
    return environment.get_template("page.html")


@jinja2.pass_context
def readable_here(context: jinja2.runtime.Context, class_name: str) -> str:
    """The class as the page shows it."""
    return str(context["shown"][class_name])


def code() -> dict[str, Markup | str]:
    """Style and script of the page, and their hashes, by which the page's policy lets them and no others pass."""
    found: dict[str, Any] = {}
    for name, kind in (("style", "css"), ("script", "js")):
        text = resources.files(__package__).joinpath(f"page.{kind}").read_text(encoding="utf-8")
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode("ascii")
        found |= {name: Markup(text), f"{name}_hash": f"sha256-{digest}"}  # ours: nothing in them to escape
    return found


def features_part(report: RunReport) -> dict[str, Any]:
    """What part I places besides its clips."""
    run, frontend = report.run, report.frontend
    return {
        "facts": texts.facts(run.summary, run.config, report.assessment),
        "headlines": texts.headlines(report.assessment),
        "frontend": frontend,
        "frontend_sentence": texts.frontend_sentence(frontend, report.sample_rate, report.clip_seconds),
        "options": texts.option_tables(frontend.spec),
        "spectra": charts.class_spectra(report.statistics, frontend.axes),
        "class_labels": report.labels,
    }


def classification_part(report: RunReport) -> dict[str, Any]:
    """What part II places besides its clips."""
    run, assessment = report.run, report.assessment
    histories = {fold: run.history(fold) for fold in run.fold_numbers}
    share_axis = value_axis(0, 100, "accuracy in %", most=5)
    return {
        "protocol": texts.protocol(assessment, run.config),
        "split": texts.split_of(assessment),
        "tested": tested_parts(assessment),
        "loss_curves": charts.curves(histories, {"loss": "solid", "test_loss": "dotted"}, "cross-entropy", None),
        "accuracy_curves": charts.curves(percentages(histories), {"test_accuracy": "solid"}, "test accuracy in %", 100),
        "matrix": shaded(assessment["confusion_matrix"]),
        "is_dense": len(run.class_names) > DENSE,
        "confidence_axis": value_axis(0, 100, "probability of the predicted class in %", most=5),
        "share_axis": share_axis,
        "references": compared(assessment),
        "maps": [
            {
                "fold": part.fold,
                "points": [(int(row), x, y) for row, (x, y) in zip(part.rows, part.points, strict=True)],
            }
            for part in report.maps
        ],
        "n_colors": charts.N_COLORS,
        "n_shapes": N_SHAPES,
        "filenames": run.filenames,
        "labels": run.labels.tolist(),
        "predictions": run.predictions.tolist(),
        "confidences": run.probabilities.max(axis=1).tolist(),
    }


def percentages(histories: dict[Fold, list[dict[str, float]]]) -> dict[Fold, list[dict[str, float]]]:
    """The records with their test accuracy in percent."""
    return {
        fold: [
            record | ({"test_accuracy": 100 * record["test_accuracy"]} if "test_accuracy" in record else {})
            for record in history
        ]
        for fold, history in histories.items()
    }


def shaded(matrix: list[list[int]]) -> list[list[tuple[int, float, int]]]:
    """Each cell of the confusion matrix: clips, share of the true class, level of its shade from 0 to `LEVELS`."""
    rows = []
    for row in matrix:
        shares = [count / max(sum(row), 1) for count in row]
        rows.append([(count, share, int(np.ceil(share * LEVELS))) for count, share in zip(row, shares, strict=True)])
    return rows


def compared(assessment: dict[str, Any]) -> list[dict[str, Any]]:
    """The published accuracies with that of the run among them, ascending; empty where there are none."""
    if not assessment["references"]:
        return []
    ours = {"name": "this run", "accuracy": assessment["accuracy"], "source": "", **assessment["protocol"]}
    return sorted([ours, *assessment["references"]], key=lambda entry: entry["accuracy"])


def cards_part(report: RunReport, page_bytes: int) -> dict[str, Any]:
    """The clips of both parts, with as many pictures and, after these, sounds as the page has room for."""
    limits = charts.limits_of([clip.features for clip in (*report.examples, *report.mistakes)])
    pictures = Budget(page_bytes)
    examples = [make_card(report, clip, limits, pictures) for clip in report.examples]
    mistakes = [make_card(report, clip, limits, pictures) for clip in report.mistakes]
    sounds = Budget(pictures.left)
    examples = [add_sound(card, clip, sounds) for card, clip in zip(examples, report.examples, strict=True)]
    mistakes = [add_sound(card, clip, sounds) for card, clip in zip(mistakes, report.mistakes, strict=True)]
    return {
        "examples": examples,
        "waveforms": [
            charts.waveform_outline(clip.waveform, report.sample_rate, charts.time_axis(clip.features.times))
            for clip in report.examples
        ],
        "inputs": [
            charts.pictures(clip.inputs, dict.fromkeys(limits, (-INPUT_LIMIT, INPUT_LIMIT))) for clip in report.examples
        ],
        "mistakes": mistakes,
        "n_mistakes": report.n_mistakes,
        "no_heat": report.no_heat,
        "heat_cells": report.heat_cells,
        "undrawn": pictures.refused,
        "unheard": sounds.refused,
    }


def make_card(report: RunReport, clip: Clip, limits: charts.Limits, budget: Budget) -> Card:
    """A clip with its pictures, where there is room for them."""
    run, row = report.run, clip.row
    heat = clip.heat if isinstance(clip, Mistake) else {}
    pictures = charts.pictures(clip.features, limits, clip.start_seconds, heat)
    addresses = [address for picture in pictures for address in (picture.uri, *picture.heat.values())]
    order = np.argsort(-run.probabilities[row], kind="stable")[:N_LIKELIEST]
    return Card(
        row=row,
        filename=run.filenames[row],
        fold=run.folds[row].item(),
        label=int(run.labels[row]),
        prediction=int(run.predictions[row]),
        likeliest=[(int(label), float(run.probabilities[row, label])) for label in order],
        pictures=pictures if budget.keep(addresses) else [],
    )


def add_sound(card: Card, clip: Clip, budget: Budget) -> Card:
    """The card with its clip's sound, where it has one and there is room."""
    if clip.audio is None:
        return card
    address = data_uri(*clip.audio)
    return card._replace(sound=address) if budget.keep([address]) else card
