"""The layout of one folder for each class, as in torchvision's ImageFolder and Hugging Face's audiofolder."""

import dataclasses
from pathlib import Path

from esc_gpu.core.folds import TRAIN, is_split, splits_of
from esc_gpu.core.source_names import sources_by_name
from esc_gpu.core.text import printable
from esc_gpu.data.recordings.base import Recordings, listed
from esc_gpu.data.recordings.from_rows import Row, recordings_from_rows
from esc_gpu.data.recordings.layouts.base import Reading
from esc_gpu.data.recordings.layouts.folder_tree import (
    audio_below,
    class_name,
    holds_audio,
    loose_files,
    visible_folders,
)
from esc_gpu.data.recordings.layouts.made_folds import with_folds
from esc_gpu.errors import EscGpuError

NAME, SIGN = "folders", "a folder for each class"


def is_here(root: Path) -> bool:
    """Whether there are recordings in folders in the folder."""
    return any(map(holds_audio, visible_folders(root)))


def read(root: Path, reading: Reading) -> Recordings:
    """The recordings below each class's folder, which lie in folders of splits (`train/dog`) or not (`dog`).

    Folders around those of the classes, as `genres` in `genres/blues`, are gone through. Where there are no splits,
    folds are made.

    Raises:
        EscGpuError: for folders of splits beside others, recordings without a class, and as `recordings_from_rows`.
    """
    top, folders = _top(root)
    splits = _split_folders(top, folders)
    classes = (
        [(folder, split) for part, split in splits.items() for folder in _folders(part)]
        if splits
        else [(folder, "") for folder in folders]
    )
    found = [(path, folder.name, split) for folder, split in classes for path in audio_below(root, folder)]
    if not found:
        raise EscGpuError(f"{root}: no recordings in folders; expected {SIGN}; correct data.root")
    paths = [path for path, _, _ in found]
    named = sources_by_name(paths)
    sources = named[1] if named else paths
    rows = [
        Row(0, path, class_name(root, label), split, source)
        for (path, label, split), source in zip(found, sources, strict=True)
    ]
    notes = [_note_sources(named[0] if named else None)]
    if loose := loose_files(top):
        notes.append(
            f"Recordings beside the folders are left out, because they have no class: {len(loose)}, such as "
            f"{printable(loose[0])}."
        )
    if empty := [folder.name for folder in visible_folders(top) if folder not in folders]:
        notes.append(f"Folders without recordings are left out: {printable(listed(empty))}.")
    if splits:
        return recordings_from_rows(root, root, rows, layout=NAME, notes=notes)
    return dataclasses.replace(with_folds(root, rows, reading, notes), layout=NAME)


def _folders(folder: Path) -> list[Path]:
    return [inside for inside in visible_folders(folder) if holds_audio(inside)]


def _top(root: Path) -> tuple[Path, list[Path]]:
    """The folder that has those of the classes or the splits in it, and these."""
    folder, folders = root, _folders(root)
    while len(folders) == 1 and not loose_files(folder) and (inside := _folders(folders[0])):
        if loose_files(folders[0]):
            break
        folder, folders = folders[0], inside
    return folder, folders


def _split_folders(top: Path, folders: list[Path]) -> dict[Path, str]:
    """The folders of splits, with the splits; none where all folders are classes."""
    around = [folder for folder in folders if is_split(folder.name) and _folders(folder)]
    named = [folder for folder in around if not loose_files(folder)]
    if len(around) == len(folders) > max(1, len(named)):  # they are no classes, whatever else lies in them
        mixed = next(folder for folder in around if folder not in named)
        raise EscGpuError(
            f"{mixed}: has folders and, beside them, recordings such as {printable(loose_files(mixed)[0])}; expected "
            "each recording of a split in the folder of its class; move them"
        )
    try:
        meant = splits_of([folder.name for folder in named])
    except EscGpuError as error:
        raise EscGpuError(f"{top}: {error}") from error
    if not named or (len(named) < len(folders) and TRAIN not in meant.values()):
        return {}
    others = [folder.name for folder in folders if folder not in named]
    if others:
        raise EscGpuError(
            f"{top}: has folders of splits ({listed(folder.name for folder in named)}) and others ({listed(others)}); "
            "expected either a folder for each class, or folders of splits with the classes in them; move the others"
        )
    return {folder: meant[folder.name] for folder in named}


def _note_sources(data_set: str | None) -> str:
    if data_set:
        return f"The files have the names of {data_set}, which tell the recordings that they were cut from."
    return (
        "The names of the files do not say which of them were cut from one recording, so each file is taken for a "
        "recording of its own."
    )
