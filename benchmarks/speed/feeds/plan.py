"""What each feed is timed in."""

from benchmarks.speed.feeds.base import KINDS
from benchmarks.speed.throughput import MODES


def modes_of(letter: str) -> list[str]:
    """What a feed is timed in."""
    return [mode for mode in MODES if KINDS[letter].augments or mode != "training_augmented"]


def planned_measurements(letters: list[str], workers: list[int]) -> int:
    """Measurements of a round of one feature, were all feeds possible."""
    return sum(len(modes_of(letter)) * (len(workers) if KINDS[letter].in_workers else 1) for letter in letters)
