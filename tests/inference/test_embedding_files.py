"""Embeddings as files: every number to the bit, all or nothing."""

import csv
import json

import numpy as np
import pytest

from esc_gpu import EscGpuError
from esc_gpu.inference.embedding import Embeddings
from esc_gpu.inference.embedding_files import WRITERS, check_output, write_embeddings

VALUES = np.random.default_rng(0).standard_normal((3, 5)).astype(np.float32)
EMBEDDINGS = Embeddings(np.array([0, 0, 1]), np.array([0, 0.5, 0]), VALUES)
FILES, LABELS, FOLDS = ["ä, b.wav", "c.wav"], ["dog", "rain"], [1, 2]


def write(file):
    check_output(file)
    write_embeddings(file, EMBEDDINGS, FILES, {"label": LABELS, "fold": FOLDS}, {"model": "run"})


def test_npz_has_arrays_without_objects_and_what_they_are_of(tmp_path):
    write(tmp_path / "e.npz")
    with np.load(tmp_path / "e.npz", allow_pickle=False) as content:
        assert np.array_equal(content["embedding"], VALUES) and content["embedding"].dtype == np.float32
        assert content["path"].tolist() == ["ä, b.wav", "ä, b.wav", "c.wav"]
        assert content["start_seconds"].tolist() == [0, 0.5, 0]
        assert content["label"].tolist() == ["dog", "dog", "rain"] and content["fold"].tolist() == [1, 1, 2]
        assert json.loads(str(content["about"])) == {"model": "run"}


def test_csv_has_a_column_for_each_number(tmp_path):
    write(tmp_path / "e.csv")
    with open(tmp_path / "e.csv", encoding="utf-8", newline="") as lines:
        header, *rows = csv.reader(lines)
    assert header == ["path", "start_seconds", "label", "fold", "e0", "e1", "e2", "e3", "e4"]
    assert [row[:4] for row in rows] == [
        ["ä, b.wav", "0.0", "dog", "1"],
        ["ä, b.wav", "0.5", "dog", "1"],
        ["c.wav", "0.0", "rain", "2"],
    ]
    assert np.array_equal(np.array([row[4:] for row in rows], dtype=np.float32), VALUES)
    assert b"\r" not in (tmp_path / "e.csv").read_bytes()


def test_parquet_has_a_list_of_fixed_size(tmp_path):
    parquet = pytest.importorskip("pyarrow.parquet")
    write(tmp_path / "e.parquet")
    table = parquet.read_table(tmp_path / "e.parquet")
    assert table.column_names == ["path", "start_seconds", "label", "fold", "embedding"]
    assert np.array_equal(np.array(table["embedding"].to_pylist(), dtype=np.float32), VALUES)
    assert json.loads(table.schema.metadata[b"esc_gpu"]) == {"model": "run"}


def test_parquet_without_its_package_and_other_names_are_refused_in_a_line(tmp_path, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(EscGpuError) as error:
        check_output(tmp_path / "e.parquet")
    assert str(error.value) == (
        'Parquet needs pyarrow: pip install "esc_gpu[parquet]", or choose a name that ends in .npz or .csv'
    )
    with pytest.raises(EscGpuError, match="expected a name that ends in .npz, .csv, .parquet; correct it"):
        check_output(tmp_path / "e.txt")


def test_a_disk_that_is_full_leaves_the_file_as_it_was(tmp_path, monkeypatch):
    (tmp_path / "e.csv").write_text("before", encoding="utf-8")

    def full(file, *rest):
        file.write_text("half", encoding="utf-8")
        raise OSError(28, "No space left on device")

    monkeypatch.setitem(WRITERS, ".csv", full)
    with pytest.raises(EscGpuError, match="No space left on device; expected a file that can be written"):
        write(tmp_path / "e.csv")
    assert [path.name for path in tmp_path.iterdir()] == ["e.csv"]
    assert (tmp_path / "e.csv").read_text(encoding="utf-8") == "before"
