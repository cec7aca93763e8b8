"""How deep what is read from JSON or YAML may be."""

from typing import Any

MOST_LEVELS = 100  # of lists and sections in each other; Python's own parsers end at about 1,000, C's in a crash


def is_too_deep(value: Any) -> bool:
    """Whether lists and objects stand in each other on more than `MOST_LEVELS` levels."""
    level = [value]
    for _ in range(MOST_LEVELS + 1):
        level = [
            child
            for item in level
            if isinstance(item, (dict, list))
            for child in (item.values() if isinstance(item, dict) else item)
        ]
        if not level:
            return False
    return True
