"""The recordings of ESC-50 or ESC-10 in the layouts of other data sets, as links: to try what reads those.

    python -m tools.layouts --root ESC-50 --output layouts

writes a folder for each layout: `layouts/urbansound8k` and so on.
"""

import argparse
import csv
import hashlib
import os
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from esc_gpu.core.esc50 import COLUMNS
from esc_gpu.data.recordings import Recordings
from esc_gpu.data.recordings.layouts import read_recordings

SPLITS = {1: "train", 2: "train", 3: "train", 4: "validation", 5: "test"}  # of the folds of ESC-50


class Clip(NamedTuple):
    """A recording to be laid out anew."""

    path: Path
    label: str
    fold: int  # 1 to 5
    source: str


def clips_of(recordings: Recordings) -> list[Clip]:
    names = [recordings.class_names[label] for label in recordings.labels]
    return list(map(Clip, recordings.paths, names, recordings.folds.tolist(), recordings.src_files))


def place(clip: Clip, target: Path) -> None:
    """A link to the recording."""
    target.parent.mkdir(parents=True, exist_ok=True)
    target.symlink_to(os.path.abspath(clip.path))


def write_csv(file: Path, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    with open(file, "w", newline="", encoding="utf-8") as table:
        csv.writer(table).writerows([columns, *rows])


def numbered(clips: Sequence[Clip]) -> list[tuple[Clip, int, int]]:
    """Each clip with the number of its class, and its own in the class."""
    classes, seen = sorted({clip.label for clip in clips}), defaultdict(int)
    rows = []
    for clip in clips:
        rows.append((clip, classes.index(clip.label), seen[clip.label]))
        seen[clip.label] += 1
    return rows


def nested_esc50(clips: Sequence[Clip], folder: Path) -> None:
    """ESC-50-master, as its archive has it, in the folder."""
    rows = []
    for clip, target, number in numbered(clips):
        name = f"{clip.fold}-{clip.source}-{chr(65 + number % 26)}-{target}-{number}{clip.path.suffix}"
        place(clip, folder / "ESC-50-master" / "audio" / name)
        rows.append([name, clip.fold, target, clip.label, True, clip.source, "A"])
    write_csv(folder / "ESC-50-master" / "meta" / "esc50.csv", COLUMNS, rows)


def urbansound8k(clips: Sequence[Clip], folder: Path) -> None:
    """Ten folds: the sources of each fold of ESC-50 go to one and to another in turn."""
    turn: dict[tuple[int, str], list[str]] = defaultdict(list)
    rows = []
    for clip, target, number in numbered(clips):
        sources = turn[clip.fold, clip.label]
        if clip.source not in sources:
            sources.append(clip.source)
        fold = 2 * clip.fold - sources.index(clip.source) % 2
        name = f"{clip.source}-{target}-0-{number}{clip.path.suffix}"
        place(clip, folder / "audio" / f"fold{fold}" / name)
        rows.append([name, clip.source, 0, 5, 1, fold, target, clip.label])
    columns = ("slice_file_name", "fsID", "start", "end", "salience", "fold", "classID", "class")
    write_csv(folder / "metadata" / "UrbanSound8K.csv", columns, rows)


def folders(clips: Sequence[Clip], folder: Path) -> None:
    """A folder for each class; the names of the files tell the sources."""
    for clip in clips:
        place(clip, folder / clip.label / clip.path.name)


def split_folders(clips: Sequence[Clip], folder: Path) -> None:
    """The same in folders of splits."""
    for clip in clips:
        place(clip, folder / SPLITS[clip.fold] / clip.label / clip.path.name)


def genres(clips: Sequence[Clip], folder: Path) -> None:
    """As GTZAN, whose names do not tell the sources, with one damaged file."""
    for clip, _, number in numbered(clips):
        place(clip, folder / "genres" / clip.label / f"{clip.label}.{number:05}{clip.path.suffix}")
    (folder / "genres" / clips[0].label / f"{clips[0].label}.99999.wav").write_bytes(b"RIFF, and nothing more")


def speech_commands(clips: Sequence[Clip], folder: Path) -> None:
    """The sources are the speakers; two lists have the splits."""
    lists: dict[str, list[str]] = {"validation": [], "test": []}
    for clip, _, number in numbered(clips):
        speaker = hashlib.sha1(clip.source.encode()).hexdigest()[:8]
        path = f"{clip.label}/{speaker}_nohash_{number}{clip.path.suffix}"
        place(clip, folder / path)
        lists.get(SPLITS[clip.fold], []).append(path)
    place(clips[0], folder / "_background_noise_" / f"hum{clips[0].path.suffix}")
    for split, name in {"validation": "validation_list.txt", "test": "testing_list.txt"}.items():
        (folder / name).write_text("\n".join(lists[split]) + "\n", encoding="utf-8")


def split_table(clips: Sequence[Clip], folder: Path) -> None:
    """A table whose folds are splits."""
    for clip in clips:
        place(clip, folder / clip.path.name)
    rows = [[clip.path.name, clip.label, SPLITS[clip.fold], clip.source] for clip in clips]
    write_csv(folder / "recordings.csv", ("path", "label", "fold", "source"), rows)


def fsd50k(clips: Sequence[Clip], folder: Path) -> None:
    """Each recording with the label "sound" beside its own."""
    parts: dict[str, list[list[str]]] = {"dev": [], "eval": []}
    for clip, target, number in numbered(clips):
        part, name = "eval" if SPLITS[clip.fold] == "test" else "dev", f"{target}{number:04}"
        place(clip, folder / f"FSD50K.{part}_audio" / f"{name}.wav")
        row = [name, f"{clip.label},sound", "/m/0"]
        parts[part].append(row + [SPLITS[clip.fold][:5].replace("valid", "val")] * (part == "dev"))
    write_csv(folder / "FSD50K.ground_truth" / "dev.csv", ("fname", "labels", "mids", "split"), parts["dev"])
    write_csv(folder / "FSD50K.ground_truth" / "eval.csv", ("fname", "labels", "mids"), parts["eval"])


LAYOUTS: dict[str, Callable[[Sequence[Clip], Path], None]] = {
    function.__name__: function
    for function in (
        *(nested_esc50, urbansound8k, folders, split_folders, genres, speech_commands, split_table, fsd50k),
    )
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--root", required=True, help="folder of ESC-50")
    parser.add_argument("--output", type=Path, required=True, help="new folder for all layouts")
    arguments = parser.parse_args()
    clips = clips_of(read_recordings(arguments.root, "esc10"))
    for name, write in LAYOUTS.items():
        write(clips, arguments.output / name)
        print(arguments.output / name)


if __name__ == "__main__":
    main()
