"""Where things are in the repository."""

from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
CONFIGS = REPOSITORY / "configs"
RESULTS = REPOSITORY / "benchmarks" / "results"
PICTURES = REPOSITORY / "docs" / "pictures"
