"""The progress bars of a module, as it makes them."""

from types import ModuleType
from typing import Any

import pytest
from tqdm import tqdm


def watch_bars(monkeypatch: pytest.MonkeyPatch, module: ModuleType) -> list[tuple[dict[str, Any], tqdm]]:
    """The options of each bar that the module makes from now on, and the bar, whose `n` is 0 where it is not shown."""
    bars: list[tuple[dict[str, Any], tqdm]] = []

    def bar(**options: Any) -> tqdm:
        bars.append((options, tqdm(**options)))
        return bars[-1][1]

    monkeypatch.setattr(module, "tqdm", bar)
    return bars
