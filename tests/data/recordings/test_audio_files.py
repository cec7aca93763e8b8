"""Files and folders to audio files."""

import os

import pytest

from esc_gpu import EscGpuError
from esc_gpu.data.recordings.audio_files import find_audio_files


def test_a_folder_stands_for_the_audio_files_in_and_below_it(tmp_path):
    names = [
        "b.wav",
        "a/z.FLAC",
        "a/y.Opus",
        "a b/ü.mp3",
        "B.aif",
        "notes.txt",
        ".h.wav",
        "wav",
        "c.wav.txt",
        ".b/x.wav",
    ]
    for name in names:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    os.symlink(tmp_path, tmp_path / "a" / "round")
    found = find_audio_files([tmp_path])
    assert [os.path.relpath(path, tmp_path) for path in found] == [
        "B.aif",
        "a b/ü.mp3",
        "a/y.Opus",
        "a/z.FLAC",
        "b.wav",
    ]


def test_files_are_taken_as_they_are_and_in_their_order(tmp_path):
    (tmp_path / "x.wav").touch()
    given = ["-", "missing.xyz", f"{tmp_path}", tmp_path / "x.wav", "missing.xyz"]
    whole = str(tmp_path / "x.wav")
    assert find_audio_files(given) == ["-", "missing.xyz", whole, whole, "missing.xyz"]


def test_a_folder_without_audio_is_refused(tmp_path):
    (tmp_path / "notes.txt").touch()
    with pytest.raises(EscGpuError, match=r"holds no audio files \(.wav, "):
        find_audio_files([tmp_path])


def test_a_folder_that_cannot_be_read_is_named(tmp_path, monkeypatch):
    (tmp_path / "a.wav").touch()
    (tmp_path / "locked").mkdir()
    scandir = os.scandir

    def refuse(path):
        if os.fspath(path).endswith("locked"):
            raise PermissionError(13, "Permission denied", path)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(EscGpuError, match=f"^{tmp_path}/locked: Permission denied; expected a folder that can be read"):
        find_audio_files([tmp_path])


def test_a_file_is_found_by_either_form_of_its_name(tmp_path):
    (tmp_path / "vo\u0308gel.wav").touch()
    (found,) = find_audio_files([tmp_path / "vögel.wav"])
    assert os.path.samefile(found, tmp_path / "vo\u0308gel.wav")
    assert find_audio_files([tmp_path / "mäuse.wav"]) == [str(tmp_path / "mäuse.wav")]
