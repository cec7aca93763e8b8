"""`esc-gpu predict`: which recordings and which model it is asked of, and how it hears them."""

import io
import json
import os
import subprocess
import sys

import pytest

from esc_gpu import Pipeline, load_pipeline
from tests.helpers.paths import REPOSITORY
from tests.helpers.predicted import STRANGE, rows


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
