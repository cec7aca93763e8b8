"""Before anything is timed: do all feeds bring the same clips, in the same order, with the same labels?"""

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from benchmarks.speed.feeds.base import KINDS, Feed, Material
from benchmarks.speed.feeds.recordings import members
from esc_gpu.errors import EscGpuError

# Relative difference of a batch's features in the L2 norm. Libraries read the file's own samples, the store rounds them
# to int16; librosa's CQT is an approximation by another way.
LIBRARY_LIMIT = {"logmel": 0.01, "mfcc": 0.01, "cqt": 0.1}
OWN_LIMIT = 1e-3


def check_feed(letter: str, feed: Feed, material: Material, order: list[np.ndarray]) -> float:
    """Go through an epoch's batches and compare every clip with the precomputed features of its number.

    Returns:
        The largest relative difference of a channel of a batch.

    Raises:
        EscGpuError: for batches of other clips, features, labels or numbers than those of `order`, and for a feed
            that does not augment where it should.
    """
    expected = torch.from_numpy(np.load(material.precomputed.array))
    parts = members(material.frontend)
    limits = torch.tensor([LIBRARY_LIMIT[part.name] if letter in "ab" else OWN_LIMIT for part in parts])
    largest, seen = 0.0, 0
    for index, (features, labels) in zip(order, features_of(feed, material, order), strict=True):
        own = expected[index]
        if features.shape != own.shape:
            raise _disagreement(letter, f"gives features {tuple(features.shape)}; expected {tuple(own.shape)}")
        if labels.tolist() != material.labels[index].tolist():
            raise _disagreement(letter, f"gives labels {labels.tolist()}; expected {material.labels[index].tolist()}")
        differences = relative_difference(features, own, dims=(0, 2, 3))
        if not (differences <= limits).all():
            raise _disagreement(letter, f"differs by {differences.max():.2g}; expected at most {limits.tolist()}")
        # Were limits too wide, or clips too much alike, one clip again and again would pass so far.
        nearer = relative_difference(features, own, (1, 2, 3)) < relative_difference(
            features, own.roll(1, 0), (1, 2, 3)
        )
        if len(index) > 1 and not nearer.all():
            raise _disagreement(letter, "is no nearer to its clips than to their neighbours in the batch")
        largest, seen = max(largest, differences.max().item()), seen + len(index)
    if seen != len(np.unique(np.concatenate(order))):
        raise _disagreement(letter, f"gives {seen} clips, some of them twice; expected each once")
    if KINDS[letter].augments and not feed.gives_waveforms:
        check_augmentation(letter, feed, expected, order[:1])
    return largest


def features_of(feed: Feed, material: Material, order: list[np.ndarray]) -> Iterator[tuple[Tensor, Tensor]]:
    """The feed's features and labels on the CPU, waveforms taken through the front-end."""
    for inputs, labels in feed.batches(order):
        with torch.no_grad():
            features = material.frontend(inputs) if feed.gives_waveforms else inputs
        yield features.cpu(), labels.cpu()


def check_augmentation(letter: str, feed: Feed, expected: Tensor, order: list[np.ndarray]) -> None:
    """Refuse augmented features that are those of the clips as they are."""
    ((features, _),) = feed.batches(order, augmented=True)
    changes = relative_difference(features.cpu(), expected[order[0]], dims=(1, 2, 3))
    if not (changes > OWN_LIMIT).any():
        raise _disagreement(letter, "gives the same features with augmentation as without")


def relative_difference(features: Tensor, expected: Tensor, dims: tuple[int, ...]) -> Tensor:
    """In the L2 norm over `dims`."""
    return (features - expected).square().sum(dims).sqrt() / expected.square().sum(dims).sqrt()


def _disagreement(letter: str, what: str) -> EscGpuError:
    return EscGpuError(
        f"feed {letter} ({KINDS[letter].label}) {what}: its speed would be that of other work; mend the feed, or leave "
        "it out with --only"
    )
