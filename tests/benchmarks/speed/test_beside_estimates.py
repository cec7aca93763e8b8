"""A measurement stands beside its own estimate, and beside the limit of that card's memory."""

import pytest

from benchmarks.common.cards import CARDS, card_of
from benchmarks.speed.beside_estimates import compare, print_table, table
from benchmarks.speed.estimates import FRONTENDS_US, STEP_US, estimate_frontend, has_estimate

LIMITS = {"device": "NVIDIA H200", "bandwidth_gb": 4000.0}
ROW = {"name": "logmel", "label": "native", "on_host": False, "us_per_clip": {"median": 12.0}}
ROW |= {"output_bytes": 64 * 200_000, "batch": 64, "joules_per_clip": 0.004}
FRONTENDS = {
    "clip_bytes": 800_000,
    "rows": [
        ROW,
        ROW | {"label": "librosa", "on_host": True},
        {"name": "logmel", "label": "torchaudio", "on_host": False, "skipped": "not installed"},
        {**ROW, "name": "mfcc", "joules_per_clip": None},
    ],
}
STEP = {"feature": "logmel", "feed": "h", "label": "esc_gpu, on the device", "workers": None, "compile": "no"}
STEP |= {"training": {"median": 10_000.0}, "watts": {"training": 500.0}}
PIPELINE = {
    "rows": [
        STEP,
        STEP | {"compile": "default", "watts": {"training": None}},
        STEP | {"feed": "a", "label": "librosa", "workers": 8},
        STEP | {"training": None},
    ]
}


def test_each_beside_its_own():
    rows = {row["what"]: row for row in compare({"limits": LIMITS, "frontends": FRONTENDS, "pipeline": PIPELINE})}
    assert rows.pop("logmel, native") == {
        "what": "logmel, native",
        "measured_us": 12.0,
        "estimate_us": FRONTENDS_US["logmel", "native"]["h200"],
        "limit_us": pytest.approx(0.25),  # 1 MB at 4 TB/s
        "joules": 0.004,
    }
    assert rows.pop("mfcc, native")["estimate_us"] is None
    step = rows.pop("logmel, step of (h) esc_gpu, on the device")
    assert step["measured_us"] == pytest.approx(100) and step["estimate_us"] == STEP_US["h200"]
    assert step["joules"] == pytest.approx(0.05) and step["limit_us"] is None
    compiled = rows.pop("logmel, step of (h) esc_gpu, on the device, compiled (default)")
    assert compiled["estimate_us"] is None and compiled["joules"] is None
    assert rows.pop("logmel, step of (a) librosa, 8 workers")["estimate_us"] is None
    assert not rows


def test_without_limits_or_on_an_unknown_card_nothing_is_made_up(capsys):
    for results in ({"frontends": FRONTENDS}, {"frontends": FRONTENDS, "limits": LIMITS | {"device": "Some GPU"}}):
        row = compare(results)[0]
        assert row["estimate_us"] is None and row["measured_us"] == 12.0
    assert compare({}) == []
    print_table([])
    assert capsys.readouterr().out == ""


def test_the_table_says_which_is_which():
    lines = table(compare({"limits": LIMITS, "frontends": FRONTENDS}))
    assert lines[0] == "| what | µs a clip, measured | estimated before | limit of the memory | joules a clip |"
    assert lines[2] == "| logmel, native | 12 | 9.7 | 0.25 | 0.004 |"
    assert lines[3] == "| mfcc, native | 12 | – | 0.25 | – |"


def test_cards_go_by_their_drivers_names():
    names = {
        "NVIDIA H200": "h200",
        "NVIDIA H100 80GB HBM3": "h100",
        "NVIDIA A100-SXM4-80GB": "a100",
        "NVIDIA GeForce RTX 4090": "rtx-4090",
        "Tesla T4": "t4",
    }
    assert {name: card_of(name) for name in names} == {name: CARDS[key] for name, key in names.items()}
    assert card_of("Tesla T40") is None and card_of("cpu") is None


def test_estimates_are_of_cards_and_front_ends_that_there_are():
    assert all(set(by_card) <= set(CARDS) for by_card in (*FRONTENDS_US.values(), STEP_US))
    assert has_estimate("cqt") and not has_estimate("mfcc")
    assert estimate_frontend("cqt", "native", "t4") is None and estimate_frontend("cqt", "native", None) is None
