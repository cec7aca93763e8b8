"""Limits of what is read as YAML: text that is small can stand for more than any memory holds."""

from collections.abc import Iterable

import yaml

from esc_gpu.core.nesting import MOST_LEVELS
from esc_gpu.core.yaml_keys import check_keys
from esc_gpu.errors import EscGpuError

MOST_CHARACTERS = 1_000_000
MOST_VALUES = 100_000  # with those that an anchor repeats
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
REMEDY = "simplify it"


def check_yaml(text: str, file: object = None) -> None:
    """Refuse YAML that is too long, too deep or, by its anchors, too large, before anything is built of it.

    What is no YAML passes: the reader says what is wrong with it. The `file` that it is from is for messages.

    Raises:
        EscGpuError: for more than `MOST_CHARACTERS`, `MOST_LEVELS` or `MOST_VALUES`, a value that holds itself, and a
            key that a section has twice.
    """
    try:
        if len(text) > MOST_CHARACTERS:
            raise EscGpuError(f"the YAML has {len(text):,} characters; expected up to {MOST_CHARACTERS:,}; {REMEDY}")
        count_values(yaml.parse(text, LOADER))
        check_keys(yaml.compose(text, LOADER))
    except (yaml.YAMLError, UnicodeEncodeError):  # of half a character
        return
    except EscGpuError as error:
        if file is None:
            raise
        raise EscGpuError(f"{file}: {error}") from error


def count_values(events: Iterable[yaml.Event]) -> int:
    """How many values the YAML has, with those that its anchors repeat; raises what `check_yaml` does."""
    sizes: dict[str, int | None] = {}  # of what is anchored; None while it is open
    open_values: list[tuple[str | None, int]] = []  # its anchor, and the values before it
    total = 0
    for event in events:
        if isinstance(event, yaml.AliasEvent):
            size = sizes.get(event.anchor, 0)
            if size is None:
                raise EscGpuError(f"a value of the config contains itself; expected plain values; {REMEDY}")
            total += size
        elif isinstance(event, yaml.CollectionStartEvent):
            open_values.append((event.anchor, total))
            sizes |= {event.anchor: None} if event.anchor else {}
            total += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            anchor, before = open_values.pop()
            sizes |= {anchor: total - before} if anchor else {}
        elif isinstance(event, yaml.ScalarEvent):
            sizes |= {event.anchor: 1} if event.anchor else {}
            total += 1
        if len(open_values) > MOST_LEVELS:
            raise EscGpuError(f"the YAML has more than {MOST_LEVELS} levels; expected fewer; {REMEDY}")
        if total > MOST_VALUES:
            raise EscGpuError(f"the YAML expands to more than {MOST_VALUES:,} values; expected fewer; {REMEDY}")
    return total
