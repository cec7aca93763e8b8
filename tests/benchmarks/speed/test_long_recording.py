"""A long recording, from arguments to table."""

from benchmarks.speed import long_recording
from tools import doc_tables as tables


def test_a_long_recording_from_arguments_to_table(tmp_path):
    assert long_recording.main(["--minutes", "0.05", "--only", "logmel", "cqt", "--output", str(tmp_path)]) == 0
    (file,) = tmp_path.glob("long-recording-*.json")
    assert "seconds for 0.05 minutes" in tables.table(file.name, tmp_path)
