"""`esc-gpu predict`: which recordings and which model it is asked of, and how it hears them."""

import io
import json
import os
import sys

import pytest

from esc_gpu import Pipeline, load_pipeline
from esc_gpu.cli.main import main
from tests.helpers.predicted import STRANGE, rows
from tests.helpers.workers import CONTEXT, OUTPUT, forked


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
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content), encoding="utf-8"))

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


def predict_into_a_pipe(pipe):
    """The command in a process of `forked`, with a recording on standard input and a pipe as standard output."""
    os.dup2(pipe.fileno(), 1)
    pipe.close()
    with open("long.flac", encoding="latin-1") as sys.stdin:
        return main(["predict", "--model=run", "-", *["short.wav"] * 300])


def test_a_reader_that_has_seen_enough_ends_it_quietly(workspace):
    """As in `cat long.flac | esc-gpu predict - ... | head -1`."""
    reader, writer = CONTEXT.Pipe(duplex=False)
    process = forked(predict_into_a_pipe, writer, folder=workspace)
    process.start()
    try:
        writer.close()
        with reader, open(reader.fileno(), "rb", closefd=False) as output:
            assert output.readline().startswith(b"-: dog ")
        process.join(120)
    finally:
        process.kill()
        process.join()
    assert (workspace / OUTPUT).read_text(encoding="utf-8") == "" and process.exitcode == 141
