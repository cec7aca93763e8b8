"""docs/choose.md has every front-end, with the times and accuracies of the result files that it names."""

import re

from esc_gpu import list_frontends
from esc_gpu.core.files import read_json
from tests.helpers.paths import DOCS, REPOSITORY

TEXT = (DOCS / "choose.md").read_text(encoding="utf-8")
RESULTS = {
    name: REPOSITORY / "benchmarks" / "results" / f"{name}{rest}"
    for name, rest in re.findall(r"\[this file\]\(\.\./benchmarks/results/(\w+)(-[\w.-]+)\)", TEXT)
}
ROWS = {
    name: cells
    for name, *cells in re.findall(r"^\| `(\w+)` \| [^|]+ \| [^|]+ \| ([^|]+) \| ([^|]+) \|$", TEXT, re.MULTILINE)
}
OF_COMPARISON = {"delta": "log-mel + Δ + ΔΔ", "stack": "log-mel + MFCC + CQT"}


def test_every_front_end_has_its_row():
    assert list(ROWS) == list_frontends()


def test_the_times_are_those_of_the_result_file():
    rows = read_json(RESULTS["frontends"])["rows"]
    times = {
        row["name"]: row["us_per_clip"]["median"] for row in rows if row["label"] == "native" and not row["is_member"]
    }
    assert {name: ms for name, (ms, _) in ROWS.items()} == {
        name: f"{times[name] / 1000:.1f}" if name in times else "–" for name in ROWS
    }


def test_the_accuracies_are_those_of_the_result_file():
    rows = read_json(RESULTS["accuracy"])["rows"]
    single = {row["frontend"]: row for row in rows if row["frontend"] not in OF_COMPARISON}
    accuracies = single | {
        name: next(row for row in rows if row["name"] == label) for name, label in OF_COMPARISON.items()
    }
    for name, (_, accuracy) in ROWS.items():
        assert accuracy == (f"{100 * accuracies[name]['accuracy']:.2f}" if name in accuracies else "–"), name
    told_apart = {row["frontend"] for row in rows if (row["against_reference"] or {"p_holm": 1})["p_holm"] < 0.05}
    assert told_apart == {"mfcc", "spectrogram"}
