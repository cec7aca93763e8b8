"""Files of Hugging Face's datasets, Parquet or Arrow, with the bytes of recordings in their rows."""

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from esc_gpu.core.extras import require
from esc_gpu.core.folds import is_split
from esc_gpu.data.remote.listing import RemoteFile
from esc_gpu.errors import EscGpuError, first_line

SAVED = re.compile(r"data-\d+-of-\d+\.arrow|dataset\.arrow")  # by save_to_disk; others there are caches of it
PLAIN_FOLDERS = ("data", "default")  # which name neither a split nor a configuration
BATCH_ROWS = 64


@dataclass(frozen=True)
class Shard:
    """One such file.

    Attributes:
        file: its path and version.
        split: "train", "test" or another name of a split; empty where its name has none.
    """

    file: RemoteFile
    split: str


def is_shard(path: str) -> bool:
    """Whether a file is Parquet, or Arrow as save_to_disk writes it."""
    name = path.rpartition("/")[2]
    return not name.startswith(".") and (name.endswith(".parquet") or SAVED.fullmatch(name) is not None)


def find_shards(root: str, files: Sequence[RemoteFile]) -> list[Shard]:
    """The files with their splits, in the order of their paths.

    The split is the first word of a file's name, as `train-00000-of-00002.parquet`, or the name of its folder.

    Raises:
        EscGpuError: for no files, for several configurations, which have folders of their own, and for files without a
            split beside others.
    """
    found: dict[str, list[Shard]] = {}
    for file in files:
        *folders, name = file.path.split("/")
        words = [re.split(r"[-.]", name)[0], *reversed(folders)]
        split = next((word for word in words if is_split(word)), "")
        configuration = "/".join(folder for folder in folders if not is_split(folder) and folder not in PLAIN_FOLDERS)
        found.setdefault(configuration, []).append(Shard(file, split))
    if not found:
        raise EscGpuError(f"{root}: has no files that can be read; expected Parquet or Arrow files; correct data.root")
    if len(found) > 1:
        places = ", ".join(place or "." for place in sorted(found))
        raise EscGpuError(
            f"{root}: has data sets in several folders: {places}; expected one; choose it with --data.root "
            f"{root}/FOLDER"
        )
    (shards,) = found.values()
    splits = {shard.split for shard in shards}
    if "" in splits and len(splits) > 1:
        other = next(shard.file.path for shard in shards if not shard.split)
        raise EscGpuError(
            f"{root}: {other} is of no split, but other files are ({', '.join(sorted(splits - {''}))}); expected a "
            "split in the name of each, or in none; rename them"
        )
    return [replace(shard, split="") for shard in shards] if len(splits) == 1 else shards


@contextmanager
def open_rows(path: Path, name: str) -> Iterator[tuple[Any, Callable[[Sequence[str]], Iterator[dict[str, Any]]]]]:
    """The schema of a file, and a function that gives its rows with some of the columns.

    Raises:
        EscGpuError: for a damaged file, in the block, too, and where pyarrow is missing.
    """
    require("pyarrow", name, ", or use a folder of audio files")
    import pyarrow

    try:
        with open(path, "rb") as file:
            if path.name.endswith(".parquet"):
                from pyarrow import parquet

                table = parquet.ParquetFile(file)
                yield table.schema_arrow, lambda columns: _rows(table.iter_batches(BATCH_ROWS, columns=list(columns)))
            else:
                stream = pyarrow.ipc.open_stream(file)
                yield stream.schema, lambda columns: _rows(batch.select(list(columns)) for batch in stream)
    except (pyarrow.ArrowException, OSError) as error:
        if isinstance(error, OSError) and error.errno is not None:  # the disk's; pyarrow's own have no number
            raise
        raise EscGpuError(
            f"{name}: {first_line(error)}; expected a whole Parquet file, or Arrow stream of save_to_disk; replace it"
        ) from error


def _rows(batches: Iterator[Any]) -> Iterator[dict[str, Any]]:
    for batch in batches:
        for start in range(0, batch.num_rows, BATCH_ROWS):
            yield from batch.slice(start, BATCH_ROWS).to_pylist()
