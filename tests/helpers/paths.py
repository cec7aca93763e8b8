"""Where the repository and its parts stand."""

from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
CONFIGS = REPOSITORY / "configs"
DOCS = REPOSITORY / "docs"
