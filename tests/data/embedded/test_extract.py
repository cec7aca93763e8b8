"""Recordings in the rows of Parquet and Arrow files, here and in a bucket, become files and a table."""

import csv
import unicodedata
from collections import Counter

import pytest

pytest.importorskip("pyarrow", reason="needs the package pyarrow: pip install 'esc_gpu[parquet]'")

from esc_gpu.core.esc50 import COLUMNS
from esc_gpu.data.embedded import shards
from esc_gpu.data.embedded.source import rows_in
from esc_gpu.data.local_root import local_root
from esc_gpu.data.recordings.layouts import read_recordings
from esc_gpu.data.remote import attempts
from tests.helpers.hugging_face import CLASSES, feature, rows, write_arrow, write_parquet
from tests.helpers.one_line import refusal
from tests.helpers.remote_files import ROOT, Bucket


def read(root, cache, said=None, **options):
    announce = (lambda line: None) if said is None else said.append
    return read_recordings(local_root(root, cache, progress=False, announce=announce), tables=cache, **options)


def contents(recordings):
    return [path.read_bytes() for path in recordings.paths]


def test_parquet_with_splits(tmp_path):
    root, cache, said = tmp_path / "set", tmp_path / "cache", []
    write_parquet(root / "data" / "train-00000-of-00002.parquet", rows(0, 5))
    write_parquet(root / "data" / "train-00001-of-00002.parquet", rows(5, 8))
    write_parquet(root / "data" / "test-00000-of-00001.parquet", rows(8, 12))
    data = read(root, cache, said)
    assert (
        data.fold_numbers == ["train", "test"] and data.class_names == ("cat", "dog") and data.layout == "hugging_face"
    )
    numbers = [8, 9, 10, 11, *range(8)]  # in the order of the files' names
    assert contents(data) == [b"RIFF" + bytes([number]) * 50 for number in numbers]
    assert data.labels.tolist() == [number % 2 for number in numbers]
    assert data.folds.tolist() == ["test"] * 4 + ["train"] * 8
    assert data.filenames[0] == "00000/8.wav" and data.task == "single_label"
    times = [path.stat().st_mtime_ns for path in data.paths]
    assert read(root, cache, said).digest == data.digest and times == [path.stat().st_mtime_ns for path in data.paths]
    assert said[0].endswith("3 of the files now.") and said[1].endswith("0 of the files now.")


def test_a_step_is_done_again_where_its_file_has_changed_or_a_recording_is_cut(tmp_path):
    root, cache = tmp_path / "set", tmp_path / "cache"
    write_parquet(root / "train.parquet", rows(0, 5))
    write_parquet(root / "test.parquet", rows(8, 12))
    data = read(root, cache)
    old = {path: path.stat().st_ino for path in data.paths}
    write_parquet(root / "train.parquet", rows(0, 6))
    again = read(root, cache)
    assert len(again.filenames) == 10 and all(path.stat().st_ino == old[path] for path in again.paths[:4])
    again.paths[0].write_bytes(b"RIFF")
    assert contents(read(root, cache))[0] == b"RIFF" + bytes([8]) * 50


def test_what_a_kill_left_of_a_step_is_removed(tmp_path):
    root, cache = tmp_path / "set", tmp_path / "cache"
    write_parquet(root / "x.parquet", rows(0, 4, fold=lambda number: float(number // 2)))  # as of pandas
    folder = read(root, cache).root
    write_parquet(root / "x.parquet", rows(0, 6, fold=lambda number: number // 3))
    for left in (folder / ".partial-00000", folder.parent / ".partial-fetched.parquet-x"):
        left.mkdir()
        (left / "0.wav").touch()
    assert len(read(root, cache).filenames) == 6
    assert not list(cache.rglob(".partial-*"))


def test_names_that_some_disks_take_for_one(tmp_path):
    names = ["a.wav", "A.wav", "\u00e9.wav", "e\u0301.wav", "0000005-a.wav", "a.wav"]
    audio = [{"bytes": b"RIFF" + bytes([number]), "path": name} for number, name in enumerate(names)]
    table = rows(0, 6, fold=lambda number: number // 2 % 2).drop_columns("audio").append_column("audio", [audio])
    write_parquet(tmp_path / "set" / "x.parquet", table)
    data = read(tmp_path / "set", tmp_path / "cache")
    assert contents(data) == [b"RIFF" + bytes([number]) for number in range(6)]
    assert len({unicodedata.normalize("NFC", name).casefold() for name in data.filenames}) == 6


def test_files_of_audio_come_before_rows(tmp_path):
    write_parquet(tmp_path / "set" / "features.parquet", rows(0, 2))
    (tmp_path / "set" / "dog").mkdir()
    (tmp_path / "set" / "dog" / "1.wav").touch()
    assert local_root(tmp_path / "set", tmp_path) == tmp_path / "set" and not (tmp_path / "extracted").exists()


@pytest.mark.parametrize("rest", ["$RECYCLE.BIN", "__MACOSX", ".cache"])
def test_files_of_audio_in_folders_of_the_disk_do_not(tmp_path, rest):
    write_parquet(tmp_path / "set" / "x.parquet", rows(0, 2))
    (tmp_path / "set" / rest).mkdir()
    (tmp_path / "set" / rest / "1.wav").touch()
    assert len(rows_in(tmp_path / "set")) == 1


def test_links_to_folders_are_followed_once(tmp_path):
    root, there = tmp_path / "set", tmp_path / "there"
    write_parquet(root / "features.parquet", rows(0, 2))
    there.mkdir()
    (root / "dog").symlink_to(there)
    (there / "round").symlink_to(root)
    write_parquet(there / "more.parquet", rows(0, 2))
    assert [path.relative_to(root).as_posix() for path in rows_in(root)] == ["dog/more.parquet", "features.parquet"]
    (there / "1.wav").touch()
    assert local_root(root, tmp_path) == root


def test_saved_to_disk_with_made_folds(tmp_path):
    root, cache = tmp_path / "saved", tmp_path / "cache"
    write_arrow(root / "data-00000-of-00001.arrow", rows(0, 12, speaker_id=lambda number: f"s{number // 2}"))
    write_arrow(root / "cache-0123.arrow", rows(20, 22))
    data = read(root, cache, n_folds=3)
    assert data.fold_numbers == [1, 2, 3] and data.folds_made and len(data.filenames) == 12
    assert data.src_files[:4] == ("s0", "s0", "s1", "s1")
    (root / "dict" / "train").mkdir(parents=True)
    dataset_dict = tmp_path / "dict"
    write_arrow(dataset_dict / "train" / "data-00000-of-00001.arrow", rows(0, 4))
    write_arrow(dataset_dict / "validation" / "data-00000-of-00001.arrow", rows(4, 8))
    assert read(dataset_dict, cache).fold_numbers == ["train", "validation"]


def test_esc50_has_its_own_table(tmp_path):
    names = [f"{number % 2 + 1}-{number}-A-{number % 3}.wav" for number in range(12)]
    columns = {
        "filename": lambda number: names[number],
        "fold": lambda number: number % 2 + 1,
        "target": lambda number: number % 3,
        "category": lambda number: ("dog", "rooster", "pig")[number % 3],
        "esc10": lambda number: number % 3 < 2,
        "src_file": lambda number: number,
        "take": lambda number: "A",
    }
    table = rows(0, 12, **columns).drop_columns("label")
    write_parquet(tmp_path / "set" / "data" / "train-00000-of-00001.parquet", table, None)
    data = read(tmp_path / "set", tmp_path / "cache", subset="esc10")
    assert data.layout == "esc50" and data.class_names == ("dog", "rooster") and len(data.filenames) == 8
    assert data.paths[0].name == names[0] and data.fold_numbers == [1, 2]
    with open(data.root / "meta" / "esc50.csv", encoding="utf-8") as lines:
        assert next(csv.reader(lines)) == list(COLUMNS)


def test_several_labels_and_names_of_files(tmp_path):
    labels = [["dog"], ["dog", "rain"], ["rain"]]
    named = feature(labels={"feature": {"names": ["rain", "dog"], "_type": "ClassLabel"}, "_type": "Sequence"})
    table = rows(0, 6, labels=lambda number: [["rain", "dog"].index(name) for name in labels[number % 3]])
    audio = [
        {"bytes": b"fLaC" + bytes([number]), "path": name} for number, name in enumerate(["a.flac"] * 2 + [None] * 4)
    ]
    table = table.drop_columns(["label", "audio"]).append_column("audio", [audio])
    table = table.append_column("fold", [[1, 1, 1, 2, 2, 2]])
    write_parquet(tmp_path / "set" / "x.parquet", table, named)
    data = read(tmp_path / "set", tmp_path / "cache")
    assert data.task == "multi_label" and data.class_names == ("dog", "rain")
    assert data.labels.tolist() == [[True, False], [True, True], [False, True]] * 2
    assert [name.partition("/")[2] for name in data.filenames[:3]] == ["a.flac", "0000001-a.flac", "0000002.flac"]


def test_a_remote_one_comes_file_by_file(tmp_path, monkeypatch):
    monkeypatch.setattr(attempts, "WAITS_S", (0.0, 0.0))
    bucket, said = Bucket(monkeypatch), []
    card = "---\ndataset_info:\n  features:\n  - name: label\n    dtype:\n      class_label:\n        names:\n"
    bucket.put("README.md", (card + "          '0': cat\n          '1': dog\n---\n").encode())
    paths = [f"data/{split}-00000-of-00001.parquet" for split in ("test", "train")]
    for path, first in zip(paths, (0, 4), strict=True):
        bucket.put(path, write_parquet(tmp_path / "x.parquet", rows(first, first + 4), None).read_bytes())
    bucket.trouble = {paths[1]: [KeyboardInterrupt()]}
    with pytest.raises(KeyboardInterrupt):
        read(ROOT, tmp_path / "cache")
    data = read(ROOT, tmp_path / "cache", said)
    assert bucket.fetched - Counter(["README.md"] * 2) == Counter(paths)
    assert data.class_names == ("cat", "dog") and data.fold_numbers == ["train", "test"]
    assert not list((tmp_path / "cache").rglob("*.parquet"))
    assert read(ROOT, tmp_path / "cache", said).digest == data.digest
    assert bucket.fetched - Counter(["README.md"] * 2) == Counter(paths)
    bucket.put("README.md", (card + "          '0': cow\n          '1': dog\n---\n").encode())
    assert read(ROOT, tmp_path / "cache").class_names == ("cow", "dog")  # classes that the card names are others now
    bucket.files.store.clear()


def test_a_card_that_names_no_classes_may_change(tmp_path):
    root = tmp_path / "set"
    write_parquet(root / "x.parquet", rows(0, 12), CLASSES)
    (root / "README.md").write_text("---\nlicense: mit\n---\n", encoding="utf-8")
    (step,) = (read(root, tmp_path / "cache"), *(tmp_path / "cache").rglob("steps/*.json"))[1:]
    before = step.stat().st_mtime_ns
    (root / "README.md").write_text("Another text", encoding="utf-8")
    read(root, tmp_path / "cache")
    assert step.stat().st_mtime_ns == before


def test_refused_in_a_line(tmp_path, monkeypatch):
    root, cache = tmp_path / "set", tmp_path / "cache"

    def unreadable(path, mode):
        raise PermissionError(13, "Permission denied", str(path))

    def said(table, metadata=CLASSES, name="train.parquet"):
        write_parquet(root / name, table, metadata)
        return refusal(read, root, cache)

    assert "has the columns label; expected one called audio, with the bytes" in said(rows(0, 2).drop_columns("audio"))
    assert "has the columns audio; expected one called label or labels" in said(rows(0, 2).drop_columns("label"))
    assert "train.parquet, row 1: fold is empty; expected" in said(rows(0, 2, fold=lambda number: (1, None)[number]))
    barred = rows(0, 2, labels=lambda number: ["a|b", "c"]).drop_columns("label")
    assert "row 0: labels has 'a|b', and a bar stands between several labels; expected" in said(barred, None)
    hidden = rows(0, 2).set_column(1, "label", [[-1, 0]])
    assert "train.parquet, row 0: label is -1; expected 0 to 1" in said(hidden)
    outside = rows(0, 1).set_column(0, "audio", [[{"bytes": None, "path": "/a/b.wav"}]])
    assert "row 0: has no audio, only the path /a/b.wav; expected the bytes" in said(outside)
    write_parquet(root / "other" / "train.parquet", rows(0, 2))
    assert "has data sets in several folders: ., other; expected one" in refusal(read, root, cache)
    (root / "other" / "train.parquet").unlink()
    monkeypatch.setattr(shards, "open", unreadable, raising=False)
    assert "train.parquet: Permission denied; expected a file that can be read" in refusal(read, root, cache)
    monkeypatch.undo()
    (root / "train.parquet").write_bytes(b"PAR1 broken")
    assert "expected a whole Parquet file, or Arrow stream" in refusal(read, root, cache)
    (root / "train.parquet").unlink()
    (root / "train.parquet").symlink_to(root / "nowhere")
    assert "set: has no files that can be read; expected Parquet or Arrow files" in refusal(read, root, cache)


def test_made_folds_of_other_labels_are_refused_and_what_a_user_edited_stays(tmp_path):
    root, cache = tmp_path / "set", tmp_path / "cache"
    write_parquet(root / "x.parquet", rows(0, 10))
    data = read(root, cache)
    label_of = {content: data.class_names[label] for content, label in zip(contents(data), data.labels, strict=True)}
    assert data.folds_made and len(label_of) == 10
    turned = rows(0, 10).take(list(range(10))[::-1])
    audio = [{**row, "path": f"{number}.wav"} for number, row in enumerate(turned["audio"].to_pylist())]  # as before
    write_parquet(root / "x.parquet", turned.set_column(0, "audio", [audio]))
    message = refusal(read, root, cache)
    (table,) = cache.glob("*.csv")
    assert message.startswith(
        f"{table}: the data set now has another label or source for 10 recordings, such as 00000/"
    )
    table.rename(tmp_path / "before.csv")
    again = read(root, cache)
    assert [label_of[content] for content in contents(again)] == [again.class_names[label] for label in again.labels]
    first, *lines = table.read_text(encoding="utf-8").splitlines()
    edited = [line.replace(",cat,", ",CAT,") for line in lines[1:]]
    table.write_text("\n".join([first, *edited]), encoding="utf-8")
    write_parquet(root / "y.parquet", rows(10, 12))
    data = read(root, cache)
    assert len(data.filenames) == 9 and "CAT" in data.class_names and "left out: 3" in data.notes[-1]
    table.write_text("\n".join(line.rpartition(",")[0] for line in [first, *edited]), encoding="utf-8")
    assert len(read(root, cache).filenames) == 9  # of an earlier version, without the column


def test_a_table_that_is_no_longer_whole_is_a_line(tmp_path):
    root, cache = tmp_path / "set", tmp_path / "cache"
    write_parquet(root / "x.parquet", rows(0, 4, fold=lambda number: number // 2))
    folder = read(root, cache).root
    table = folder / "extracted.csv"
    text = table.read_text(encoding="utf-8")
    table.write_text(text.replace(",1,", ",,", 1), encoding="utf-8")
    message = refusal(read_recordings, folder)
    assert "has no fold (1 of 4 rows); expected a fold or a split in every row, or in none; correct" in message
    lines = text.splitlines()
    table.write_text("\n".join([*lines[:4], ",".join(lines[4].split(",")[:3])]), encoding="utf-8")
    assert len(read_recordings(folder).filenames) == 4  # a source of its own
    table.write_bytes(text.encode() + b"\xff\xfe,cat,0,\n")
    assert "expected a csv file; save it as CSV in UTF-8" in refusal(read_recordings, folder)
