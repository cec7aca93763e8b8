"""What a run's `summary.json` and `metrics.jsonl` must hold, so that a file that was altered is refused in one line."""

import math
from typing import Any

from esc_gpu.core.folds import SPLITS
from esc_gpu.core.task import MULTI_LABEL, SINGLE_LABEL
from esc_gpu.errors import EscGpuError

# A shape is one of: an object with these keys, where "?" ends the name of one that may be missing; a list of one shape;
# a shape or null, as a tuple; or a word of `KINDS`.
Shape = dict[str, Any] | list[Any] | tuple[Any, ...] | str

LARGEST = 1e15  # of a number: beyond, neighbouring whole numbers are the same in floating point


def is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) <= LARGEST


KINDS = {
    "a task": lambda value: value in (SINGLE_LABEL, MULTI_LABEL),
    "a text": lambda value: isinstance(value, str),
    "true or false": lambda value: isinstance(value, bool),
    "a whole number": lambda value: is_number(value) and isinstance(value, int),
    "a fold": lambda value: value in SPLITS or is_number(value) and isinstance(value, int),
    "a number": is_number,
    "a number or NaN": lambda value: is_number(value) or (isinstance(value, float) and not math.isfinite(value)),
    "an object": lambda value: isinstance(value, dict),
}

FRONTEND: dict[str, Any] = {"name": "a text", "backend": "a text"}
FRONTEND |= {"members?": ([FRONTEND],), "member?": (FRONTEND,)}

EVALUATED = {
    "class_names": ["a text"],
    "class_categories": ["a text"],
    "task?": "a task",
    "frontend": FRONTEND,
    "folds": [{"fold": "a fold", "seconds": "a number", "left_out?": ["a fold"]}],
    "data": "an object",
    "config": {
        "model": {"pretrained": "true or false", "weights": ("a text",)},
        "train": {"seed": "a whole number", "epochs": "a whole number"},
        "validate?": "true or false",
    },
}

REPORTED = {
    "data": {
        **{"recordings": "a text", "synthetic": "true or false", "subset": "a text"},
        **{"clips": "a whole number", "classes": "a whole number"},
    },
    "seconds": "a number",
    "processes": "a whole number",
    "mixed_precision": "a text",
    "environment": {
        **{"date": "a text", "cpu": "a text", "cores": "a whole number", "python": "a text"},
        "versions": "an object",
        "gpu": ({"count": "a whole number", "name": "a text"},),
        "cuda": ("a text",),
    },
    "config": {
        "data": {"clip_seconds": "a number", "sample_rate": "a whole number"},
        "model": {
            **{"backbone": "a text", "pretrained": "true or false", "normalize": "a text"},
            "weights": ("a text",),
        },
        "train": {
            **{"epochs": "a whole number", "batch_size": "a whole number", "lr": "a number"},
            "ema_decay?": "a number",
        },
    },
}

EPOCH = {
    "epoch": "a number",
    **{f"{name}?": "a number or NaN" for name in ("loss", "lr", "seconds", "test_loss", "test_accuracy", "test_map")},
}


def check_shape(value: object, shape: Shape, where: str) -> None:
    """Refuse a value of another shape.

    Args:
        value: as JSON gives it.
        shape: of it.
        where: its place, for the message.

    Raises:
        EscGpuError: for the first part that is missing or another thing than it should be.
    """
    if isinstance(shape, dict):
        if not isinstance(value, dict):
            raise EscGpuError(f"{where} is {short(value)}; expected an object")
        for key, inner in shape.items():
            name = key.removesuffix("?")
            if name in value:
                check_shape(value[name], inner, f"{where}.{name}")
            elif name == key:
                raise EscGpuError(f"{where} has no {name}; expected it")
    elif isinstance(shape, list):
        if not isinstance(value, list):
            raise EscGpuError(f"{where} is {short(value)}; expected a list")
        for number, item in enumerate(value):
            check_shape(item, shape[0], f"{where}[{number}]")
    elif isinstance(shape, tuple):
        if value is not None:
            check_shape(value, shape[0], where)
    elif not KINDS[shape](value):
        raise EscGpuError(f"{where} is {short(value)}; expected {shape}")


def short(value: object) -> str:
    """A value in a message: its beginning."""
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:40]}…"
