import csv

import numpy as np
import pytest

from esc_gpu.core.esc50 import CATEGORIES, COLUMNS
from esc_gpu.data.recordings.layouts.esc50 import read_esc50
from esc_gpu.errors import EscGpuError
from tests.helpers.one_line import refusal

CLASSES = {49: "hand_saw", 0: "dog", 12: "crackling_fire", 31: "mouse_click", 20: "crying_baby", 77: "drone"}
ESC10 = (0, 12, 20)


@pytest.fixture
def rows():
    """Two clips of each class in each of three folds, in an order that is sorted by nothing."""
    return [
        {
            "filename": f"{fold}-{100 * target + fold}-{take}-{target}.wav",
            "fold": str(fold),
            "target": str(target),
            "category": name,
            "esc10": str(target in ESC10),
            "src_file": str(100 * target + fold),
            "take": take,
        }
        for take in "AB"
        for fold in (3, 1, 2)
        for target, name in CLASSES.items()
    ]


@pytest.fixture
def write(tmp_path):
    """Write the rows as a data set whose clips are empty files, and return its folder."""

    def write(rows, columns=COLUMNS, encoding="utf-8"):
        root = tmp_path / "data"
        for folder in ("meta", "audio"):
            (root / folder).mkdir(parents=True)
        with open(root / "meta" / "esc50.csv", "w", newline="", encoding=encoding) as file:
            writer = csv.DictWriter(file, columns, extrasaction="ignore")
            writer.writeheader()
            writer.writerows(rows)
        for row in rows:
            if "/" not in row["filename"]:
                (root / "audio" / row["filename"]).touch()
        return root

    return write


def failure(root, subset="all"):
    return refusal(read_esc50, root, subset)


def test_rows_keep_their_order_and_labels_follow_the_targets(rows, write):
    data = read_esc50(write(rows))
    assert data.filenames == tuple(row["filename"] for row in rows)
    assert data.src_files == tuple(row["src_file"] for row in rows)
    assert data.folds.tolist() == [int(row["fold"]) for row in rows]
    assert data.folds.dtype == data.labels.dtype == np.int64
    assert data.class_names == ("dog", "crackling_fire", "crying_baby", "mouse_click", "hand_saw", "drone")
    assert [data.class_names[label] for label in data.labels] == [row["category"] for row in rows]
    assert all(path.is_file() and path.name == name for path, name in zip(data.paths, data.filenames, strict=True))


def test_category_is_the_target_by_tens_and_other_beyond_them(rows, write):
    assert read_esc50(write(rows)).class_categories == (*CATEGORIES, "Other")


def test_esc10_keeps_its_rows_and_numbers_the_classes_anew(rows, write):
    data = read_esc50(write(rows), "esc10")
    assert data.class_names == ("dog", "crackling_fire", "crying_baby")
    assert data.filenames == tuple(row["filename"] for row in rows if row["esc10"] == "True")
    assert sorted(set(data.labels.tolist())) == [0, 1, 2]


def test_split_parts_the_clips_by_fold(rows, write):
    data = read_esc50(write(rows))
    assert data.fold_numbers == [1, 2, 3]
    for fold in data.fold_numbers:
        train, test = data.split(fold)
        assert sorted([*train, *test]) == list(range(len(rows)))
        assert set(data.folds[test]) == {fold} and fold not in data.folds[train]
        assert set(data.labels[train]) == set(data.labels[test]) == set(range(len(CLASSES)))
        sources = np.array(data.src_files)
        assert not set(sources[train]) & set(sources[test])


def test_split_names_the_folds_there_are(rows, write):
    with pytest.raises(EscGpuError, match="fold 4 does not exist; expected one of 1, 2, 3"):
        read_esc50(write(rows)).split(4)


def test_byte_order_mark_and_further_columns_are_read_over(rows, write):
    for row in rows:
        row["note"] = "x"
    data = read_esc50(write(rows, ("note", *COLUMNS), encoding="utf-8-sig"))
    assert len(data.filenames) == len(rows)


def test_clip_of_a_row_outside_the_subset_may_be_missing(rows, write):
    root = write(rows)
    gone = next(row["filename"] for row in rows if row["esc10"] == "False")
    (root / "audio" / gone).unlink()
    assert len(read_esc50(root, "esc10").filenames) == 18
    assert gone in failure(root)


def test_missing_root(tmp_path):
    assert f"{tmp_path / 'nowhere'}: no such folder" in failure(tmp_path / "nowhere")


def test_a_csv_in_the_place_of_the_root_is_no_folder_that_is_missing(tmp_path):
    (tmp_path / "list.csv").touch()
    assert "list.csv: is a file; expected the folder of ESC-50; name a csv with --data.table" in failure(
        tmp_path / "list.csv"
    )


def test_missing_csv(tmp_path):
    assert f"{tmp_path / 'meta' / 'esc50.csv'}: no such file" in failure(tmp_path)


def test_unknown_subset(rows, write):
    assert "data.subset 'esc11' is unknown; expected one of all, esc10" in failure(write(rows), "esc11")


@pytest.mark.parametrize("column", COLUMNS)
def test_missing_column_is_named(rows, write, column):
    message = failure(write(rows, [name for name in COLUMNS if name != column]))
    assert f"esc50.csv: columns {column} are missing" in message


def test_wrong_columns_are_shown(rows, write):
    root = write(rows)
    (root / "meta" / "esc50.csv").write_text("file,label\na.wav,3\n", encoding="utf-8")
    message = failure(root)
    assert "columns filename, fold, target, category, esc10, src_file, take are missing" in message
    assert "found 'file', 'label'" in message


def test_empty_csv(rows, write):
    root = write(rows)
    (root / "meta" / "esc50.csv").write_text("", encoding="utf-8")
    assert "found none" in failure(root)
    (root / "meta" / "esc50.csv").write_text(",".join(COLUMNS) + "\n", encoding="utf-8")
    assert "esc50.csv: no rows" in failure(root)


def test_csv_that_is_no_text(rows, write):
    root = write(rows)
    (root / "meta" / "esc50.csv").write_bytes(b"\xff\xfe\x00")
    assert "esc50.csv: 'utf-8' codec" in failure(root)


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("fold", "one", "row 4: fold is 'one'; expected an integer"),
        ("fold", "1.0", "row 4: fold is '1.0'; expected an integer"),
        ("fold", str(2**63), f"row 4: fold is '{2**63}'; expected an integer"),
        ("target", "dog", "row 4: target is 'dog'; expected an integer"),
        ("category", "", "row 4: category is empty"),
        ("esc10", "maybe", "row 4: esc10 is 'maybe'; expected True or False"),
        ("filename", "../1.wav", "row 4: filename '../1.wav' has a slash"),
        ("filename", "sub/1.wav", "row 4: filename 'sub/1.wav' has a slash"),
        ("filename", "sub\\1.wav", "row 4: filename 'sub\\\\1.wav' has a slash"),
        ("filename", "..", "row 4: filename '..' has a slash"),
        ("category", "dog\u200f", r"row 4: category 'dog\u200f' has a character that cannot be seen (U+200F)"),
        ("filename", "a\nb.wav", "filename 'a\\nb.wav' has a slash"),
    ],
)
def test_bad_value_is_named_with_its_row(rows, write, column, value, message):
    root = write(rows)
    rows[2][column] = value  # the third row after the header
    with open(root / "meta" / "esc50.csv", "w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(rows)
    assert message in failure(root)


def test_row_that_is_too_short(rows, write):
    root = write(rows)
    with open(root / "meta" / "esc50.csv", "a", encoding="utf-8") as file:
        file.write("last.wav,1\n")
    assert f"row {len(rows) + 2}: target is empty; expected 7 fields" in failure(root)


def test_target_with_two_names(rows, write):
    rows[8]["category"] = "hearth"
    message = failure(write(rows))
    assert "row 10: category of target 12 is 'hearth', above it was 'crackling_fire'" in message


def test_name_of_two_targets(rows, write):
    for row in rows:
        row["category"] = row["category"].replace("crackling_fire", "dog")
    assert "row 4: target of category 'dog' is 12, above it was 0" in failure(write(rows))


def test_duplicate_filename(rows, write):
    rows[5]["filename"] = rows[1]["filename"]
    assert f"row 7: filename '{rows[1]['filename']}' is already in row 3" in failure(write(rows))


def test_missing_clips_are_counted_and_the_first_is_named(rows, write):
    root = write(rows)
    for row in (rows[4], rows[9]):
        (root / "audio" / row["filename"]).unlink()
    message = failure(root)
    assert message.startswith(f"{root / 'audio' / rows[4]['filename']}: no such clip (2 of 36 are missing)")


def test_folder_in_the_place_of_a_clip_is_missing(rows, write):
    root = write(rows)
    (root / "audio" / rows[4]["filename"]).unlink()
    (root / "audio" / rows[4]["filename"]).mkdir()
    assert "is no regular file (1 of 36 are missing)" in failure(root)


def test_esc10_without_clips(rows, write):
    root = write([row for row in rows if row["esc10"] == "False"])
    assert "no row has esc10 True" in failure(root, "esc10")
    assert len(read_esc50(root).filenames) == 18


def test_one_fold(rows, write):
    assert "every clip is in fold 3" in failure(write([row for row in rows if row["fold"] == "3"]))


def test_class_in_one_fold(rows, write):
    kept = [row for row in rows if row["category"] != "dog" or row["fold"] == "2"]
    assert "category 'dog' is in fold 2 only" in failure(write(kept))


def test_one_class(rows, write):
    assert "every clip has category 'dog'; expected two classes" in failure(
        write([row for row in rows if row["category"] == "dog"])
    )


def test_two_dots_within_a_name_are_no_folder(rows, write):
    rows[0]["filename"] = "1-0104..wav"
    assert read_esc50(write(rows)).filenames[0] == "1-0104..wav"


def test_names_are_read_in_one_form(rows, write):
    """Decomposed ones of a category or a source are no others; those that a joiner tells apart are refused."""
    for row, name in zip([row for row in rows if row["target"] == "0"], ["vögel", "vo\u0308gel"] * 3, strict=True):
        row["category"] = name
    assert read_esc50(write(rows)).class_names[0] == "vögel"


def test_a_source_in_another_spelling_is_no_other_source(rows, write):
    first, other = rows[0], next(row for row in rows if row["fold"] != rows[0]["fold"])
    first["src_file"], other["src_file"] = "vögel", "vo\u0308gel "
    assert "fold of src_file 'vögel' is" in failure(write(rows))


def test_recording_in_two_folds(rows, write):
    first, other = rows[0], next(row for row in rows if row["fold"] != rows[0]["fold"])
    other["src_file"] = first["src_file"]
    message = failure(write(rows))
    assert f"fold of src_file '{first['src_file']}' is {other['fold']}, above it was {first['fold']}" in message


def test_real_recordings(esc10_root):
    data = read_esc50(esc10_root)
    assert len(data.filenames) == 400 and data.fold_numbers == [1, 2, 3, 4, 5]
    assert np.bincount(data.folds).tolist() == [0, 80, 80, 80, 80, 80]
    assert np.bincount(data.labels).tolist() == [40] * 10
    assert all(name.startswith(f"{fold}-") for name, fold in zip(data.filenames, data.folds, strict=True))
    assert data.class_names == (
        "dog",
        "rooster",
        "rain",
        "sea_waves",
        "crackling_fire",
        "crying_baby",
        "sneezing",
        "clock_tick",
        "helicopter",
        "chainsaw",
    )
    assert data.class_categories == tuple(tuple(CATEGORIES)[i] for i in (0, 0, 1, 1, 1, 2, 2, 3, 4, 4))
    esc10 = read_esc50(esc10_root, "esc10")
    assert esc10.filenames == data.filenames and esc10.class_names == data.class_names
    np.testing.assert_array_equal(esc10.labels, data.labels)
