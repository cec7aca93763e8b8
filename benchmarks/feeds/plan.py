"""What each feed is timed in."""

import torch

from benchmarks.feeds import KINDS
from benchmarks.throughput import MODES

COMPILE_MODES = "default", "reduce-overhead"  # of torch.compile, timed on a GPU


def modes_of(letter: str) -> list[str]:
    """What a feed is timed in."""
    return [mode for mode in MODES if KINDS[letter].augments or mode != "training_augmented"]


def compile_modes(letter: str, device: torch.device) -> list[str]:
    """torch.compile's modes of which a feed has rows of its own."""
    return list(COMPILE_MODES) if letter == "h" and device.type == "cuda" else []


def planned_measurements(letters: list[str], workers: list[int], device: torch.device) -> int:
    """Measurements of a round of one feature, were all feeds possible."""
    return sum(
        len(modes_of(letter)) * (len(workers) if KINDS[letter].in_workers else 1 + len(compile_modes(letter, device)))
        for letter in letters
    )
