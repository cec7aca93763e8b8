"""Weights of the classes in the loss, for data sets in which some classes are rare."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from esc_gpu.errors import EscGpuError

LARGEST = 100.0  # of the balanced weights of several labels a clip: one clip outweighs no more than so many


def class_counts(labels: Tensor, num_classes: int) -> Tensor:
    """`(n,)` int64 labels of the training clips, or `(n, K)` bool → `(K,)` int64 clips of each class."""
    return labels.sum(dim=0) if labels.ndim == 2 else labels.bincount(minlength=num_classes)


def class_weights(option: str | Mapping[str, float], counts: Tensor, class_names: Sequence[str]) -> Tensor | None:
    """`(K,)` float32, what the loss of each class is multiplied with; None where `option` is "none".

    "balanced" is n / (K · n_k): a class with half of the clips has twice the weight, and the mean over the clips is 1.
    A table has the weight of each class that it names; the others have 1.

    Args:
        option: `train.class_weights`.
        counts: `(K,)` training clips of each class; none is 0.
        class_names: by label.

    Raises:
        EscGpuError: for a class that is none of these, a weight that is negative or not finite, and only zeros.

    Source: King & Zeng, "Logistic regression in rare events data" (Political Analysis 2001); the weights are those of
    scikit-learn's `compute_class_weight`.
    """
    if option == "none":
        return None
    if option == "balanced":
        return (counts.sum() / (len(counts) * counts.double())).float()
    return table_weights(option, class_names)


def positive_weights(
    option: str | Mapping[str, float], counts: Tensor, n_clips: int, class_names: Sequence[str]
) -> Tensor | None:
    """`(K,)` float32, what the loss of the clips that have a class is multiplied with; None where `option` is "none".

    "balanced" is (n - n_k) / n_k, with which the clips that have a class and those that do not count as much; not more
    than `LARGEST` and not less than its inverse. A table is that of `class_weights`.

    Args:
        option, class_names: as of `class_weights`.
        counts: `(K,)` training clips that have each class.
        n_clips: n, all training clips.

    Raises:
        EscGpuError: as `class_weights`.

    Source: `pos_weight` of torch's `BCEWithLogitsLoss`.
    """
    if option == "none":
        return None
    if option == "balanced":
        return ((n_clips - counts) / counts.double()).clamp(1 / LARGEST, LARGEST).float()
    return table_weights(option, class_names)


def table_weights(option: str | Mapping[str, float], class_names: Sequence[str]) -> Tensor:
    """`(K,)` float32 of a table; raises what `class_weights` does."""
    if isinstance(option, str):
        raise EscGpuError(f"train.class_weights is {option!r}; expected none, balanced, or a weight for some classes")
    check_weights(option, class_names)
    weights = torch.tensor([float(option.get(name, 1.0)) for name in class_names])
    if not weights.any():
        raise EscGpuError("train.class_weights is 0 for every class; expected one above 0; correct it")
    return weights


def check_weights(table: Mapping[str, float], class_names: Sequence[str]) -> None:
    """Refuse a table with a class that is none of these, or with what is no weight."""
    strange = [name for name in table if name not in class_names]
    if strange:
        raise EscGpuError(
            f"train.class_weights names the class {strange[0]!r}, which there is not; expected some of "
            f"{', '.join(class_names)}; correct it"
        )
    for name, weight in table.items():
        if not 0 <= weight < float("inf"):
            raise EscGpuError(f"train.class_weights has {weight} for {name!r}; expected a number from 0 on; correct it")
