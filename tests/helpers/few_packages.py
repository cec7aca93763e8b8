"""What works and what is said where only some packages are installed: a process for one set after another.

python -m tests.helpers.few_packages FOLDER < QUESTIONS.json
"""

import contextlib
import importlib
import io
import json
import pkgutil
import runpy
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.helpers.only_packages import only
from tests.helpers.paths import REPOSITORY

DOORS = ("WaveformClassifier", "load", "load_pipeline", "Pipeline")
PACKAGES = ("esc_gpu.model", "esc_gpu.report", "esc_gpu.data.store", "esc_gpu.experiment:run")


def main() -> None:
    questions, folder = json.load(sys.stdin), Path(sys.argv[1])
    answers: dict[str, Any] = {}
    with only(questions["base"]):
        answers["base"] = base(questions["cases"])
    with only([*questions["base"], *questions["train"]]):
        answers["train"] = train(folder)
    sys.stdout.write(json.dumps(answers))


def base(cases: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """The front-ends, as layers and as functions, the augmentations, and what all else says."""
    import torch

    import esc_gpu
    from esc_gpu import augment, functional
    from esc_gpu.frontends import create_frontend

    waveform = torch.rand(2, 16000, generator=torch.Generator().manual_seed(0)) - 0.5
    shapes = {key: list(create_frontend(**case)(waveform).shape) for key, case in cases.items()}
    for case in cases.values():
        name, options = case["name"], {key: value for key, value in case.items() if key != "name"}
        assert getattr(functional, name)(waveform, **options).shape == create_frontend(**case)(waveform).shape
    draws = augment.Draws(torch.Generator().manual_seed(0))
    altered = augment.random_gain(
        augment.random_shift(augment.random_speed(waveform, 0.1, draws), 500, draws), 6, draws
    )
    altered, _ = augment.mixup(augment.add_noise(altered, (0.0, 30.0), 0.7, draws), torch.eye(2), 0.4, draws)
    assert altered.shape == waveform.shape and altered.isfinite().all()
    image = create_frontend("logmel", sample_rate=16000, n_mels=32)(waveform)
    assert augment.draw_spec_augment(2, image.shape[2:], 1, 0.2, 1, 0.2, draws)(image).shape == image.shape
    said = {name: said_by(lambda name=name: getattr(esc_gpu, name)) for name in DOORS}
    said |= {name: said_by(lambda name=name: imported(name)) for name in PACKAGES}
    said["torchaudio"] = said_by(lambda: create_frontend("logmel", "torchaudio"))
    commands = {words: command(words.split()) for words in ("train", "prepare", "features README.md", "--help")}
    return {"shapes": shapes, "said": said, "commands": commands | {"train.py": script()}}


def train(folder: Path) -> dict[str, Any]:
    """Every module, a training, and what says the rest."""
    import esc_gpu
    from tests.helpers.tiny_run import train_tones

    names = [module.name for module in pkgutil.walk_packages(esc_gpu.__path__, "esc_gpu.")]
    for name in names:
        if not name.endswith(
            ("backends.torchaudio", "demo_guard", "__main__")
        ):  # the guard is the demo's, as gradio is
            importlib.import_module(name)
    run = train_tones(folder, "--train.epochs", "1", "--folds", "[1]")
    tones = ["train", "--data.table", str(folder / "tones" / "tones.csv"), "--data.cache_dir", str(folder / "cache")]
    commands = {
        "evaluate": ["evaluate", str(run)],
        "wandb": [*tones, "--output_dir", str(folder / "wandb"), "--tracker.name", "wandb"],
        "tensorboard": [*tones, "--output_dir", str(folder / "tensorboard"), "--tracker.name", "tensorboard"],
        "onnx": ["export", str(run), "--format", "onnx", "--clips", "1"],
        "demo": ["demo", "--model", str(run)],
        "torchaudio": [*tones, "--output_dir", str(folder / "torchaudio"), "--frontend.backend", "torchaudio"],
    }
    return {"modules": names, "commands": {name: command(words) for name, words in commands.items()}}


def said_by(call: Callable[[], object]) -> str:
    """The message of the EscGpuError that a call raises."""
    from esc_gpu import EscGpuError

    try:
        return f"nothing, but gave {call()}"
    except EscGpuError as error:
        return str(error)


def imported(name: str) -> object:
    """A package, or a name of one."""
    package, _, attribute = name.partition(":")
    module = importlib.import_module(package)
    return getattr(module, attribute) if attribute else module


def command(words: list[str]) -> tuple[int, str]:
    """The exit status of `esc-gpu` with these words, and what it says on standard error."""
    from esc_gpu.cli.main import main

    return status_of(lambda: main(words))


def script() -> tuple[int, str]:
    """The same of train.py without any."""
    sys.argv = ["train.py"]
    return status_of(lambda: runpy.run_path(str(REPOSITORY / "train.py"), run_name="__main__"))


def status_of(call: Callable[[], Any]) -> tuple[int, str]:
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()) as said:
        try:
            status = call()
        except SystemExit as ended:
            status = ended.code
    return status, said.getvalue()


if __name__ == "__main__":
    main()
