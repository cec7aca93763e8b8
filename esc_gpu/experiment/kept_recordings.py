"""The recordings of a run as its folder keeps them: names, labels, folds, and hashes of what is in the files."""

import csv
from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from esc_gpu.config.schema import DataConfig
from esc_gpu.core.files import read_json, write_text
from esc_gpu.core.folds import SPLITS, TRAIN, Fold, the_fold
from esc_gpu.core.run_layout import DATA, RECORDINGS, fold_of
from esc_gpu.core.task import MULTI_LABEL, label_text
from esc_gpu.core.text import shown
from esc_gpu.data.recordings.base import Recordings
from esc_gpu.data.recordings.layouts.made_folds import table_text
from esc_gpu.data.store.recording_files import Fingerprint, RecordingFiles, digest_file
from esc_gpu.errors import EscGpuError

CONTENT = "content"
DIGITS = 32  # of the hash of a file's bytes, BLAKE2b as by `b2sum`
FOLDS, MADE, GIVEN = "folds", "made", "given"  # in the data.json of a run: where its folds are from


class Kept(NamedTuple):
    """A recording of a run; `content` is empty where it was skipped, and None in a run of before there was one."""

    filename: str
    fold: Fold
    content: str | None


def content_of(fingerprint: Fingerprint) -> str:
    """What a recording is known again by: the first digits of the hash of its bytes."""
    return fingerprint.digest[:DIGITS]


def contents_of(
    paths: Sequence[Path], skipped: Collection[int], files: RecordingFiles, progress: bool = True
) -> list[str]:
    """`content_of` each recording, as `files` reads them; empty for those that were skipped."""
    left = [number for number in range(len(paths)) if number not in skipped]
    digests = dict(zip(left, files.contents([paths[number] for number in left], progress), strict=True))
    return [digests.get(number, "")[:DIGITS] for number in range(len(paths))]


def write_recordings(folder: Path, recordings: Recordings, contents: Sequence[str]) -> None:
    """`recordings.csv`: a table that the run can be repeated with, and the `contents_of` the recordings."""
    names = [label_text(label, recordings.class_names) for label in recordings.labels]
    columns = recordings.filenames, names, recordings.folds.tolist(), recordings.src_files, contents
    write_text(folder / RECORDINGS, table_text(list(zip(*columns, strict=True)), CONTENT))


def read_recordings_of(run: Path) -> list[Kept] | None:
    """The recordings in a run's `recordings.csv`; None where there is no such file.

    Raises:
        EscGpuError: for a file that cannot be read, or is not as a run writes it.
    """
    file = run / RECORDINGS
    if not file.is_file():
        return None
    try:
        with open(file, newline="", encoding="utf-8") as lines:
            return [Kept(row["path"], _fold(row["fold"]), row.get(CONTENT)) for row in csv.DictReader(lines)]
    except OSError as error:
        raise EscGpuError(
            f"{file} cannot be read ({error.strerror}); expected the recordings of the run; change its permissions, or "
            "remove it"
        ) from error
    except (KeyError, TypeError, ValueError, csv.Error) as error:
        raise EscGpuError(
            f"{file} is not as the run wrote it ({error!r}); expected its recordings, folds and contents; bring it "
            "back, or remove it"
        ) from error


def _fold(text: str) -> Fold:
    return text if text in SPLITS else int(text)


def learns(own: Fold, fold: Fold) -> bool:
    """Whether the model of one fold is trained on another: on all others of numbers, of splits on the split train."""
    return fold == TRAIN if isinstance(fold, str) else fold != own


def describe_learnt(folder: Path, paths: Sequence[Path]) -> str:
    """Which files the model in the folder of a fold has learnt from, in a sentence; empty where none is known."""
    learnt = {kept.content: kept.filename for kept in learnt_by(folder) or () if kept.content}
    known = [(path, name) for path in paths if learnt and (name := learnt.get(content_of(digest_file(path))))]
    if not known:
        return ""
    (path, name), *_ = known
    return (
        f"the model of {the_fold(fold_of(folder.resolve()) or 0)} was trained on {len(known)} of the "
        f"{len(paths)} files, {shown(str(path))} for one, as {name} of its run: it knows the answer there, which "
        "says nothing about other recordings"
    )


def learnt_by(folder: Path) -> list[Kept] | None:
    """The recordings that the model in the folder of a fold has learnt from; None where its run does not keep them."""
    own, kept = fold_of(folder.resolve()), read_recordings_of(folder.resolve().parent)
    if own is None or kept is None:
        return None
    return [recording for recording in kept if recording.content != "" and learns(own, recording.fold)]


def data_of_run(folder: Path, data: DataConfig) -> DataConfig:
    """The section of a finished run's config; where its folds were made, they come from the table that the run kept."""
    kept = folder / RECORDINGS
    # A run of before there was a `folds` in its data.json has kept none but folds that were made.
    begun = read_json(folder / DATA) if (folder / DATA).is_file() else {}
    if not kept.is_file() or begun.get(FOLDS, MADE) != MADE:
        return data
    kept_as = replace(data, table=str(kept), layout=None, n_folds=None)
    # Whatever signs the names of folders have, they are of one class each.
    return kept_as if data.task == MULTI_LABEL else replace(kept_as, task="single_label")
