"""Weights of a backbone from a local file: all of them, or none."""

import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from esc_gpu.errors import EscGpuError, EscGpuWarning

OWN = "backbone."  # the names of a run's own weights begin so
Make = Callable[[dict[str, Any] | None], Any]


def by_own_names(state: Any) -> dict[str, Tensor]:
    """The content of a file of weights, by the tensors' names in the backbone: those of a run have more before them.

    Raises:
        TypeError: for anything but tensors by name.
    """
    if not (isinstance(state, dict) and all(isinstance(value, Tensor) for value in state.values())):
        raise TypeError("the file holds no named weights")
    of_a_run = {name.removeprefix(OWN): value for name, value in state.items() if name.startswith(OWN)}
    return of_a_run or state


def create_with_weights(make: Make, file: str | Path, state: Mapping[str, Tensor], name: str) -> nn.Module:
    """The backbone with the weights of a file, whose last layer may be of another number of classes.

    Args:
        make: makes the backbone by timm, without weights for None, else with what is laid over timm's description.
        file: where the weights are from, for messages.
        state: of the file, as `by_own_names` gives it.
        name: timm's of the backbone.

    Raises:
        EscGpuError: where the file is of another backbone: it lacks a tensor, or has one that the backbone does not.
    """
    with torch.random.fork_rng(devices=[]):
        fresh = make(None)
    description: dict[str, Any] = dict(getattr(fresh, "pretrained_cfg", None) or {})  # timm's
    initial = fresh.state_dict()
    head = [key for key in initial if key.startswith(tuple(f"{part}." for part in names(description, "classifier")))]
    firsts = [f"{part}.weight" for part in names(description, "first_conv")]
    overlay: dict[str, Any] = {"num_classes": getattr(fresh, "num_classes", None), "label_offset": 0}
    channels = {state[key].shape[1] for key in firsts if key in state and is_plain(fresh, key, state[key])}
    if len(channels) == 1:
        overlay["input_size"] = (*channels, *(description.get("input_size") or (3, 224, 224))[1:])
    taken, is_anew = dict(state), any(key not in state or state[key].shape != initial[key].shape for key in head)
    if is_anew:
        taken |= {key: initial[key] for key in head}
    try:
        model: Any = make({**overlay, "state_dict": taken})
    except (RuntimeError, KeyError, ValueError, AssertionError, AttributeError, TypeError, IndexError) as error:
        raise EscGpuError(misfit(file, name, state, initial, head, firsts)) from error
    # Without the overlay, or every copy of the model would have the file's tensors.
    model.pretrained_cfg = model.default_cfg = description
    for key, weight in model.named_parameters():
        drawn = weight.ndim > 1 and key not in head and torch.equal(weight, initial[key])
        if drawn and not (key in state and torch.equal(state[key].to(weight.dtype), weight)):
            raise EscGpuError(f"{file}: {key} has a shape that {name} cannot use: choose another file of weights")
    if is_anew:
        count = f"{len(state[head[0]])} classes" if head and head[0] in state else "no classes"
        message = f"{file} has a last layer for {count}: {name} gets a new one, and all its other weights from the file"
        warnings.warn(EscGpuWarning(message), stacklevel=4)
    return model


def names(description: Mapping[str, Any], part: str) -> tuple[str, ...]:
    """What a description calls a part: one name, or several."""
    named = description.get(part) or ()
    return (named,) if isinstance(named, str) else tuple(named)


def is_plain(model: nn.Module, key: str, weight: Tensor) -> bool:
    """Whether the channels of the weight are those of its image: not where a stem makes more of them first."""
    convolution = dict(model.named_modules()).get(key.removesuffix(".weight"))
    in_chans = getattr(model, "in_chans", None) or 0
    return isinstance(convolution, nn.Conv2d) and weight.ndim == 4 and in_chans in (0, convolution.in_channels)


def misfit(
    file: str | Path,
    name: str,
    state: Mapping[str, Tensor],
    initial: Mapping[str, Tensor],
    head: list[str],
    firsts: list[str],
) -> str:
    """How many of a backbone's tensors a file has, by name and size, and what to do."""
    needed = [key for key in initial if key not in head and not key.endswith("num_batches_tracked")]

    def fits(key: str) -> bool:
        given, own = (tensor.shape for tensor in (state[key], initial[key]))
        return given == own or (key in firsts and given[:1] + given[2:] == own[:1] + own[2:])

    n_fit = sum(key in state and fits(key) for key in needed)
    others = [key for key in state if key not in initial]
    also = f", and {len(others)} that it has not, such as {others[0]!r}" if others else ""
    return (
        f"{file} has {n_fit} of the {len(needed)} tensors of {name}{also}: name in model.backbone and model.options "
        "the backbone that the weights are of, or give others"
    )
