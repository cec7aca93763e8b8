"""`esc-gpu predict`, the real command line: what it answers, and what becomes of files it cannot read."""

import csv
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import matplotlib.image
import numpy as np
import pytest
import torch

from esc_gpu import Pipeline, load_pipeline
from esc_gpu.cli.main import main
from esc_gpu.inference.formats import clock
from esc_gpu.inference.predict import predict_file
from esc_gpu.model import checkpoint
from tests.helpers.paths import REPOSITORY
from tests.helpers.tiny import RATE, write_tone
from tests.helpers.trained_model import FRONTENDS, trained

NAMES = ["crackling_fire", "dog", "sea, waves"]
FILES = ("short.wav", "long.flac")
STRANGE = "name with spaces, ä 音 $.wav"


@pytest.fixture(scope="module")
def workspace(tmp_path_factory):
    """A run of two folds, and recordings: a short one, a long one, and more in a folder."""
    folder = tmp_path_factory.mktemp("predict")
    for fold in (2, 3):
        (folder / "run" / f"fold{fold}").mkdir(parents=True)
        model = trained(FRONTENDS["logmel"])[0]
        with torch.no_grad():
            model.backbone.fc.bias[fold - 1] += 5  # each fold's model prefers a class of its own
        checkpoint.save(
            folder / "run" / f"fold{fold}", model, NAMES, clip_seconds=1.0, training={"fold": fold, "licence": None}
        )
    (folder / "sounds" / "deeper").mkdir(parents=True)
    write_tone(folder / "short.wav", 300, 0.8, 1)
    write_tone(folder / "long.flac", 900, 3.3, 2)
    for name in ("b.WAV", "deeper/a.flac", STRANGE):
        write_tone(folder / "sounds" / name, 1900, 1.0, 3)
    write_tone(folder / "sounds" / ".hidden.wav", 1900, 1.0, 3)
    (folder / "sounds" / "notes.txt").write_text("no audio")
    (folder / "damaged.wav").write_text("no audio at all")
    return folder


@pytest.fixture
def predict(workspace, monkeypatch, capsys):
    """The command in the workspace, by its arguments: exit status, standard output, standard error."""
    monkeypatch.chdir(workspace)

    def run(*arguments, model="run"):
        status = main(["predict", *map(str, arguments), "--model", str(model)])
        output = capsys.readouterr()
        return status, output.out, output.err

    return run


def rows(text):
    return list(csv.DictReader(io.StringIO(text)))


def expected(workspace, name, **options):
    return predict_file(load_pipeline(workspace / "run"), workspace / name, **options)


# ---- forms


def test_a_line_for_each_file_with_the_likeliest_classes(predict, workspace):
    status, out, err = predict(*FILES, "--top", 2)
    assert status == 0 and err == ""
    lines = [f"{name}: " + ", ".join(f"{c} {p:.3f}" for c, p in expected(workspace, name).top(2)) for name in FILES]
    assert out == "".join(line + "\n" for line in lines)


def test_the_timeline_follows_its_file(predict, workspace):
    _, out, _ = predict("long.flac", "--timeline", "--overlap", 0.25)
    segments = expected(workspace, "long.flac", overlap=0.25).timeline()
    assert out.splitlines()[1:] == [
        f"  {clock(part.start_seconds)} - {clock(part.end_seconds)}  {part.class_name} {part.probability:.3f}"
        for part in segments
    ]


def test_csv_has_a_row_for_each_file_and_rank(predict, workspace):
    status, out, _ = predict(*FILES, "--csv", "--top", 9)
    assert status == 0 and out.splitlines()[0] == "path,rank,class,probability"
    assert [tuple(row.values()) for row in rows(out)] == [
        (name, str(rank), class_name, f"{probability:.6f}")
        for name in FILES
        for rank, (class_name, probability) in enumerate(expected(workspace, name).top(9), start=1)
    ]


def test_csv_of_a_timeline_has_a_row_for_each_segment(predict, workspace):
    _, out, _ = predict(*FILES, "--csv", "--timeline")
    assert out.splitlines()[0] == "path,start_seconds,end_seconds,class,probability"
    assert [tuple(row.values()) for row in rows(out)] == [
        (name, f"{p.start_seconds:.3f}", f"{p.end_seconds:.3f}", p.class_name, f"{p.probability:.6f}")
        for name in FILES
        for p in expected(workspace, name).timeline()
    ]


def test_json_is_one_document(predict, workspace):
    status, out, _ = predict(*FILES, "--json", "--timeline", "--top", 1)
    document = json.loads(out)
    assert status == 0 and document["failed"] == 0
    assert document["model"] == {
        "path": "run",
        "fold": 2,
        "class_names": NAMES,
        "sample_rate": RATE,
        "clip_seconds": 1.0,
        "precision": "no",
        "overlap": 0.5,
    }
    for name, record in zip(FILES, document["files"], strict=True):
        prediction = expected(workspace, name)
        assert record["path"] == name and record["windows"] == len(prediction.starts_seconds)
        assert record["duration_seconds"] == pytest.approx(prediction.duration_seconds, abs=1e-3)
        assert list(record["probabilities"]) == NAMES
        np.testing.assert_allclose(list(record["probabilities"].values()), prediction.probabilities, atol=1e-6)
        assert [answer["class"] for answer in record["top"]] == [prediction.top(1)[0][0]]
        assert [part["class"] for part in record["timeline"]] == [p.class_name for p in prediction.timeline()]
        assert record["timeline"][-1]["end_seconds"] == pytest.approx(prediction.duration_seconds, abs=1e-3)
    assert "timeline" not in json.loads(predict("short.wav", "--json")[1])["files"][0]


@pytest.mark.parametrize("form", [[], ["--csv"], ["--json"]])
def test_output_takes_what_would_be_said(predict, tmp_path, form):
    said = predict(*FILES, *form)
    assert predict(*FILES, *form, "--output", tmp_path / "answers") == (0, "", "")
    assert (tmp_path / "answers").read_text(encoding="utf-8") == said[1] and len(list(tmp_path.iterdir())) == 1


@pytest.mark.filterwarnings("ignore:Glyph .* missing from font")
def test_the_picture_is_a_png(predict, workspace, tmp_path):
    assert predict("long.flac", "--picture", tmp_path / "long.png")[0] == 0
    assert predict(f"sounds/{STRANGE}", "--picture", tmp_path / "strange.png")[0] == 0
    pictures = [matplotlib.image.imread(tmp_path / name) for name in ("long.png", "strange.png")]
    assert all(picture.shape[1] == 1320 and picture.std() > 0.05 for picture in pictures)
    assert not np.array_equal(*pictures)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0:00.0"),
        (59.96, "1:00.0"),
        (61.25, "1:01.2"),
        (3599.9, "59:59.9"),
        (3600, "1:00:00.0"),
        (36001.5, "10:00:01.5"),
    ],
)
def test_times_are_as_on_a_clock(seconds, text):
    assert clock(seconds) == text


# ---- recordings and models


def test_a_folder_stands_for_all_audio_files_in_and_below_it(predict):
    _, out, _ = predict("sounds", "short.wav", "--csv", "--top", 1)
    paths = [row["path"] for row in rows(out)]
    assert paths == ["sounds/b.WAV", "sounds/deeper/a.flac", f"sounds/{STRANGE}", "short.wav"]
    assert f"sounds/{STRANGE}: " in predict("sounds")[1]


def test_the_fold_and_the_kind_of_folder_are_the_user_s_choice(predict, workspace, tmp_path):
    assert ": dog " in predict("short.wav")[1]
    assert ": sea, waves " in predict("short.wav", "--fold", 3)[1]
    assert predict("short.wav", model="run/fold3")[1] == predict("short.wav", "--fold", 3)[1]
    load_pipeline(workspace / "run", 3).save_pretrained(tmp_path)
    assert predict("short.wav", model=tmp_path)[1] == predict("short.wav", "--fold", 3)[1]


def test_precision_and_batch_size_are_passed_on(predict, monkeypatch):
    seen, forward = [], Pipeline.forward

    def watch(self, waveform):
        seen.append((self.precision, len(waveform)))
        return forward(self, waveform)

    monkeypatch.setattr(Pipeline, "forward", watch)
    predict("long.flac", "--precision", "bf16", "--batch-size", 4, "--overlap", 0, "--device", "cpu")
    predict("long.flac", "--overlap", "none")
    assert seen == [("bf16", 4), ("no", 1)]


@pytest.fixture
def give(monkeypatch):
    """Put bytes on standard input."""

    def put(content):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))

    return put


def test_standard_input_is_a_recording(workspace, predict, give):
    give((workspace / "long.flac").read_bytes())
    _, out, _ = predict("-", "long.flac", "--json", "--timeline")
    given, file = json.loads(out)["files"]
    assert given == {**file, "path": "-"}


def test_no_recording_on_standard_input_is_told_of(predict, give):
    for content in (b"", b"no audio"):
        give(content)
        status, out, err = predict("-")
        assert status == 2 and out == "" and err.startswith("error: standard input: ") and err.count("\n") == 1


def test_a_reader_that_has_seen_enough_ends_it_quietly(workspace):
    """As in `cat long.flac | esc-gpu predict - ... | head -1`."""
    line = [
        sys.executable,
        "-c",
        "import sys; from esc_gpu.cli.main import main; sys.exit(main())",
        "predict",
        "--model=run",
    ]
    with open(workspace / "long.flac", "rb") as sound:
        process = subprocess.Popen(
            [*line, "-", *["short.wav"] * 300],
            cwd=workspace,
            env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
            stdin=sound,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
    assert process.stdout.readline().startswith(b"-: dog ")
    process.stdout.close()
    assert process.stderr.read() == b"" and process.wait(timeout=120) == 141


# ---- mistakes


def test_a_file_that_cannot_be_read_does_not_stop_the_others(predict):
    status, out, err = predict("short.wav", "missing.wav", "long.flac")
    assert status == 2 and [line.partition(":")[0] for line in out.splitlines()] == ["short.wav", "long.flac"]
    assert err.startswith("error: 1 of 3 files could not be classified: missing.wav: ") and err.count("\n") == 1
    status, out, err = predict("damaged.wav", "short.wav", *[f"{i}.wav" for i in range(12)], "--csv")
    assert status == 2 and {row["path"] for row in rows(out)} == {"short.wav"}
    assert err.startswith("error: 13 of 14 files could not be classified: damaged.wav: ") and err.count("\n") == 1
    assert err.endswith("; nor could 0.wav, 1.wav, 2.wav, 3.wav, 4.wav, 5.wav, 6.wav, 7.wav, 8.wav, 9.wav, 2 more\n")
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
    assert r"latin\udce9.wav': its name is no text" in err and err.count("\n") == 1
    records = json.loads(predict(tmp_path, "--json")[1])["files"]
    assert [Path(record["path"]).name for record in records] == [
        "latin\N{REPLACEMENT CHARACTER}.wav",
        "line\nbreak.wav",
    ]
    assert [row["path"] for row in rows(predict(tmp_path, "--csv", "--top", 1)[1])] == [f"{tmp_path}/line\nbreak.wav"]
    assert predict("none\x1b\n.wav")[2].count("\n") == predict("none\n.wav", "short.wav")[2].count("\n") == 1


MISTAKES = {
    "no model": (["short.wav", "--fold", "9"], "has no trained fold 9; there are 2, 3"),
    "no audio in the folder": (["run"], "run holds no audio files (.wav, "),
    "standard input twice": (["-", "-"], "name it once"),
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
        (["--top", "0"], "'0' is no number from 1 on"),
        (["--batch-size", "many"], "'many' is no number from 1 on"),
        (["--overlap", "half"], "'half' is no share"),
        (["--json", "--csv"], "not allowed with argument"),
        (["--device", "gpu"], "invalid choice: 'gpu'"),
    ],
)
def test_a_mistyped_option_is_answered_at_once(predict, capsys, arguments, message):
    with pytest.raises(SystemExit) as end:
        predict("short.wav", *arguments)
    assert end.value.code == 2 and message in capsys.readouterr().err


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
