"""Steps whose loss or gradient is not finite: left out on the device, found and named when an epoch is over."""

import functools
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from esc_gpu.core.folds import Fold, fold_title
from esc_gpu.errors import EscGpuError
from esc_gpu.training.fold import FoldData
from esc_gpu.training.tensor_lists import Snapshot

NAMES_SHOWN = 16
ADVICE = "lower train.lr, set train.clip_norm, or train with --train.mixed_precision no"


def spread(loss: Tensor) -> Tensor:
    """The loss; one that is not finite becomes NaN, and so does its gradient, in all processes that share it."""
    return loss * (1 + 0 * loss.detach())


def are_finite(norms: Sequence[Tensor]) -> Tensor:
    """Whether all of some norms `()` are: `()` bool. One of NaN is not less than infinity either."""
    return functools.reduce(torch.maximum, norms) < torch.inf


def leave_out_unless(is_finite: Tensor, optimizer: Optimizer, before: Snapshot) -> None:
    """Have the next `optimizer.step` change nothing unless `is_finite` `()`, and put back what the buffers held before.

    Nothing waits for the device: the kernel of a fused optimiser looks at `found_inf`, which is GradScaler's way, too.
    """
    optimizer.found_inf = (~is_finite).float()  # type: ignore[attr-defined]
    before.put_back_unless(is_finite)


def leaves_out(device: torch.device) -> bool:
    """Whether a fused optimiser does leave out there what it is told to: on Apple's MPS it took such a step before.

    Source: pull request 186360 of PyTorch.
    """
    weight = nn.Parameter(torch.ones(1, device=device))
    weight.grad = torch.ones_like(weight)
    optimizer = torch.optim.AdamW([weight], fused=True)
    optimizer.found_inf = weight.new_ones(())  # type: ignore[attr-defined]
    optimizer.step()
    return weight.item() == 1


def sum_up(
    losses: np.ndarray, batches: Sequence[np.ndarray], data: FoldData, on_nonfinite: str, fold: Fold, epoch: int
) -> dict[str, Any]:
    """What an epoch's record says of its losses, and of steps that were left out.

    Args:
        losses: `(processes, steps)` float32; NaN or Inf where loss or gradient were.
        batches: the clips of each step.
        data: the fold.
        on_nonfinite: "stop" or "skip".
        fold, epoch: which it is, and that of the epoch from 0.

    Returns:
        `loss`, the mean; where steps were left out also `skipped_steps`, ascending from 1, and `skipped_clips`, the
        files of their clips.

    Raises:
        EscGpuError: names the first step that is not finite, and its clips; with "skip" only if no step is finite.
    """
    is_bad = ~np.isfinite(losses).all(axis=0)
    bad, n_steps = np.flatnonzero(is_bad), len(is_bad)
    where = f"{fold_title(fold)}, epoch {epoch + 1}"
    if len(bad) and on_nonfinite == "stop":
        raise EscGpuError(
            f"{where}, step {bad[0] + 1} of {n_steps}: the loss or its gradient is not finite, on the clips "
            f"{shortened(data.names(batches[bad[0]]))}: {ADVICE}; or go on from the last checkpoint without such steps "
            "with --resume --train.on_nonfinite skip"
        )
    if len(bad) == n_steps:
        raise EscGpuError(f"{where}: no step of {n_steps} has a finite loss and gradient: {ADVICE}")
    # One after the other and in float32, as a sum on the device would be.
    sums = np.add.accumulate(losses[:, ~is_bad], axis=1)[:, -1]
    record: dict[str, Any] = {"loss": float((sums / np.float32(n_steps - len(bad))).mean())}
    if len(bad):
        names = data.names(np.concatenate([batches[step] for step in bad.tolist()]))
        record |= {"skipped_steps": (bad + 1).tolist(), "skipped_clips": names}
    return record


def describe_skipped_steps(record: dict[str, Any], fold: Fold) -> str:
    """The line that warns of the steps that a record of `sum_up` says were left out."""
    steps, clips = record["skipped_steps"], shortened(record["skipped_clips"])
    return (
        f"{fold_title(fold)}, epoch {record['epoch']}: left out {len(steps)} step{'s' * (len(steps) > 1)} whose loss "
        f"or gradient was not finite: {shortened(list(map(str, steps)))}, on the clips {clips}"
    )


def check_logits(logits: Tensor, data: FoldData) -> None:
    """Refuse logits `(test clips, K)` on the CPU that are not finite, naming the clips."""
    is_bad = ~logits.isfinite().all(dim=1).numpy()
    if is_bad.any():
        names = shortened(data.names(data.test[is_bad]))
        raise EscGpuError(f"the logits of the test clips {names} are not finite: {ADVICE}")


def shortened(names: Sequence[str]) -> str:
    """The first of them."""
    more = f" and {len(names) - NAMES_SHOWN} more" if len(names) > NAMES_SHOWN else ""
    return ", ".join(names[:NAMES_SHOWN]) + more
