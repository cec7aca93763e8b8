"""A run as one HTML page that needs nothing else: no network, no other file."""

import base64
import hashlib
from collections.abc import Sequence
from functools import cache
from importlib import resources
from typing import Any, NamedTuple

import jinja2
import numpy as np
from markupsafe import Markup, escape

from esc_gpu.core.folds import Fold, fold_title
from esc_gpu.core.task import MULTI_LABEL, SINGLE_LABEL
from esc_gpu.report import texts
from esc_gpu.report.contents import Clip, Mistake, RunReport
from esc_gpu.report.figures.panels import DIVERGING, INPUT_LIMIT, SEQUENTIAL
from esc_gpu.report.page import charts, one_label, several_labels
from esc_gpu.report.page.images import color_stops, data_uri
from esc_gpu.report.page.section import classes_of
from esc_gpu.report.several_labels_tables import interval_text
from esc_gpu.report.tables import counted, mean_and_spread, percent, readable, share
from esc_gpu.report.words import words_of

# Of pictures and, after them, sounds; what goes beyond is left out, of the surest mistakes last. With the rest, 60 MB.
PAGE_BYTES = 58_000_000
N_LIKELIEST = 3
PER_PAGE = 12  # clips and charts of a list that are seen at once; the others are opened
SECTIONS = {SINGLE_LABEL: one_label.SECTIONS, MULTI_LABEL: several_labels.SECTIONS}  # of part II, by the task


class Card(NamedTuple):
    """A clip in the page: what it is and is said to be, its pictures, and its sound as an address."""

    row: int
    filename: str
    fold: Fold
    true: list[int]
    called: list[int]
    missed: list[int]
    wrongly_heard: list[int]
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
        words=words_of(report.assessment),
        per_page=PER_PAGE,
        assessment=report.assessment,
        gradients={name: color_stops(name) for name in (SEQUENTIAL, DIVERGING)},
        synthetic=texts.SYNTHETIC if report.run.summary["data"]["synthetic"] else "",
        **code(),
        **features_part(report),
        **sections_part(report),
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
    environment.filters |= {"share": share, "range": interval_text, "classes": classes_here, "sectors": charts.sectors}
    environment.filters |= {"fold": fold_title, "marked_code": marked_code}
    environment.globals |= {"counted": counted}
    return environment.get_template("page.html")


@jinja2.pass_context
def readable_here(context: jinja2.runtime.Context, class_name: str) -> str:
    """The class as the page shows it."""
    return str(context["shown"][class_name])


@jinja2.pass_context
def classes_here(context: jinja2.runtime.Context, labels: Sequence[int]) -> str:
    """The names of classes as the page shows them; "nothing" for none."""
    return ", ".join(readable_here(context, context["names"][label]) for label in labels) or "nothing"


def marked_code(text: str) -> Markup:
    """What stands between backticks in a docstring, as code."""
    parts = [escape(part) for part in text.split("`")]
    return Markup("").join(Markup("<code>{}</code>").format(part) if n % 2 else part for n, part in enumerate(parts))


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


def sections_part(report: RunReport) -> dict[str, Any]:
    """The sections of part II that the run has, and what they place besides its clips."""
    split = texts.split_of(report.assessment)
    values: dict[str, Any] = {"split": split, "n_colors": charts.N_COLORS, "sections": []}
    for section in SECTIONS[report.run.task]:
        found = section.values(report)
        if found is not None:
            if section.id == "protocol" and split is not None:  # there are no folds
                section = section._replace(title="Protocol")
            values["sections"].append(section)
            values |= found
    return values


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
        "undrawn": pictures.refused,
        "unheard": sounds.refused,
    }


def make_card(report: RunReport, clip: Clip, limits: charts.Limits, budget: Budget) -> Card:
    """A clip with its pictures, where there is room for them."""
    run, row = report.run, clip.row
    heat = clip.heat if isinstance(clip, Mistake) else {}
    pictures = charts.pictures(clip.features, limits, clip.start_seconds, heat)
    addresses = [address for picture in pictures for address in (picture.uri, *picture.heat.values())]
    classes = classes_of(report.decisions, row)
    order = np.argsort(-run.probabilities[row], kind="stable")
    ahead = {*order[:N_LIKELIEST].tolist(), *classes["missed"], *classes["wrongly_heard"]}
    return Card(
        row=row,
        filename=run.filenames[row],
        fold=run.folds[row].item(),
        true=classes["true"],
        called=classes["called"],
        missed=classes["missed"],
        wrongly_heard=classes["wrongly_heard"],
        likeliest=[(label, float(run.probabilities[row, label])) for label in order.tolist() if label in ahead],
        pictures=pictures if budget.keep(addresses) else [],
    )


def add_sound(card: Card, clip: Clip, budget: Budget) -> Card:
    """The card with its clip's sound, where it has one and there is room."""
    if clip.audio is None:
        return card
    address = data_uri(*clip.audio)
    return card._replace(sound=address) if budget.keep([address]) else card
