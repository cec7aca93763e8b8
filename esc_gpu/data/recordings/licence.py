"""Under which licence the recordings of ESC-50 are."""

from esc_gpu.core.esc50 import AUDIO, ESC10, ESC50, SYNTHETIC, has_official_name
from esc_gpu.core.task import label_text
from esc_gpu.data.recordings.base import Recordings


def recordings_licence(recordings: Recordings) -> str | None:
    """The licence of ESC-10, of other classes of ESC-50, or None for recordings of another origin.

    ESC-50, or a part of it, is known by its layout, the names of its classes, and its files' names, which have fold and
    class in them; synthetic recordings in that layout have their settings beside its csv.
    """
    in_layout = recordings.audio == recordings.root / AUDIO
    classes = set(recordings.class_names)
    if not in_layout or not classes <= set(ESC50) or (recordings.root / SYNTHETIC).exists():
        return None
    names = (label_text(label, recordings.class_names) for label in recordings.labels)
    if not all(map(has_official_name, recordings.filenames, recordings.folds.tolist(), names)):
        return None
    return "CC BY 3.0" if classes <= set(ESC10) else "CC BY-NC 3.0"
