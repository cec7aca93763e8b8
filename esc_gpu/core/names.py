"""Names of classes, sources and files, so that two that look alike are one, and none holds what cannot be seen."""

import os
import re
import unicodedata
from collections.abc import Iterable
from pathlib import Path

from esc_gpu.errors import EscGpuError

SPACES = re.compile("[ \u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]+")
# They are not seen themselves, but alter how their neighbours are drawn, in Persian, in Hindi and in emoji.
JOINERS = re.compile("[\u200c\u200d\u180b-\u180d\u180f\ufe00-\ufe0f\U000e0100-\U000e01ef]")
BLANK_LETTERS = "\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0"  # to Unicode they are letters, marks and signs


def in_one_form(text: str) -> str:
    """A name as all that look the same are kept: composed (NFC), with one plain space for spaces of any kind."""
    return SPACES.sub(" ", composed(text).strip())


def composed(text: str) -> str:
    """The text in Unicode's NFC, in which each accented letter is one character where there is such."""
    return unicodedata.normalize("NFC", text)


def look_of(name: str) -> str:
    """What of a name can be seen by itself: two names of one look cannot be told apart."""
    return name if name.isascii() else JOINERS.sub("", composed(name))


def control_character(text: str) -> str:
    """The first character that would end a line or command a terminal, as U+000A; empty where there is none."""
    if text.isprintable():  # most are, and tables are long
        return ""
    return next((_code(sign) for sign in text if unicodedata.category(sign) in ("Cc", "Zl", "Zp")), "")


def fault_of(name: str) -> str:
    """Why a name is none, as the sentence about it goes on; empty where it is one."""
    if not look_of(name).strip():
        return "is blank"
    if control := control_character(name):
        return f"has a control character ({control})"
    if name.isascii():
        return ""
    hidden = next((sign for sign in JOINERS.sub("", name) if _is_hidden(sign)), None)
    return f"has a character that cannot be seen ({_code(hidden)})" if hidden else ""


def check_names(class_names: Iterable[str]) -> None:
    """Refuse names of classes that are none, and two that look alike.

    Raises:
        EscGpuError: for the first of them.
    """
    seen: dict[str, str] = {}
    for name in class_names:
        if fault := fault_of(name):
            raise EscGpuError(f"class name {name!r} {fault}; expected a name that can be read; correct it")
        if (look := look_of(name)) in seen:
            what = "is there twice" if seen[look] == name else f"looks like {seen[look]!r}"
            raise EscGpuError(f"class name {name!r} {what}; expected a different name for each class; rename one")
        seen[look] = name


def find_below(folder: Path, name: str) -> str | None:
    """The name of a file below a folder as the disk has it, whose accented letters may be composed or not.

    Names from macOS are often decomposed, and those that are typed are composed. None where there is neither.
    """
    found = ""
    for part in name.split("/"):
        forms = (os.path.join(found, unicodedata.normalize(form, part)) for form in ("NFC", "NFD"))
        here = next((path for path in forms if os.path.exists(folder / path)), None)
        if here is None:
            return None
        found = here
    return Path(found).as_posix()


def as_on_disk(path: Path) -> Path:
    """The path by the form of Unicode that the disk has of it; as it is where there is no such."""
    if str(path).isascii() or os.path.exists(path):
        return path
    found = find_below(Path(path.anchor), path.relative_to(path.anchor).as_posix())
    return path if found is None else Path(path.anchor, found)


def _is_hidden(sign: str) -> bool:
    return unicodedata.category(sign) in ("Cf", "Cs") or sign in BLANK_LETTERS


def _code(sign: str) -> str:
    return f"U+{ord(sign):04X}"
