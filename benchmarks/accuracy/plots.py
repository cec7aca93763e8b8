"""The rows of a comparison, of variants or of an ablation as a picture."""

from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from benchmarks.common.axes import light_frame
from esc_gpu.evaluation.published import HUMANS
from esc_gpu.report.figures.save import save
from esc_gpu.report.tables import counted, percent

BLUE, PALE, GREY, RED = "#2f5d8a", "#9db8d2", "#7f7f7f", "#b5544a"
HIDDEN = "top", "right", "left"  # sides of the frame
WIDTH, ROW, THIN_ROW = 8.5, 0.38, 0.3  # inches


def plot_accuracy(path: Path, result: dict[str, object]) -> None:
    """Accuracy by row, or the effect of each part of the recipe; nothing where there is none yet."""
    if result["kind"] != "ablation":
        plot_comparison(path, result)
    elif any(row["against_reference"] is not None for row in result["rows"]):
        plot_ablation(path, result)


def plot_comparison(path: Path, result: dict[str, object]) -> None:
    """The best row on top: mean, 95 % interval and folds; beside them the front-ends' time, where it was measured."""
    rows = sorted(result["rows"], key=lambda row: row["accuracy"])
    times = {row["name"]: row["us_per_clip"] for row in (result["cost"] or {"rows": []})["rows"]}
    ratios = (3, 1) if times else (1,)
    figure = Figure(figsize=(WIDTH, 1.5 + ROW * len(rows)), layout="constrained")
    axes, *beside = figure.subplots(1, len(ratios), sharey=True, width_ratios=ratios, squeeze=False)[0]
    for y, row in enumerate(rows):
        low, high = (100 * row["intervals"]["accuracy"][end] for end in ("low", "high"))
        axes.hlines(y, low, high, color=BLUE, linewidth=2.2)
        folds = [100 * accuracy for accuracy in row["fold_accuracies"]]
        axes.plot(folds, [y + 0.22] * len(folds), "o", color=BLUE, alpha=0.35, mew=0, markersize=4, clip_on=False)
        axes.plot(100 * row["accuracy"], y, "o", color=BLUE, markersize=7)
        for panel in beside:
            panel.barh(y, times[row["name"]]["median"] / 1000, height=0.5, color=PALE)
            panel.annotate(
                f"{times[row['name']]['median'] / 1000:.2f}",
                (times[row["name"]]["median"] / 1000, y),
                (3, 0),
                textcoords="offset points",
                va="center",
                fontsize=8,
            )
    name_rows(axes, [row["name"] for row in rows])
    axes.set(xlabel="accuracy in percent")
    for panel in beside:
        panel.set(xlabel=f"{'step' if result['cost'].get('of_steps') else 'front-end'}: ms a clip")
        panel.margins(x=0.25)
        panel.set_xlim(left=0)
        light_frame(panel, HIDDEN)
    marks = [
        Line2D([], [], color=BLUE, marker="o", linewidth=2.2, markersize=7, label="mean, 95 % interval"),
        Line2D([], [], color=BLUE, alpha=0.35, marker="o", mew=0, linestyle="", markersize=4, label="a fold"),
    ]
    for entry in result["references"]:
        if entry["name"] == HUMANS:
            mark = axes.axvline(100 * entry["accuracy"], color=GREY, linewidth=1, linestyle="--")
            mark.set_label(f"{HUMANS}, {100 * entry['accuracy']:.1f}")
            marks.append(mark)
            figure.supxlabel(f"{HUMANS}: {entry['source']}", fontsize=7, color=GREY)
    figure.legend(handles=marks, loc="outside upper center", ncols=3, frameon=False, fontsize=9, title=title(result))
    light_frame(axes, HIDDEN)
    save(figure, path)


def plot_ablation(path: Path, result: dict[str, object]) -> None:
    """What each part is worth: the change of the accuracy without it, the greatest loss on top."""
    rows = [row for row in result["rows"] if row["against_reference"] is not None]
    rows.sort(key=lambda row: -row["against_reference"]["difference"])
    figure = Figure(figsize=(WIDTH, 1.4 + THIN_ROW * len(rows)), layout="constrained")
    axes = figure.subplots()
    axes.axvline(0, color=GREY, linewidth=1)
    for y, row in enumerate(rows):
        pair = row["against_reference"]
        colour = BLUE if pair["low"] <= 0 <= pair["high"] else RED
        axes.hlines(y, 100 * pair["low"], 100 * pair["high"], color=colour, linewidth=2.2)
        axes.plot(100 * pair["difference"], y, "o", color=colour, markersize=7)
        place = axes.get_yaxis_transform()
        axes.text(1.01, y, percent(pair["difference"], sign="+"), transform=place, va="center", fontsize=8.5)
    name_rows(axes, [f"without {row['name']}" for row in rows])
    (whole,) = [row for row in result["rows"] if row["name"] == result["reference"]]
    axes.set(xlabel=f"change of the accuracy in points, from {percent(whole['accuracy'])} %")
    colours = {BLUE: "95 % interval of the row includes 0", RED: "excludes 0"}
    marks = [
        Line2D([], [], color=colour, marker="o", linewidth=2.2, markersize=7, label=text)
        for colour, text in colours.items()
    ]
    figure.legend(handles=marks, loc="outside upper center", ncols=2, frameon=False, fontsize=9, title=title(result))
    light_frame(axes, HIDDEN)
    save(figure, path)


def title(result: dict[str, object]) -> str:
    """What was trained on, and how often."""
    protocol, data = result["protocol"], result["data"]
    folds = counted(len(protocol["folds"]), "validation fold" if protocol["validation"] else "test fold")
    seeds = counted(max(len(row["seeds"]) for row in result["rows"]), "seed")
    text = f"{data['recordings']}, {counted(data['clips'], 'clip')}: {folds}, {seeds}, "
    return text + counted(protocol["epochs"], "epoch") + ("" if result["complete"] else " (not complete)")


def name_rows(axes: Axes, names: list[str]) -> None:
    """A row a name, the first at the bottom."""
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(-0.6, len(names) - 0.4)
