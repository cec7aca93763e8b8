"""The rows of a csv file, each parsed and checked."""

import csv
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TypeVar

import numpy as np

from esc_gpu.data.recordings.base import listed
from esc_gpu.errors import EscGpuError

INT64 = np.iinfo(np.int64)
T = TypeVar("T")
Fields = dict[str | None, str]  # under None what is beyond the columns


@contextmanager
def open_csv(table: Path, missing: str) -> Iterator[IO[str]]:
    """A csv in UTF-8, open; what stands against reading it is an EscGpuError. `missing` as in `read_rows`."""
    try:
        with open(table, newline="", encoding="utf-8-sig") as file:
            yield file
    except FileNotFoundError as error:
        raise EscGpuError(f"{table}: no such file; {missing}") from error
    except EscGpuError:
        raise
    except (OSError, ValueError, csv.Error) as error:  # ValueError: no UTF-8, or a name with a zero byte
        raise EscGpuError(f"{table}: {error}; expected a csv file in UTF-8; replace it") from error


def read_rows(table: Path, columns: Iterable[str], parse: Callable[[str, int, Fields], T], missing: str) -> list[T]:
    """Every row of a csv in UTF-8, with or without a byte order mark, as `parse(where, line, fields)` makes it.

    Args:
        table: the csv; its first row names the columns.
        columns: those there must be.
        parse: is given the table and row in words for its errors, the line (the header being 1), and the fields.
        missing: what was expected and what to do where there is no such file.

    Raises:
        EscGpuError: for a file that is missing, has no rows, lacks a column, or is no csv in UTF-8.
    """
    columns = tuple(columns)
    with open_csv(table, missing) as file:
        reader = csv.DictReader(file)
        _check_columns(table, columns, reader.fieldnames or [])
        rows = [parse(f"{table}, row {reader.line_num}", reader.line_num, fields) for fields in reader]
    if not rows:
        raise EscGpuError(f"{table}: no rows; expected one for each clip; replace the file")
    return rows


def check_filled(where: str, fields: Fields, columns: tuple[str, ...]) -> None:
    """No column is empty in this row."""
    for column in columns:
        if not fields[column]:  # None in a row that is too short
            raise EscGpuError(f"{where}: {column} is empty; expected {len(columns)} fields; fill it in")


def integer(where: str, column: str, fields: Fields) -> int:
    """The value of a column of integers."""
    try:
        value = int(fields[column])
    except ValueError:
        value = None
    if value is None or not INT64.min <= value <= INT64.max:
        raise EscGpuError(f"{where}: {column} is {fields[column]!r}; expected an integer; correct it")
    return value


def has_control_character(text: str) -> bool:
    """Line ends of Unicode count, too: messages and reports have one line for a name."""
    return any(unicodedata.category(character) in ("Cc", "Zl", "Zp") for character in text)


def _check_columns(table: Path, columns: tuple[str, ...], found: Iterable[str]) -> None:
    missing = [column for column in columns if column not in found]
    if missing:
        raise EscGpuError(
            f"{table}: columns {listed(missing)} are missing; expected {listed(columns)}, "
            f"found {listed(map(repr, found)) or 'none'}; add them to the first row"
        )
