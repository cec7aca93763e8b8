"""Embeddings as a file: NumPy's .npz, .csv, or Parquet, which needs pyarrow."""

import csv
import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from esc_gpu.core.extras import require
from esc_gpu.core.files import replacing
from esc_gpu.errors import EscGpuError
from esc_gpu.inference.embedding import Embeddings

SUFFIXES = ".npz", ".csv", ".parquet"


def check_output(file: Path) -> None:
    """Refuse a name of no format, and Parquet without the package for it, before the work."""
    suffix = file.suffix.lower()
    if suffix not in SUFFIXES:
        raise EscGpuError(f"--output is {file}; expected a name that ends in {', '.join(SUFFIXES)}; correct it")
    if suffix == ".parquet":
        require("pyarrow", "Parquet", ", or choose a name that ends in .npz or .csv")


def write_embeddings(
    file: Path,
    embeddings: Embeddings,
    files: Sequence[str],
    columns: Mapping[str, Sequence[Any]],
    about: dict[str, Any],
) -> None:
    """Write a row for each embedding, all or nothing.

    The columns are `path`, `start_seconds`, those of `columns`, and the embedding: in .npz and Parquet an array of D
    numbers, in .csv the columns e0, e1, ... A .npz holds `about` as JSON under that name, Parquet in its metadata.

    Args:
        file: whose suffix is one of SUFFIXES.
        embeddings: of W windows or recordings.
        files: the name of each recording.
        columns: by name, further values of each recording, such as its label.
        about: what the embeddings are of.

    Raises:
        EscGpuError: for a file that cannot be written.
    """
    further = {name: [values[number] for number in embeddings.file] for name, values in columns.items()}
    rows = {"path": [files[number] for number in embeddings.file], "start_seconds": embeddings.start_seconds, **further}
    try:
        with replacing(file) as temporary:
            WRITERS[file.suffix.lower()](temporary, rows, embeddings.values, about)
    except OSError as error:
        raise EscGpuError(
            f"{file}: {error.strerror or error}; expected a file that can be written; choose another --output"
        ) from error


def _write_npz(file: Path, rows: Mapping[str, Any], values: np.ndarray, about: dict[str, Any]) -> None:
    arrays = {name: np.asarray(column) for name, column in rows.items()}
    with open(file, "wb") as content:  # of a path NumPy would change the suffix
        arrays |= {"embedding": values, "about": np.array(json.dumps(about))}
        np.savez_compressed(content, allow_pickle=False, **arrays)


def _write_csv(file: Path, rows: Mapping[str, Any], values: np.ndarray, about: dict[str, Any]) -> None:
    table = io.StringIO()
    writer = csv.writer(table, lineterminator="\n")
    writer.writerow([*rows, *(f"e{number}" for number in range(values.shape[1]))])
    for number, embedding in enumerate(values):  # not all as Python's floats, which take eight times the memory
        row = [column[number] for column in rows.values()]
        writer.writerow([*row, *(f"{value:.9g}" for value in embedding.tolist())])  # float32 to the bit
    file.write_bytes(table.getvalue().encode())


def _write_parquet(file: Path, rows: Mapping[str, Any], values: np.ndarray, about: dict[str, Any]) -> None:
    import pyarrow
    from pyarrow import parquet

    embedding = pyarrow.FixedSizeListArray.from_arrays(values.ravel(), values.shape[1])
    columns = {name: pyarrow.array(column) for name, column in rows.items()}
    table = pyarrow.table({**columns, "embedding": embedding})
    parquet.write_table(table.replace_schema_metadata({"esc_gpu": json.dumps(about)}), file)


WRITERS = {".npz": _write_npz, ".csv": _write_csv, ".parquet": _write_parquet}
