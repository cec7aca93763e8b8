"""The first row of a csv: what divides the columns, and what they are called."""

import pytest

from esc_gpu.data.recordings.csv_rows import read_rows
from tests.helpers.one_line import refusal

COLUMNS = ("path", "label")


def parse(where, number, fields):
    return number, fields["path"], fields["label"], fields.get("source")


@pytest.fixture
def read(tmp_path):
    """The rows of a csv with this text."""

    def read(text):
        table = tmp_path / "list.csv"
        table.write_text(text, encoding="utf-8", newline="")
        return read_rows(table, COLUMNS, parse, "expected a csv", ("source",))

    return read


@pytest.mark.parametrize(
    "text",
    [
        'path,label\na.wav,"dog, small"\n',
        "path;label\r\na.wav;dog, small\r\n",
        "path\tlabel\na.wav\tdog, small\n",
        "path|label\na.wav|dog, small\n",
        'Path, Label\na.wav, "dog, small"\n',
        ' PATH ,label \na.wav,"dog, small"\n',
        "\ufeffpath;label\na.wav;dog, small\n",
        '"path";"label"\n"a.wav";"dog, small"\n',
    ],
)
def test_columns_are_found_by_what_stands_between_them_and_in_any_case(read, text):
    assert read(text) == [(2, "a.wav", "dog, small", None)]


@pytest.mark.parametrize("said", ["sep=;", '"sep=;"', "SEP=;"])
def test_a_line_that_names_the_delimiter_is_followed_and_counted(read, said):
    assert read(f"{said}\npath;label\na,b.wav;dog\n") == [(3, "a,b.wav", "dog", None)]
    assert read(f"{said}\r\npath;label;source\r\na.wav;dog;x\r\n") == [(3, "a.wav", "dog", "x")]


def test_blank_lines_above_the_columns_are_read_over_and_counted(read):
    assert read("\n \r\npath;label\n\na.wav;dog\n") == [(5, "a.wav", "dog", None)]
    assert read("\nsep=;\n\npath;label\na.wav;dog\n") == [(5, "a.wav", "dog", None)]


def test_a_name_that_begins_with_a_space_keeps_it(read):
    assert read("label,path\ndog, a.wav\n") == [(2, " a.wav", "dog", None)]


@pytest.mark.parametrize(
    ("first", "column"),
    [("path,label,path", "path"), ("Source,path,label,source", "source"), ("path;label;Label", "label")],
)
def test_a_column_that_is_there_twice_is_named(read, first, column):
    message = refusal(read, f"{first}\nb.wav,dog,a.wav,x\n")
    assert f"list.csv: column {column} appears more than once in the first row" in message


def test_a_further_column_may_be_there_twice(read):
    assert read("path,label,,\na.wav,dog,1,2\n") == [(2, "a.wav", "dog", None)]


@pytest.mark.parametrize(
    ("first", "parts"),
    [
        ("path:label", ["columns path, label cannot be separated in 'path:label'", "a comma, semicolon or tab"]),
        ("file,class", ["columns path, label are missing; expected path, label, found 'file', 'class'", "first row"]),
        ("path;class", ["columns label are missing; expected path, label, found 'path', 'class'"]),
        ("a.wav,dog", ["columns path, label are missing; expected path, label, found 'a.wav', 'dog'"]),
    ],
)
def test_columns_that_are_not_there_are_named_beside_those_that_are(read, first, parts):
    message = refusal(read, f"{first}\nb.wav,dog\n")
    assert all(part in message for part in parts) and "add them" not in message


def test_a_folder_and_another_encoding_say_what_to_do(tmp_path):
    assert "is a folder; expected a csv" in refusal(read_rows, tmp_path, COLUMNS, parse, "expected a csv")
    (tmp_path / "list.csv").write_bytes("path,label\nvögel.wav,vögel\n".encode("cp1252"))
    message = refusal(read_rows, tmp_path / "list.csv", COLUMNS, parse, "expected a csv")
    assert "'utf-8' codec" in message and "save it as CSV in UTF-8" in message
