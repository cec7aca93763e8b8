"""What a layout is: a module that knows a folder of its kind and reads the recordings in it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from esc_gpu.data.recordings.base import Recordings
from esc_gpu.data.recordings.several_labels import AUTO

Subset = Literal["all", "esc10"]
N_FOLDS = 5
TABLES = "tables"  # the folder, in that of the cache, with the tables of folds that were made


@dataclass(frozen=True)
class Reading:
    """How a data set is to be read.

    Attributes:
        subset: "esc10" for a part of ESC-50.
        n_folds: how many folds are made for recordings that have none; 2 or more.
        tables: folder in which the folds that were made are written down, and found the next time; None keeps no
            table.
        task: as of `divide`: whether a recording may have several labels.
    """

    subset: Subset = "all"
    n_folds: int = N_FOLDS
    tables: Path | None = None
    task: str = AUTO


class Layout(Protocol):
    """A module of this package."""

    @property
    def NAME(self) -> str: ...  # of the option data.layout
    @property
    def SIGN(self) -> str: ...  # by what a folder of this layout is known, for the user

    def is_here(self, root: Path) -> bool: ...

    def read(self, root: Path, reading: Reading) -> Recordings: ...
