"""Recordings that are in a data set twice, by the hashes of their bytes."""

from collections.abc import Sequence
from pathlib import Path

from esc_gpu.core.folds import Fold
from esc_gpu.errors import EscGpuError


def check_copies(paths: Sequence[Path], folds: Sequence[Fold], digests: Sequence[str]) -> None:
    """Refuse files of the same bytes in two folds: one would be tested on what was learnt by heart.

    Raises:
        EscGpuError: which two they are, and how many there are.
    """
    first: dict[str, int] = {}
    copies = [
        (first[digest], number)
        for number, digest in enumerate(digests)
        if folds[first.setdefault(digest, number)] != folds[number]
    ]
    if copies:
        one, other = copies[0]
        more = f", and so {len(copies)} recordings are copies" if len(copies) > 1 else ""
        raise EscGpuError(
            f"{paths[one]} and {paths[other]} are the same to the byte, but are in folds {folds[one]} and "
            f"{folds[other]}{more}; expected each sound in one fold, so that no clip is tested on what was used for "
            "training; remove one of them, or put both into one fold"
        )


def accept(digests: Sequence[str]) -> None:
    """Have nothing against the recordings."""
