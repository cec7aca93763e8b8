"""Workers that compile librosa's functions at once do not write into each other's files."""

import os
from pathlib import Path

import librosa
import numba
import numpy as np

from tests.helpers.paths import REPOSITORY


def test_what_numba_compiles_is_kept_in_a_folder_of_this_worker():
    folder = Path(numba.config.CACHE_DIR)
    assert folder == REPOSITORY / "build" / "numba" / os.environ.get("PYTEST_XDIST_WORKER", "main")
    librosa.feature.zero_crossing_rate(np.zeros(4096))
    assert any(folder.rglob("*.nbi"))
