"""Names of files and classes as they can be shown, whatever bytes and signs they have."""

import os
import re
import unicodedata
from pathlib import Path

from esc_gpu.core.names import JOINERS


def shown(path: str | Path) -> str:
    """The path in UTF-8, whatever bytes the file's name has."""
    return os.fsencode(path).decode("utf-8", "replace")


def printable(text: str) -> str:
    """The text in one line, and without what a terminal would obey; spaces of all kinds, and what joins signs, stay."""
    return "".join(c if c.isprintable() or harmless(c) else "\N{REPLACEMENT CHARACTER}" for c in text)


def harmless(sign: str) -> bool:
    """Whether a sign that is not printable to Python may be printed: other spaces, and the joiners of emoji."""
    return unicodedata.category(sign) == "Zs" or JOINERS.fullmatch(sign) is not None


def escape(text: str) -> str:
    """Text in one line, without any meaning to Markdown, HTML or TeX in it, and no address that becomes a link."""
    return re.sub(r"[\\`*_{}\[\]<>#|~$^&@]|:(?=//)|(?i:(?<=www))\.", r"\\\g<0>", " ".join(text.split()))


def describe_weights(ema_decay: float) -> str:
    """Which weights a training with this `train.ema_decay` gives, as a sentence goes on."""
    if not ema_decay:
        return "those after the last step"
    return f"the average over about the last {round(1 / (1 - ema_decay)):,} steps"
