"""What is opened is looked at, and nothing is waited for."""

import os

import pytest

from esc_gpu.data.clips import regular_file
from esc_gpu.data.clips.damaged_files import DamagedFileError
from esc_gpu.data.clips.decode import decode_clip
from esc_gpu.data.store.recording_files import digest_file
from tests.helpers.windows import RATE, noise, write


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    "read", [digest_file, lambda path: decode_clip(path, 0, sample_rate=RATE, samples=10)], ids=["hash", "decode"]
)
def test_a_pipe_that_takes_the_place_of_a_file_is_not_waited_for(tmp_path, monkeypatch, read):
    path = write(tmp_path / "a.wav", noise(100))

    def check_and_swap(path, check=regular_file.check_file):
        check(path)
        path.unlink()
        os.mkfifo(path)

    monkeypatch.setattr(regular_file, "check_file", check_and_swap)
    before = len(os.listdir("/proc/self/fd")) if os.path.exists("/proc/self/fd") else 0
    with pytest.raises(DamagedFileError, match=f"^{path}: is a named pipe; expected an audio file"):
        read(path)
    assert before == (len(os.listdir("/proc/self/fd")) if before else 0)


def test_a_system_that_cannot_open_without_waiting_opens_files(tmp_path, monkeypatch):
    monkeypatch.setattr(regular_file, "WITHOUT_WAITING", 0)  # Windows
    path = write(tmp_path / "a.wav", noise(100))
    with regular_file.open_regular(path) as file:
        assert file.read() == path.read_bytes()
