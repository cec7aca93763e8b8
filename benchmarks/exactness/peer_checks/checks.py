"""What a check of a peer is: a call of its own beside a spec of ours, or the reason why there is none."""

import inspect
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch

# A clip `(T,)` float64 and its sample rate → `(F, N)`, in the peer's own words.
Features = Callable[..., np.ndarray]
# `create_frontend`'s arguments, beside the sample rate; a function of the sample rate where they depend on it.
Spec = Mapping[str, object] | Callable[[int], Mapping[str, object]]
WAVEFORMS = "a front-end takes waveforms, and nothing that was computed of them"
RATES = 22050, 8000, 44100
EXACT = 1e-5


@dataclass(frozen=True)
class Check:
    """One choice of options of a peer's function.

    Attributes:
        function: the peer's name of it.
        options: the peer's options of this check.
        ours: what makes the same features here; None where nothing does.
        theirs: the peer's features.
        tolerance: of the largest value.
        rates: sample rates at which both are computed.
        reason: why nothing here makes them.
        note: what was compared where it is not all.
        without: names of signals that are not compared.
        asked: options of the function that are to be in some check.
    """

    function: str
    options: Mapping[str, object]
    ours: Spec | None = None
    theirs: Callable[[np.ndarray, int], np.ndarray] | None = None
    tolerance: float = EXACT
    rates: tuple[int, ...] = RATES
    reason: str | None = None
    note: str | None = None
    without: tuple[str, ...] = ()
    asked: frozenset[str] = frozenset()

    def spec(self, rate: int) -> dict[str, object]:
        """`create_frontend`'s arguments for clips at a sample rate."""
        ours = self.ours(rate) if callable(self.ours) else self.ours
        return {"sample_rate": rate, **ours}


@dataclass(frozen=True)
class Function:
    """A function of a peer, its options that are the same here, and those that are not.

    Attributes:
        name: the peer's.
        theirs: a call with a clip, its sample rate and the peer's options.
        frontend: the name of ours.
        options: the peer's options of every check, and ours.
        parameters: names of all the peer's options.
        plumbing: those of them that change no value: inputs, kinds of numbers, buffers.
    """

    name: str
    theirs: Features
    frontend: str = ""
    options: tuple[Mapping[str, object], Mapping[str, object]] = ({}, {})
    parameters: tuple[str, ...] = ()
    plumbing: tuple[str, ...] = ()
    tolerance: float = EXACT
    rates: tuple[int, ...] = RATES
    note: str | None = None
    without: tuple[str, ...] = ()

    def same(self, **options: object) -> Check:
        """Options that have the same names and values here."""
        return self.as_ours(options, options)

    def each(self, option: str, *values: object) -> list[Check]:
        """A check for each value of an option that is the same here."""
        return [self.same(**{option: value}) for value in values]

    def as_ours(self, options: Mapping[str, object], ours: Spec) -> Check:
        """Options that have other names or values here; `name` among ours is another front-end than this one's."""
        theirs, common = self.options
        theirs = {**theirs, **options}

        def spec(rate: int) -> dict[str, object]:
            return {"name": self.frontend, **common, **(ours(rate) if callable(ours) else ours)}

        return Check(
            self.name,
            options,
            spec if callable(ours) else spec(0),
            lambda clip, rate: self.theirs(clip, rate, **theirs),
            self.tolerance,
            self.rates,
            note=self.note,
            without=self.without,
            asked=self.asked,
        )

    def lacks(self, reason: str, **options: object) -> Check:
        """Options that nothing here expresses."""
        return Check(self.name, options, reason=reason, asked=self.asked)

    @property
    def asked(self) -> frozenset[str]:
        """The options that checks are to have."""
        return frozenset(self.parameters) - {*self.plumbing, *self.options[0]}


def unlooked(checks: Iterable[Check]) -> list[Check]:
    """A check for each option of the peer's functions that is in none: nothing is left out because it is new."""
    asked, seen = defaultdict(set), defaultdict(set)
    for check in checks:
        asked[check.function] |= check.asked
        seen[check.function] |= check.options.keys()
    missing = [(function, name) for function in asked for name in sorted(asked[function] - seen[function])]
    return [Check(function, {name: "any"}, reason="it was not looked at") for function, name in missing]


@contextmanager
def default_dtype(dtype: torch.dtype) -> Iterator[None]:
    """What torch makes its constants of."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        yield
    finally:
        torch.set_default_dtype(before)


def parameters(function: Callable[..., object], *more: str) -> tuple[str, ...]:
    """Names of a function's or a class's parameters, and those that it hands on as keywords."""
    kinds = (inspect.Parameter.VAR_KEYWORD, inspect.Parameter.VAR_POSITIONAL)
    return (*(p.name for p in inspect.signature(function).parameters.values() if p.kind not in kinds), *more)


def no_such(reason: str, *functions: str) -> list[Check]:
    """Functions of which there is no counterpart here."""
    return [Check(function, {}, reason=reason) for function in functions]
