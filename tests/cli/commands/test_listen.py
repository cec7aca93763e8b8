"""`esc-gpu listen`: sound through a pipe, as it comes and faster, and how it ends."""

import json
import os
import signal
import sys
import threading
import time
from contextlib import suppress
from types import SimpleNamespace

import numpy as np
import pytest
import soundfile

from esc_gpu.cli.main import main
from esc_gpu.inference import microphone, pipeline
from esc_gpu.inference.predict import predict_file
from esc_gpu.model import checkpoint
from tests.helpers.tiny import FREQUENCIES, RATE, write_tone
from tests.helpers.trained_model import FRONTENDS, NAMES, trained
from tests.helpers.workers import OUTPUT, forked

SECONDS = 5


@pytest.fixture(scope="module")
def workspace(tmp_path_factory):
    """A run, and a recording of all tones, one after the other."""
    folder = tmp_path_factory.mktemp("listen")
    (folder / "run" / "fold1").mkdir(parents=True)
    checkpoint.save(folder / "run" / "fold1", trained(FRONTENDS["logmel"])[0], NAMES, clip_seconds=1.0, training={})
    parts = []
    for frequency in FREQUENCIES.values():
        write_tone(folder / "part.wav", frequency, SECONDS / 3, 0)
        parts.append(soundfile.read(folder / "part.wav")[0])
    soundfile.write(folder / "tones.wav", np.concatenate(parts)[: SECONDS * RATE], RATE)
    return folder


@pytest.fixture(scope="module")
def samples(workspace):
    return soundfile.read(workspace / "tones.wav", dtype="int16")[0]


@pytest.fixture
def listen(workspace, monkeypatch, capfd):
    """The command in the workspace with `write(pipe)` at the other end of its standard input, in a thread."""
    monkeypatch.chdir(workspace)

    def run(*arguments, write=None, model="run"):
        outlet, inlet = os.pipe()

        def feed():
            with open(inlet, "wb") as pipe:
                if write is not None:
                    write(pipe)

        writer = threading.Thread(target=feed)
        writer.start()
        with open(outlet, encoding="utf-8") as piped:
            monkeypatch.setattr(sys, "stdin", piped)
            status = main(["listen", *map(str, arguments), *(["--model", model] if model else [])])
        writer.join()
        output = capfd.readouterr()
        return status, output.out.splitlines(), output.err

    return run


def test_a_recording_through_a_pipe_has_the_timeline_of_its_file(listen, samples, workspace):
    expected = predict_file(pipeline.load_pipeline("run"), "tones.wav")
    limits = ("--threshold", 0.2, "--shortest", 0.6)
    status, lines, said = listen("--json", *limits, write=lambda pipe: pipe.write(samples.tobytes()))
    assert (status, said) == (0, "")
    found = [json.loads(line) for line in lines]
    assert {part["type"] for part in found} == {"segment"}
    segments = [(part["start_seconds"], part["end_seconds"], part["class"]) for part in found]
    assert segments == [
        (round(part.start_seconds, 3), round(part.end_seconds, 3), part.class_name)
        for part in expected.timeline(0.2, 0.6)
    ]

    stereo = np.stack([samples, samples], axis=1).repeat(2, axis=0).astype("<f4") / 32768  # twice the rate
    options = ("--format", "f32le", "--channels", 2, "--sample_rate", 2 * RATE, "--windows", "--top", 2)
    status, lines, _ = listen(*options, write=lambda pipe: pipe.write(stereo.tobytes()))
    windows = [line for line in lines if line.startswith("  ")]
    assert status == 0 and len(windows) == len(expected.starts_seconds)
    assert windows[1].startswith("  0:00.5 - 0:01.5: ") and windows[1].count(",") == 1
    assert lines[-1].partition("  ")[0].endswith(f"- 0:0{SECONDS}.0")


def test_at_real_time_a_window_is_answered_before_the_sound_ends(listen, samples, monkeypatch):
    """Of 1.6 s in parts of a tenth: the first window is complete after 1 s."""
    answered, ended = [], []
    real = pipeline.Pipeline.forward
    monkeypatch.setattr(
        pipeline.Pipeline, "forward", lambda *arguments: answered.append(time.monotonic()) or real(*arguments)
    )

    def write(pipe):
        for part in np.split(samples[: 16 * RATE // 10], 16):
            pipe.write(part.tobytes())
            pipe.flush()
            time.sleep(0.1)
        ended.append(time.monotonic())

    status, lines, _ = listen("--windows", "--json", write=write)
    assert status == 0 and [json.loads(line)["type"] for line in lines][:1] == ["window"]
    assert len(answered) == 3 and answered[0] < ended[0] - 0.3


def child(folder):
    """The command in a process of its own, whose standard streams are the two pipes in the folder."""
    sys.stdin = open(folder / "in", encoding="utf-8")  # noqa: SIM115  # as long as the process
    os.dup2(os.open(folder / "out", os.O_WRONLY), 1)
    sys.stdout = open(1, "w", encoding="utf-8")  # noqa: SIM115
    raise SystemExit(main(["listen", "--model", "run", "--json", "--windows"]))


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="named pipes are POSIX's")
@pytest.mark.parametrize(("end", "status"), [("ctrl-c", 0), ("closed", 141)])
def test_it_ends_cleanly(end, status, workspace, samples, tmp_path):
    """By Ctrl-C with the segments that there are, and by a reader of its output that has enough without a word."""
    for name in ("in", "out"):
        os.mkfifo(tmp_path / name)
    (tmp_path / "run").symlink_to(workspace / "run")
    process = forked(child, tmp_path, folder=tmp_path)
    process.start()
    with open(tmp_path / "in", "wb", buffering=0) as pipe, open(tmp_path / "out", encoding="utf-8") as lines:
        pipe.write(samples[: 2 * RATE].tobytes())
        first = [json.loads(lines.readline()) for _ in range(3)]
        assert [line["start_seconds"] for line in first if line["type"] == "window"][:2] == [0.0, 0.5]
        if end == "ctrl-c":
            time.sleep(0.2)  # it waits for more now
            os.kill(process.pid, signal.SIGINT)
            rest = [json.loads(line) for line in lines]
            assert rest[-1]["type"] == "segment" and rest[-1]["end_seconds"] == 2.0
        else:
            lines.close()
            with suppress(BrokenPipeError):
                pipe.write(samples[2 * RATE : 4 * RATE].tobytes())
        process.join(20)
    assert (process.exitcode, (tmp_path / OUTPUT).read_text(encoding="utf-8")) == (status, "")


def test_the_microphone_is_listened_to_until_ctrl_c(listen, samples, monkeypatch):
    monkeypatch.setitem(sys.modules, "sounddevice", SimpleNamespace(__spec__=SimpleNamespace()))

    def record(sample_rate, channels, channel):
        def blocks():
            yield from np.array_split(samples[: 3 * RATE].astype(np.float32) / 32768, 30)
            raise KeyboardInterrupt

        assert (sample_rate, channels, channel) == (None, 1, "mix")
        return RATE, blocks()

    monkeypatch.setattr(microphone, "record", record)
    status, lines, said = listen("--microphone")
    assert (status, said) == (0, "") and "- 0:03.0" in lines[-1]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "error: there was no sound: the input ended before its first sample"),
        (["--overlap", "none"], "error: --overlap is none, which is for recordings"),
        (["--overlap", "1"], "error: overlap is 1.0"),
        (["--sample-rate", "10"], "error: --sample-rate is 10; expected 1000 to 384000"),
        (["--channels", "9" * 30], f"error: --channels is {'9' * 30}; expected 1 to 64; correct it"),
        (["--model", "nowhere"], "error: nowhere is not a folder"),
    ],
)
def test_a_mistake_is_one_line(listen, arguments, said):
    status, lines, errors = listen(*arguments, model=None if "--model" in arguments else "run")
    assert (status, lines) == (2, []) and errors.startswith(said) and errors.count("\n") == 1


def test_a_terminal_and_a_missing_package_are_one_line(listen, monkeypatch, capfd):
    monkeypatch.setitem(sys.modules, "sounddevice", None)
    _, _, errors = listen("--microphone")
    line = 'error: the microphone needs sounddevice: pip install "esc_gpu[listen]", or pipe sound into standard input\n'
    assert errors == line
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(isatty=lambda: True))
    assert main(["listen", "--model", "run"]) == 2
    assert capfd.readouterr().err.startswith("error: standard input is a terminal")
    monkeypatch.setattr(sys, "stdin", None)  # as Python has it after <&-
    assert main(["listen", "--model", "run"]) == 2
    assert capfd.readouterr().err == "error: standard input is closed: pipe raw sound into it, or add --microphone\n"
