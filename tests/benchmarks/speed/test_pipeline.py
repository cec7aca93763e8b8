"""The benchmark of the training pipeline, from arguments to table and plot."""

import json
import sys

import pytest
import torch

from benchmarks.speed import pipeline, throughput
from benchmarks.speed.feeds import bench
from benchmarks.speed.feeds.base import KINDS
from tests.helpers.backends import needs_torchaudio
from tests.helpers.feed_material import RATE, SECONDS
from tools import doc_tables as tables


@needs_torchaudio
def test_from_arguments_to_table_and_plot(root, tmp_path, monkeypatch, capfd):
    for module in bench, throughput:
        monkeypatch.setattr(module, "WARM_UP", 1)  # how fast it is does not matter here
    options = {
        "root": root,
        "backbone": "test_resnet",
        "sample-rate": RATE,
        "clip-seconds": SECONDS,
        "batch-size": 4,
        "batches": 1,
        "rounds": 1,
        "workers": "0,1",
        "threads": 1,
        "work": tmp_path,
        "output": tmp_path / "results",
        "features": "logmel,stack",
    }
    arguments = [word for option, value in options.items() for word in (f"--{option}", str(value))]
    assert pipeline.main(arguments) == 0, capfd.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["results"]  # the temporary files are gone
    (file,) = (tmp_path / "results").glob("pipeline-*.json")
    assert file.with_suffix(".png").read_bytes().startswith(b"\x89PNG")
    result = json.loads(file.read_text(encoding="utf-8"))
    assert str(root) not in file.read_text(encoding="utf-8")

    rows = {(row["feature"], row["feed"], row["workers"]): row for row in result["rows"]}
    assert len(rows) == len(result["rows"]) == 12 + 10
    assert {feed for feature, feed, _ in rows if feature == "logmel"} == set(KINDS)
    for (_, feed, workers), row in rows.items():
        assert (workers is not None) == KINDS[feed].in_workers
        for mode in "training", "training_augmented", "inference":
            if mode == "training_augmented" and not KINDS[feed].augments:
                assert row[mode] is None
            else:
                assert 0 < row[mode]["min"] <= row[mode]["median"] <= row[mode]["max"]
            assert row["gpu_utilization"][mode] is row["watts"][mode] is None or torch.cuda.is_available()
        assert row["disk_bytes"] > 0
        assert (row["preparation_seconds"] > 0) == (feed not in "ab")
        assert (row["step_bytes"].get("training", 0) > 0) == (feed in "efgh")
    n_clips, n_samples = result["data"]["clips"], round(RATE * SECONDS)
    assert 0 <= rows["logmel", "h", None]["disk_bytes"] - 2 * n_clips * n_samples < 10_000
    assert result["features"]["stack"]["shape"] == [3, 84, 22]
    assert result["features"]["stack"]["store_bytes_per_sample"] == 2
    assert result["features"]["logmel"]["step_bytes_ratio"] > 1
    assert {(skip["feature"], skip["feed"]) for skip in result["skipped"]} == {("stack", "b")}

    table = tables.table(file.name, file.parent)
    first, second = (block.splitlines() for block in table.split("\n\n") if block.startswith("|"))
    assert len(first) == len(second) == 2 + len(KINDS)
    assert all(line.count("|") == first[0].count("|") for line in first)
    resident = next(line for line in first if line.startswith("| (f)")).split("|")
    assert [cell.strip() for cell in resident[3::3][:1]] == ["1.00"]
    assert "/ –" in resident[2]
    assert "No (b) for Stack: torchaudio has no CQT." in table


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--workers", "1,1"], "--workers is"),
        (["--rounds", "0"], "--rounds is 0"),
        (["--batch-size", "51"], "lower it"),
        (["--sample-rate", "44100"], "--sample-rate 22050"),
        (["--work", "no/such/folder"], "no/such/folder"),
        (["--backbone", "resnet0"], "resnet0"),
    ],
)
def test_what_cannot_be_measured_is_refused(root, tmp_path, capfd, options, message):
    shared = ["--root", str(root), "--sample-rate", str(RATE), "--clip-seconds", "0.5", "--output", str(tmp_path)]
    assert pipeline.main([*shared, "--features", "logmel", "--only", "f", *options]) == 2
    assert message in capfd.readouterr().err
    assert not list(tmp_path.iterdir())


def test_a_library_that_is_missing_is_a_row_less(root, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "benchmarks.peers.with_librosa", None)
    monkeypatch.delattr("benchmarks.peers.with_librosa", raising=False)
    options = ["--features", "logmel", "--only", "a,f", "--backbone", "test_resnet", "--rounds", "1", "--batches", "1"]
    clips = ["--root", str(root), "--sample-rate", str(RATE), "--clip-seconds", "0.5", "--batch-size", "4"]
    assert pipeline.main([*clips, *options, "--threads", "1", "--output", str(tmp_path)]) == 0
    (file,) = tmp_path.glob("pipeline-*.json")
    table = tables.table(file.name, tmp_path)
    assert "No (a) for log-mel: " in table and "(a) librosa" not in table and "| (f) " in table


def test_an_unknown_feed_is_refused(capsys):
    with pytest.raises(SystemExit):
        pipeline.main(["--root", ".", "--only", "a,z"])
    assert "'a,z' is not a list of a,b,c" in capsys.readouterr().err
