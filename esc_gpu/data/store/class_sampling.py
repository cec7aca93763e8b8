"""How often an epoch visits the clips of each class."""

import numpy as np

POWERS = {"shuffled": 1.0, "square_root": 0.5, "balanced": 0.0}


def sample_classes(clips: np.ndarray, labels: np.ndarray, sampling: str, seed: tuple[int, ...]) -> np.ndarray:
    """As many clip numbers as `clips`, of which each class has a share in proportion to a power of its clips.

    The power is 1 for "shuffled", which gives each clip once, 1/2 for "square_root" and 0 for "balanced". The clips of
    a class come equally often: each once before one comes twice, and those that are left over are drawn from `seed`.
    A class that has fewer places than clips shows others in another epoch. What a share leaves of a place goes to the
    classes with the largest remainders.

    Of several labels a clip, the rarest of a clip says how often it comes, in proportion to a power of the clips that
    have this label: the power above less 1, as with one label. A clip of a frequent class alone is not one of few then,
    however often this class comes with rarer ones.

    Args:
        clips: `(n,)` numbers of the training clips.
        labels: `(n,)` int64 their classes, or `(n, K)` bool.
        sampling: one of `POWERS`.
        seed: of an epoch.

    Source: Kang et al., "Decoupling Representation and Classifier for Long-Tailed Recognition" (ICLR 2020), eq. 1; the
    rarest label as in Gupta et al., "LVIS: A Dataset for Large Vocabulary Instance Segmentation" (CVPR 2019), appendix.
    """
    if sampling == "shuffled":
        return clips
    power = POWERS[sampling]
    share: np.ndarray
    if labels.ndim == 2:
        labels = rarest_counts(labels)  # clips that come as often as each other are as of one class
        groups, counts = np.unique(labels, return_counts=True)
        share = counts * groups.astype(np.float64) ** (power - 1)
    else:
        groups, counts = np.unique(labels, return_counts=True)
        share = counts**power
    exact = len(clips) * share / share.sum()
    places = np.floor(exact).astype(np.int64)
    remainder = np.argsort(places - exact, kind="stable")  # the largest first
    places[remainder[: len(clips) - places.sum()]] += 1
    generator = np.random.default_rng((*seed, 1))  # not the numbers of the order in which they come
    return np.concatenate(
        [repeated(clips[labels == label], n, generator) for label, n in zip(groups, places.tolist(), strict=True)]
    )


def rarest_counts(labels: np.ndarray) -> np.ndarray:
    """`(n, K)` bool → `(n,)` int64: how many clips have the rarest label of each clip; n for a clip without a label."""
    rarest: np.ndarray = np.where(labels, labels.sum(axis=0), len(labels)).min(axis=1)
    return rarest


def repeated(clips: np.ndarray, n: int, generator: np.random.Generator) -> np.ndarray:
    """`n` of the clips, each as often as any other or once more."""
    whole, left = divmod(n, len(clips))
    return np.concatenate([np.tile(clips, whole), generator.choice(clips, left, replace=False)])
