"""The parts of `benchmarks.gpu`, in the order of their worth."""

import sys
from dataclasses import dataclass

from benchmarks.one_command.preflight import RECORDINGS, TESTS, TRAINING

FOLDER = "FOLDER"  # in a command: where its files go
# The trainings that run when they are asked for, each name standing for a part for each seed, with their front-ends.
RECIPES = {"recipe": "configs/logmel_long.yaml", "recipe_stack": "configs/logmel_delta_long.yaml"}
SEEDS = 0, 1, 2
# Front-ends, those with an estimate first: whatever the time is cut to, they are there.
FIRST = ("logmel", "cqt")
ESC50_RATE = 44100


@dataclass(frozen=True)
class Part:
    """A command of this repository.

    Attributes:
        command: its words.
        seconds: after which it is stopped.
        least: seconds without which it is not begun.
        needs: packages without which it is not begun, besides those that all parts need.
        group: the name by which it is asked for with others; without one it is usual.
    """

    command: list[str]
    seconds: float
    least: float = 0.0
    needs: tuple[str, ...] = ()
    group: str = ""


def create_parts(
    root: str,
    device: str = "cuda",
    tiny: bool = False,
    sample_rate: int = ESC50_RATE,
    esc50: str | None = None,
    weights: str | None = None,
) -> dict[str, Part]:
    """The parts, with fewer repeats than they have by default.

    Args:
        root: of the recordings.
        sample_rate: theirs.
        device: "cuda", which each part then insists on, or "cpu".
        tiny: as little of each as runs all of its code: its numbers are worth nothing.
        esc50: the folder of ESC-50, which the recipe is trained on as well, from scratch and from ImageNet's weights.
        weights: a file of those weights; None takes them from the hub. A tiny training takes none.
    """
    module = [sys.executable, "-m"]
    options = [*(["--require-gpu"] if device == "cuda" else []), "--output", FOLDER]
    sizes = {name: words.split() for name, words in (TINY if tiny else FULL).items()}
    validation = [*module, "benchmarks.accuracy.cross_validation", *options]
    return {
        "limits": Part([*module, "benchmarks.speed.limits", *options, *sizes["limits"]], 45, 15),
        "tests": Part(
            [*module, "pytest", "-v", "--tb=short", "-p", "no:cacheprovider", "-m", "gpu", "tests/test_gpu.py"],
            170,
            40,
            (*TESTS, *TRAINING),
        ),
        "frontends": Part(
            [
                *(*module, "benchmarks.speed.frontends", *options, "--root", root),
                *("--cache-dir", f"{FOLDER}/cache", *sizes["frontends"]),
            ],
            150,
            30,
            RECORDINGS,
        ),
        "pipeline": Part(
            [
                *(*module, "benchmarks.speed.pipeline", *options, "--root", root),
                *("--sample-rate", str(sample_rate), *sizes["pipeline"]),
            ],
            240,
            60,
            TRAINING,
        ),
        "cross_validation": Part(
            [
                *(*validation, "--data.root", root, "--config", "configs/logmel.yaml"),
                *("--data.sample_rate", str(sample_rate)),
                *("--output_dir", f"{FOLDER}/run", *sizes["cross_validation"]),
            ],
            120,
            40,
            TRAINING,
        ),
        "long_run": Part(
            [*module, "benchmarks.reliability.long_run", *options, *sizes["long_run"]],
            60,
            30,
            TRAINING,
        ),
        **recipe_parts(validation, root, tiny, esc50, weights),
    }


def recipe_parts(
    validation: list[str], root: str, tiny: bool, esc50: str | None, weights: str | None
) -> dict[str, Part]:
    """The cross-validations of the recipes, one for each seed; `validation` is the command of one."""
    best = ["--config", "configs/recipes/best.yaml"]
    trainings = {group: (group, root, [*best, "--config", config], 520) for group, config in RECIPES.items()}
    if esc50 is not None:
        features = ["--config", RECIPES["recipe"]]
        imagenet = ["--config", "configs/recipes/imagenet.yaml", *features]
        imagenet += ["--model.pretrained", "false"] if weights or tiny else []
        imagenet += ["--model.weights", weights] if weights and not tiny else []
        trainings["recipe_esc50"] = ("recipe", esc50, [*best, *features], 3600)
        trainings["recipe_esc50_imagenet"] = ("recipe", esc50, imagenet, 1800)
    return {
        (name := f"{training}_seed{seed}"): Part(
            [
                *(*validation, "--label", name.replace("_", "-"), "--data.root", where, *options),
                *("--output_dir", f"{FOLDER}/run", "--train.seed", str(seed)),
                *("--train.eval_every", "40", "--train.checkpoint_every", "120"),
                *((TINY if tiny else FULL)["recipes"].split()),
            ],
            seconds,
            120,
            TRAINING,
            group,
        )
        for seed in SEEDS  # all trainings with the first seed first
        for training, (group, where, options, seconds) in trainings.items()
    }


OTHERS = (
    *("kaldi_fbank", "kaldi_mfcc"),
    *("mfcc", "spectrogram", "lfcc", "gammatone", "gfcc", "vqt", "chroma", "chroma_cqt", "pcen", "delta", "stack"),
    *("spectral_centroid", "spectral_bandwidth", "spectral_rolloff", "spectral_flatness", "spectral_contrast"),
    *("zero_crossing_rate", "rms", "model_input"),
)
FULL = {
    "limits": "",
    # The batch of the estimates.
    "frontends": f"--only {' '.join(FIRST + OTHERS)} --batch 64 --repeats 5 --budget 2 --energy-seconds 1",
    "pipeline": "--workers 8 --batch-size 64 --rounds 1 --round-seconds 2",
    "cross_validation": "--train.epochs 50 --train.checkpoint_every 50",
    "long_run": "--folds 5",
    "recipes": "",
}
TINY = {
    "limits": "--megabytes 16 --repeats 2",
    "frontends": f"--only {FIRST[0]} --batch 2 --repeats 1 --budget 1 --error-clips 1 --energy-seconds 0.1",
    "pipeline": (
        "--features logmel --clip-seconds 1 --workers 1 --batch-size 4 --batches 1 --rounds 1 --round-seconds 1 "
        "--backbone test_resnet"
    ),
    "cross_validation": "--train.epochs 1 --model.backbone test_resnet",
    "long_run": "--steps 30 --every 10 --warm-up 10 --folds 2",
    "recipes": "--train.epochs 1 --model.backbone test_resnet",
}
