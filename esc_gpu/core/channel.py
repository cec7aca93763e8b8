"""Which channel of a recording is meant: what a config, a store and a trained pipeline say of it."""

from typing import Literal, get_args

from esc_gpu.errors import EscGpuError

NamedChannel = Literal["mix", "left", "right", "loudest"]
Channel = NamedChannel | int  # a number from 0 on, as an index
NUMBERS = {"left": 0, "right": 1}
NAMES: tuple[str, ...] = get_args(NamedChannel)


def check_channel(channel: object) -> None:
    """Refuse what names no channel.

    Raises:
        EscGpuError: which names there are.
    """
    is_number = isinstance(channel, int) and not isinstance(channel, bool) and channel >= 0
    if not is_number and channel not in NAMES:
        raise EscGpuError(
            f"data.channel is {channel!r}; expected one of {', '.join(NAMES)}, or a number from 0 on; correct it"
        )


def number_of(channel: Channel) -> int:
    """The index of a channel that is one: not "mix" or "loudest"."""
    return channel if isinstance(channel, int) else NUMBERS[channel]
