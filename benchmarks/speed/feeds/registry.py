"""The feed of each letter."""

from benchmarks.speed.feeds import features, recordings, waveforms
from benchmarks.speed.feeds.base import KINDS, Feed, Material

FEEDS = {
    "a": recordings.with_librosa,
    "b": recordings.with_torchaudio,
    "c": features.from_files,
    "d": features.from_memmap,
    "e": features.PinnedFeed,
    "f": features.ResidentFeed,
    "g": waveforms.streaming,
    "h": waveforms.resident,
}


def create_feed(letter: str, material: Material, workers: int = 0) -> Feed:
    """The feed of `KINDS[letter]`.

    Raises:
        Unavailable: for a feature that the library does not have.
        ImportError: for a library that is not installed.
    """
    create = FEEDS[letter]
    return create(material, workers) if KINDS[letter].in_workers else create(material)
