"""The commands of README and docs/commands.md run in their order on recordings of a second.

Those of the network and `make` are left to other tests.
"""

import csv
import shlex

import numpy as np
import pytest
import soundfile

from esc_gpu.cli import main as cli
from tests.helpers.pages import command_lines
from tests.helpers.paths import DOCS, REPOSITORY

CLASSES, FOLDS, RATE = 4, 5, 44100  # the last class is none of ESC-10
ELSEWHERE = {
    "make train": "of a clone with nothing installed",
    "make test": "these tests",
    "esc-gpu download": "tests/data/recordings/test_download.py, from a server of its own",
    "esc-gpu demo": "tests/inference/test_demo_page.py, which ends it as well",
}
# Behind the options of the pages, for a training to take a second.
SMALL = [
    *("--data.clip_seconds=1", "--model.backbone=test_resnet"),
    *("--train.epochs=1", "--train.batch_size=4", "--train.mixed_precision=no"),
]
ANALYSED = ["--seconds=1"]  # as long as the recordings
PROFILED = ["--train.epochs=2", "--train.batch_size=1"]  # it looks at 18 steps


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with ESC-50 in it and no checkout, as of a reader of README who has installed the package."""
    folder = tmp_path_factory.mktemp("elsewhere")
    audio = folder / "ESC-50" / "audio"
    audio.mkdir(parents=True)
    rows = []
    for number in range(CLASSES * FOLDS):
        target, fold = number % CLASSES, 1 + number // CLASSES
        name = "1-30226-A-0.wav" if number == 0 else f"{fold}-{number}-A-{target}.wav"
        generator = np.random.default_rng(number)
        tone = 0.3 * np.sin(2 * np.pi * 300 * 2**target * np.arange(RATE) / RATE)
        soundfile.write(audio / name, tone + 0.1 * generator.standard_normal(RATE), RATE)
        rows.append([name, fold, target, f"class{target}", target < CLASSES - 1, number, "A"])
    meta = folder / "ESC-50" / "meta" / "esc50.csv"
    meta.parent.mkdir()
    with open(meta, "w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([["filename", "fold", "target", "category", "esc10", "src_file", "take"], *rows])
    return folder


def run(words):
    """The exit status of a command, by the function that it calls."""
    small = SMALL + ([] if "--folds" in words else ["--folds=1"]) + (PROFILED if "--train.profile" in words else [])
    assert words[0] == "esc-gpu"
    analysed = ANALYSED if "--root" in words else []
    behind = {"train": small, "features": analysed, "probe": ["--folds", "1"]}  # the one that was trained
    return cli.main(words[1:] + behind.get(words[1], []))


def test_the_commands_run_one_after_another(folder, blank_pictures, onnx_operators, monkeypatch, capsys):
    monkeypatch.chdir(folder)
    monkeypatch.setenv("ESC_GPU_CACHE", str(folder / "cache"))
    monkeypatch.setenv("WANDB_MODE", "offline")
    left, done = set(ELSEWHERE), []
    for words in command_lines([REPOSITORY / "README.md", DOCS / "commands.md"]):
        if " ".join(words[:2]) in ELSEWHERE:
            left.discard(" ".join(words[:2]))
            continue
        # By a launcher it is the same function with the same options.
        words = ["esc-gpu", "train", *words[words.index("train.py") + 1 :]] if "train.py" in words else words
        if words in done:
            continue
        done.append(words)
        try:
            status = run(words)
        except SystemExit as end:  # --print_config
            status = end.code
        assert status == 0, f"{shlex.join(words)}: {capsys.readouterr().err}"
    assert not left, "the pages do not have these any more"
    for written in ("dog.png", "runs/logmel/report.html", "runs/logmel/fold1/model.onnx", "runs/logmel/evaluation"):
        assert (folder / written).exists(), written
