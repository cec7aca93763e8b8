"""A trained pipeline on disk: `model.safetensors` beside `pipeline.json`."""

import dataclasses
import json
import os
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import safetensors.torch
import torch

from esc_gpu.core.channel import check_channel
from esc_gpu.core.files import read_json, replacing
from esc_gpu.core.folds import SPLITS
from esc_gpu.core.names import check_names, in_one_form
from esc_gpu.core.run_layout import CARD, PIPELINE, WEIGHTS
from esc_gpu.core.task import MULTI_LABEL, SINGLE_LABEL
from esc_gpu.errors import EscGpuError
from esc_gpu.frontends.registry import create_frontend
from esc_gpu.model.classifier import WaveformClassifier
from esc_gpu.model.silence import answer_zeros
from esc_gpu.model.stem import Stem

CLIP_SECONDS = 5.0  # ESC-50's
# Where a pipeline.json says nothing.
DEFAULTS = {"clip_seconds": CLIP_SECONDS, "training": {}, "stem": {}, "coordinates": "none", "test_shifts": 1}
DEFAULTS |= {"receptive_field": None, "task": SINGLE_LABEL}
LARGEST = 1e15  # of a number: beyond, neighbouring whole numbers are the same in floating point


def save(
    folder: Path,
    model: WaveformClassifier,
    class_names: Sequence[str],
    *,
    clip_seconds: float = CLIP_SECONDS,
    training: Mapping[str, Any] | None = None,
    card: str | None = None,
    task: str = SINGLE_LABEL,
) -> None:
    """Write the weights, what is needed to build the pipeline around them, and its model card, if any: all or none.

    Args:
        folder: where to; it exists.
        model: the trained model.
        class_names: of its outputs.
        clip_seconds: length of the clips that it was trained on.
        training: what it was trained on and how well it did, as `results.describe_training` has it.
        card: text of the model card.
        task: "single_label" or "multi_label", that it was trained for.

    Raises:
        EscGpuError: for what `check` refuses.
    """
    check(model, class_names, clip_seconds, training)
    description = describe(model, class_names, clip_seconds, training, task)
    texts = {PIPELINE: json.dumps(description, indent=2, ensure_ascii=False) + "\n"}
    if card is not None:
        texts[CARD] = card
    state = {name: tensor.contiguous() for name, tensor in model.state_dict().items()}
    with ExitStack() as files:  # they take their places when all are written
        for name, text in texts.items():
            files.enter_context(replacing(folder / name)).write_text(text, encoding="utf-8")
        # By Python's own writing, which says of a full disk what it is.
        files.enter_context(replacing(folder / WEIGHTS)).write_bytes(safetensors.torch.save(state, {"format": "pt"}))
        # A kill until then leaves a folder that `load` refuses, and not these weights by another model's description.
        (folder / PIPELINE).unlink(missing_ok=True)


def describe(
    model: WaveformClassifier,
    class_names: Sequence[str],
    clip_seconds: float = CLIP_SECONDS,
    training: Mapping[str, Any] | None = None,
    task: str = SINGLE_LABEL,
) -> dict[str, Any]:
    """The content of `pipeline.json`; the arguments are those of `save`."""
    return {
        "frontend": model.frontend.spec,
        "backbone": model.backbone_name,
        "backbone_options": model.backbone_options,
        "stem": dataclasses.asdict(model.stem),
        "receptive_field": model.receptive_field,
        "coordinates": model.coordinates,
        "test_shifts": model.test_shifts,
        "normalize": model.normalize,
        "class_names": list(class_names),
        "task": task,
        "clip_seconds": clip_seconds,
        "training": dict(training or {}),
    }


def check(
    model: WaveformClassifier,
    class_names: Sequence[str],
    clip_seconds: float = CLIP_SECONDS,
    training: Mapping[str, Any] | None = None,
) -> None:
    """Refuse what could not be loaded again; the arguments are those of `save`.

    Raises:
        EscGpuError: for more or fewer class names than the backbone has outputs, names that are none, and clips that
            have no length, or are too short for the front-end.
    """
    check_description(
        {"class_names": list(class_names), "clip_seconds": clip_seconds, "training": dict(training or {})}
    )
    frontend, n_samples = model.frontend, round(clip_seconds * model.frontend.input_rate)
    if n_samples < frontend.min_samples:
        raise EscGpuError(
            f"clip_seconds={clip_seconds:g} is too short for {frontend.name}, which needs "
            f"{frontend.min_samples / frontend.input_rate:.3f} s: give the length of the clips that it was trained on"
        )
    n_outputs = answer_zeros(model, n_samples).shape[-1]
    if n_outputs != len(class_names):
        raise EscGpuError(
            f"the backbone has {n_outputs} outputs, and there are {len(class_names)} class names: give one for each, "
            "in the order of the outputs"
        )


def load(folder: str | Path, device: str | torch.device = "cpu") -> WaveformClassifier:
    """Load the model of a trained fold (`runs/NAME/fold1`), ready to use: waveform `(B, T)` → logits `(B, K)`.

    The model is in evaluation mode and has the attributes `class_names` and `task`. `load_pipeline` also returns its
    metadata.

    Raises:
        EscGpuError: for a folder without a checkpoint, or one whose parts do not fit.
    """
    return read(folder, device)[0]


def read(folder: str | Path, device: str | torch.device = "cpu") -> tuple[WaveformClassifier, dict[str, Any]]:
    """The model of `load`, and the content of its `pipeline.json`; raises what `load` does. Nothing is unpickled."""
    folder = Path(folder)
    if not (folder / WEIGHTS).is_file():
        raise EscGpuError(f"{folder} holds no {WEIGHTS}: give the folder of a trained fold, such as runs/NAME/fold1")
    if not os.access(folder / WEIGHTS, os.R_OK):  # of which safetensors says that there is no such file
        raise EscGpuError(f"{folder / WEIGHTS} cannot be read: change its permissions, or copy it")
    description = read_json(folder / PIPELINE)
    try:
        description = {**DEFAULTS, **description}
        check_description(description)
        description["class_names"] = list(map(in_one_form, description["class_names"]))
        model = build(description)
    # EscGpuError is a ValueError; an option may ask for more memory than there is.
    except (KeyError, TypeError, ValueError, AttributeError, RuntimeError, MemoryError) as error:
        reason = f"there is no {error}" if isinstance(error, KeyError) else " ".join(str(error).split())
        raise EscGpuError(f"{folder / PIPELINE} does not describe a pipeline: {reason}; save it again") from error
    try:
        model.load_state_dict(safetensors.torch.load_file(folder / WEIGHTS))
    except (RuntimeError, safetensors.SafetensorError) as error:
        reason = " ".join(str(error).split())
        raise EscGpuError(f"{folder / WEIGHTS} does not fit {PIPELINE} beside it: {reason}") from error
    model.class_names, model.task = description["class_names"], description["task"]
    return model.to(device).eval(), description


def build(description: Mapping[str, Any]) -> WaveformClassifier:
    """The model that a `pipeline.json` describes, its weights being the initial ones."""
    # Where the run's own backbone began does not matter any more, and would be one more file to trust.
    options = {name: value for name, value in description["backbone_options"].items() if name != "checkpoint_path"}
    frontend = create_frontend(**description["frontend"])
    if "sample_rate" not in description["frontend"]:  # the default would be as good as any
        raise EscGpuError(f"the front-end {frontend.name} has no sample_rate, expected that of its features in Hz")
    return WaveformClassifier(
        frontend,
        len(description["class_names"]),
        description["backbone"],
        normalize=description["normalize"],
        backbone_options=options,
        stem=Stem(**description["stem"]),
        receptive_field=description["receptive_field"],
        coordinates=description["coordinates"],
        test_shifts=description["test_shifts"],
    )


def check_description(description: Mapping[str, Any]) -> None:
    """Refuse what would fail later: class names that are no names, a length that is none."""
    names, seconds = description["class_names"], description["clip_seconds"]
    if not (isinstance(names, list) and names and all(isinstance(name, str) for name in names)):
        raise EscGpuError(f"class_names is {names!r}, expected a list of names")
    check_names(map(in_one_form, names))
    if not (isinstance(seconds, (int, float)) and 0 < seconds <= 3600):
        raise EscGpuError(f"clip_seconds is {seconds!r}, expected 0 to 3600 (s)")
    task = description.get("task", SINGLE_LABEL)
    if task not in (SINGLE_LABEL, MULTI_LABEL):
        raise EscGpuError(f"task is {task!r}, expected {SINGLE_LABEL} or {MULTI_LABEL}")
    training = description["training"]
    if not isinstance(training, dict):
        raise EscGpuError(f"training is {training!r}, expected an object")
    fold, metrics, precision = (training.get(name) for name in ("fold", "metrics", "mixed_precision"))
    is_fold = fold is None or isinstance(fold, int) or fold in SPLITS
    if not is_fold or not (precision is None or isinstance(precision, str)):
        raise EscGpuError(
            f"training has fold {fold!r} and mixed_precision {precision!r}, expected a number (or {', '.join(SPLITS)}) "
            "and a name"
        )
    start, freeze = training.get("start", {}), training.get("freeze", "none")
    if not (isinstance(start, dict) and isinstance(freeze, str)):
        raise EscGpuError(f"training has start {start!r} and freeze {freeze!r}, expected an object and a name")
    check_channel(training.get("channel", "mix"))
    decay = training.get("ema_decay", 0)
    if not (is_number(decay) and 0 <= decay < 1):
        raise EscGpuError(f"training has ema_decay {decay!r}, expected 0 to below 1")
    if not (metrics is None or (isinstance(metrics, dict) and all(map(is_number, metrics.values())))):
        raise EscGpuError(f"training has metrics {metrics!r}, expected numbers")


def is_number(value: object) -> bool:
    """Whether it is one of a size that is shown and counted with."""
    return isinstance(value, (int, float)) and abs(value) <= LARGEST
