"""The rows of a csv file, each parsed and checked."""

import csv
import itertools
import os
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TypeVar

import numpy as np

from esc_gpu.core.folds import EXPECTED, Fold, is_split
from esc_gpu.core.names import fault_of, in_one_form
from esc_gpu.data.recordings.base import listed
from esc_gpu.errors import EscGpuError

DELIMITERS = ",;\t|"  # of the columns
STATED = re.compile(r'"?sep=(.)"?[\s;,]*', re.IGNORECASE)  # the line before the first by which Excel is told of it
INTEGER = re.compile(r"\s*[+-]?\d{1,19}\s*")
INT64 = np.iinfo(np.int64)
T = TypeVar("T")
Fields = dict[str | None, str]  # under None what is beyond the columns


@contextmanager
def open_csv(table: Path, missing: str) -> Iterator[IO[str]]:
    """A csv in UTF-8, open; what stands against reading it is an EscGpuError. `missing` as in `read_rows`."""
    if os.path.isdir(table):
        raise EscGpuError(f"{table}: is a folder; {missing}")
    try:
        with open(table, newline="", encoding="utf-8-sig") as file:
            yield file
    except FileNotFoundError as error:
        raise EscGpuError(f"{table}: no such file; {missing}") from error
    except EscGpuError:
        raise
    except (OSError, ValueError, csv.Error) as error:  # ValueError: no UTF-8, or a name with a zero byte
        raise EscGpuError(f"{table}: {error}; expected a csv file; save it as CSV in UTF-8") from error


def read_rows(
    table: Path,
    columns: Iterable[str],
    parse: Callable[[str, int, Fields], T],
    missing: str,
    optional: Iterable[str] = (),
) -> list[T]:
    """Every row of a csv in UTF-8, with or without a byte order mark, as `parse(where, line, fields)` makes it.

    Commas, semicolons, tabs or bars divide the columns: those by which the first row names the most of the columns, or
    the one that a line `sep=;` before it says. Names of columns may have capitals and spaces around them. Blank lines
    are read over.

    Args:
        table: the csv; its first row names the columns.
        columns: those there must be.
        parse: is given the table and row in words for its errors, the line (the header being 1), and the fields.
        missing: what was expected and what to do where there is no such file.
        optional: further columns that are used.

    Raises:
        EscGpuError: for a file that is missing, has no rows, lacks a column, has one twice, or is no csv in UTF-8.
    """
    columns, optional = tuple(columns), tuple(optional)
    with open_csv(table, missing) as file:
        above, first = _next_filled(file, 0)
        delimiter = None
        if stated := STATED.fullmatch(first):
            delimiter = stated[1]
            above, first = _next_filled(file, above + 1)
        if delimiter is None:
            delimiter = max(DELIMITERS, key=lambda sign: len({*columns} & {*_named(_divide(first, sign), columns)}))
        spaced = [name.startswith(" ") for name in _divide(first, delimiter)[1:]]
        reader = csv.DictReader(
            itertools.chain([first] if first else [], file),
            delimiter=delimiter,
            skipinitialspace=bool(spaced) and all(spaced),  # else a space is of the name of a file
        )
        found = list(reader.fieldnames or [])
        reader.fieldnames = _named(found, columns + optional)
        _check_columns(table, columns, optional, found, reader.fieldnames)
        rows = []
        for fields in reader:
            line = above + reader.line_num
            rows.append(parse(f"{table}, row {line}", line, fields))
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
    value = int(fields[column]) if INTEGER.fullmatch(fields[column]) else None  # 1_0 is ten to Python alone
    if value is None or not INT64.min <= value <= INT64.max:
        raise EscGpuError(f"{where}: {column} is {fields[column]!r}; expected an integer; correct it")
    return value


def fold(where: str, fields: Fields) -> Fold:
    """The value of the column fold: an integer, or a split by whatever name data sets have for it."""
    text = fields["fold"]
    if is_split(text.strip()):
        return text.strip()
    if text.strip().isalpha():
        raise EscGpuError(f"{where}: fold is {text!r}; expected an integer, or a split: {EXPECTED}; correct it")
    return integer(where, "fold", fields)


def name(where: str, column: str, fields: Fields) -> str:
    """The value of a column of names, of classes or of sources, in one form for all that look the same."""
    value = in_one_form(fields[column])
    if fault := fault_of(value):
        raise EscGpuError(f"{where}: {column} {fields[column]!r} {fault}; expected a name that can be read; correct it")
    return value


def _next_filled(file: IO[str], above: int) -> tuple[int, str]:
    """The next line that is not blank, empty at the end of the file, and how many lines are above it."""
    while (line := file.readline()) and not line.strip():
        above += 1
    return above, line


def _divide(line: str, delimiter: str) -> list[str]:
    return next(csv.reader([line], delimiter=delimiter), [])


def _named(found: Iterable[str], columns: Iterable[str]) -> list[str]:
    """What the first row has, those of the columns by their own names."""
    known = {column.casefold(): column for column in columns}
    return [known.get(text.strip().casefold(), text) for text in found]


def _check_columns(
    table: Path, columns: tuple[str, ...], optional: tuple[str, ...], found: Iterable[str], named: Sequence[str]
) -> None:
    twice = [column for column in (*columns, *optional) if named.count(column) > 1]
    if twice:
        raise EscGpuError(
            f"{table}: column {twice[0]} appears more than once in the first row, {listed(map(repr, found))}; expected "
            "each column once; rename or remove the others"
        )
    missing = [column for column in columns if column not in named]
    if not missing:
        return
    line = " ".join(found)
    if all(re.search(rf"\b{re.escape(column)}\b", line, re.IGNORECASE) for column in missing):
        raise EscGpuError(
            f"{table}: columns {listed(missing)} cannot be separated in {line!r}; expected a comma, semicolon or tab "
            "between columns; save it with commas"
        )
    raise EscGpuError(
        f"{table}: columns {listed(missing)} are missing; expected {listed(columns)}, "
        f"found {listed(map(repr, found)) or 'none'}; use these names in the first row"
    )
