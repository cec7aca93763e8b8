"""The tables of the training pipeline's benchmark: speeds, and what they cost."""

from benchmarks.common.markdown import heading, line, number

FEATURES = {"logmel": "log-mel", "cqt": "CQT", "stack": "Stack"}  # columns, those that were measured


def pipeline_table(result: dict[str, object]) -> list[str]:
    """Feeds down, features across: clips a second; then what each feed takes on disk, before, and in memory."""
    names = [name for name in FEATURES if name in result["features"]]
    feeds: dict[tuple[str, str], dict[str, list[dict[str, object]]]] = {}
    for row in result["rows"]:
        label = row["label"] if row["compile"] == "no" else f"{row['label']}, compiled ({row['compile']})"
        feeds.setdefault((row["feed"], label), {}).setdefault(row["feature"], []).append(row)
    labels = [f"({letter}) {label}" for letter, label in feeds]
    speeds = [[f"{FEATURES[name]}: training", f"{FEATURES[name]}: × (f)"] for name in names]
    if "logmel" in names:
        speeds[0].append("log-mel: inference")
    lines = heading("feed", *[column for group in speeds for column in group])
    for label, by_feature in zip(labels, feeds.values(), strict=True):
        cells = [label]
        for name in names:
            rows = by_feature.get(name, [])
            cells += [training_cell(rows), ratio_cell(rows, feeds, name)]
            if name == "logmel":
                cells.append(workers_cell([best_of(rows, "inference")]))
        lines.append(line(*cells))
    lines += ["", *pipeline_notes(result), "", *cost_table(names, labels, list(feeds.values()))]
    return [*lines, "", *memory_notes(result, names)]


def training_cell(rows: list[dict[str, object]]) -> str:
    """Clips a second without and with augmentation, and of how many workers."""
    bests = [best_of(rows, mode) for mode in ("training", "training_augmented")]
    return "–" if bests == [None, None] else workers_cell(bests)


def best_of(rows: list[dict[str, object]], mode: str) -> tuple[float, int | None] | None:
    """The highest median, and the number of workers that it was reached with."""
    speeds = [(row[mode]["median"], row["workers"]) for row in rows if row[mode]]
    return max(speeds, key=lambda speed: speed[0], default=None)


def workers_cell(bests: list[tuple[float, int | None] | None]) -> str:
    """Speeds with their numbers of workers, which are not repeated where they are the same."""
    counts = {best[1] for best in bests if best is not None}
    shared = counts.pop() if len(counts) == 1 else None
    texts = []
    for best in bests:
        own = best[1] if best is not None and shared is None else None
        texts.append("–" if best is None else number(best[0]) + ("" if own is None else f" [{own}]"))
    return " / ".join(texts) + ("" if shared is None else f" [{shared}]")


def ratio_cell(rows: list[dict[str, object]], feeds: dict, name: str) -> str:
    """Training without augmentation over that of features on the device."""
    best = best_of(rows, "training")
    resident = [row for (letter, _), by_feature in feeds.items() if letter == "f" for row in by_feature.get(name, [])]
    baseline = best_of(resident, "training")
    return "–" if best is None or baseline is None else f"{best[0] / baseline[0]:.2f}"


def pipeline_notes(result: dict[str, object]) -> list[str]:
    """What the first table's numbers are."""
    augmentation, data = result["augmentation"], result["data"]
    features: dict[tuple[str, str], list[str]] = {}
    for skip in result["skipped"]:
        features.setdefault((skip["feed"], skip["reason"]), []).append(FEATURES[skip["feature"]])
    skipped = "".join(f" No ({feed}) for {', '.join(names)}: {reason}." for (feed, reason), names in features.items())
    in_memory = " On the CPU, (e) and (f) are both in main memory." if result["device"] == "cpu" else ""
    rate = f"{data['sample_rate'] / 1000:g} kHz"
    return [
        f"Speeds are clips a second of {result['backbone']}, medians over {result['rounds']} rounds: training without "
        f"/ with augmentation of the waveform (shifts of up to {augmentation['shift_seconds']:g} s, gains of up to "
        f"{augmentation['gain_db']:g} dB). Precomputed features cannot have this augmentation (–). "
        f"[n] is the fastest number of DataLoader workers among {', '.join(map(str, result['workers']))}. "
        f"× (f) compares speeds without augmentation.{in_memory}{skipped} "
        f"Data: {data['clips']} clips of {data['clip_seconds']:g} s at {rate} ({data['format']}), "
        f"batches of {result['batch_size']}, precision {precision(result)}."
    ]


def precision(result: dict[str, object]) -> str:
    """Of the backbone."""
    return "float32" if result["mixed_precision"] == "no" else result["mixed_precision"]


def cost_table(names: list[str], labels: list[str], feeds: list[dict[str, list[dict[str, object]]]]) -> list[str]:
    """Disk, preparation and memory of each feed, the features' one after another in a cell."""
    titles = "MB on disk", "seconds of preparation", "MB at the peak of a training step"
    features = " / ".join(FEATURES[name] for name in names)
    lines = heading("feed", *[f"{title}: {features}" for title in titles])
    for label, by_feature in zip(labels, feeds, strict=True):
        rows = [by_feature.get(name, [None])[0] for name in names]
        disk = [row and f"{row['disk_bytes'] / 1e6:,.0f}" for row in rows]
        seconds = [row and f"{row['preparation_seconds']:.1f}" for row in rows]
        peaks = [row and row["step_bytes"].get("training") for row in rows]
        cells = [disk, seconds, [peak and f"{peak / 1e6:,.0f}" for peak in peaks]]
        lines.append(line(label, *[" / ".join(text or "–" for text in cell) if any(cell) else "–" for cell in cells]))
    return lines


def memory_notes(result: dict[str, object], names: list[str]) -> list[str]:
    """The step on waveforms beside that on features."""
    features = result["features"]
    ratios = [(name, features[name]["step_bytes_ratio"]) for name in names]
    compared = ", ".join(f"{FEATURES[name]} {ratio:.2f}" for name, ratio in ratios if ratio)
    per_sample = features[names[0]]["store_bytes_per_sample"]
    first = f"A step of (h) needs more memory than a step of (f), by these factors: {compared}. " if compared else ""
    return [
        f"{first}The store takes {per_sample:g} bytes a sample. Preparation includes decoding, features and writing "
        "for (c) to (f), and decoding and writing for (g) and (h)."
    ]
