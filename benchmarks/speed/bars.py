"""The speeds of all contenders as bars, feature by feature."""

from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from benchmarks.common.axes import light_frame
from esc_gpu.report.figures.save import save

COLOURS = {
    "esc_gpu": "#d1495b",
    "librosa": "#4f6d7a",
    "torchaudio": "#6a994e",
    "nnAudio": "#8d7bb5",
    "torchlibrosa": "#c9a227",
    "essentia": "#7f7f7f",
    "DALI": "#3d5a80",
}
ADAPTER = "#e8b4bb"  # other libraries' arithmetic in this package's front-ends
GAP = 1.0  # bars between two features, in which the second one's name stands
PANELS = 2


def plot_speeds(path: Path, result: dict[str, object]) -> None:
    """Microseconds a clip of every row that was measured, on a logarithmic axis; the shortest bar is the fastest."""
    rows = [row for row in result["rows"] if "us_per_clip" in row]
    groups: dict[str, list[dict[str, object]]] = {}
    for row in rows:
        groups.setdefault(row["name"], []).append(row)
    panels = split_evenly(list(groups.items()))
    height = max(sum(len(members) + GAP for _, members in panel) for panel in panels)
    figure = Figure(figsize=(7 * len(panels), 1.6 + 0.24 * height), layout="constrained")
    medians = [row["us_per_clip"]["median"] for row in rows]
    limits = 0.5 * min(medians), 4 * max(medians)  # room for the numbers behind the bars
    for axes, panel in zip(figure.subplots(1, len(panels), squeeze=False)[0], panels, strict=True):
        draw_panel(axes, panel, height)
        axes.set(xscale="log", xlim=limits, xlabel="µs a clip of 5 s")
    title = f"Front-ends on {result['device'].upper()}, batches of {result['batch']}, CPU threads: {result['threads']}"
    figure.suptitle(title)
    figure.legend(handles=legend(rows), loc="outside lower center", ncols=4, frameon=False)
    save(figure, path)


def split_evenly(groups: list[tuple[str, list]]) -> list[list[tuple[str, list]]]:
    """The groups in their order, on panels with about as many bars each."""
    total = sum(len(members) + GAP for _, members in groups)
    panels: list[list[tuple[str, list]]] = [[] for _ in range(PANELS)]
    done = 0.0
    for name, members in groups:
        middle = done + (len(members) + GAP) / 2
        panels[min(int(PANELS * middle / total), PANELS - 1)].append((name, members))
        done += len(members) + GAP
    return [panel for panel in panels if panel]


def draw_panel(axes: Axes, panel: list[tuple[str, list]], height: float) -> None:
    """The features of one panel from top to bottom, each under its name."""
    y, ticks = 0.0, []
    for name, members in panel:
        ticks.append((y, name.replace("_", " "), True))
        for row in members:
            y += 1
            spread = row["us_per_clip"]
            axes.barh(y, spread["median"], color=colour(row), height=0.8)
            axes.hlines(y, spread["min"], spread["max"], color="black", linewidth=0.8)
            number = f"{spread['median']:,.0f}" if spread["median"] >= 10 else f"{spread['median']:.2g}"
            axes.text(1.1 * spread["max"], y, number, va="center", fontsize=7)
            ticks.append((y, row["label"], False))
        y += GAP
    axes.set_yticks([tick for tick, _, _ in ticks], [text for _, text, _ in ticks], fontsize=7.5)
    for label, (_, _, is_name) in zip(axes.get_yticklabels(), ticks, strict=True):
        if is_name:
            label.set(weight="bold", fontsize=9)
    axes.set_ylim(height, -1)
    light_frame(axes)


def colour(row: dict[str, object]) -> str:
    """Ours stands out."""
    is_adapter = row["library"] == "esc_gpu" and not row["is_ours"]
    return ADAPTER if is_adapter else COLOURS[row["library"]]


def legend(rows: list[dict[str, object]]) -> list[Patch]:
    """A patch for each colour that was used."""
    names = {value: key for key, value in COLOURS.items()} | {ADAPTER: "esc_gpu, other libraries' backends"}
    used = {colour(row) for row in rows}
    return [Patch(color=value, label=names[value]) for value in names if value in used]


FEED_COLOURS = {"a": "librosa", "b": "torchaudio", "g": "esc_gpu", "h": "esc_gpu"}
PRECOMPUTED = "#7f7f7f"


def plot_throughput(path: Path, result: dict[str, object]) -> None:
    """Clips a second of training by feed, a panel a feature; the pale bar under each is with augmentation."""
    features = list(result["features"])
    rows = {name: best_rows([row for row in result["rows"] if row["feature"] == name]) for name in features}
    height = max(len(members) for members in rows.values())
    figure = Figure(figsize=(6.2 * len(features), 1.5 + 0.5 * height), layout="constrained")
    for axes, name in zip(figure.subplots(1, len(features), squeeze=False)[0], features, strict=True):
        draw_feeds(axes, rows[name], height)
        axes.set(title=f"{name}, {' × '.join(map(str, result['features'][name]['shape']))}", xlabel="clips a second")
    what = f"Training of {result['backbone']} on {result['device'].upper()}, batches of {result['batch_size']}"
    figure.suptitle(f"{what}, CPU threads: {result['threads']}; pale: with augmentation of the waveform")
    save(figure, path)


def best_rows(rows: list[dict[str, object]]) -> list[dict[str, object]]:
    """Of each feed, compiled or not, the row with the number of workers that trains fastest."""
    best: dict[tuple[str, str], dict[str, object]] = {}
    for row in rows:
        key = row["feed"], row["compile"]
        if key not in best or row["training"]["median"] > best[key]["training"]["median"]:
            best[key] = row
    return list(best.values())


def draw_feeds(axes: Axes, rows: list[dict[str, object]], height: int) -> None:
    """The feeds of one feature from top to bottom."""
    ticks = []
    for y, row in enumerate(rows):
        name = FEED_COLOURS.get(row["feed"])
        pair = ((-0.2, "training", 1.0), (0.2, "training_augmented", 0.45))
        for offset, mode, alpha in pair if row["training_augmented"] else ((0.0, "training", 1.0),):
            spread = row[mode]
            axes.barh(y + offset, spread["median"], height=0.38, color=COLOURS.get(name, PRECOMPUTED), alpha=alpha)
            axes.hlines(y + offset, spread["min"], spread["max"], color="black", linewidth=0.8)
            text = f"{spread['median']:,.0f}" if spread["median"] >= 100 else f"{spread['median']:.1f}"
            axes.text(1.02 * spread["max"], y + offset, text, va="center", fontsize=7)
        workers = "" if row["workers"] is None else f"\nworkers: {row['workers']}"
        compiled = "" if row["compile"] == "no" else f"\ncompiled: {row['compile']}"
        ticks.append(f"({row['feed']}) {row['label'].removesuffix(', DataLoader')}{workers}{compiled}")
    axes.set_yticks(range(len(rows)), ticks, fontsize=7.5)
    axes.set_ylim(height - 0.4, -0.6)
    axes.margins(x=0.12)
    light_frame(axes)
