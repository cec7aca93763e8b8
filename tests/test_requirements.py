"""Each layer of setup.cfg's requirements does its part alone, and what needs more says so in one line."""

import json
import subprocess
import sys

import pytest

from tests.helpers.frontend_cases import CASES
from tests.helpers.paths import REPOSITORY
from tests.helpers.setup_cfg import requirements

HERE = {key: case for key, case in CASES.items() if case.get("backend") != "torchaudio"}
TRAIN = 'pip install "esc_gpu[train]"'


@pytest.fixture(scope="module")
def answers(tmp_path_factory):
    """Of one process: with the requirements alone, then with those of training as well."""
    questions = {"base": requirements(), "train": requirements("train"), "cases": HERE}
    command = [sys.executable, "-m", "tests.helpers.few_packages", str(tmp_path_factory.mktemp("few"))]
    done = subprocess.run(
        command, cwd=REPOSITORY, input=json.dumps(questions), capture_output=True, text=True, timeout=240
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_the_front_ends_functions_and_augmentations_need_four_packages(answers):
    shapes = answers["base"]["shapes"]
    assert set(shapes) == set(HERE) and all(shape[0] == 2 and min(shape) > 0 for shape in shapes.values())


def test_what_needs_the_packages_of_training_names_them(answers):
    said = answers["base"]["said"]
    backend = said.pop("torchaudio")
    assert backend == (
        "backend 'torchaudio' of logmel needs torchaudio: pip install \"esc_gpu[torchaudio]\", or use another backend"
    )
    assert said["WaveformClassifier"] == f"this needs safetensors: {TRAIN}"
    assert len(said) == 8 and all(
        message.startswith("this needs ") and message.endswith(f": {TRAIN}") for message in said.values()
    ), said


def test_the_commands_say_so_in_a_line_and_still_have_their_help(answers):
    commands = dict(answers["base"]["commands"])
    assert commands.pop("--help") == [0, ""]
    assert len(commands) == 4
    for name, (status, said) in commands.items():
        (line,) = said.splitlines()
        assert status == 2 and line.startswith("error: this needs ") and line.endswith(f": {TRAIN}"), (name, said)


def test_a_training_needs_none_of_the_other_extras(answers):
    commands = answers["train"]["commands"]
    assert len(answers["train"]["modules"]) > 100
    assert commands.pop("evaluate") == [0, ""]
    assert {name: (status, said.splitlines()) for name, (status, said) in commands.items()} == {
        "wandb": (2, ['error: tracker.name=wandb needs wandb: pip install "esc_gpu[wandb]"']),
        "tensorboard": (2, ['error: tracker.name=tensorboard needs tensorboard: pip install "esc_gpu[tensorboard]"']),
        "onnx": (2, ['error: ONNX needs onnx: pip install "esc_gpu[onnx]", or use --format torch']),
        "demo": (2, ['error: the demo needs gradio: pip install "esc_gpu[demo]"']),
        "torchaudio": (
            2,
            [
                "error: backend 'torchaudio' of logmel needs torchaudio: "
                'pip install "esc_gpu[torchaudio]", or use another backend'
            ],
        ),
    }
