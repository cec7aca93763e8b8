"""The estimate of a step: what is counted is the step's, and said to be an estimate."""

import json
from unittest.mock import patch

import pytest

from benchmarks.common.cards import ASSUMED_LAUNCH_US, CARDS
from benchmarks.common.launches import Work
from benchmarks.speed import launches
from esc_gpu.config.parse import parse_run

SMALL = ["--config", "configs/demo.yaml", "--data.clip_seconds", "1", "--model.backbone", "test_resnet"]


def config_of(*options):
    return parse_run([*SMALL, "--train.batch_size", "8", *options], "launches")


@pytest.fixture(scope="module")
def plain():
    return launches.count_step(config_of())


@pytest.fixture(scope="module")
def result(plain):
    with patch.object(launches, "count_step", lambda config: plain):
        return launches.estimate(config_of(), ["h200", "t4"])


def test_a_step_has_its_phases(plain):
    assert list(plain) == ["augmentation", "front-end", "forward", "backward", "optimiser"]
    assert all(work.launches > 0 and work.bytes > 0 for work in plain.values())
    assert not any(work.waits or work.copies for work in plain.values())
    assert plain["front-end"].operations["_fft_r2c"] == 1 and plain["optimiser"].operations["_fused_adamw_"] == 2
    assert plain["forward"].operations["convolution"] == plain["backward"].operations["convolution_backward"] / 2 + 0.5


def test_twice_the_clips_are_as_many_launches_and_twice_the_bytes_but_for_weights(plain):
    twice = launches.count_step(config_of("--train.batch_size", "16"))
    for name in ("front-end", "forward", "backward"):
        assert twice[name].launches == plain[name].launches
        weights = 2 * plain[name].bytes - twice[name].bytes  # and tables: what is read once, however many the clips
        assert 0 <= weights < 0.6 * plain[name].bytes
    assert twice["optimiser"].bytes == plain["optimiser"].bytes  # of weights, not of clips


def test_what_a_run_does_besides_is_counted(plain):
    more = launches.count_step(config_of("--train.ema_decay", "0.9", "--augment.mixup_alpha", "0.3"))
    assert more["averaging"].launches > 0
    assert more["augmentation"].launches > plain["augmentation"].launches
    assert more["forward"].launches == plain["forward"].launches


def test_the_times_are_bytes_by_bandwidth_and_launches_by_an_assumption():
    work = Work(launches=7, read=3 * 10**9, written=10**9)
    assert launches.memory_us(work, CARDS["h200"]) == pytest.approx(4 / 4800 * 1e6)
    assert launches.host_us(work) == 7 * ASSUMED_LAUNCH_US


def test_the_step_is_the_sum_of_its_phases(result, plain):
    *phases, step = result["rows"]
    assert step["phase"] == "step" and [row["phase"] for row in phases] == list(plain)
    for key in ("launches", "bytes"):
        assert step[key] == sum(row[key] for row in phases)
    assert set(step["memory_us"]) == {"h200", "t4"} and result["is_estimate"]


def test_the_table_says_that_it_is_an_estimate(result):
    lines = launches.launch_table(result)
    assert lines[0] == ("| phase | launches | MB | µs of the memory, H200 | µs of the memory, T4 | µs of the host |")
    assert "nothing was run on a GPU" in lines[-1] and "assumed" in lines[-1]


def test_it_prints_and_keeps_on_request(result, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(launches, "estimate", lambda config, cards: result | {"asked": list(cards)})
    assert launches.main([*SMALL, "--card", "t4", "--output", str(tmp_path)]) == 0
    assert "| **step** |" in capsys.readouterr().out and not list(tmp_path.iterdir())
    assert launches.main([*SMALL, "--output", str(tmp_path), "--keep"]) == 0
    (file,) = tmp_path.glob("launches-*.json")
    assert json.loads(file.read_text(encoding="utf-8"))["asked"] == list(CARDS)
