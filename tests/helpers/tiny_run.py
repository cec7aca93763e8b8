"""A small run, trained in a few seconds, for what looks at finished runs."""

from pathlib import Path

from esc_gpu.cli.main import main
from tests.helpers.tiny import OPTIONS, write_tones
from tests.helpers.undrawn import unplotted


def train_tones(folder: Path, *arguments: str, **tones: object) -> Path:
    """Train two folds on tones in `folder/tones`; the run's folder. `arguments` are of `esc-gpu train`.

    Its pictures are blank.
    """
    table = write_tones(folder / "tones", **tones)
    data = ["--data.table", str(table), "--data.cache_dir", str(folder / "cache")]
    with unplotted():
        assert main(["train", *OPTIONS, *data, "--output_dir", str(folder / "run"), *arguments]) == 0
    return folder / "run"
