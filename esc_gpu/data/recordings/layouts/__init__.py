"""How data sets lie on a disk: a file for each layout, and which of them a folder has."""

from esc_gpu.data.recordings.layouts.find import check_recordings, read_recordings

__all__ = ["check_recordings", "read_recordings"]
