"""The user's own table of recordings of several lengths, cut into windows: prepared, trained on, tested."""

import json
from types import SimpleNamespace

import numpy as np
import pytest
import soundfile
import torch

from esc_gpu import load
from esc_gpu.cli.main import main
from esc_gpu.data.clips.windows import cut_windows
from esc_gpu.data.recordings.layouts import read_recordings
from esc_gpu.data.store.build import open_store
from esc_gpu.experiment import folds_at_once as folds_module
from tests.helpers.csv_tables import predictions
from tests.helpers.tiny import FREQUENCIES, OPTIONS, RATE, write_tones

pytestmark = pytest.mark.usefixtures("blank_pictures")

LENGTHS = (0.7, 1.0, 1.6, 2.6)
# A second at a time, from half a second to the next and at the end: of a recording of each length.
WINDOWS = {0.7: 1, 1.0: 1, 1.6: 3, 2.6: 5}
CUT = {"clip_seconds": 1, "overlap": 0.5}
PATCHWORK = "9.wav"  # of fold 2, the first class and 1.0 s by `write_tones`, replaced by 2.6 s of all classes in turn


def write_patchwork(path):
    """A tone of each class in turn, then silence."""
    time = np.arange(RATE * 4 // 5) / RATE
    tones = [0.3 * np.sin(2 * np.pi * frequency * time) for frequency in FREQUENCIES.values()]
    soundfile.write(path, np.concatenate([*tones, np.zeros(RATE // 5)]), RATE)


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    table = write_tones(tmp_path_factory.mktemp("tones"), lengths=LENGTHS)
    write_patchwork(table.parent / PATCHWORK)
    return table


def lengths(table):
    """Seconds of each recording, by name."""
    return {path.name: soundfile.info(path).duration for path in table.parent.glob("*.wav")}


def options(table, cache, *arguments):
    windows = ["--data.overlap", str(CUT["overlap"]), "--train.epochs", "3", "--train.warmup_epochs", "0"]
    return [*OPTIONS, *windows, "--data.table", str(table), "--data.cache_dir", str(cache), *map(str, arguments)]


@pytest.fixture(scope="module")
def runs(table, tmp_path_factory):
    """Prepared, then trained with the clips on the device, then with more of them than the budget."""
    folder, patch, folds = tmp_path_factory.mktemp("runs"), pytest.MonkeyPatch(), []
    assert main(["prepare", *options(table, folder / "cache")]) == 0
    train_fold = folds_module.train_fold

    def train_and_keep(config, accelerator, data, *rest):
        folds.append(data)
        return train_fold(config, accelerator, data, *rest)

    patch.setattr(folds_module, "train_fold", train_and_keep)
    for name, residence in (
        ("device", ("--data.residence", "device")),
        ("stream", ("--data.budget_gb", "0.0001")),
    ):
        assert main(["train", *options(table, folder / "cache", "--output_dir", folder / name, *residence)]) == 0
    patch.undo()
    return SimpleNamespace(cache=folder / "cache", device=folder / "device", stream=folder / "stream", folds=folds)


def test_every_recording_is_predicted_once_whatever_its_windows(runs, table):
    names = [row["filename"] for row in predictions(runs.device)]
    assert sorted(names) == sorted(lengths(table)) and len(names) == 24


def test_metrics_count_recordings_not_windows(runs):
    summary = json.loads((runs.device / "summary.json").read_text(encoding="utf-8"))
    assert [fold["clips"] for fold in summary["folds"]] == [12, 12] and summary["overall"]["clips"] == 24
    assert np.sum(summary["overall"]["confusion_matrix"]) == 24
    for fold in summary["folds"]:
        right = [
            row["category"] == row["prediction"] for row in predictions(runs.device) if row["fold"] == str(fold["fold"])
        ]
        assert fold["accuracy"] == pytest.approx(np.mean(right))


def test_the_summary_says_what_was_trained_on(runs, table):
    data = json.loads((runs.device / "summary.json").read_text(encoding="utf-8"))["data"]
    assert (data["synthetic"], data["classes"], data["clips"]) == (False, 3, 24)
    assert data["recordings"] == table.parent.name


def test_no_window_of_a_training_recording_is_tested_on(runs, table):
    known, seconds = read_recordings(None, table=table), lengths(table)
    cut = [WINDOWS[seconds[name]] for name in known.filenames]
    for fold, data in zip((1, 2), runs.folds[:2], strict=True):
        train, test = (data.recordings[clips] for clips in (data.train, data.test))
        assert set(known.folds[test]) == {fold} and set(known.folds[train]) == {3 - fold}
        assert sorted([*data.train, *data.test]) == list(range(sum(cut)))
        assert np.bincount(np.concatenate([train, test])).tolist() == cut


@pytest.mark.parametrize("fold", [1, 2])
def test_a_prediction_is_the_mean_of_the_windows(runs, table, fold):
    known = read_recordings(None, table=table)
    windows = cut_windows(known.paths, sample_rate=RATE, progress=False, **CUT)
    store = open_store(
        known.paths, windows=windows, sample_rate=RATE, clip_seconds=1, cache_dir=runs.cache / "stores", progress=False
    )
    model = load(runs.device / f"fold{fold}")
    for row in predictions(runs.device):
        if row["fold"] == str(fold):
            mine = np.flatnonzero(windows.recording == known.filenames.index(row["filename"]))
            with torch.no_grad():
                probabilities = model(torch.from_numpy(store.read(mine))).softmax(dim=1)
            mean = probabilities.mean(dim=0).tolist()
            # Six digits in the file; a batch of other clips rounds otherwise.
            assert [float(row[name]) for name in known.class_names] == pytest.approx(mean, abs=2e-6)
            if row["filename"] == PATCHWORK:  # here the windows do not agree
                assert len(mine) == 5 and probabilities.std(dim=0).max() > 0.01


def test_clips_over_the_budget_are_streamed_to_the_same_end(runs):
    assert [data.source.resident is None for data in runs.folds] == [False, False, True, True]
    assert (runs.stream / "predictions.csv").read_bytes() == (runs.device / "predictions.csv").read_bytes()


def test_prepare_decodes_and_says_what_there_is(table, tmp_path, capfd):
    assert main(["prepare", *options(table, tmp_path)]) == 0
    printed = capfd.readouterr()
    (store,) = (tmp_path / "stores").iterdir()
    n_windows = sum(WINDOWS[seconds] for seconds in lengths(table).values())
    hours, gigabytes = n_windows / 3600, 2e-9 * RATE * n_windows
    last = printed.out.splitlines()[-1]
    assert last == f"{n_windows} clips, {hours:.2f} h, {gigabytes:.3f} GB of int16 in {store}"
    assert "decode" in printed.err
    assert str(table.parent) in printed.out.splitlines()[0]


def test_a_run_after_prepare_decodes_nothing(runs, table, capfd):
    store = next((runs.cache / "stores").iterdir())
    before = {file: file.stat().st_mtime_ns for file in store.iterdir()}
    assert main(["train", *options(table, runs.cache, "--output_dir", runs.device, "--resume")]) == 0
    assert "decode" not in capfd.readouterr().err
    assert list((runs.cache / "stores").iterdir()) == [store]
    assert {file: file.stat().st_mtime_ns for file in store.iterdir()} == before


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--data.table", "/nowhere.csv"], "/nowhere.csv"),
        (["--data.overlap", "1"], "data.overlap is 1"),
        (["--data.sample_rat", "8000"], "did you mean 'data.sample_rate'"),
        (["--data.clip_seconds", "-1"], "data.clip_seconds must be positive"),
    ],
)
def test_a_mistake_in_prepare_is_one_line_and_status_2(table, tmp_path, capfd, arguments, message):
    assert main(["prepare", *options(table, tmp_path / "cache", *arguments)]) == 2
    (line,) = capfd.readouterr().err.splitlines()
    assert line.startswith("error: ") and message in line
    assert not (tmp_path / "cache" / "stores").exists()
