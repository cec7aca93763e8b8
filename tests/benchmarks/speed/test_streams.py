"""The benchmark of streams, from arguments to table."""

from benchmarks.speed import streams
from tools import doc_tables as tables


def test_streams_from_arguments_to_table(tmp_path):
    names = ["logmel", "delta", "spectral_contrast"]
    assert streams.main(["--seconds", "0.5", "--repeats", "1", "--only", *names, "--output", str(tmp_path)]) == 0
    (file,) = tmp_path.glob("streams-*.json")
    table = tables.table(file.name, tmp_path)
    assert "| logmel | 0.023 |" in table and "| delta | 0.070 |" in table
    assert "spectral_contrast cannot be streamed" in table
