"""Recordings at an address give the store of those in a folder."""

import dataclasses
from argparse import ArgumentParser
from pathlib import Path

import numpy as np

from esc_gpu.cli.data_set import add_data_arguments, read_data_set
from esc_gpu.evaluation.finished_run import read_run
from esc_gpu.experiment.cross_validation import prepare
from esc_gpu.experiment.recordings import open_clips, open_recordings
from esc_gpu.experiment.run_clips import moved, open_run_clips
from tests.helpers.one_line import refusal
from tests.helpers.remote_files import ROOT, Bucket
from tests.helpers.tiny import parsed, write_tones
from tests.helpers.tiny_run import train_tones


def test_the_store_is_that_of_a_folder(tmp_path, monkeypatch):
    table = write_tones(tmp_path / "tones", per_class=1)
    bucket, said, stores = Bucket(monkeypatch), [], []
    for path in (tmp_path / "tones").iterdir():
        bucket.put(path.name, path.read_bytes())
    for number, root in enumerate((str(tmp_path / "tones"), ROOT)):
        cache = ("--data.cache_dir", str(tmp_path / f"cache{number}"))
        config = parsed("--data.root", root, "--data.table", str(table), *cache)
        recordings = open_recordings(config, False, said.append)
        store, _, skipped = open_clips(config, recordings, False)
        stores.append((recordings.digest, store.key, skipped))
        stores[-1] += tuple(path.read_bytes() for path in sorted(store.folder.iterdir()) if path.name != "lock")
    assert stores[0] == stores[1] and len(stores[0]) == 5
    assert sum(bucket.fetched.values()) == 6 and said[1].startswith(f"{ROOT} is copied to {tmp_path / 'cache1'}")
    gone = dataclasses.replace(config.data, table="gone/table.csv")
    assert (moved(gone, ROOT).root, moved(gone, ROOT).table) == (ROOT, "gone/table.csv")  # which no address has
    assert moved(gone, "tones").table == str(Path("tones/table.csv"))
    bucket.files.store.clear()


def test_a_run_without_a_copy_is_that_of_a_folder_and_a_report_fetches_the_copy(tmp_path, monkeypatch):
    first = train_tones(tmp_path)
    bucket = Bucket(monkeypatch)
    for path in (tmp_path / "tones").glob("*.wav"):
        bucket.put(path.name, path.read_bytes())
    second = train_tones(tmp_path / "second", "--data.root", ROOT, "--data.keep_copy", "false")
    for name in ("predictions.csv", "recordings.csv"):
        assert (first / name).read_bytes() == (second / name).read_bytes()
    n = len({*bucket.fetched})
    assert n == 24 and set(bucket.fetched.values()) == {1}
    assert len(open_run_clips(read_run(second), progress=False).read(np.arange(3))) == 3
    assert set(bucket.fetched.values()) == {2}
    bucket.files.store.clear()


def test_prepare_makes_the_store_without_a_copy(tmp_path, monkeypatch):
    table, bucket = write_tones(tmp_path / "tones"), Bucket(monkeypatch)
    for path in (tmp_path / "tones").glob("*.wav"):
        bucket.put(path.name, path.read_bytes())
    options = ["--data.table", str(table), "--data.cache_dir", str(tmp_path / "cache"), "--data.keep_copy", "false"]
    stores = [prepare(parsed("--data.root", ROOT, *options)) for _ in range(2)]
    assert stores[0].key == stores[1].key and sum(bucket.fetched.values()) == stores[0].n_clips == 24
    assert not any(path.stat().st_size for path in (tmp_path / "cache" / "remote").rglob("*.wav"))
    bucket.files.store.clear()


def test_what_does_not_go_without_a_copy_is_said(tmp_path):
    table = write_tones(tmp_path / "tones", per_class=1)
    words = ["--data.table", str(table), "--data.cache_dir", str(tmp_path), "--data.keep_copy", "false"]
    said = []
    open_recordings(parsed(*words), False, said.append, keep_copy=False)
    assert said[0] == "data.keep_copy has no effect, because data.root is not an address: leave it out."
    config = parsed("--data.root", ROOT, "--data.overlap", "0.5", *words)
    assert "would be fetched for each; leave one of them out" in refusal(
        open_recordings, config, False, said.append, keep_copy=False
    )


def test_commands_that_read_a_data_set_take_an_address(tmp_path, monkeypatch):
    bucket, parser = Bucket(monkeypatch), ArgumentParser()
    table = tmp_path / "table.csv"
    table.write_text("path,label,fold\n0.wav,a,1\n1.wav,b,1\n2.wav,a,2\n3.wav,b,2\n", encoding="utf-8")
    for number in range(4):
        bucket.put(f"{number}.wav")
    add_data_arguments(parser)
    words = ["--root", ROOT, "--table", str(table), "--cache-dir", str(tmp_path)]
    recordings = read_data_set(parser.parse_args(words))
    assert [Path(path).read_bytes() for path in recordings.paths] == [
        f"{number}.wav".encode() * 9 for number in range(4)
    ]
    bucket.files.store.clear()
