"""The recordings of a data set's rows as files, which are decoded as all others, and a table of them.

They are in `CACHE/extracted/HASH/NAME` or beside what is known of a remote folder. Each Parquet or Arrow file is a step
of its own: `steps/00000.json` says which version it was and has its rows, and is written after its recordings. So what
was interrupted goes on, and a file that has changed is extracted anew. The table comes last.
"""

import csv
import io
from collections.abc import Callable, Sequence, Set
from pathlib import Path
from typing import Any

from esc_gpu.core.esc50 import AUDIO
from esc_gpu.core.esc50 import COLUMNS as ESC50_COLUMNS
from esc_gpu.core.esc50 import TABLE as ESC50_TABLE
from esc_gpu.core.files import cache_error, discard, read_json, remove_leftovers, synchronize, write_json, write_text
from esc_gpu.core.lock import locked
from esc_gpu.core.names import composed, control_character
from esc_gpu.core.progress import tqdm
from esc_gpu.data.embedded.columns import Columns, find_columns
from esc_gpu.data.embedded.shards import Shard, find_shards, is_shard, open_rows
from esc_gpu.data.embedded.source import CARD, Source
from esc_gpu.data.recordings.layouts.hugging_face import HEADER, TABLE
from esc_gpu.data.remote.mirror import OPTION, check_room
from esc_gpu.errors import EscGpuError

STEPS = "steps"  # the folder of what is extracted so far
# By what a file begins with, where its row does not name it.
SUFFIXES = {b"RIFF": ".wav", b"fLaC": ".flac", b"OggS": ".ogg", b"FORM": ".aiff", b"ID3": ".mp3", b"\xff": ".mp3"}


def extract(source: Source, place: Path, name: str, progress: bool, announce: Callable[[str], None]) -> Path:
    """Extract what is not extracted yet, and give the folder of the recordings and their table.

    Args:
        source: the data set.
        place: folder for all that is written.
        name: of the folder in it that is given.
        progress: whether to show a bar, of the recordings in bytes.
        announce: is told how many there are.

    Raises:
        EscGpuError: for files that are damaged or cannot be read, rows without audio or label, and a folder that has no
            room or cannot be written.
    """
    folder = place / name
    try:
        (place / STEPS).mkdir(parents=True, exist_ok=True)
        with locked(place / STEPS / "lock"):
            return _extract(source, place, folder, progress, announce)
    except OSError as error:
        if error.filename is not None and not Path(error.filename).is_relative_to(place):
            raise EscGpuError(
                f"{error.filename}: {error.strerror}; expected a file that can be read; correct it, or data.root"
            ) from error
        raise cache_error(place, error, OPTION) from error


def extracted_files(place: Path) -> set[str]:
    """Paths of the recordings that were extracted, and of their table."""
    notes = [read_json(note) for note in (place / STEPS).glob("*.json")]
    return {TABLE, ESC50_TABLE, *(path for note in notes for path in note["sizes"])} if notes else set()


def remove_extracted(place: Path, folder: Path, listed: Set[str]) -> None:
    """Remove what was extracted.

    Args:
        place: as of `extract`.
        folder: of the recordings.
        listed: files that stay, because they have come.
    """
    for path in extracted_files(place) - listed:
        (folder / path).unlink(missing_ok=True)
    discard(place / STEPS)


def _extract(source: Source, place: Path, folder: Path, progress: bool, announce: Callable[[str], None]) -> Path:
    for written in (place, place / STEPS, folder):
        remove_leftovers(written)
    files = source.files()
    shards = find_shards(source.root, [file for file in files if is_shard(file.path)])
    card = next((file for file in files if file.path == CARD), None)
    version = "" if card is None else card.version
    steps = [_Step(place, folder, number, shard, version) for number, shard in enumerate(shards)]
    missing = [step for step in steps if not step.is_done()]
    sizes = [step.shard.file.size or 0 for step in steps]
    total, left = sum(sizes), sum(step.shard.file.size or 0 for step in missing)
    if missing:
        copied = [max(missing, key=lambda step: step.shard.file.size or 0).shard.file] if source.copies else []
        check_room(place, [*(step.shard.file for step in missing), *copied])
        text = ""
        if card is not None:
            with source.opened(card) as path:
                text = path.read_text(encoding="utf-8", errors="replace")
        bar = tqdm(total=total, initial=total - left, desc="extract", unit="B", unit_scale=True, disable=not progress)
        with bar:
            for step in missing:
                with source.opened(step.shard.file) as path:
                    step.take(path, f"{source.root}/{step.shard.file.path}", text)
                bar.update(step.shard.file.size or 0)
    rows = [row for step in steps for row in step.rows()]
    if not rows:
        raise EscGpuError(f"{source.root}: has no rows; expected one for each recording; choose another data set")
    _write_table(folder, steps[0].header(), rows)
    announce(
        f"{source.root} has {len(rows)} recordings in {len(steps)} files; they are extracted to {folder}, "
        f"{len(missing)} of the files now."
    )
    return folder


class _Step:
    """One file of the data set."""

    def __init__(self, place: Path, folder: Path, number: int, shard: Shard, card: str):
        self.folder, self.number, self.shard, self.card = folder, number, shard, card
        self.note = place / STEPS / f"{number:05}.json"

    def is_done(self) -> bool:
        """Whether the recordings of this version are there."""
        if not self.note.exists():
            return False
        done = read_json(self.note)
        if done["file"] != [self.shard.file.path, self.shard.file.version, self.shard.split]:
            return False
        if done.get("card") not in (None, self.card):  # the classes were called as another version of the card has it
            return False
        return all(_has(self.folder / path, size) for path, size in done["sizes"].items())

    def rows(self) -> list[list[str]]:
        """Those of the table."""
        rows: list[list[str]] = read_json(self.note)["rows"]
        return rows

    def header(self) -> list[str]:
        """The first row of the table."""
        header: list[str] = read_json(self.note)["header"]
        return header

    def take(self, file: Path, where: str, card: str) -> None:
        """Write the recordings of the file, then note them."""
        self.note.unlink(missing_ok=True)
        rows, sizes, taken = [], dict[str, int](), set[str]()
        with open_rows(file, where) as (schema, rows_of):
            columns = find_columns(where, schema, card)
            is_of_card = columns.names != find_columns(where, schema, "").names
            inside = AUDIO if columns.is_esc50 else f"{self.number:05}"
            if not columns.is_esc50 and (self.folder / inside).exists():
                discard(self.folder / inside)
            (self.folder / inside).mkdir(parents=True, exist_ok=True)
            for number, row in enumerate(rows_of(columns.used)):
                here = f"{where}, row {number}"
                content, name = _audio(here, row[columns.audio], row[columns.name] if columns.name else None)
                if columns.is_esc50:
                    name = str(row["filename"])
                    _check_name(here, name)
                while not columns.is_esc50 and (not name or _on_any_disk(name) in taken):
                    name = f"{number:07}{f'-{name}' if name else _suffix(content)}"
                taken.add(_on_any_disk(name))
                path = f"{inside}/{name}"
                (self.folder / path).write_bytes(content)
                synchronize(self.folder / path)
                sizes[path] = len(content)
                rows.append(_table_row(here, columns, row, path, self.shard.split))
        header = list(ESC50_COLUMNS) if columns.is_esc50 else HEADER[columns.is_several]
        version = [self.shard.file.path, self.shard.file.version, self.shard.split]
        known = {"file": version, "card": self.card if is_of_card else None}
        write_json(self.note, {**known, "header": header, "rows": rows, "sizes": sizes})


def _table_row(where: str, columns: Columns, row: dict[str, Any], path: str, split: str) -> list[str]:
    if columns.is_esc50:
        return [str(row[name]) for name in ESC50_COLUMNS]
    source = row[columns.source] if columns.source else None
    fold = columns.fold_of(where, row, split)
    return [path, columns.label_of(where, row), fold, "" if source is None else str(source)]


def _audio(where: str, audio: Any, name: str | None) -> tuple[bytes, str]:
    """The bytes of a row's recording, and a name for its file, or none."""
    content = audio.get("bytes") if isinstance(audio, dict) else audio
    path = audio.get("path") if isinstance(audio, dict) else None
    if not content:
        raise EscGpuError(
            f"{where}: has no audio{f', only the path {path}' if path else ''}; expected the bytes of a file; save the "
            "data set with its audio in it"
        )
    name = (path or name or "").replace("\\", "/").rpartition("/")[2]
    return content, name if name and not _is_no_name(name) else ""


def _check_name(where: str, name: str) -> None:
    if _is_no_name(name):
        raise EscGpuError(f"{where}: filename {name!r} is none that a file may have; expected a plain name; correct it")


def _is_no_name(name: str) -> bool:
    is_plain = not {"/", "\\", ":"} & {*name} and name[:1] not in (".", "") and len(name.encode()) <= 200
    return not is_plain or bool(control_character(name))


def _on_any_disk(name: str) -> str:
    """The same for names that macOS or Windows take for one."""
    return composed(name).casefold()


def _suffix(content: bytes) -> str:
    return next((suffix for start, suffix in SUFFIXES.items() if content.startswith(start)), ".wav")


def _has(path: Path, size: int) -> bool:
    try:
        return path.stat().st_size == size
    except FileNotFoundError:
        return False


def _write_table(folder: Path, header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    table = folder / (ESC50_TABLE if list(header) == list(ESC50_COLUMNS) else TABLE)
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([header, *rows])
    table.parent.mkdir(exist_ok=True)
    if not (table.is_file() and table.read_text(encoding="utf-8") == text.getvalue()):
        write_text(table, text.getvalue())
