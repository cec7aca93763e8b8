"""What is known of recordings before they are decoded: files, classes, folds and sources."""

from esc_gpu.data.recordings.base import Recordings

__all__ = ["Recordings"]
