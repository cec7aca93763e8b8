"""A folder for each class, with splits and without."""

import os

import numpy as np
import pytest

from esc_gpu.data.recordings.layouts import read_recordings
from esc_gpu.data.recordings.table import read_table
from tests.helpers.layout_folders import LABELS, lay_out
from tests.helpers.one_line import refusal


def touch(root, *names):
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()


def test_folds_are_made_by_source_and_class_and_kept_in_a_table(tmp_path):
    root, tables = lay_out(tmp_path, "folders"), tmp_path / "tables"
    data = read_recordings(root, tables=tables)
    (table,) = tables.iterdir()
    assert data.folds_made and table.name.startswith("data-5-folds-") and str(table) in data.notes[1]
    for fold in data.fold_numbers:
        data.split(fold)  # refuses a source on both sides
        assert np.bincount(data.labels[data.folds == fold]).tolist() == [4, 4, 4]
    again = read_recordings(root)  # without a table: drawn anew, from the same seed
    assert again.digest == data.digest == read_table(table, root).digest
    assert read_recordings(root, n_folds=2, tables=tables).fold_numbers == [1, 2] and len(list(tables.iterdir())) == 2


def test_the_table_may_be_edited(tmp_path):
    root, tables = lay_out(tmp_path, "folders"), tmp_path / "tables"
    read_recordings(root, tables=tables)
    (table,) = tables.iterdir()
    first, *lines = table.read_text(encoding="utf-8").splitlines()
    table.write_text("\n".join([first, *lines[2:]]) + "\n", encoding="utf-8")
    data = read_recordings(root, tables=tables)
    assert len(data.filenames) == 58 and data.notes[2].startswith(
        "Recordings in the folder that are not in that table are left out: 2, such as"
    )
    (root / data.filenames[0]).unlink()
    assert f"(1 of 58 are missing); expected every path in {root}; delete {table}" in refusal(
        read_recordings, root, tables=tables
    )


def test_copies_go_into_one_fold(tmp_path):
    """Two pairs of the same bytes, in chains with two sources."""
    root = lay_out(tmp_path, "folders")
    files = sorted((root / "dog").iterdir())  # takes A and B of two sources in each fold of ESC-50
    for number, bytes_ in ((0, b"one"), (4, b"one"), (5, b"two"), (8, b"two")):
        files[number].write_bytes(bytes_)
    data = read_recordings(root)
    sources = dict(zip(data.filenames, data.src_files, strict=True))
    names = [f"dog/{files[number].name}" for number in (0, 1, 4, 5, 8, 9)]
    assert len({sources[name] for name in names}) == 1 and len(set(data.src_files)) == 28
    assert len({fold for name, fold in zip(data.filenames, data.folds, strict=True) if name in names}) == 1


def test_genres_are_gone_through_and_names_that_tell_nothing_are_sources(tmp_path):
    root = lay_out(tmp_path, "genres")
    data = read_recordings(root)
    assert data.class_names == LABELS and data.filenames[0] == "genres/cat/cat.00000.wav"
    assert data.src_files == data.filenames and "do not say" in data.notes[0]


def test_splits_are_those_of_the_folders(tmp_path):
    root = lay_out(tmp_path, "split_folders")
    (root / "validation").rename(root / "Val")
    data = read_recordings(root)
    assert data.fold_numbers == ["train", "validation", "test"] and not data.folds_made
    train, test = data.split("test")
    assert len(train) == 36 and len(test) == 12
    assert np.array_equal(data.split("validation", validate=True)[0], train)
    (root / "test" / "dog" / "1-100-B-0.wav").touch()  # whose take A is trained on
    assert f"{root}: fold of source '100' is 'train', above it was 'test'" in refusal(read_recordings, root)


def test_train_may_be_a_class(tmp_path):
    touch(tmp_path, *(f"{label}/{number}.wav" for label in ("airplane", "train") for number in range(5)))
    assert read_recordings(tmp_path).class_names == ("airplane", "train")


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (("train/dog/1.wav", "test/dog/2.wav", "more/3.wav"), "has folders of splits (test, train) and others (more)"),
        (("train/dog/1.wav", "val/dog/2.wav", "valid/dog/3.wav"), "'val' and 'valid' both mean the split validation"),
        (("train/dog/1.wav", "test/cat/2.wav"), "; put some of its recordings into another folder, or remove"),
        (("dog/1.wav", "dog/2.wav", "cat/1.wav"), "class 'cat' has recordings of one source only, 'cat/1.wav'"),
        (
            tuple(f"{label}/{k}.wav" for label in "ab" for k in range(3)),
            "5 folds cannot be made, because no class has more than 3 sources; expected 2 to 3; set data.n_folds, or",
        ),
        (
            ("train/dog/1.wav", "train/2.wav", "test/dog/3.wav"),
            "train: has folders and, beside them, recordings such as",
        ),
        (("train/dog/1.wav", "train/2.wav", "test/dog/3.wav", "test/4.wav"), "recordings such as 4.wav; expected each"),
        (("a/1.wav", "a/2.wav"), "every clip has label 'a'; expected two classes or more"),
        (("a/1.wav", "a/x\n2.wav", "b/1.wav"), r"path 'a/x\n2.wav' has a control character (U+000A)"),
        (("a/1.wav", os.fsdecode(b"a/\xff.wav"), "b/1.wav"), r"path 'a/\udcff.wav' is not in UTF-8"),
        (("do\u200bg/1.wav", "cat/1.wav"), r"folder 'do\u200bg' has a character that cannot be seen"),
        (
            ("train/dog/1.wav", "test/dog/2.wav", "test/cat/3.wav"),
            "label 'cat' is in the test split only",
        ),
    ],
)
def test_folders_that_cannot_be_used(tmp_path, names, message):
    touch(tmp_path, *names)
    assert message in refusal(read_recordings, tmp_path)


def test_what_lies_beside_the_folders_is_left_out_aloud(tmp_path):
    touch(tmp_path, *(f"{label}/{number}.wav" for label in "ab" for number in range(5)), "c.wav", ".d/e.wav")
    data = read_recordings(tmp_path)
    assert len(data.filenames) == 10
    assert data.notes[1] == "Recordings beside the folders are left out, because they have no class: 1, such as c.wav."
    (tmp_path / "notes").mkdir()
    assert read_recordings(tmp_path).notes[2] == "Folders without recordings are left out: notes."


def test_a_folder_that_cannot_be_read_is_not_left_out(tmp_path, monkeypatch):
    touch(tmp_path, *(f"{label}/{number}.wav" for label in "abc" for number in range(5)))
    listed = os.scandir

    def scandir(path):
        if str(path) == str(tmp_path / "b"):
            raise PermissionError(13, "Permission denied", str(path))
        return listed(path)

    monkeypatch.setattr(os, "scandir", scandir)
    assert f"{tmp_path / 'b'}: Permission denied; expected a folder that can be read" in refusal(
        read_recordings, tmp_path
    )


@pytest.mark.parametrize("name", [b"t\xffnes", b"n" * 255], ids=["no UTF-8", "longest"])
def test_the_table_of_a_folder_with_any_name(tmp_path, name):
    """Linux takes bytes that are not UTF-8 for a name."""
    root = tmp_path / os.fsdecode(name)
    touch(root, *(f"{label}/{number}.wav" for label in "ab" for number in range(5)))
    tables = tmp_path / "tables"
    assert read_recordings(root, tables=tables).digest == read_recordings(root, tables=tables).digest
    assert len(list(tables.iterdir())) == 1
