"""What an error must be like, whatever it is about."""

import unicodedata
from collections.abc import Callable

import pytest

from esc_gpu.errors import EscGpuError


def is_one_line(message: str) -> bool:
    """Whether a message is one line, with nothing in it that a terminal would obey or cannot show."""
    return bool(message) and not any(unicodedata.category(sign) in ("Cc", "Cs", "Zl", "Zp") for sign in message)


def refusal(call: Callable[..., object], *arguments: object, **options: object) -> str:
    """The message of the EscGpuError that a call raises, which is one line."""
    with pytest.raises(EscGpuError) as caught:
        call(*arguments, **options)
    message = str(caught.value)
    assert len(message.splitlines()) == 1
    return message


def assert_refused(call: Callable[[], object], *parts: str) -> None:
    """`call` raises an EscGpuError of one line that has all `parts`."""
    message = refusal(call)
    for part in parts:
        assert part in message


def error_line(printed: str) -> str:
    """The one line of error in what a command printed, without `error: `."""
    (line,) = [line for line in printed.splitlines() if line.startswith("error: ")]
    return line.removeprefix("error: ")
