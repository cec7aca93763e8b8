"""The benchmark of the training pipeline: from arguments to table and plot, and what keeps it honest."""

import dataclasses
import json
import multiprocessing
import sys
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from benchmarks.common.memory import allocated_bytes, profiled_bytes
from benchmarks.speed import pipeline
from benchmarks.speed.feeds.agreement import check_feed
from benchmarks.speed.feeds.base import KINDS, Feed, Material
from benchmarks.speed.feeds.precompute import precompute
from benchmarks.speed.feeds.registry import create_feed
from benchmarks.speed.pipeline_table import best_of, workers_cell
from benchmarks.speed.throughput import UtilizationSampler, clip_order, measure_round
from esc_gpu import EscGpuError, create_frontend
from esc_gpu.config.schema import DataConfig, RunConfig
from esc_gpu.data.recordings.esc50 import read_esc50
from esc_gpu.data.recordings.synthetic import write_synthetic
from esc_gpu.data.store.build import open_store
from tools import doc_tables as tables

CPU = torch.device("cpu")
RATE, SECONDS = 22050, 1.0
MB = 10**6


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    return write_synthetic(tmp_path_factory.mktemp("synthetic"), clips_per_class=5, progress=False)


@pytest.fixture(scope="module")
def material(root, tmp_path_factory):
    """A dozen clips and their log-mel."""
    work = tmp_path_factory.mktemp("material")
    recordings = read_esc50(root)
    paths = recordings.paths[::4][:12]
    frontend = create_frontend("logmel", sample_rate=RATE, n_mels=32, hop_length=512)
    store = open_store(paths, sample_rate=RATE, clip_seconds=SECONDS, cache_dir=work / "stores", progress=False)
    return Material(
        config=RunConfig(data=DataConfig(sample_rate=RATE, clip_seconds=SECONDS)),
        device=CPU,
        paths=paths,
        labels=recordings.labels[::4][:12],
        n_samples=store.n_samples,
        frontend=frontend,
        store=store,
        precomputed=precompute(paths, RATE, store.n_samples, frontend, CPU, work / "features"),
    )


ORDER = clip_order(12, 4, 3, seed=0)


# ---- the command


def test_from_arguments_to_table_and_plot(root, tmp_path, capfd):
    options = {
        "root": root,
        "backbone": "test_resnet",
        "sample-rate": RATE,
        "clip-seconds": SECONDS,
        "batch-size": 4,
        "batches": 2,
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
    result = json.loads(file.read_text())
    assert str(root) not in file.read_text()

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
            assert row["gpu_utilization"][mode] is None or torch.cuda.is_available()
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


# ---- the feeds bring the same clips


@pytest.mark.parametrize("letter", KINDS)
def test_a_right_feed_passes(material, letter):
    assert check_feed(letter, create_feed(letter, material), material, ORDER) < 0.01


class Wrong(Feed):
    """The resident feed, with its batches changed."""

    def __init__(self, material, change):
        self.feed, self.change = create_feed("f", material), change

    def batches(self, index_batches, augmented=False):
        yield from list(self.feed.batches(self.change(index_batches)))


def test_one_batch_again_and_again_is_caught(material):
    wrong = Wrong(material, lambda batches: [batches[0]] * len(batches))
    with pytest.raises(EscGpuError, match="feed c .* gives labels|feed c .* differs by"):
        check_feed("c", wrong, material, ORDER)


def test_an_order_with_clips_twice_is_caught(material):
    with pytest.raises(EscGpuError, match="some of them twice"):
        check_feed("f", create_feed("f", material), material, [ORDER[0], ORDER[0]])


@pytest.mark.parametrize("letter", "af")
def test_other_features_are_caught(material, letter):
    other = dataclasses.replace(material, frontend=create_frontend(**{**material.frontend.spec, "fmax": 9000.0}))
    wrong = create_feed("a", other)
    with pytest.raises(EscGpuError, match="differs by"):
        check_feed(letter, wrong, material, ORDER)


def test_other_clips_within_wide_limits_are_caught(material, monkeypatch):
    monkeypatch.setitem(check_feed.__globals__["LIBRARY_LIMIT"], "logmel", 10.0)
    alike = dataclasses.replace(material, labels=np.zeros_like(material.labels))
    wrong = Wrong(alike, lambda batches: [np.roll(batch, 1) for batch in batches])
    with pytest.raises(EscGpuError, match="no nearer to its clips"):
        check_feed("a", wrong, alike, ORDER)


def test_wrong_labels_are_caught(material):
    relabelled = dataclasses.replace(material, labels=material.labels[::-1].copy())
    with pytest.raises(EscGpuError, match="gives labels"):
        check_feed("h", create_feed("h", relabelled), material, ORDER)


def test_augmentation_that_does_nothing_is_caught(material):
    with pytest.raises(EscGpuError, match="same features with augmentation"):
        check_feed("a", create_feed("f", material), material, ORDER)


# ---- measuring


def test_workers_end_with_their_round(material):
    feed = create_feed("c", material, workers=1)
    assert feed.ahead == 2
    batches = feed.batches(clip_order(12, 4, 20, seed=0))
    next(batches)
    assert multiprocessing.active_children()
    batches.close()
    assert not multiprocessing.active_children()


def test_a_round_counts_what_it_timed(material):
    """The clock starts after the queue's batches and stops while there is still work for the workers."""
    asked, steps = [], []

    class Counted(Feed):
        ahead = 4

        def batches(self, index_batches, augmented=False):
            asked.append(len(index_batches))
            yield from ((torch.zeros(len(index)), index) for index in index_batches)

    model = SimpleNamespace(train=lambda training: steps.append(training))
    config = SimpleNamespace(train=SimpleNamespace(seed=0))
    learner = SimpleNamespace(
        model=lambda feed: model, plain=config, step=lambda feed, batches, mode: steps.append(next(batches)[1])
    )
    order = clip_order(12, 4, 20, seed=0)
    speed, utilization = measure_round(learner, Counted(), "inference", order, 5, float("inf"))
    assert speed > 0 and (utilization is None or torch.cuda.is_available())
    assert asked == [3 + 4 + 5 + 4] and steps[0] is False and len(steps[1:]) == 3 + 4 + 5
    assert np.array_equal(np.concatenate(steps[1:]), np.concatenate(order[:12]))
    with pytest.raises(ValueError, match="order has 15 batches"):
        measure_round(learner, Counted(), "inference", order[:15], 5, float("inf"))


def test_the_utilisation_of_a_gpu_is_a_mean_or_unknown(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    looks = iter([20, 40])
    monkeypatch.setattr(torch.cuda, "utilization", lambda: next(looks))  # the third one fails
    with UtilizationSampler() as sampler:
        sampler.thread.join()
    assert sampler.mean == 30
    with UtilizationSampler() as sampler:
        sampler.thread.join()
    assert sampler.mean is None


def test_an_order_has_each_clip_once_an_epoch():
    order = clip_order(12, 4, 8, seed=0)
    first, second = np.concatenate(order[:3]), np.concatenate(order[3:6])
    assert sorted(first) == sorted(second) == list(range(12))
    assert first.tolist() != second.tolist() and len(order) == 8


def test_memory_is_counted_to_the_byte():
    def call():
        first = torch.ones(1000, 1000)
        second = torch.ones(500, 1000)
        del first
        return second, torch.ones(750, 1000)

    assert allocated_bytes(call, CPU) == profiled_bytes(call) == 6 * MB


def test_memory_counts_gradients_and_not_what_was_there_before():
    weight = torch.ones(1000, 250, requires_grad=True)  # 1 MB
    before = [torch.ones(1000, 1000)]

    def call():
        before.clear()
        product = 2 * weight
        product.sum().backward()
        weight.grad = None

    for _ in range(3):  # the product, its gradient, and some numbers
        assert 2 * MB <= profiled_bytes(call) < 2 * MB + 100


def test_the_best_number_of_workers_is_named():
    rows = [{"training": {"median": speed}, "workers": workers} for workers, speed in ((0, 5.0), (2, 8.0), (4, 7.0))]
    assert best_of(rows, "training") == (8.0, 2)
    assert workers_cell([(8.0, 2), (7.0, 2)]) == "8 / 7 [2]"
    assert workers_cell([(8.0, 2), (7.0, 4)]) == "8 [2] / 7 [4]"
    assert workers_cell([(8.0, 2), None]) == "8 / – [2]"
    assert workers_cell([(8.0, None), None]) == "8 / –"
