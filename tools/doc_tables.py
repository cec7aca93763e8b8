"""The tables of the README and the docs, made from the result files: `python -m tools.doc_tables` writes them in."""

import argparse
import re
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.accuracy.evaluation import evaluation_text
from benchmarks.accuracy.few_clips_table import few_clips_table
from benchmarks.accuracy.fusion import fusion_text
from benchmarks.accuracy.several_labels_table import several_labels_table
from benchmarks.accuracy.table import accuracy_table
from benchmarks.common.markdown import heading, line, literal, number
from benchmarks.common.paths import REPOSITORY, RESULTS
from benchmarks.exactness.error_table import error_table, with_backend
from benchmarks.exactness.levels import level_table
from benchmarks.exactness.peer_table import peer_table
from benchmarks.exactness.quantized import quantized_table
from benchmarks.reliability.fuzz_table import fuzz_table
from benchmarks.reliability.long_run import long_run_table
from benchmarks.speed.beside_estimates import table as beside_estimates
from benchmarks.speed.launches import launch_table
from benchmarks.speed.pipeline_table import pipeline_table
from esc_gpu.core.files import read_json, write_text
from esc_gpu.report.tables import mean_and_spread, percent
from tools.mutation_table import mutation_table

PAGES = [REPOSITORY / "README.md", *sorted((REPOSITORY / "docs").glob("*.md"))]


def fold_table(result: dict[str, object]) -> list[str]:
    """Accuracy, macro-F1 and top-3 of each fold, then mean ± standard deviation, in percent."""
    names = ("accuracy", "macro_f1", "top3_accuracy")
    part = "validation" if result["config"].get("validate") else "test"
    lines = heading(f"{part} fold", "clips", "accuracy", "macro-F1", "top-3")
    for fold in result["folds"]:
        lines.append(line(str(fold["fold"]), str(fold["clips"]), *[percent(fold[name]) for name in names]))
    overall = result["overall"]
    spread = [f"**{mean_and_spread(overall[name])}**" for name in names]
    lines.append(line("mean ± std", str(overall["clips"]), *spread))
    if "wall_seconds" in result:
        wall, training = result["wall_seconds"], result["seconds"]
        lines += ["", f"From audio files to report: {wall:.0f} s, of which {training:.0f} s training and evaluation."]
    return lines


PEERS = "librosa", "torchaudio", "nnAudio"


def frontend_table(result: dict[str, object]) -> list[str]:
    """One line a feature: our time, the peers' times as multiples of it, our error and bytes in a checkpoint."""
    lines = heading("front-end", "µs a clip", *[f"{peer} ×" for peer in PEERS], "error", "bytes in a checkpoint")
    features: dict[str, list[dict[str, object]]] = {}
    for row in result["rows"]:
        if "skipped" not in row:
            features.setdefault(row["name"], []).append(row)
    for name, rows in features.items():
        ours = [row for row in rows if row["is_ours"] and not row["is_member"]]
        if not ours:
            continue
        best = min(ours, key=median)
        cells = [fastest_of(peer, rows, median(best)) for peer in PEERS]
        label = name if best["label"] == "native" else f"{name} ({best['label']})"
        error = "–" if best["relative_error"] is None else f"{best['relative_error']:.1e}"
        lines.append(line(label, number(median(best)), *cells, error, str(best["state_dict_bytes"])))
    if any(row["differs"] for rows in features.values() for row in rows if row["library"] in PEERS):
        lines += ["", "A × in brackets compares with another definition, such as an approximation or other edges."]
    return lines


def median(row: dict[str, object]) -> float:
    """Microseconds a clip."""
    return row["us_per_clip"]["median"]


def fastest_of(library: str, rows: list[dict[str, object]], ours: float) -> str:
    """The time over ours of a library's fastest row with our definition; in brackets, of one with another."""
    candidates = [row for row in rows if row["library"] == library]
    if not candidates:
        return "–"
    fastest = min(candidates, key=lambda row: (row["differs"] is not None, median(row)))
    ratio = number(median(fastest) / ours)
    return f"({ratio})" if fastest["differs"] else ratio


def graph_table(result: dict[str, object]) -> list[str]:
    """Which front-ends compile, export and run in ONNX Runtime."""
    lines = heading("front-end", "torch.compile", "torch.export", "ONNX", "error in ONNX Runtime")
    for row in result["rows"]:
        error = "–" if row.get("onnx_error") is None else f"{row['onnx_error']:.1e}"
        outcomes = [literal(row[check]) for check in ("compile", "export", "onnx")]
        lines.append(line(with_backend(row), *outcomes, error))
    return lines


def recording_table(result: dict[str, object]) -> list[str]:
    """Seconds and memory of a long recording."""
    lines = heading("front-end", f"seconds for {result['minutes']:g} minutes", "GB at the peak", "GB of features")
    for row in result["rows"]:
        gigabytes = [f"{row[key] / 1e9:.2f}" for key in ("peak_bytes", "output_bytes")]
        lines.append(line(row["name"], f"{row['seconds']:.1f}", *gigabytes))
    return lines


def preset_table(result: dict[str, object]) -> list[str]:
    """One line a preset: its reference, how far from it, and both times."""
    lines = heading("preset", "reference", "clip in s", "largest difference", "of", "ms a clip", "theirs", "ratio")
    for row in result["rows"]:
        if "skipped" not in row:
            ours, theirs = (row[f"ms_per_clip_{whose}"]["median"] for whose in ("ours", "theirs"))
            reference = f"{row['library']} {row['version']}".strip()
            apart = [f"{row['largest_difference']:.0e}", f"{row['largest_value']:.3g}"]
            times = [number(ours), number(theirs), number(theirs / ours)]
            lines.append(line(f"`{row['name']}`", reference, f"{row['seconds']:g}", *apart, *times))
    return [*lines, "", f"Of: the largest of the values that the model sees. Batches of {result['batch']} clips."]


def stream_table(result: dict[str, object]) -> list[str]:
    """Latency and time of features of a stream, and what is refused."""
    chunks = [f"µs, {chunk} ms chunks" for chunk in result["chunk_ms"]]
    lines = heading("front-end", "latency in s", *chunks, "µs, whole clip", "largest difference")
    for row in result["rows"]:
        if "refused" not in row:
            times = [f"{time['median']:.0f}" for time in row["microseconds"].values()]
            lines.append(line(row["name"], f"{row['latency_seconds']:.3f}", *times, f"{row['difference']:.0e}"))
    refused = [row["refused"] for row in result["rows"] if "refused" in row]
    return [*lines, "", f"µs of computing for each second of audio. {'. '.join([*refused, ''])}".strip()]


def process_table(result: dict[str, object]) -> list[str]:
    """Pairs of runs down: how far apart their curves are and how often their accuracies differ."""
    marks = range(1, result["epochs"] + 1)
    lines = heading("against one process, one thread", *[f"loss, epoch {n}" for n in marks], "folds as accurate")
    for pair in result["pairs"]:
        one, other = pair["accuracy"]
        same = sum(a == b for a, b in zip(one, other, strict=True))
        differences = [f"{pair['loss_difference'][n - 1]:.0e}" for n in marks]
        lines.append(line(pair["name"], *differences, f"{same} of {len(one)}"))
    bins, hop = result["image"]["n_mels"], result["image"]["hop_length"]
    return [
        *lines,
        "",
        f"Each cell is the largest difference of the training loss of a fold after that epoch, with "
        f"{result['backbone']} on log-mel of {bins} bands, hop {hop}, batches of {result['batch_size']} and learning "
        f"rate {result['lr']:g}.",
    ]


def at_once_table(result: dict[str, object]) -> list[str]:
    """One after another against side by side: the seconds of each round."""
    lines = heading("folds at once", "seconds", "median")
    for row in result["rows"]:
        lines.append(line(row["folds_at_once"], ", ".join(map(number, row["seconds"])), number(row["median_seconds"])))
    folds, epochs = len(result["folds"]), result["epochs"]
    return [
        *lines,
        "",
        f"The seconds are those of training and evaluation of {folds} folds for {epochs} epochs on "
        f"{result['threads']} threads, with {result['backbone']} and precision {result['mixed_precision']}. Side by "
        f"side is {result['speedup']:.2f} × as fast.",
    ]


def augmentation_table(result: dict[str, object]) -> list[str]:
    """One line an augmentation: its time, alone and beside that of a training step."""
    lines = heading("augmentation", "of", "µs a clip", "% of the backbone's step")
    for row in result["rows"]:
        lines.append(line(row["name"], row["applied_to"], number(median(row)), number(100 * row["share_of_step"])))
    bins, frames = result["image_size"]
    return [
        *lines,
        "",
        f"Times include the random numbers and are medians over {result['repeats']} rounds. The step is the forward "
        f"and backward pass of {result['backbone']} on images of {bins} × {frames}, in precision "
        f"{result['mixed_precision']}: {number(median(result['step']))} µs a clip. Data: {result['data']}, batches of "
        f"{result['batch']}.",
    ]


def kill_table(result: dict[str, object]) -> list[str]:
    """How often a run was killed in each phase, and what came of it."""
    lines = heading("killed during", "times")
    lines += [line(phase, str(times)) for phase, times in result["phases"].items()]
    return [
        *lines,
        "",
        f"There were {result['kills']} kills of {result['runs']} runs ({result['recordings']}, {len(result['folds'])} "
        f"folds of {result['epochs']} epochs), and each run was resumed. Results that differ from those of a run that "
        f"was never killed: {len(result['differences'])}. Incomplete checkpoints: {result['cut_off_checkpoints']}. "
        f"Partly written files that the next start removed: {result['partial_files']}.",
    ]


def size_table(result: dict[str, object]) -> list[str]:
    """One line an extra: packages and gigabytes."""
    lines = heading("install", "packages", "GB", "GB besides torch and its CUDA libraries")
    for row in result["rows"]:
        name = f"esc_gpu[{row['extra']}]" if row["extra"] else "esc_gpu"
        gigabytes = [f"{row[key] / 1e9:.1f}" for key in ("bytes", "bytes_beside_torch")]
        lines.append(line(f"`{name}`", str(row["packages"]), *gigabytes))
    return lines


TABLES = {
    "accuracy": accuracy_table,
    "augmentations": augmentation_table,
    "cross_validation": fold_table,
    "few_clips": few_clips_table,
    "frontends": frontend_table,
    "fusion": fusion_text,
    "fuzz_audio": fuzz_table,
    "errors": error_table,
    "folds_at_once": at_once_table,
    "gpu": lambda result: beside_estimates(result["beside_estimates"]),
    "graphs": graph_table,
    "installed_size": size_table,
    "launches": launch_table,
    "levels": level_table,
    "kills": kill_table,
    "long_recording": recording_table,
    "long_run": long_run_table,
    "mutations": mutation_table,
    "peers": peer_table,
    "pipeline": pipeline_table,
    "presets": preset_table,
    "processes": process_table,
    "quantized": quantized_table,
    "several_labels": several_labels_table,
    "streams": stream_table,
}


def table(file: str, folder: Path = RESULTS) -> str:
    """The Markdown of one result file, or of FILE#PART, with what it was made on."""
    file, _, part = file.partition("#")
    result = read_json(folder / file)
    if part and result["benchmark"] == "gpu":
        result = {"environment": result["environment"], **result["parts"][part]["result"]}
    environment, versions = result["environment"], result["environment"]["versions"]
    hardware = environment["gpu"]["name"] if environment["gpu"] else f"{environment['cpu']}, no GPU"
    made_on = f"{hardware}; CPU threads: {environment['threads']}; torch {versions['torch']}"
    if result["benchmark"] == "evaluation":
        lines = evaluation_text(result, part)
    else:
        lines = TABLES[result["benchmark"]](result)
    return "\n".join([*lines, "", f"From `benchmarks/results/{file}` ({made_on})."])


def fill(text: str) -> str:
    """`text` with every block between `<!-- table FILE -->` and `<!-- end -->` made anew."""
    block = re.compile(r"(<!-- table (\S+) -->\n).*?(<!-- end -->)", re.DOTALL)
    return block.sub(lambda match: f"{match[1]}{table(match[2])}\n{match[3]}", text)


def main(argv: Sequence[str] | None = None) -> int:
    argparse.ArgumentParser(prog="python -m tools.doc_tables", description=__doc__).parse_args(argv)
    for page in PAGES:
        if page.exists():
            write_text(page, fill(page.read_text(encoding="utf-8")))
    return 0


if __name__ == "__main__":
    sys.exit(main())
