"""What is wrong with the levels of clips, in sentences."""

from collections.abc import Sequence

import numpy as np

from esc_gpu.core.text import printable
from esc_gpu.data.clips.levels import AT_FULL_SCALE, CANCELLED, SILENT

NAMES_SHOWN = 3
SENTENCES = {
    SILENT: "{clips} digital silence: {names}. A model learns nothing from silence: leave the recordings out",
    AT_FULL_SCALE: "{clips} clipped, with more than 1% of the samples at full scale: {names}. Record them with less "
    "gain, or export them at a lower level",
    CANCELLED: "{clips} left with less than a tenth of the energy of their two channels, which cancel each other in "
    "their mean: {names}. Read one of the channels, with --data.channel left, right or loudest",
}


def describe_faults(marks: np.ndarray, recordings: np.ndarray, filenames: Sequence[str]) -> list[str]:
    """A sentence for each kind of fault, with the number of clips and the first names.

    Args:
        marks: `(clips,)` of the store.
        recordings: `(clips,)` the recording of each clip.
        filenames: of the recordings.
    """
    sentences = []
    for mark, sentence in SENTENCES.items():
        clips = np.flatnonzero(marks & mark)
        if len(clips):
            found = list(dict.fromkeys(recordings[clips].tolist()))
            names = ", ".join(printable(filenames[number]) for number in found[:NAMES_SHOWN])
            count = f"{len(clips)} of {len(marks)} clips {'is' if len(clips) == 1 else 'are'}"
            sentences.append(sentence.format(clips=count, names=names + ", ..." * (len(found) > NAMES_SHOWN)))
    return sentences
