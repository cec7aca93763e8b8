"""How much of a file is read."""

import pytest
import soundfile


@pytest.fixture
def frames_read(monkeypatch):
    """The frames of each block that was read of a recording, one after the other."""
    frames, original = [], soundfile.SoundFile.read

    def counted(*args, **options):
        block = original(*args, **options)
        frames.append(len(block))
        return block

    monkeypatch.setattr(soundfile.SoundFile, "read", counted)
    return frames
