"""Recordings in rows and recordings in files replace each other at an address."""

import pytest

pytest.importorskip("pyarrow", reason="needs the package pyarrow: pip install 'esc_gpu[parquet]'")

from esc_gpu.data.local_root import local_root
from esc_gpu.data.on_demand import recording_files
from esc_gpu.data.recordings.layouts import read_recordings
from esc_gpu.data.remote import attempts
from esc_gpu.data.store.recording_files import digest_file
from tests.helpers.hugging_face import CLASSES, rows, write_parquet
from tests.helpers.one_line import refusal
from tests.helpers.remote_files import ROOT, Bucket


@pytest.fixture
def bucket(monkeypatch):
    made = Bucket(monkeypatch)
    yield made
    made.files.store.clear()


def test_rows_in_the_place_of_files_that_were_not_kept(bucket, tmp_path):
    bucket.put("cat/0.wav")
    local_root(ROOT, tmp_path / "cache", progress=False, keep_copy=False)
    bucket.remove("cat/0.wav")
    bucket.put("train.parquet", write_parquet(tmp_path / "x.parquet", rows(0, 12), CLASSES).read_bytes())
    folder = local_root(ROOT, tmp_path / "cache", progress=False, keep_copy=False)
    paths = read_recordings(folder).paths
    with recording_files(ROOT, tmp_path / "cache", keep_copy=False) as files:
        assert [files.digest(path) for path in paths] == [digest_file(path) for path in paths]
    assert not (folder / "cat" / "0.wav").exists()


def test_from_rows_to_files_and_back(bucket, tmp_path):
    write_parquet(tmp_path / "x.parquet", rows(0, 11))
    parquet = (tmp_path / "x.parquet").read_bytes()
    for keep_copy in (True, False):
        bucket.put("train.parquet", b"no rows")
        if not keep_copy:
            assert "train.parquet: " in refusal(local_root, ROOT, tmp_path / "cache", progress=False)
            assert len(list((tmp_path / "cache").rglob("*é.wav"))) == 12  # they stay until there is something else
        bucket.put("train.parquet", parquet)
        options = {"progress": False, "keep_copy": keep_copy}
        folder = local_root(ROOT, tmp_path / "cache", **options)
        assert read_recordings(folder, tables=tmp_path).layout == "hugging_face" and not list(folder.rglob("*é.wav"))
        bucket.remove("train.parquet")
        files = [f"{label}/{number}é.wav" for label in ("cow", "sheep") for number in range(6)]
        for path in files:
            bucket.put(path)
        table = tmp_path / "table.csv"
        table.write_text("path,label,fold\nnone.wav,a,1\n", encoding="utf-8")
        assert "has no recordings of the table" in refusal(local_root, ROOT, tmp_path / "cache", table=table)
        assert read_recordings(folder, tables=tmp_path).layout == "hugging_face"
        data = read_recordings(local_root(ROOT, tmp_path / "cache", **options))
        assert data.layout == "folders" and data.class_names == ("cow", "sheep") and len(data.filenames) == 12
        for path in files:
            bucket.remove(path)


def test_what_was_extracted_stays_until_all_files_have_come_and_files_of_its_names_stay(bucket, tmp_path, monkeypatch):
    monkeypatch.setattr(attempts, "WAITS_S", (0.0,))
    bucket.put("train.parquet", write_parquet(tmp_path / "x.parquet", rows(0, 4)).read_bytes())
    folder = local_root(ROOT, tmp_path / "cache", progress=False)
    extracted = [folder / "00000" / f"{number}.wav" for number in range(4)]
    assert all(path.is_file() for path in extracted)
    bucket.put("00000/0.wav", b"another")
    bucket.put("00001/0.wav", b"another")
    bucket.trouble = {"00001/0.wav": [ConnectionResetError("reset")] * 2}
    for _ in range(2):
        assert "ConnectionResetError" in refusal(local_root, ROOT, tmp_path / "cache", progress=False)
        assert all(path.is_file() for path in extracted[1:])
    local_root(ROOT, tmp_path / "cache", progress=False)
    assert extracted[0].read_bytes() == b"another" and not any(path.exists() for path in extracted[1:])
