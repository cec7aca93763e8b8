"""`esc-gpu features` of clips, by the real command line."""

import re
from pathlib import Path

import numpy as np
import pytest
import soundfile
from matplotlib.image import imread

from esc_gpu import create_frontend, list_frontends
from esc_gpu.cli.commands import features
from esc_gpu.cli.main import main
from tests.helpers.tiny import write_tone

CONFIG = "data: {sample_rate: 8000}\nfrontend: {name: logmel, n_fft: 256, hop_length: 128, n_mels: 20}\n"
FAST = ("--sample-rate", "8000", "--frontends", "rms")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The working folder, with two clips of a second at 8 kHz."""
    monkeypatch.chdir(tmp_path)
    for number, name in enumerate(("low.wav", "high.flac")):
        write_tone(Path(name), 300 + 1600 * number, 1.0, number)
    return tmp_path


def test_one_clip_becomes_a_picture(folder, capsys):
    assert main(["features", "low.wav", "--sample-rate", "8000", "--frontends", "logmel", "rms"]) == 0
    assert capsys.readouterr().out == "written: features.png, with 2 front-ends of 1 clip\n"
    assert imread("features.png").std() > 0.01
    assert {path.name for path in folder.iterdir()} == {"low.wav", "high.flac", "features.png"}


def test_several_clips_become_one_picture(folder, capsys):
    assert main(["features", "low.wav", "high.flac", *FAST, "--output", "new/both.svg"]) == 0
    assert Path("new/both.svg").read_text(encoding="utf-8").startswith("<?xml")
    assert "written: new/both.svg, with 1 front-end of 2 clips" in capsys.readouterr().out


def test_the_numbers_are_those_of_the_front_end(folder):
    assert main(["features", "low.wav", "--sample-rate", "8000", "--output", "low.npz"]) == 0
    samples, _ = soundfile.read("low.wav", dtype="float32")
    with np.load("low.npz") as arrays:
        assert set(list_frontends()) <= set(arrays)
        assert np.allclose(arrays["waveform"], samples, atol=1e-4)
        for name in ("spectrogram", "mfcc", "rms"):
            frontend = create_frontend(name, sample_rate=8000)
            assert np.allclose(arrays[name], frontend(tensor(arrays["waveform"]))[0].numpy(), atol=1e-3)
            assert np.array_equal(arrays[f"{name}_frequencies"], frontend.frequencies.numpy())
            assert arrays[f"{name}_times"].shape == arrays[name].shape[-1:]


def tensor(waveform):
    import torch

    return torch.from_numpy(waveform)[None]


def test_a_part_of_a_clip(folder):
    options = ("--start", "0.25", "--seconds", "0.5", "--output", "part.npz")
    assert main(["features", "low.wav", *FAST, *options]) == 0
    samples, _ = soundfile.read("low.wav", dtype="float32")
    with np.load("part.npz") as arrays:
        assert np.allclose(arrays["waveform"], samples[2000:6000], atol=1e-4)


def test_a_part_ends_with_the_clip(folder):
    assert main(["features", "low.wav", *FAST, "--start", "0.75", "--seconds", "9", "--output", "part.npz"]) == 0
    with np.load("part.npz") as arrays:
        assert arrays["waveform"].shape == (2000,)


def test_a_long_clip_is_cut_and_that_is_said(folder, capsys, monkeypatch):
    monkeypatch.setattr(features, "DRAWN_SECONDS", 0.5)
    assert main(["features", "low.wav", *FAST]) == 0
    assert "low.wav: drawing 0.5 s of 1 s; --start and --seconds select another part" in capsys.readouterr().out


def test_what_does_not_fit_is_left_out_and_that_is_said(folder, capsys):
    assert main(["features", "low.wav", "--sample-rate", "8000", "--seconds", "0.2", "--output", "short.npz"]) == 0
    line = "skipping front-ends for which 0.200 s are too short: cqt, chroma_cqt, delta, stack"
    assert line in capsys.readouterr().out


def test_front_ends_of_configs(folder):
    for name in ("tiny.yaml", "rms.yaml"):
        Path(name).write_text(CONFIG, encoding="utf-8")
    options = ("--sample-rate", "16000", "--frontends", "rms", "--config", "tiny.yaml", "rms.yaml", "--output", "c.npz")
    assert main(["features", "low.wav", *options]) == 0
    with np.load("c.npz") as arrays:
        assert arrays["tiny"].shape == arrays["rms_config"].shape == (1, 20, 63)  # 8000 samples, hop 128
        assert arrays["rms"].shape == (1, 1, 32)


def test_front_ends_of_configs_by_name(folder):
    assert main(["features", "low.wav", "--config", "logmel", "spectrogram", "--output", "named.npz"]) == 0
    with np.load("named.npz") as arrays:
        assert arrays["logmel"].shape[:2] == (1, 64) and arrays["spectrogram"].shape[:2] == (1, 257)


def test_the_list_has_all(capsys):
    assert main(["features", "--list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == list_frontends()
    assert not [line for line in lines if re.search(r"[:,][,.]|,,|`\(B", line) or not line.endswith(".")]
    assert "1×128×431" in lines[1] and "Log-mel spectrogram" in lines[1] and "(B" not in "".join(lines)


def test_help_names_every_option(capsys):
    with pytest.raises(SystemExit) as ended:
        main(["features", "--help"])
    assert ended.value.code == 0
    text = capsys.readouterr().out
    options = "frontends config list sample-rate seconds start root table subset gallery per-class statistics cache-dir"
    assert all(f"--{name}" in text for name in [*options.split(), "output"])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "nothing is to be drawn; expected audio files"),
        (["nofile.wav"], "nofile.wav: no such file"),
        (["broken.wav"], "broken.wav: "),
        (["low.wav", "--output", "x.jpg"], "x.jpg has the suffix '.jpg'"),
        (["low.wav", "high.flac", "--output", "x.npz"], "x.npz holds the features of one clip, not of 2"),
        (["low.wav", "--frontends", "lgmel"], "did you mean 'logmel'"),
        (["low.wav", "--frontends", "cqt", "--seconds", "0.1"], "low.wav: cqt needs at least"),
        (["low.wav", "--start", "1"], "low.wav: is 1.00 s long; --start is 1"),
        (["low.wav", "--start", "-1"], "--start is -1; expected 0 or more"),
        (["low.wav", "--seconds", "0"], "--seconds is 0; expected a sample or more"),
        (["low.wav", "--seconds", "nan"], "--seconds is nan"),
        (["low.wav", "--sample-rate", "10"], "--sample-rate is 10; expected 1000 to 384000"),
        (["low.wav", "--config", "no.yaml"], "--config: there is no file no.yaml"),
        (["low.wav", "--config", "a/x.yaml", "b/x.yaml"], "two files of --config are called x"),
        (["low.wav", "--root", "."], "both clips and options of a data set"),
        (["low.wav", "--output", "low.wav/x.png"], "expected a folder that can be made"),
        (["low.wav", "--gallery"], "both clips and options of a data set"),
    ],
)
def test_mistakes_are_one_line(arguments, message, folder, capsys):
    Path("broken.wav").write_bytes(b"no audio")
    for name in "ab":
        Path(name).mkdir()
        Path(name, "x.yaml").write_text(CONFIG, encoding="utf-8")
    before = sorted(folder.rglob("*"))
    named = any(option in arguments for option in ("--frontends", "--config"))
    rate = [] if "--sample-rate" in arguments else ["--sample-rate", "8000"]
    assert main(["features", *arguments, *rate, *([] if named else ["--frontends", "rms"])]) == 2
    printed = capsys.readouterr()
    assert len(printed.err.splitlines()) == 1 and printed.err.startswith("error: ") and message in printed.err
    assert sorted(folder.rglob("*")) == before


def test_a_real_clip(esc10_root, folder):
    path = min((esc10_root / "audio").iterdir())
    assert main(["features", str(path), "--frontends", "logmel", "vqt", "--output", "real.npz"]) == 0
    with np.load("real.npz") as arrays:
        assert arrays["logmel"].shape == (1, 128, 431) and arrays["vqt"].shape == (1, 84, 431)
        assert arrays["waveform"].std() > 0 and np.isfinite(arrays["logmel"]).all()
