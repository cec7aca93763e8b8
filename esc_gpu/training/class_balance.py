"""Weights of the classes in the loss, for data sets in which some classes are rare."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from esc_gpu.errors import EscGpuError


def class_counts(labels: Tensor, num_classes: int) -> Tensor:
    """`(n,)` int64 labels of the training clips → `(K,)` int64 clips of each class."""
    return labels.bincount(minlength=num_classes)


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
    if isinstance(option, str):
        raise EscGpuError(f"train.class_weights is {option!r}; expected none, balanced, or a weight for some classes")
    check_weights(option, class_names)
    return torch.tensor([float(option.get(name, 1.0)) for name in class_names])


def check_weights(table: Mapping[str, float], class_names: Sequence[str]) -> None:
    """Refuse a table of weights that does not fit the classes; raises what `class_weights` does."""
    strange = [name for name in table if name not in class_names]
    if strange:
        raise EscGpuError(
            f"train.class_weights names the class {strange[0]!r}, which there is not; expected some of "
            f"{', '.join(class_names)}; correct it"
        )
    for name, weight in table.items():
        if not 0 <= weight < float("inf"):
            raise EscGpuError(f"train.class_weights has {weight} for {name!r}; expected a number from 0 on; correct it")
    if not any(table.get(name, 1.0) > 0 for name in class_names):
        raise EscGpuError("train.class_weights is 0 for every class; expected one above 0; correct it")
