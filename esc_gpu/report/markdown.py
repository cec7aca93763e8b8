"""A run as a Markdown document with its figures, for pandoc, LaTeX or a repository's pages.

Every text is escaped where it becomes a part of the document, whatever it was made of.
"""

from collections.abc import Sequence
from pathlib import Path

from matplotlib.figure import Figure

from esc_gpu.core.files import write_text
from esc_gpu.core.text import escape
from esc_gpu.report import texts
from esc_gpu.report.contents import RunReport
from esc_gpu.report.figures.class_statistics import draw_class_means
from esc_gpu.report.figures.features import Clip, draw_clips, draw_gallery
from esc_gpu.report.figures.panels import channels
from esc_gpu.report.figures.run import plot_fold_curves, plot_maps, plot_mistakes
from esc_gpu.report.figures.save import save_pair
from esc_gpu.report.tables import percent, readable
from esc_gpu.report.task_parts import TASK_PARTS
from esc_gpu.report.words import words_of

FIGURES = "figures"
EXAMPLES_A_FIGURE = 3  # at most
MISTAKES_DRAWN = 12
N_LIKELIEST = 3
MAP = (
    "The map shows the output of the penultimate layer of the network, placed in the plane with t-SNE. Neighbours look "
    "alike to the network. The distances between groups and the axes have no meaning. Each fold has its own network."
)
HEAT = (
    "The outlined part, which keeps its colours, supports {}; the grey part does not (Grad-CAM; the line is at half of "
    "the maximum)."
)


def write_markdown(report: RunReport, path: Path) -> Path:
    """Write the document to `path`, and its figures as PNG and PDF into the folder `figures` beside it."""
    folder = path.parent / FIGURES
    folder.mkdir(parents=True, exist_ok=True)
    parts = [heading(1, f"{report.run.name}: features and classification")]
    if report.run.summary["data"]["synthetic"]:
        parts.append(f"> **Synthetic recordings.** {escape(texts.SYNTHETIC)}")
    numbers = [(number.label, number.value, number.detail) for number in texts.headlines(report.assessment)]
    parts += [
        table(["", "value", "what it is"], numbers),
        table(["", ""], texts.facts(report.run.summary, report.run.config, report.assessment)),
    ]
    parts += [*features_part(report, folder), *classification_part(report, folder)]
    write_text(path, "\n\n".join(parts) + "\n")
    return path


def features_part(report: RunReport, folder: Path) -> list[str]:
    shown = list(readable(report.run.class_names).values())
    names = [shown[label] for label in report.labels]
    name = str(report.frontend.spec["name"])
    parts = [
        heading(2, "Part I: Features"),
        heading(3, "Front-end"),
        escape(texts.frontend_sentence(report.frontend, report.sample_rate, report.clip_seconds)),
    ]
    for options in texts.option_tables(report.frontend.spec):
        parts += [escape(f"Options of {options.title}:"), table(["option", "value", "meaning"], options.rows)]
    parts += [
        heading(3, "A clip of each class"),
        escape(f"{words_of(report.assessment).examples} The clips of a figure share one colour scale."),
    ]
    clips = [
        Clip(title, clip.waveform, report.sample_rate, {name: clip.features}, clip.start_seconds)
        for title, clip in zip(names, report.examples, strict=True)
    ]
    for start in range(0, len(clips), EXAMPLES_A_FIGURE):
        some = clips[start : start + EXAMPLES_A_FIGURE]
        stem = folder / f"examples-{start // EXAMPLES_A_FIGURE + 1}"
        caption = f"Waveform and {name} of: {', '.join(clip.title for clip in some)}"
        parts.append(figure(stem, caption, draw_clips(some)))
    parts += [
        heading(3, "Spectra of the classes"),
        escape(f"{words_of(report.assessment).spectra} The band is one standard deviation to either side."),
    ]
    statistics = report.statistics
    for channel, axis in enumerate(report.frontend.axes):
        means, spreads = statistics.means[:, channel], statistics.spreads[:, channel]
        drawn = draw_class_means(axis.name, axis, means, spreads, statistics.fisher[channel], names)
        parts.append(figure(folder / f"spectra-{channel + 1}", f"Spectra of the classes: {axis.name}", drawn))
    parts += [
        heading(3, "What the network sees"),
        escape("These are the same clips after the normalisation with the statistics of the training folds."),
    ]
    inputs = [channels(clip.inputs) for clip in report.examples]
    for number, part in enumerate(inputs[0], start=1):
        title = f"{part or name}, normalised"
        drawn = draw_gallery(title, [[parts_of[part]] for parts_of in inputs], names, report.clip_seconds)
        parts.append(figure(folder / f"inputs-{number}", title, drawn))
    return parts


def classification_part(report: RunReport, folder: Path) -> list[str]:
    run, assessment, words = report.run, report.assessment, words_of(report.assessment)
    parts_of_task = TASK_PARTS[run.task]
    plot_fold_curves(folder / "curves", {fold: run.history(fold) for fold in run.fold_numbers})
    plot_maps(folder / "maps", report.maps, run.class_names, report.decisions)
    parts = [
        heading(2, "Part II: Classification"),
        heading(3, "Protocol"),
        escape(texts.protocol(assessment, run.config)),
        image("curves", f"Loss and test {words.score_name} of each fold"),
    ]
    for results in parts_of_task.tables(assessment):
        parts += [heading(3, results.title), table(results.columns, results.rows)]
        parts += [escape(note) for note in results.notes]
    parts.append(heading(3, "Pictures of the results"))
    for picture in parts_of_task.pictures:
        picture.draw(folder / picture.name, report)
        parts.append(image(picture.name, picture.caption))
    parts += [
        heading(3, "Map of the test clips"),
        escape(f"{MAP} {words.map}"),
        image("maps", "Test clips of each fold"),
        *mistakes_part(report, folder),
    ]
    return parts


def mistakes_part(report: RunReport, folder: Path) -> list[str]:
    run, words = report.run, words_of(report.assessment)
    parts = [
        heading(3, "Mistakes"),
        escape(words.some_mistakes.format(report.n_mistakes, len(run.labels))),
    ]
    if not report.mistakes:
        return parts
    drawn = report.mistakes[:MISTAKES_DRAWN]
    plot_mistakes(folder / "mistakes", drawn, [mistake_title(report, clip.row) for clip in drawn])
    shown = list(readable(run.class_names).values())
    parts.append(escape(f"{report.no_heat}." if report.no_heat else HEAT.format(words.explained)))
    rows = []
    for clip in report.mistakes:
        order = (-run.probabilities[clip.row]).argsort(kind="stable")[:N_LIKELIEST]
        likeliest = [f"{shown[k]} {percent(run.probabilities[clip.row, k])}" for k in order]
        classes = [class_list(report, name, clip.row) for name in words.columns.values()]
        rows.append([run.filenames[clip.row], str(run.folds[clip.row]), *classes, ", ".join(likeliest)])
    parts += [
        image("mistakes", f"The {len(drawn)} most confident mistakes"),
        table(["recording", "fold", *words.columns, "most probable classes, in percent"], rows),
    ]
    return parts


def mistake_title(report: RunReport, row: int) -> str:
    """dog taken for rain (60 %); dog, rain heard as rain; the file under it."""
    words, run = words_of(report.assessment), report.run
    true, called = (class_list(report, name, row) or "nothing" for name in ("true", "called"))
    sure = f" ({100 * run.probabilities[row].max():.0f} %)" if run.labels.ndim == 1 else ""
    return f"{true} {words.taken} {called}{sure}\n{run.filenames[row]}"


def class_list(report: RunReport, name: str, row: int) -> str:
    """The classes of a clip that an attribute of the `Decisions` has."""
    shown = list(readable(report.run.class_names).values())
    return ", ".join(shown[label] for label in getattr(report.decisions, name)[row].nonzero()[0])


def figure(stem: Path, caption: str, drawn: Figure) -> str:
    """Write a figure in both formats; the line that places it."""
    save_pair(drawn, stem)
    return image(stem.name, caption)


def heading(level: int, text: str) -> str:
    """A heading of a level from 1 on."""
    return f"{'#' * level} {escape(text)}"


def image(name: str, caption: str) -> str:
    """The line that places a figure."""
    return f"![{escape(caption)}]({FIGURES}/{name}.png)"


def table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table of cells that are text."""
    head, *lines = [[escape(cell) for cell in line] for line in (columns, *rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in (head, ["---"] * len(columns), *lines))
