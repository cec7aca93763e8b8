"""Runs whose pictures nobody looks at: drawing them takes most of the time of a small training."""

import contextlib
from collections.abc import Iterator
from unittest import mock

from matplotlib.figure import Figure


@contextlib.contextmanager
def undrawn() -> Iterator[None]:
    """Figures are made and written as ever inside the block, as blank pictures of their size."""
    # To look for their texts before they are saved makes every tick.
    with mock.patch.object(Figure, "draw", lambda *_: None), mock.patch.object(Figure, "findobj", lambda *_: []):
        yield
