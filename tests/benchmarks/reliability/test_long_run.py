"""The benchmark of long runs: a short one from arguments to table, and that it would see what grows."""

import json
import mmap
import os
import threading

import pytest

from benchmarks.reliability import long_run
from benchmarks.reliability.long_run import long_run_table, look
from esc_gpu.experiment import cross_validation as experiment
from tools import doc_tables as tables


def test_a_short_one_from_arguments_to_table(tmp_path, blank_pictures, capsys):
    options = ("--steps", "24", "--every", "5", "--warm-up", "15", "--folds", "4")
    assert long_run.main([*options, "--output", str(tmp_path)]) == 0
    (file,) = tmp_path.glob("long-run-*.json")
    result = json.loads(file.read_text(encoding="utf-8"))
    assert [each["step"] for each in result["steps"]] == [15, 20, 25, 30, 35, 40]  # two epochs of 20
    assert [each["fold"] for each in result["folds"]] == [1, 2, 3, 4]
    for each in result["steps"] + result["folds"]:
        assert each["rss_bytes"] > 1e7 and each["handles"] > 2 and each["threads"] >= 1
    for name in ("handles", "threads"):  # the first fold opens what stays
        assert len({each[name] for each in result["folds"][1:]}) == 1
    lines = tables.table(file.name, tmp_path).splitlines()
    assert lines[2].startswith("| resident memory, MB; steps | ")
    assert any(line.startswith("| threads; folds | ") for line in lines)
    text = "".join(lines)
    assert "was read 6 times between steps 15 and 40 of one fold, and after each of 4 folds" in text


def test_what_a_fold_leaves_open_is_seen(tmp_path, blank_pictures, monkeypatch):
    finish, left = experiment.finish_fold, []
    done = threading.Event()

    def leave(*arguments):
        left.append(os.open(os.devnull, os.O_RDONLY))
        threading.Thread(target=done.wait).start()
        return finish(*arguments)

    monkeypatch.setattr(experiment, "finish_fold", leave)
    try:
        looks = long_run.many_folds(tmp_path, 3)
    finally:
        done.set()
        for handle in left:
            os.close(handle)
    assert looks[2]["handles"] == looks[1]["handles"] + 1
    assert looks[2]["threads"] == looks[1]["threads"] + 1


def test_memory_that_is_held_is_seen():
    before = look()["rss_bytes"]
    with mmap.mmap(-1, 50_000_000) as held:
        held.write(b"x" * len(held))
        assert look()["rss_bytes"] - before > 40e6


def test_the_table_has_the_first_the_last_and_the_range():
    each = {"rss_bytes": 2e8, "allocated_bytes": 1e6, "reserved_bytes": 2e6, "handles": 9, "threads": 3}
    steps = [{"step": step, **each, "rss_bytes": rss} for step, rss in ((200, 2e8), (250, 3e8), (300, 2.5e8))]
    result = {"steps": steps, "folds": [{"fold": 1, **each}], "backbone": "test_resnet", "batch_size": 8}
    lines = long_run_table(result)
    assert "| resident memory, MB; steps | 200 | 250 | 200 | 300 |" in lines
    assert "| GPU memory of tensors, MB; folds | 1 | 1 | 1 | 1 |" in lines


@pytest.mark.skipif("__import__('torch').cuda.is_available()", reason="there is a CUDA device")
def test_without_a_gpu_it_can_be_refused(capsys):
    assert long_run.main(["--require-gpu"]) == 2
    assert "torch sees no CUDA device" in capsys.readouterr().err
