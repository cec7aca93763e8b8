"""Whatever a csv holds, the answer is recordings that can be used, or an error of one line."""

import csv
import io

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from esc_gpu.core.esc50 import COLUMNS as ESC50_COLUMNS
from esc_gpu.data.recordings.base import Recordings
from esc_gpu.data.recordings.layouts.esc50 import read_esc50
from esc_gpu.data.recordings.table import read_table
from esc_gpu.errors import EscGpuError
from tests.helpers.fuzz import fuzz
from tests.helpers.one_line import is_one_line

FILES = ("a.wav", "b/c.wav", "d e.flac", "雨.ogg", "é,.wav", '".wav')
CONTROLS = ("\0", "\x1b[31m", "\u2028", "\r", "\x85", "\n")
QUIET = fuzz(max_examples=200)

names = st.sampled_from(
    [*FILES, ".", "..", "b", "b/../a.wav", "./a.wav", "/a.wav", "c:\\a.wav", "missing.wav", "f" * 300]
)
numbers = st.sampled_from(["0", "1", "2", "-1", " 1 ", "1.5", "one", "9" * 30, "9" * 5000, "١", "0x1", "True", ""])
words = st.one_of(st.sampled_from(["dog", "cat", "1", "10", "True", "False", "", " ", *CONTROLS]), st.text(max_size=8))
headers = st.sampled_from([("path", "label", "fold", "source"), ("fold", "path", "label"), ESC50_COLUMNS])


@st.composite
def tables(draw) -> bytes:
    """Rows that are nearly right, under a header that is, mostly."""
    header = draw(headers)
    fields = {"path": names, "filename": names, "fold": numbers, "target": numbers}
    rows = draw(st.lists(st.tuples(*(st.one_of(fields.get(name, words), words) for name in header)), max_size=6))
    text = io.StringIO()
    writer = csv.writer(text, lineterminator=draw(st.sampled_from(["\n", "\r\n", "\r"])))
    writer.writerow(draw(st.one_of(st.just(header), st.permutations(header), st.lists(words, max_size=4))))
    writer.writerows(rows)
    content = text.getvalue().encode()
    place = draw(st.integers(0, len(content)))
    return draw(st.sampled_from([content, content, content[:place], content[:place] + b"\xff" + content[place:]]))


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """A folder with some recordings, for both layouts."""
    root = tmp_path_factory.mktemp("set")
    for folder in (root, root / "audio"):
        for name in FILES:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).touch()
    (root / "meta").mkdir()
    return root


def check(read, *given):
    try:
        recordings = read(*given)
    except EscGpuError as error:
        assert is_one_line(str(error))
        return
    assert isinstance(recordings, Recordings) and len(recordings.fold_numbers) > 1
    n_recordings, num_classes = len(recordings.filenames), len(recordings.class_names)
    assert n_recordings == len(set(recordings.filenames)) == len(recordings.folds) == len(recordings.src_files)
    assert np.array_equal(np.unique(recordings.labels), np.arange(num_classes))
    assert len(set(recordings.class_names)) == num_classes == len(recordings.class_categories)
    assert all(is_one_line(name) for name in (*recordings.class_names, *recordings.filenames))
    for path in recordings.paths:
        assert path.is_file() and path.resolve().is_relative_to(recordings.root.resolve())


def both(content, root):
    (root / "list.csv").write_bytes(content)
    (root / "meta" / "esc50.csv").write_bytes(content)
    check(read_table, root / "list.csv")
    check(read_esc50, root)
    check(read_esc50, root, "esc10")


@QUIET
@given(st.one_of(st.binary(max_size=200), st.text(max_size=200).map(lambda text: text.encode())))
@example(b"path,label,fold\n" + b"f" * 300 + b".wav,dog,1\na.wav,dog,2\n")
def test_any_content(root, content):
    both(content, root)


@QUIET
@given(tables())
def test_rows_that_are_nearly_right(root, content):
    both(content, root)


@QUIET
@given(st.permutations([(name, label) for name, label in zip(FILES, "ababab", strict=True)]), st.data())
def test_right_rows_are_recordings(root, files, data):
    """So that what is checked above is not errors alone."""
    folds = data.draw(st.permutations((1, 1, 1, 2, 2, 2)))
    in_both = {
        label for label in "ab" if len({fold for (_, own), fold in zip(files, folds, strict=True) if own == label}) > 1
    }
    text = io.StringIO()
    csv.writer(text).writerows(
        [("path", "label", "fold"), *((name, label, fold) for (name, label), fold in zip(files, folds, strict=True))]
    )
    (root / "right.csv").write_text(text.getvalue(), encoding="utf-8", newline="")
    if in_both == {"a", "b"}:
        recordings = read_table(root / "right.csv")
        assert recordings.filenames == tuple(name for name, _ in files)
        assert recordings.folds.tolist() == list(folds)
    else:
        with pytest.raises(EscGpuError, match="in fold . only"):
            read_table(root / "right.csv")


@pytest.mark.parametrize("read", [read_table, read_esc50])
@pytest.mark.parametrize("place", ["~nobody-of-this-name/set", "a\0b", "f" * 300, "no utf-8 \udcff"], ids=repr)
def test_a_place_that_cannot_be(read, place):
    with pytest.raises(EscGpuError) as caught:
        read(place)
    assert str(caught.value).startswith(place[:20])


def test_a_category_of_two_lines_is_refused(root):
    rows = [("a.wav", 1, 0, "dog\ncat", True, 1, "A"), ("d e.flac", 2, 0, "dog\ncat", True, 2, "A")]
    with open(root / "meta" / "esc50.csv", "w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([ESC50_COLUMNS, *rows])
    with pytest.raises(EscGpuError, match=r"row 3: .*category 'dog\\ncat' has a control character \(U\+000A\)"):
        read_esc50(root)
