"""`esc-gpu predict`: what becomes of files it cannot read, and of mistakes."""

import json
import os
import sys
from pathlib import Path

import pytest
import torch

from esc_gpu.cli.main import main
from tests.helpers.predicted import rows


def test_a_file_that_cannot_be_read_does_not_stop_the_others(predict):
    status, out, err = predict("short.wav", "missing.wav", "long.flac")
    assert status == 2 and [line.partition(":")[0] for line in out.splitlines()] == ["short.wav", "long.flac"]
    assert err.startswith("error: 1 of 3 files could not be classified: missing.wav: ") and err.count("\n") == 1
    status, out, err = predict("damaged.wav", "short.wav", *[f"{i}.wav" for i in range(12)], "--csv")
    assert status == 2 and {row["path"] for row in rows(out)} == {"short.wav"}
    assert err.startswith("error: 13 of 14 files could not be classified: damaged.wav: ") and err.count("\n") == 1
    assert err.endswith("; others: 0.wav, 1.wav, 2.wav, 3.wav, 4.wav, 5.wav, 6.wav, 7.wav, 8.wav, 9.wav, 2 more\n")
    assert predict("missing.wav")[2].startswith("error: missing.wav: No such file")


def test_json_tells_of_the_files_that_cannot_be_read(predict, tmp_path):
    status, out, err = predict("damaged.wav", "short.wav", "--json")
    document = json.loads(out)
    assert status == 2 and document["failed"] == 1 and "1 of 2 files" in err
    assert [sorted(record) for record in document["files"]][0] == ["error", "path"]
    assert document["files"][0]["error"] in err and document["files"][1]["path"] == "short.wav"
    assert predict("damaged.wav", "short.wav", "--json", "--output", tmp_path / "a.json")[0] == 2
    assert json.loads((tmp_path / "a.json").read_text(encoding="utf-8")) == document


def test_names_of_any_bytes_are_shown(predict, workspace, tmp_path):
    for name in (b"latin\xe9.wav", b"line\nbreak.wav"):
        (tmp_path / os.fsdecode(name)).write_bytes((workspace / "short.wav").read_bytes())
    status, out, err = predict(tmp_path)
    assert status == 2 and out.count("\n") == 1 and "line\N{REPLACEMENT CHARACTER}break.wav: " in out
    assert r"latin\udce9.wav': its name is not valid text" in err and err.count("\n") == 1
    records = json.loads(predict(tmp_path, "--json")[1])["files"]
    assert [Path(record["path"]).name for record in records] == [
        "latin\N{REPLACEMENT CHARACTER}.wav",
        "line\nbreak.wav",
    ]
    assert [row["path"] for row in rows(predict(tmp_path, "--csv", "--top", 1)[1])] == [f"{tmp_path}/line\nbreak.wav"]
    assert predict("none\x1b\n.wav")[2].count("\n") == predict("none\n.wav", "short.wav")[2].count("\n") == 1


MISTAKES = {
    "no model": (["short.wav", "--fold", "9"], "has no trained fold 9; expected one of 2, 3"),
    "no audio in the folder": (["run"], "run holds no audio files (.wav, "),
    "standard input twice": (["-", "-"], "use it only once"),
    "picture of two": (["sounds", "--picture", "a.png"], "--picture draws one recording, got 3"),
    "unwritable": (["short.wav", "--output", "nowhere/answers"], "cannot write nowhere/answers"),
    "picture in a folder": (["short.wav", "--picture", "sounds"], "cannot write sounds"),
    "overlap": (["short.wav", "long.flac", "--overlap", "0.99"], "overlap is 0.99; expected a share from 0 to 0.95"),
}


@pytest.mark.parametrize(("arguments", "message"), MISTAKES.values(), ids=MISTAKES.keys())
def test_a_mistake_is_one_line(predict, arguments, message):
    status, out, err = predict(*arguments)
    assert status == 2 and out == "" and err.startswith("error: ") and message in err and err.count("\n") == 1


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_a_device_that_is_not_there_is_told_of(predict):
    status, _, err = predict("short.wav", "--device", "cuda")
    assert status == 2 and "there is no device cuda here" in err and err.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--top", "0"], "'0' is not a whole number of 1 or more"),
        (["--batch-size", "many"], "'many' is not a whole number of 1 or more"),
        (["--overlap", "half"], "'half' is neither a number from 0 to 0.95 nor none"),
        (["--json", "--csv"], "not allowed with argument"),
        (["--device", "gpu"], "invalid choice: 'gpu'"),
        (["--timeline", "--threshold", "1.5"], "'1.5' is not a number from 0 to 1"),
        (["--timeline", "--shortest", "nan"], "'nan' is not a number of seconds, 0 or more"),
    ],
)
def test_a_mistyped_option_is_answered_at_once(predict, capsys, arguments, message):
    with pytest.raises(SystemExit) as end:
        predict("short.wav", *arguments)
    assert end.value.code == 2 and message in capsys.readouterr().err


def test_a_closed_standard_input_is_one_line(predict, monkeypatch):
    monkeypatch.setattr(sys, "stdin", None)  # as Python has it after <&-
    status, out, err = predict("-")
    assert (status, out, err) == (2, "", "error: standard input is closed: pipe a recording into it, or name a file\n")


def test_limits_of_a_timeline_need_one(predict):
    status, out, err = predict("short.wav", "--threshold", 0.5)
    assert (status, out) == (2, "") and "--threshold and --shortest change the timeline: add --timeline" in err


def test_help_names_every_option(capsys):
    with pytest.raises(SystemExit) as end:
        main(["predict", "--help"])
    text = capsys.readouterr().out
    assert end.value.code == 0
    for option in (
        "model",
        "fold",
        "top",
        "overlap",
        "timeline",
        "threshold",
        "shortest",
        "picture",
        "json",
        "csv",
        "output",
        "batch-size",
        "device",
    ):
        assert f"--{option}" in text


def test_a_picture_is_a_png_and_no_recording_is_replaced(tmp_path, capsys):
    tone = tmp_path / "tone.wav"
    tone.write_bytes(b"mine")
    assert main(["predict", str(tone), "--model", str(tmp_path), "--picture", str(tmp_path / "p.jpg")]) == 2
    assert "expected a name that ends in .png" in capsys.readouterr().err
    assert main(["predict", str(tone), "--model", str(tmp_path), "--output", str(tone)]) == 2
    assert "is one of the recordings" in capsys.readouterr().err and tone.read_bytes() == b"mine"
    both = str(tmp_path / "both.png")
    assert main(["predict", str(tone), "--model", str(tmp_path), "--picture", both, "--output", both]) == 2
    assert "--output and --picture name the same file" in capsys.readouterr().err
