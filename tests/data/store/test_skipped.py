"""Recordings that cannot be decoded are refused or, if asked for, left out, and what was left out is said."""

import errno
import json
import os
import socket

import numpy as np
import pytest
import soundfile

from esc_gpu import EscGpuError
from esc_gpu.cli.main import main
from esc_gpu.data.clips import damaged_files as damage
from esc_gpu.data.clips.decode import decode, decode_clip, recording_samples
from esc_gpu.data.recordings.audio_files import find_audio_files
from esc_gpu.data.store import build as store
from esc_gpu.data.store.recording_files import digest_file
from esc_gpu.data.store.skipped import open_decodable
from esc_gpu.experiment import cross_validation as experiment
from tests.helpers.csv_tables import read_csv
from tests.helpers.one_line import error_line
from tests.helpers.tiny import OPTIONS, RATE, write_tones

pytestmark = pytest.mark.usefixtures("blank_pictures")

CLIP = {"sample_rate": RATE, "clip_seconds": 1.0, "progress": False}
REASONS = {  # of 24 recordings: fold 1 has 0 to 2, 6 to 8, 12 to 14, 18 to 20
    "2.wav": "the file is empty (0 bytes)",
    "3.wav": "Format not recognised",
    "10.wav": "has no audio (0 frames)",
    "13.wav": "has NaN or Inf samples",
    "17.wav": "holds 3956 bytes; expected 16000 by its header",
}


@pytest.fixture
def table(tmp_path):
    """Tones of three classes in two folds, five of them damaged, each in another way."""
    table = write_tones(tmp_path / "tones")
    folder = table.parent
    (folder / "2.wav").write_bytes(b"")
    (folder / "3.wav").write_text("no audio", encoding="utf-8")
    soundfile.write(folder / "10.wav", np.zeros(0), RATE)
    soundfile.write(folder / "13.wav", np.full(RATE, np.nan), RATE, "FLOAT")
    os.truncate(folder / "17.wav", 4000)
    return table


@pytest.fixture
def options(table, tmp_path):
    return [*OPTIONS, "--data.table", str(table), "--data.cache_dir", str(tmp_path / "cache")]


def paths_of(table):
    return [table.parent / f"{number}.wav" for number in range(24)]


def open_all(table, cache, overlap=None, **options):
    options = {**CLIP, "on_error": "skip", **options}
    return open_decodable(paths_of(table), overlap=overlap, cache_dir=cache, **options)


# What is left


@pytest.mark.parametrize("overlap", [None, 0.5])
def test_the_rest_keeps_its_numbers_and_the_store_is_that_of_a_table_without_the_others(table, tmp_path, overlap):
    opened, windows, skipped = open_all(table, tmp_path, overlap)
    assert [f"{number}.wav" for number in skipped] == list(REASONS)
    for (name, reason), found in zip(REASONS.items(), skipped.values(), strict=True):
        assert found.startswith(reason) and name not in found
    kept = [number for number in range(24) if number not in skipped]
    assert windows.recording.tolist() == kept
    expected = [decode_clip(path, 0, sample_rate=RATE, samples=RATE) for path in map(paths_of(table).__getitem__, kept)]
    np.testing.assert_array_equal(opened.read(np.arange(len(kept))), expected)
    for number in skipped:
        paths_of(table)[number].unlink()
    without = [paths_of(table)[number] for number in kept]
    again = open_decodable(without, overlap=overlap, cache_dir=tmp_path, on_error="fail", **CLIP)
    assert again[0].key == opened.key and again[2] == {}


def test_the_second_time_nothing_is_decoded_to_know_the_same(table, tmp_path, monkeypatch):
    first, _, skipped = open_all(table, tmp_path)
    assert len(list(tmp_path.glob("*/damaged.json"))) == 1
    digests = []
    monkeypatch.setattr(store, "decode", None)
    monkeypatch.setattr(
        "esc_gpu.data.store.recording_files.digest_file", lambda path: digests.append(path) or digest_file(path)
    )
    second, windows, again = open_all(table, tmp_path)
    assert (second.key, again) == (first.key, skipped) and len(windows.start) == 19
    assert len(set(digests)) == 24 and len(digests) <= 24 + 1  # only the empty one is looked at anew
    with pytest.raises(EscGpuError, match="2.wav: the file is empty"):
        open_all(table, tmp_path, on_error="fail")


def test_the_first_shards_do_not_outlive_a_later_damaged_clip(table, tmp_path):
    options = {"sample_rate": RATE, "clip_seconds": 1.0, "cache_dir": tmp_path, "progress": False, "workers": 1}
    some = paths_of(table)[4:15]
    with pytest.raises(damage.DamagedFilesError) as caught:
        store.open_store(some, shard_bytes=1, on_error="skip", **options)
    assert set(caught.value.reasons) == {6, 9} and str(caught.value).startswith(f"{some[6]}: has no audio")
    (folder,) = tmp_path.glob("*/damaged.json")
    assert {path.name for path in folder.parent.iterdir()} == {"lock", "damaged.json"}
    with pytest.raises(EscGpuError, match="10.wav: has no audio"):  # the note does not stop one who wants to fail
        store.open_store(some, shard_bytes=1, **options)
    assert folder.exists()


def test_a_file_that_cannot_be_read_is_not_a_damaged_one(table, tmp_path, monkeypatch):
    def fail(path, *given, **options):
        if path.name == "20.wav":
            raise EscGpuError(f"{path}: Input/output error") from OSError(errno.EIO, "Input/output error")
        return decode(path, *given, **options)

    monkeypatch.setattr(store, "decode", fail)
    with pytest.raises(EscGpuError, match="20.wav: Input/output error") as caught:
        open_all(table, tmp_path)
    assert not isinstance(caught.value, damage.DamagedFilesError) and not list(tmp_path.glob("*/damaged.json"))
    paths_of(table)[0].unlink()
    with pytest.raises(EscGpuError, match="0.wav: No such file or directory"):
        open_all(table, tmp_path)
    with pytest.raises(EscGpuError, match="0.wav: No such file or directory.*; replace it or leave it out$"):
        open_all(table, tmp_path, on_error="fail")  # nothing is said of "skip", which does not help


def test_nothing_left_at_all(table, tmp_path):
    bad = [paths_of(table)[number] for number in (3, 10)]
    with pytest.raises(EscGpuError, match="none of the 2 recordings can be decoded; the first: .*10.wav: has no audio"):
        open_decodable(bad[::-1], overlap=None, cache_dir=tmp_path, on_error="skip", **CLIP)


# A run


def test_a_run_leaves_them_out_and_says_so(table, options, tmp_path, capfd):
    run = ["train", *options, "--data.on_error", "skip", "--output_dir", str(tmp_path / "run")]
    assert main([*run, "--folds", "1"]) == 0
    said = capfd.readouterr().out
    names = "2.wav, 3.wav, 10.wav, ..."
    file = tmp_path / "run" / "skipped.csv"
    assert f"5 of 24 recordings cannot be decoded and are left out: {names}; {file} has the reasons\n" in said
    skipped = read_csv(file)
    assert [row["filename"] for row in skipped] == list(REASONS)
    assert [(row["fold"], row["category"]) for row in skipped][:2] == [("1", "middle"), ("2", "high")]
    for row, reason in zip(skipped, REASONS.values(), strict=True):
        assert row["reason"].startswith(reason)

    before = file.read_bytes()
    assert main([*run, "--folds", "[1,2]", "--resume"]) == 0
    assert file.read_bytes() == before and "decode" not in capfd.readouterr().err
    predicted = {row["filename"]: row for row in read_csv(tmp_path / "run" / "predictions.csv")}
    known = {line.split(",")[0]: line.split(",")[1:] for line in table.read_text(encoding="utf-8").splitlines()[1:]}
    assert set(predicted) == set(known) - set(REASONS)
    assert all([row["category"], row["fold"]] == known[name] for name, row in predicted.items())
    summary = json.loads((tmp_path / "run" / "summary.json").read_text(encoding="utf-8"))
    assert (summary["data"]["clips"], summary["data"]["skipped"]) == (19, 5)
    assert summary["overall"]["clips"] == 19 and [fold["clips"] for fold in summary["folds"]] == [10, 9]


def test_a_run_refuses_the_first_unless_told_otherwise(options, tmp_path, capfd):
    assert main(["train", *options, "--output_dir", str(tmp_path / "run")]) == 2
    line = error_line(capfd.readouterr().err)
    assert "2.wav: the file is empty" in line and not (tmp_path / "run").exists()


def test_a_run_is_told_what_goes_on_without_damaged_files(table, tmp_path):
    with pytest.raises(EscGpuError, match="; replace it or leave it out; --data.on_error skip leaves such"):
        open_all(table, tmp_path, on_error="fail")


def test_prepare_says_that_clips_are_mostly_silence(tmp_path, capfd):
    table = write_tones(tmp_path / "tones", lengths=(0.4,))
    options = ["--data.table", str(table), "--data.cache_dir", str(tmp_path / "cache"), "--data.clip_seconds", "5"]
    assert main(["prepare", *OPTIONS, *options]) == 0
    assert (
        "Half of the recordings last 0.4 s or less: with clips of 5 s, 92% of the data is added silence"
        in capfd.readouterr().err
    )


def test_a_run_without_damage_has_no_list(tmp_path, capfd):
    table = write_tones(tmp_path / "whole")
    arguments = [*OPTIONS, "--data.table", str(table), "--data.cache_dir", str(tmp_path / "cache"), "--folds", "1"]
    assert main(["train", *arguments, "--data.on_error", "skip", "--output_dir", str(tmp_path / "run")]) == 0
    assert "left out" not in capfd.readouterr().out and not (tmp_path / "run" / "skipped.csv").exists()
    config = experiment.read_json(tmp_path / "run" / "summary.json")
    assert (config["data"]["clips"], config["data"]["skipped"]) == (24, 0)


def test_prepare_names_every_one(options, capfd):
    assert main(["prepare", *options, "--data.on_error", "skip"]) == 0
    lines = capfd.readouterr().out.splitlines()
    assert lines[7].split() == ["all", "12", "12", "24"]  # the recordings of both folds
    assert lines[8].startswith("5 of 24 recordings cannot be decoded and are left out: ")
    for line, (name, reason) in zip(lines[9:14], REASONS.items(), strict=True):
        assert line.startswith(f"{name}: {reason}")
    assert lines[14].startswith("19 clips, ")


@pytest.mark.parametrize(
    ("numbers", "message"),
    [
        ((0, 6, 12, 18), "class 'high' has recordings left in fold 2 only; expected two folds or more"),
        ((*range(0, 24, 6), *range(3, 24, 6)), "class 'high' has recordings left in no fold; expected two"),
        ([number for number in range(24) if number // 3 % 2], "fold 2 has no recording left; expected one or more"),
    ],
)
def test_a_fold_or_class_that_loses_all_is_refused(tmp_path, capfd, numbers, message):
    table = write_tones(tmp_path / "tones")
    for number in numbers:
        paths_of(table)[number].write_text("no audio", encoding="utf-8")
    arguments = [*OPTIONS, "--data.table", str(table), "--data.cache_dir", str(tmp_path / "cache")]
    arguments += ["--output_dir", str(tmp_path / "run")]
    assert main(["train", *arguments, "--data.on_error", "skip"]) == 2
    line = error_line(capfd.readouterr().err)
    assert f"{len(numbers)} of 24 recordings cannot be decoded" in line and message in line
    assert not (tmp_path / "run").exists()


def test_validation_is_refused_where_what_is_left_has_none_of_a_class_to_train_on(tmp_path, capfd):
    table = write_tones(tmp_path / "tones", n_folds=3, per_class=1)
    paths_of(table)[6].write_text("no audio", encoding="utf-8")  # of class high in fold 3
    arguments = [*OPTIONS, "--data.table", str(table), "--data.cache_dir", str(tmp_path / "cache"), "--validate"]
    arguments += ["--data.on_error", "skip", "--folds", "1", "--output_dir", str(tmp_path / "run")]
    assert main(["train", *arguments]) == 2
    line = error_line(capfd.readouterr().err)
    assert "class 'high' has no recording that can be decoded to train on when fold 1 is used for validation" in line
    assert not (tmp_path / "run").exists()


# What is no regular file


def fifo(path):
    os.mkfifo(path)
    return "is a named pipe"


def folder(path):
    path.mkdir()
    return "is a folder"


def device(path):
    path.symlink_to("/dev/zero")  # without an end
    return "is a device"


def unix_socket(path):
    os.chdir(path.parent)  # its name may have 108 bytes
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path.name)
    return "is a socket"


def loop(path):
    path.symlink_to(path.name)
    return "Too many levels of symbolic links"


@pytest.mark.timeout(20)
@pytest.mark.parametrize("make", [fifo, folder, device, unix_socket, loop], ids=lambda make: make.__name__)
def test_what_is_no_regular_file_is_refused_before_it_is_opened(tmp_path, monkeypatch, make):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "a.wav"
    reason = make(path)
    reads = [
        digest_file,
        lambda path: recording_samples(path, RATE),
        lambda path: decode_clip(path, 0, sample_rate=RATE, samples=RATE),
    ]
    for read in reads:
        with pytest.raises(EscGpuError) as caught:
            read(path)
        message = f"{path}: {reason}; expected an audio file; replace it or leave it out"
        assert str(caught.value) == message


@pytest.mark.timeout(60)
def test_a_pipe_among_the_recordings_is_named_at_once(tmp_path, capfd):
    table = write_tones(tmp_path / "tones")
    paths_of(table)[7].unlink()
    os.mkfifo(paths_of(table)[7])
    arguments = [*OPTIONS, "--data.table", str(table), "--data.cache_dir", str(tmp_path / "cache")]
    assert main(["prepare", *arguments]) == 2
    (line,) = capfd.readouterr().err.splitlines()
    assert f"{paths_of(table)[7]}: is no regular file" in line
    assert str(paths_of(table)[7]) in find_audio_files([table.parent])  # so that predict names it too
