"""What is read of a journal that a power cut has broken."""

from esc_gpu.data.remote.journal import read_journal


def test_whole_lines_are_read_and_broken_ones_are_none(tmp_path):
    file = tmp_path / "journal.jsonl"
    assert read_journal(file, 2) == []
    file.write_bytes(b'["a", 1]\n["b", 2\n\0\0\n[3]\n4\n\n\xff\n["a", 5]\n')
    assert read_journal(file, 2) == [["a", 1], ["a", 5]]
