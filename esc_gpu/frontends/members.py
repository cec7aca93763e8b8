"""Front-ends inside a front-end: the members of a stack, the member of a delta."""

from collections.abc import Mapping
from typing import Any

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
