"""Front-ends inside a front-end: the members of a stack, the member of a delta or of a model's input."""

from collections.abc import Mapping
from typing import Any

from torch import Tensor

from esc_gpu.errors import EscGpuError
from esc_gpu.frontends.base import Frontend
from esc_gpu.frontends.registry import create_frontend


def member_layer(owner: Frontend, member: Frontend | Mapping[str, Any] | str | None) -> Frontend:
    """A member of `owner`: itself, or made of its options; of a name, with the default ones.

    Without a sample rate a mapping gets the owner's; with another one, a resampler goes before it.

    Raises:
        EscGpuError: for what is neither, wrong options, and a member for waveforms at another rate than the owner's.
    """
    if isinstance(member, str):
        member = {"name": member}
    if isinstance(member, Mapping) and "name" in member:
        rate = member.get("sample_rate", owner.sample_rate)
        resampled = {} if rate == owner.sample_rate else {"input_sample_rate": owner.sample_rate}
        member = create_frontend(**{"sample_rate": rate, **resampled, **member})
    if not isinstance(member, Frontend):
        raise EscGpuError(
            f"members of {owner.name} are front-ends, names or mappings such as {{'name': 'logmel'}}, got {member!r}"
        )
    if member.input_rate != owner.sample_rate:
        raise EscGpuError(
            f"the members of {owner.name} take its sample_rate {owner.sample_rate} Hz, "
            f"{member.name} takes {member.input_rate} Hz"
        )
    return member


class OfOneMember(Frontend):
    """What is made of one other front-end's features: it has their bins and frames.

    Args:
        member: as in `member_layer`; one that is already a layer sets `sample_rate`.
        sample_rate, input_sample_rate, pad_short: as in `Frontend`.
    """

    def __init__(self, member: Frontend | Mapping[str, Any] | str | None, **common: Any):
        if isinstance(member, Frontend):
            common = {"sample_rate": member.input_rate} | common
        super().__init__(1, **common)
        self.layer = member_layer(self, member)
        self.hop_length = self.layer.hop_length
        self.bin_unit, self.is_signed = self.layer.bin_unit, self.layer.is_signed
        self.n_channels = self.layer.n_channels
        self.takes_whole_power = self.layer.takes_whole_power

    @property
    def member(self) -> dict[str, Any]:
        """The member's spec, as plain types."""
        return self.layer.spec

    @property
    def frequencies(self) -> Tensor:
        return self.layer.frequencies

    @property
    def hop_seconds(self) -> float:
        return self.layer.hop_seconds

    @property
    def first_seconds(self) -> float:
        return self.layer.first_seconds
