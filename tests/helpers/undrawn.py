"""Runs whose pictures nobody looks at: drawing them takes most of the time of a small training."""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

from matplotlib.figure import Figure


@contextlib.contextmanager
def undrawn() -> Iterator[None]:
    """Figures are made and written as ever inside the block, as blank pictures of their size."""
    # To look for their texts before they are saved makes every tick.
    with mock.patch.object(Figure, "draw", lambda *_: None), mock.patch.object(Figure, "findobj", lambda *_: []):
        yield


@contextlib.contextmanager
def unplotted() -> Iterator[None]:
    """As `undrawn`, and the pictures of a training are empty ones: to make their axes took a third of a small one."""
    from esc_gpu import report
    from esc_gpu.report.figures.save import save

    def blank(path: Path, *_: object) -> None:
        save(Figure(figsize=(1, 1)), path)

    plots = dict.fromkeys(("plot_confusion", "plot_curves", "plot_inputs"), blank)
    with undrawn(), mock.patch.multiple(report, **plots):
        yield
