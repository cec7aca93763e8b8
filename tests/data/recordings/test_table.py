"""A table of the user's own: what is read, and what is refused."""

import numpy as np
import pytest

from esc_gpu.core.esc50 import COLUMNS
from esc_gpu.data.recordings.layouts import read_recordings
from esc_gpu.data.recordings.table import read_table
from esc_gpu.errors import EscGpuError
from tests.helpers.one_line import refusal

LINES = ["a/1.wav,dog,1", "b.flac,cat,2", "c.ogg,cat,1", "a/2.wav,dog,2"]
FILES = ("a/1.wav", "a/2.wav", "b.flac", "c.ogg")
HEADER = "path,label,fold"
NFC, NFD = "vögel", "vo\u0308gel"


@pytest.fixture
def write(tmp_path):
    """Write a table beside its files, which are empty, and return its path."""

    def write(lines=LINES, header=HEADER, files=FILES, newline="\n", encoding="utf-8"):
        (tmp_path / "set" / "a").mkdir(parents=True, exist_ok=True)
        for name in files:
            (tmp_path / "set" / name).touch()
        table = tmp_path / "set" / "list.csv"
        table.write_text("\n".join([header, *lines, ""]), newline=newline, encoding=encoding)
        return table

    return write


def failure(table, root=None):
    return refusal(read_table, table, root)


# What is read


def test_rows_keep_their_order_and_classes_are_sorted(write):
    table = write()
    data = read_table(table)
    assert data.root == data.audio == table.parent
    assert data.filenames == data.src_files == ("a/1.wav", "b.flac", "c.ogg", "a/2.wav")
    assert data.class_names == ("cat", "dog") and data.class_categories == ("Other", "Other")
    assert data.labels.tolist() == [1, 0, 0, 1] and data.folds.tolist() == [1, 2, 1, 2]
    assert data.labels.dtype == data.folds.dtype == np.int64
    assert all(path.is_file() for path in data.paths)
    train, test = data.split(2)
    assert (train.tolist(), test.tolist()) == ([0, 2], [1, 3])


def test_files_may_lie_elsewhere_than_the_table(write, tmp_path):
    table = write()
    moved = table.rename(tmp_path / "list.csv")
    data = read_table(str(moved), str(tmp_path / "set"))
    assert data.root == tmp_path / "set" and data.paths[0] == tmp_path / "set" / "a" / "1.wav"
    assert f"{tmp_path / 'a' / '1.wav'}: no such clip (4 of 4 are missing)" in failure(moved)


@pytest.mark.parametrize("options", [{"newline": "\r\n"}, {"newline": "\r"}, {"encoding": "utf-8-sig"}], ids=str)
def test_line_ends_and_byte_order_mark(write, options):
    data = read_table(write(**options))
    assert data.filenames == ("a/1.wav", "b.flac", "c.ogg", "a/2.wav") and data.class_names == ("cat", "dog")


def test_quoted_commas_unicode_and_further_columns(write):
    lines = [
        'x,1,"Vögel, klein","a/Ü, é.wav"',
        ',2,"Vögel, klein",雨.wav',
        "x,1, rain ,a/1.wav",
        "y,2,rain,a/2.wav",
        ",1,👩\u200d🚒,b.flac",  # joined by a character that is not printable
        ",2,👩\u200d🚒,c.ogg",
    ]
    files = ("a/Ü, é.wav", "雨.wav", "a/1.wav", "a/2.wav", "b.flac", "c.ogg")
    data = read_table(write(lines, "note,fold,label,path", files))
    assert data.filenames == files
    assert data.class_names == ("Vögel, klein", "rain", "👩\u200d🚒")


def test_integer_labels_are_sorted_by_number_and_others_as_text(write):
    files = [f"{i}.wav" for i in range(8)]

    def names(labels):
        lines = [f"{name},{label},{i % 2}" for i, (name, label) in enumerate(zip(files, labels, strict=True))]
        return read_table(write(lines, files=files)).class_names

    assert names([10, 10, 9, 9, -1, -1, 100, 100]) == ("-1", "9", "10", "100")
    assert names([10, 10, 9, 9, "9a", "9a", 100, 100]) == ("10", "100", "9", "9a")


def test_source_groups_files_and_is_the_file_where_it_is_empty(write):
    lines = ["a/1.wav,dog,1,one", "b.flac,cat,2,", "c.ogg,cat,1,one", "a/2.wav,dog,2"]
    assert read_table(write(lines, HEADER + ",source")).src_files == ("one", "b.flac", "one", "a/2.wav")


def test_blank_lines_are_read_over(write):
    assert len(read_table(write([LINES[0], "", *LINES[1:], ""])).filenames) == 4


def test_names_that_look_the_same_are_one(write):
    """By Unicode's composed form, and with plain spaces; a path is found by either form."""
    lines = [f"{NFD}.wav,{NFC},1,tape", f"a/1.wav,{NFD},2,b", "b.flac,sea\u00a0waves,1,c", "c.ogg,sea waves ,2,d"]
    data = read_table(write(lines, HEADER + ",source", (f"{NFC}.wav", "a/1.wav", "b.flac", "c.ogg")))
    assert data.class_names == ("sea waves", NFC) and data.filenames[0] == f"{NFC}.wav"
    assert all(path.is_file() for path in data.paths)
    other = read_table(write([lines[0].replace(NFD, NFC), *lines[1:]], HEADER + ",source", ()))
    assert other.digest == data.digest  # as on a machine whose names are composed


def test_a_file_is_found_by_the_name_that_the_disk_has(write):
    files = (f"{NFD}.wav", "a/2.wav", "b.flac", "c.ogg")
    data = read_table(write([f"{NFC}.wav,dog,1", *LINES[1:]], files=files))
    assert data.filenames[0] == data.src_files[0] == f"{NFC}.wav"
    assert data.paths[0].samefile(data.root / f"{NFD}.wav")
    (data.root.parent / NFD).symlink_to(data.root)
    for named in (
        read_table(data.root.parent / NFC / "list.csv"),
        read_recordings(data.root.parent / NFC, table=data.root / "list.csv"),
    ):
        assert named.root.samefile(data.root) and named.digest == data.digest


# What is refused


@pytest.mark.parametrize("other", [NFD, f"{NFC}\u00a0", "vö\u200dgel"], ids=ascii)
def test_a_source_in_another_spelling_is_no_other_source(write, other):
    lines = [f"a/1.wav,dog,1,{NFC}", "b.flac,cat,2,two", "c.ogg,cat,1,three", f"a/2.wav,dog,2,{other}"]
    message = failure(write(lines, HEADER + ",source"))
    assert "list.csv, row 5: " in message and ("fold of source 'vögel' is 2" in message or "looks like" in message)


def test_labels_that_only_a_joiner_tells_apart(write):
    message = failure(write([*LINES[:3], "a/2.wav,do\u200dg,2"]))
    assert r"list.csv, row 5: label 'do\u200dg' looks like 'dog' of row 2" in message


def test_a_path_in_another_spelling_is_there_twice(write):
    message = failure(write([*LINES, f"{NFC}.wav,dog,1", f"{NFD}.wav,dog,1"]))
    assert f"list.csv, row 7: path '{NFC}.wav' is already in row 6" in message


def test_a_single_class(write):
    message = failure(write([line.replace("cat", "dog") for line in LINES]))
    assert message.endswith("list.csv: every clip has label 'dog'; expected two classes or more; add others")


def test_source_in_two_folds(write):
    lines = ["a/1.wav,dog,1,one", "b.flac,cat,2,two", "c.ogg,cat,1,three", "a/2.wav,dog,2, one "]
    message = failure(write(lines, HEADER + ",source"))
    assert "list.csv, row 5: fold of source 'one' is 2, above it was 1" in message


@pytest.mark.parametrize("spelling", ["a/1.wav", "./a/1.wav", "a//1.wav", "a/./1.wav", "a\\1.wav", ".\\a\\1.wav"])
def test_path_that_is_there_twice(write, spelling):
    message = failure(write([*LINES, f"{spelling},dog,1"]))
    assert "list.csv, row 6: path 'a/1.wav' is already in row 2" in message


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("/etc/a.wav,dog,1", "path '/etc/a.wav' is absolute or has a double dot; expected a path inside"),
        ("C:/a.wav,dog,1", "path 'C:/a.wav' is absolute or has a double dot"),
        ("../a.wav,dog,1", "path '../a.wav' is absolute or has a double dot"),
        ("a/../../b.flac,dog,1", "path 'a/../../b.flac' is absolute or has a double dot"),
        ("..,dog,1", "path '..' is absolute or has a double dot"),
        (".,dog,1", "path '.' is a folder"),
        ("a\\..\\..\\b.wav,dog,1", "path 'a/../../b.wav' is absolute or has a double dot"),
        ("\\\\server\\a.wav,dog,1", "path '//server/a.wav' is absolute or has a double dot"),
        ("C:\\a.wav,dog,1", "path 'C:/a.wav' is absolute or has a double dot"),
        (".\\,dog,1", "path './' is a folder"),
        ("a\t.wav,dog,1", r"path 'a\t.wav' has a control character"),
        ("a\x1b.wav,dog,1", r"path 'a\x1b.wav' has a control character"),
        ("a\u2028.wav,dog,1", r"path 'a\u2028.wav' has a control character"),
        ("a/3.wav,dog\x07,1", r"label 'dog\x07' has a control character (U+0007)"),
        ("a/3.wav,  ,1", "label '  ' is blank"),
        ("a/3.wav,dog\u200f,1", r"label 'dog\u200f' has a character that cannot be seen (U+200F)"),
        ("a/3.wav,,1", "label is empty; expected 3 fields"),
        (",dog,1", "path is empty; expected 3 fields"),
        ("a/3.wav,dog", "fold is empty; expected 3 fields"),
        ("a/3.wav,dog,", "fold is empty; expected 3 fields"),
        ("a/3.wav,dog,one", "fold is 'one'; expected an integer, or a split: train, validation (or val, valid, dev)"),
        ("a/3.wav,dog,1.0", "fold is '1.0'; expected an integer"),
        ("a/3.wav,dog,1_0", "fold is '1_0'; expected an integer"),
        (f"a/3.wav,dog,{2**63}", f"fold is '{2**63}'; expected an integer"),
        ("a,b.wav,dog,1", "has more fields than the first row; expected the same number; put text that contains"),
    ],
)
def test_bad_value_is_named_with_its_row(write, row, message):
    assert f"list.csv, row 4: {message}" in failure(write([*LINES[:2], row, *LINES[2:]]))


def test_dots_within_a_name_are_no_way_out(write):
    lines = [LINES[0].replace("a/1.wav", "a/1..wav"), *LINES[1:]]
    assert read_table(write(lines, files=("a/1..wav", "a/2.wav", "b.flac", "c.ogg"))).filenames[0] == "a/1..wav"


@pytest.mark.parametrize("column", ["path", "label", "fold"])
def test_missing_column_is_named(write, column):
    message = failure(write(header=HEADER.replace(column, "other")))
    assert f"list.csv: columns {column} are missing; expected path, label, fold, found " in message


def test_missing_table_and_folder(write, tmp_path):
    assert f"{tmp_path / 'no.csv'}: no such file; expected a csv with" in failure(tmp_path / "no.csv")
    message = failure(write(), tmp_path / "nowhere")
    assert message.startswith(f"{tmp_path / 'nowhere'}: no such folder") and "correct data.root" in message


def test_empty_table_and_one_that_is_no_text(write):
    table = write([])
    assert "list.csv: no rows" in failure(table)
    table.write_bytes(b"\xff\xfe\x00")
    assert "list.csv: 'utf-8' codec" in failure(table)


def test_a_folder_is_no_table(write, tmp_path):
    folder = write().parent
    message = failure(folder)
    assert message.startswith(f"{folder}: is a folder; expected a csv with the columns path, label, fold; ")
    assert message.endswith("name a folder of recordings with --data.root")
    (folder / "list.csv").unlink()
    assert f"{folder}: every clip has label 'a'; expected two classes or more" in refusal(
        read_recordings, folder, n_folds=2
    )


def test_missing_files_are_counted_and_the_first_is_named(write):
    table = write()
    (table.parent / "c.ogg").unlink()
    (table.parent / "a" / "2.wav").unlink()
    message = failure(table)
    assert message.startswith(f"{table.parent / 'c.ogg'}: no such clip (2 of 4 are missing); expected every path")
    assert f"in {table.parent}; set data.root to the folder that the paths begin in" in message


def test_folds_that_cannot_be_used(write):
    assert "every clip is in fold 1" in failure(write([line[:-1] + "1" for line in LINES]))
    assert "label 'dog' is in fold 1 only" in failure(write([*LINES[:3], "a/2.wav,dog,1"]))


# Which layout


def write_esc50(root):
    (root / "meta").mkdir(parents=True)
    (root / "audio").mkdir()
    kinds = ("dog", "cat")
    rows = [f"{n}.wav,{n // 2},{n % 2},{kinds[n % 2]},True,{n},A" for n in range(4)]
    (root / "meta" / "esc50.csv").write_text("\n".join([",".join(COLUMNS), *rows]), encoding="utf-8")
    for n in range(4):
        (root / "audio" / f"{n}.wav").touch()
    return root


def test_a_table_is_read_where_it_is_given_and_esc50_where_not(write, tmp_path):
    root = write_esc50(tmp_path / "esc50")
    data = read_recordings(root, "esc10")
    assert data.root == root and data.audio == root / "audio" and data.class_names == ("dog", "cat")
    table = write()
    assert read_recordings(None, "all", table).filenames == read_table(table).filenames
    assert read_recordings(table.parent, table=table.rename(root / "list.csv")).root == tmp_path / "set"


def test_a_table_has_no_subset(write):
    with pytest.raises(EscGpuError, match="data.subset is 'esc10' together with data.table .*list.csv; expected all"):
        read_recordings(None, "esc10", write())


def test_neither_root_nor_table():
    with pytest.raises(EscGpuError, match="neither data.root nor data.table"):
        read_recordings(None)


@pytest.mark.parametrize("name", ["list.csv", "meta/list.csv"])
def test_another_csv_in_the_root_is_pointed_to(tmp_path, name):
    (tmp_path / "meta").mkdir()
    with pytest.raises(EscGpuError) as caught:
        read_recordings(tmp_path)
    assert "no such file" in str(caught.value) and "--data.table" not in str(caught.value)
    (tmp_path / name).touch()
    with pytest.raises(EscGpuError) as caught:
        read_recordings(tmp_path)
    message = str(caught.value)
    assert message.startswith(f"{tmp_path / 'meta' / 'esc50.csv'}: no such file, but there is {tmp_path / name};")
    assert message.endswith("name your csv with --data.table FILE.csv")
