"""Data sets by soundata: its clips' tags, folds, splits and sources; a stand-in for it, and the real package."""

import csv
import importlib.machinery
import json
import sys
from types import ModuleType, SimpleNamespace

import pytest

from esc_gpu.data.recordings.layouts import read_recordings, soundata
from tests.helpers.layout_folders import lay_out
from tests.helpers.one_line import refusal


def clip(number, labels=("dog",), **more):
    tags = None if labels is None else SimpleNamespace(labels=list(labels))
    return SimpleNamespace(clip_id=f"c{number}", name=f"audio/{number}.wav", tags=tags, **more)


@pytest.fixture
def home(tmp_path, monkeypatch):
    """Makes the folder of a data set of clips, of which a stand-in for soundata knows."""
    soundata._names.cache_clear()
    package = ModuleType("soundata")
    package.__spec__ = importlib.machinery.ModuleSpec("soundata", None)
    package.list_datasets = lambda: ["esc50", "barks"]
    monkeypatch.setitem(sys.modules, "soundata", package)

    def make(*clips, name="barks"):
        root = tmp_path / name
        (root / "audio").mkdir(parents=True)
        for one in clips:
            one.audio_path = str(root / one.name)
            (root / one.name).touch()

        def initialize(asked, data_home):
            assert (asked, data_home) == (name, str(root))
            return SimpleNamespace(load_clips=lambda: {one.clip_id: one for one in clips})

        package.initialize = initialize
        return root

    yield make
    soundata._names.cache_clear()


def read(root, **options):
    return read_recordings(root, layout="soundata", **options)


def test_folds_and_sources_are_those_of_the_clips(home):
    clips = [clip(n, [("cat", "dog")[n % 2]], fold=1 + n // 4, src_file=f"s{n // 2}") for n in range(8)]
    recordings = read(home(*clips))
    assert recordings.folds.tolist() == [1] * 4 + [2] * 4 and recordings.class_names == ("cat", "dog")
    assert recordings.src_files == tuple(f"s{n // 2}" for n in range(8)) and recordings.layout == "soundata"
    assert recordings.filenames[3] == "audio/3.wav" and recordings.task == "single_label" and not recordings.notes


def test_splits_with_dots_and_what_has_neither_split_nor_label(home):
    splits = ["development.train", "development.evaluate", None, "evaluation"]
    clips = [
        clip(n, None if n % 4 == 3 else ["cat,dog", "rain"][n // 4 : n // 4 + 1], split=splits[n % 4]) for n in range(8)
    ]
    recordings = read(home(*clips))
    assert recordings.folds.tolist() == ["train", "test"] * 2
    assert recordings.class_names == ("cat,dog", "rain")  # one class: soundata has a list of labels
    assert recordings.notes == ("4 of the 8 clips have no label or no split, and are left out.",)


def test_several_labels_need_splits(home):
    labels = [["dog", "rain"], ["cat"], ["rain"], ["dog", "cat"]]
    clips = [clip(n, labels[n % 4], split=("train", "test")[n // 4], freesound_id=n) for n in range(8)]
    root = home(*clips)
    recordings = read(root)
    assert recordings.task == "multi_label" and recordings.labels.sum(axis=1).tolist() == [2, 1, 1, 2] * 2
    assert recordings.src_files == tuple(map(str, range(8)))
    for one in clips:
        del one.split
    assert "has several labels a recording, but neither folds nor splits; expected one" in refusal(read, root)


def test_folds_are_made_where_there_are_none(home):
    recordings = read(home(*(clip(n, [("cat", "dog")[n % 2]]) for n in range(10))))
    assert recordings.folds_made and recordings.fold_numbers == [1, 2, 3, 4, 5] and recordings.layout == "soundata"


def test_a_recording_that_was_not_downloaded_is_asked_for_by_soundata(home):
    root = home(*(clip(n, [("cat", "dog")[n % 2]], fold=1 + n // 4) for n in range(8)))
    (root / "audio" / "5.wav").unlink()
    assert refusal(read, root) == (
        f"{root / 'audio' / '5.wav'}: no such clip (1 of 8 are missing); expected every path in {root}; "
        f"run soundata.initialize('barks', data_home={str(root)!r}).download()"
    )


def test_refused_in_a_line(home, tmp_path, monkeypatch):
    root = home(clip(0, None), clip(1, None))
    assert "the clips that soundata has of barks have no tags; expected classes, as of esc50" in refusal(read, root)

    def initialize(name, data_home):
        raise FileNotFoundError("This dataset's index must be downloaded. Did you run .download()?")

    sys.modules["soundata"].initialize = initialize
    message = refusal(read, root)
    assert "soundata says: This dataset's index must be downloaded." in message
    assert message.endswith(f"run soundata.initialize('barks', data_home={str(root)!r}).download()")
    assert "expected a folder with the name of a data set of soundata, such as" in refusal(
        read, tmp_path / "barks" / "audio"
    )
    monkeypatch.setitem(sys.modules, "soundata", None)
    soundata._names.cache_clear()
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert refusal(read, root) == 'data.layout soundata needs soundata: pip install "esc_gpu[soundata]"'


@pytest.mark.parametrize(
    "error",
    [
        json.JSONDecodeError("Expecting value", "", 0),
        KeyError("c7"),
        TypeError("List elements should all have type <class 'str'>"),
        IndexError("list index out of range"),
        AttributeError("'NoneType' object has no attribute 'strip'"),
        csv.Error("line contains NUL"),
    ],
    ids=["index_cut_short", "clip_without_a_row", "row_without_a_label", "blank_row", "short_row", "no_csv"],
)
def test_what_is_not_whole_is_refused_in_a_line(home, error):
    root = home(clip(0))

    def initialize(name, data_home):
        raise error

    sys.modules["soundata"].initialize = initialize
    message = refusal(read, root)
    assert message.startswith(f"{root}: soundata says: ") and "run soundata.initialize('barks'" in message


def test_a_path_outside_the_folder_is_refused_in_its_own_words(home):
    root = home(clip(0))
    outside = clip(1)
    sys.modules["soundata"].initialize = lambda name, data_home: SimpleNamespace(load_clips=lambda: {"c1": outside})
    outside.audio_path = str(root.parent / "elsewhere.wav")
    assert "soundata says" not in refusal(read, root)


def test_esc50_is_read_as_by_its_own_layout(tmp_path, monkeypatch):
    core = pytest.importorskip("soundata.core", reason="needs the package soundata: pip install 'esc_gpu[soundata]'")
    root = (lay_out(tmp_path, "nested_esc50") / "ESC-50-master").rename(tmp_path / "esc50")
    soundata._names.cache_clear()
    names = [path.name for path in (root / "audio").iterdir()]
    index = {"version": "2.0", "clips": {name.removesuffix(".wav"): {"audio": [f"audio/{name}", ""]} for name in names}}
    (tmp_path / "index.json").write_text(json.dumps(index), encoding="utf-8")
    monkeypatch.setattr(core.Index, "get_path", lambda index: str(tmp_path / "index.json"))
    one, other = read(root), read_recordings(root)

    def rows(recordings):
        names = [name.rpartition("/")[2] for name in recordings.filenames]
        labels = [recordings.class_names[label] for label in recordings.labels]
        return sorted(zip(names, labels, recordings.folds.tolist(), recordings.src_files, strict=True))

    assert rows(one) == rows(other) and len(one.filenames) == 60


def test_made_folds_follow_the_labels_and_what_is_missing_is_asked_for(home, tmp_path, monkeypatch):
    clips = [clip(n, [("cat", "dog")[n % 2]]) for n in range(10)]
    root, tables = home(*clips), tmp_path / "tables"
    before = read(root, tables=tables)
    for one in clips:
        one.tags.labels = ["dog" if one.tags.labels == ["cat"] else "cat"]
    assert "has another label or source for 10 recordings, such as audio/0.wav; expected" in refusal(
        read, root, tables=tables
    )
    (table,) = tables.iterdir()
    table.unlink()
    after = read(root, tables=tables)
    assert sorted(after.filenames) == sorted(before.filenames)
    labels = [dict(zip(data.filenames, data.labels.tolist(), strict=True)) for data in (before, after)]
    assert all(labels[0][name] == 1 - labels[1][name] for name in before.filenames)
    monkeypatch.chdir(root)
    assert read_recordings(".", layout="soundata").folds_made
    (root / "audio" / "3.wav").unlink()
    download = f"run soundata.initialize('barks', data_home={str(root)!r}).download()"
    assert refusal(read, root).endswith(download) and f"{download}, delete {table} to make" in refusal(
        read, root, tables=tables
    )
    lines = table.read_text(encoding="utf-8").splitlines()
    table.write_text("\n".join(line for line in lines if "/3.wav" not in line), encoding="utf-8")
    assert len(read(root, tables=tables).filenames) == 9
