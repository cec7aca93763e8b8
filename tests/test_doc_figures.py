"""The figures in the sentences of the pages are those of the result files, as the tables are."""

import re

from esc_gpu.core.files import read_json
from esc_gpu.report.tables import mean_and_spread
from tests.helpers.paths import DOCS
from tools.doc_tables import RESULTS


def sentences(page):
    return " ".join((DOCS / page).read_text(encoding="utf-8").split())


def test_accuracies_are_those_of_the_files_beside_them():
    named = re.findall(r"\[(\d\d\.\d\d ± \d\.\d\d)\]\(\.\./benchmarks/results/([\w.-]+)\)", sentences("accuracy.md"))
    found = [(mean_and_spread(read_json(RESULTS / file)["overall"]["accuracy"]), file) for _, file in named]
    assert len(named) >= 6 and named == found


def test_precisions_are_those_of_the_files_beside_them():
    rows = re.findall(r"\| (bf16|float32) \| \[[^]]+\]\(\.\./benchmarks/results/([\w.-]+)\)", sentences("accuracy.md"))
    found = [
        ({"no": "float32"}.get(precision := read_json(RESULTS / file)["mixed_precision"], precision), file)
        for _, file in rows
    ]
    assert len(rows) >= 6 and rows == found


def test_mistakes_in_the_same_places():
    alike = ("rain", "sea_waves", "crackling_fire", "helicopter", "chainsaw")
    counts = []
    for name in ("delta", "logmel"):
        result = read_json(RESULTS / f"cross-validation-esc10-{name}-best-mixing-cpu-2026-11-29.json")
        matrix = result["overall"]["confusion_matrix"]
        mistakes = {
            label: sum(row) - row[k] for k, (label, row) in enumerate(zip(result["class_names"], matrix, strict=True))
        }
        counts.append((sum(mistakes[label] for label in alike), sum(mistakes.values())))
    said = "cause {} of {} mistakes here and {} of {} with log-mel alone".format(*counts[0], *counts[1])
    assert said in sentences("accuracy.md")


def test_speeds_and_memory_of_the_pipeline():
    found = read_json(RESULTS / "pipeline-cpu-2026-11-24.json")["rows"]
    rows = {(row["feature"], row["feed"], row["workers"], row["compile"]): row for row in found}

    def speed(*row):
        return rows[row]["training"]["median"]

    slower = {
        name: 1 - speed(name, "h", None, "no") / speed(name, "f", None, "no") for name in ("logmel", "cqt", "stack")
    }
    page = sentences("benchmarks.md")
    assert f"{100 * slower['logmel']:.0f} % (log-mel) to {100 * slower['stack']:.0f} % (stack) slower" in page
    assert slower["logmel"] < slower["cqt"] < slower["stack"]
    memory = [
        rows[name, "h", None, "no"]["step_bytes"]["training"] / rows[name, "f", None, "no"]["step_bytes"]["training"]
        - 1
        for name in slower
    ]
    assert f"takes {100 * min(memory):.0f} to {100 * max(memory):.0f} % more memory" in page
    librosa, torchaudio = ([speed("logmel", feed, n, "no") for n in (0, 1, 2)] for feed in "ab")
    assert (
        "at {:.1f}, {:.1f} and {:.1f} clips/s, and torchaudio's at {:.1f}, {:.1f} and {:.1f}".format(
            *librosa, *torchaudio
        )
        in page
    )
    compiled, plain = speed("logmel", "h", None, "default"), speed("logmel", "h", None, "no")
    assert f"{compiled:.1f} clips/s, and {plain:.1f} without" in sentences("training.md")


def test_ratios_to_an_earlier_commit():
    rows = read_json(RESULTS / "beside-commit-cpu-2026-11-30.json")["rows"]
    ratios = {row["name"]: row["ratio"] for row in rows}
    rms = ratios.pop("rms")
    between = f"lie between {min(ratios.values()):.2f} and {max(ratios.values()):.2f}, except for `rms` with {rms:.2f}"
    assert between in sentences("benchmarks.md")
    rows = read_json(RESULTS / "beside-commit-options-cpu-2026-11-30.json")["rows"]
    ratios = [row["ratio"] for row in rows]
    assert len(ratios) == 20 and f"lie between {min(ratios):.2f} and {max(ratios):.2f}." in sentences("benchmarks.md")
