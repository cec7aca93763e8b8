"""The layout of UrbanSound8K: a csv, and ten official folds as folders (Salamon et al., ACM Multimedia 2014)."""

import os
from pathlib import Path

from esc_gpu.data.recordings.base import Recordings
from esc_gpu.data.recordings.csv_rows import Fields, check_filled, integer, name, read_rows
from esc_gpu.data.recordings.from_rows import Row, recordings_from_rows
from esc_gpu.data.recordings.layouts.base import Reading
from esc_gpu.data.recordings.table import relative_path

TABLE = "metadata/UrbanSound8K.csv"
NAME, SIGN = "urbansound8k", TABLE
COLUMNS = ("slice_file_name", "fsID", "fold", "class")
MISSING = "expected the csv of UrbanSound8K; point data.root to the folder above metadata"


def is_here(root: Path) -> bool:
    """Whether the folder has the table of UrbanSound8K."""
    return os.path.isfile(root / TABLE)


def read(root: Path, reading: Reading) -> Recordings:
    """Its slices; those of one Freesound recording, by `fsID`, have one source.

    Raises:
        EscGpuError: as `read_rows` and `recordings_from_rows`.
    """
    table = root / TABLE
    rows = read_rows(table, COLUMNS, _parse, MISSING)
    remedy = "point data.root to the folder above metadata and audio, or remove the rows"
    return recordings_from_rows(table, root, rows, layout=NAME, remedy=remedy)


def _parse(where: str, number: int, fields: Fields) -> Row:
    check_filled(where, fields, COLUMNS)
    fold = integer(where, "fold", fields)
    path = relative_path(where, f"audio/fold{fold}/{fields['slice_file_name']}")
    return Row(number, path, name(where, "class", fields), fold, name(where, "fsID", fields))
