"""Gallery and statistics of a data set, as files and by the command line."""

import json
import math

import numpy as np
import pytest
from matplotlib.image import imread

from esc_gpu.cli.main import main
from esc_gpu.data.recordings.layouts import read_recordings
from esc_gpu.data.store.build import open_store
from esc_gpu.errors import EscGpuError
from esc_gpu.evaluation.feature_statistics import compute_statistics
from esc_gpu.experiment.feature_study import choose_paths, finite, format_ranking, write_gallery, write_statistics
from esc_gpu.frontends.images import default_frontends
from tests.helpers.csv_tables import read_csv
from tests.helpers.several_labels_runs import write_chords
from tests.helpers.tiny import FREQUENCIES, RATE, write_tones

NAMES = ("logmel", "rms", "delta")
CLIP = {"sample_rate": RATE, "clip_seconds": 0.6}


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    """24 clips of three tones in two folds."""
    return write_tones(tmp_path_factory.mktemp("tones"), lengths=(0.6,))


@pytest.fixture(scope="module")
def recordings(table):
    return read_recordings(None, table=table)


@pytest.fixture(scope="module")
def analysed(tmp_path_factory, recordings):
    """Folder of the statistics, their ranking, and the same statistics as numbers."""
    output, cache = (tmp_path_factory.mktemp(name) for name in ("out", "cache"))
    frontends = default_frontends(RATE, NAMES)
    store = open_store(recordings.paths, cache_dir=cache, progress=False, **CLIP)
    ranking = write_statistics(recordings, store, frontends, output, {"recordings": "tones"}, progress=False)
    return output, ranking, compute_statistics(store, recordings.labels, 3, frontends, progress=False)


def test_the_csv_has_the_numbers(analysed, recordings):
    output, _, statistics = analysed
    for name, n_bins in (("logmel", 128), ("rms", 1), ("delta", 3 * 128)):
        rows = read_csv(output / f"statistics-{name}.csv")
        assert len(rows) == n_bins
        for k, class_name in enumerate(recordings.class_names):
            for column, values in (("mean", statistics[name].means), ("spread", statistics[name].spreads)):
                written = [float(row[f"{column}_{class_name}"]) for row in rows]
                assert written == pytest.approx(values[k].ravel().tolist(), rel=1e-8)
        assert [float(row["fisher"]) for row in rows] == pytest.approx(
            statistics[name].fisher.ravel().tolist(), rel=1e-8
        )
    assert {row["channel"] for row in rows} == {"logmel", "Δ logmel", "ΔΔ logmel"}
    assert {row["value_unit"] for row in rows} == {"dB", "dB per frame", "dB per frame²"}


def test_the_ranking_is_the_same_everywhere(analysed, recordings):
    output, ranking, _ = analysed
    document = json.loads((output / "statistics.json").read_text(encoding="utf-8"))
    assert document["recordings"] == "tones" and document["class_names"] == list(FREQUENCIES)
    assert document["features"] == ranking
    assert [row["name"] for row in read_csv(output / "ranking.csv")] == [row["name"] for row in ranking]
    accuracies = [row["balanced_accuracy"] for row in ranking]
    assert accuracies == sorted(accuracies, reverse=True)
    by_name = {row["name"]: row for row in ranking}
    assert by_name["logmel"]["balanced_accuracy"] == 1  # tones are told by where they are ...
    assert by_name["rms"]["balanced_accuracy"] < 0.8  # ... and are equally loud
    assert min(abs(by_name["logmel"]["fisher_max_bin"] - tone) for tone in FREQUENCIES.values()) < 40  # Hz
    assert by_name["delta"]["frontend"]["member"]["name"] == "logmel"
    for row in ranking:
        assert row["balanced_accuracy"] == pytest.approx(np.mean(list(row["recall"].values())))


def test_there_is_a_picture_of_each_channel(analysed):
    output, *_ = analysed
    parts = ("ranking", "statistics-logmel", "statistics-rms", *(f"statistics-delta-{k}" for k in (1, 2, 3)))
    assert {path.stem for path in output.glob("*.png")} == set(parts)
    assert all(imread(path).std() > 0.01 for path in output.glob("*.png"))


def test_the_table_has_a_line_a_feature(analysed):
    lines = format_ranking(analysed[1]).splitlines()
    assert len(lines) == 1 + len(NAMES)
    cells = {line.split()[0]: line for line in lines[1:]}
    assert "1×128" in cells["logmel"] and cells["logmel"].endswith("Hz") and "100.00" in cells["logmel"]
    assert "3×128" in cells["delta"] and cells["rms"].endswith("–")


def test_json_has_null_for_what_is_no_number():
    assert finite({"a": [math.inf, 1.0, {"b": math.nan}]}) == {"a": [None, 1.0, {"b": None}]}


def test_clips_are_chosen_evenly_over_the_folds_and_the_same_again(recordings):
    chosen = choose_paths(recordings, 2)
    assert chosen == choose_paths(recordings, 2)
    fold_of = dict(zip(recordings.paths, recordings.folds, strict=True))
    label_of = dict(zip(recordings.paths, recordings.labels, strict=True))
    assert [[label_of[path] for path in paths] for paths in chosen] == [[0, 0], [1, 1], [2, 2]]
    assert [[fold_of[path] for path in paths] for paths in chosen] == [[1, 2]] * 3
    assert [len(paths) for paths in choose_paths(recordings, 99)] == [8, 8, 8]
    with pytest.raises(EscGpuError, match="expected 1 or more"):
        choose_paths(recordings, 0)


def test_the_gallery_has_a_picture_of_each_channel(recordings, tmp_path):
    frontends = default_frontends(RATE, ["rms", "delta"])
    pictures = write_gallery(recordings, frontends, tmp_path, per_class=1, progress=False, **CLIP)
    assert [path.stem for path in pictures] == ["gallery-rms", *(f"gallery-delta-{k}" for k in (1, 2, 3))]
    assert all(imread(path).std() > 0.01 for path in pictures)


def test_the_command_writes_both(table, tmp_path, capsys):
    options = ["--sample-rate", str(RATE), "--seconds", "0.6", "--frontends", "mfcc", "rms", "--per-class", "1"]
    folders = ["--output", str(tmp_path / "new" / "out"), "--cache-dir", str(tmp_path / "cache")]
    assert main(["features", "--table", str(table), "--gallery", "--statistics", *options, *folders]) == 0
    printed = capsys.readouterr().out
    assert "24 clips, 3 classes" in printed and "guessing would give 33.3" in printed and "mfcc" in printed
    written = {path.name for path in (tmp_path / "new" / "out").iterdir()}
    assert {"gallery-mfcc.png", "statistics-rms.csv", "statistics.json", "ranking.png", "ranking.csv"} <= written
    document = json.loads((tmp_path / "new" / "out" / "statistics.json").read_text(encoding="utf-8"))
    assert document["sample_rate"] == RATE and document["clip_seconds"] == 0.6 and document["clips"] == 24


def test_several_labels_are_compared_with_their_absence(tmp_path, capsys):
    table = write_chords(tmp_path / "chords", 2, 6)
    options = ["--sample-rate", str(RATE), "--seconds", "0.6", "--frontends", "logmel", "rms"]
    folders = ["--output", str(tmp_path / "out"), "--cache-dir", str(tmp_path / "cache")]
    assert main(["features", "--table", str(table), "--statistics", *options, *folders]) == 0
    printed = capsys.readouterr().out
    assert "There is no silhouette, because" in printed and "guessing would give 50.0" in printed
    rows = {row["name"]: row for row in read_csv(tmp_path / "out" / "ranking.csv")}
    assert rows["logmel"]["silhouette"] == "" and float(rows["logmel"]["balanced_accuracy"]) > 0.9
    assert float(rows["logmel"]["fisher_max"]) > 1 and len(read_csv(tmp_path / "out" / "statistics-rms.csv")) == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--statistics"], "--statistics needs recordings; expected --root DIR"),
        (["--root", "nowhere", "--gallery"], "nowhere: no such folder"),
        (["--table", "{table}"], "nothing is to be done with the recordings; expected --gallery"),
        (["--table", "{table}", "--gallery", "--start", "1"], "--start works with clips only"),
        (["--table", "{table}", "--gallery", "--per-class", "0"], "--per-class is 0; expected 1 or more"),
        (["--table", "{table}", "--gallery", "clip.wav"], "both clips and options of a data set"),
        (["--table", "{table}", "--subset", "esc10", "--gallery"], "data.subset is 'esc10' together with data.table"),
        (["--table", "{table}", "--statistics", "--seconds", "0.1", "--frontends", "cqt"], "cqt needs at least"),
        (["--table", "{table}", "--gallery", "--output", "{table}"], "is no folder"),
    ],
)
def test_mistakes_are_one_line(arguments, message, table, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    fixed = ["--sample-rate", str(RATE), "--cache-dir", str(tmp_path / "cache")]
    assert main(["features", *(part.format(table=table) for part in arguments), *fixed]) == 2
    error = capsys.readouterr().err.splitlines()[-1]
    assert error.startswith("error: ") and message in error


def test_real_clips_have_a_gallery(esc10_root, tmp_path, capsys):
    options = ["--gallery", "--per-class", "1", "--frontends", "rms", "--output", str(tmp_path)]
    assert main(["features", "--root", str(esc10_root), "--subset", "esc10", *options]) == 0
    assert "400 clips, 10 classes" in capsys.readouterr().out
    assert imread(tmp_path / "gallery-rms.png").std() > 0.01
