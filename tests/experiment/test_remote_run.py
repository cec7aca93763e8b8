"""Recordings at an address give the store of those in a folder."""

import dataclasses
from argparse import ArgumentParser
from pathlib import Path

from esc_gpu.cli.data_set import add_data_arguments, read_data_set
from esc_gpu.experiment.recordings import open_clips, open_recordings
from esc_gpu.experiment.run_clips import moved
from tests.helpers.remote_files import ROOT, Bucket
from tests.helpers.tiny import parsed, write_tones


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
