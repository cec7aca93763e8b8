"""Fixtures that several test folders share."""

import os
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[1]


@pytest.fixture(scope="session")
def esc10_root() -> Path:
    """The 400 real recordings of ESC-10 in ESC-50's layout, which are not part of this repository."""
    root = Path(os.environ.get("ESC_GPU_ESC10") or REPOSITORY / "../shared/data/esc10").resolve()
    if not (root / "meta" / "esc50.csv").is_file():
        pytest.skip(f"no ESC-10 in {root}: set ESC_GPU_ESC10 to a folder with its meta and audio")
    return root
