"""A few recordings, without sound, in the layouts of known data sets."""

from pathlib import Path

from tools.layouts import LAYOUTS, Clip

LABELS = ("cat", "dog", "rain")


def clips(folder: Path, per_fold: int = 4) -> list[Clip]:
    """Takes A and B of `per_fold / 2` sources of each class in each of five folds, named as those of ESC-50."""
    folder.mkdir(parents=True)
    made = []
    for fold in range(1, 6):
        for target, label in enumerate(LABELS):
            for number in range(per_fold):
                source, take = str(100 * fold + 10 * target + number // 2), "AB"[number % 2]
                path = folder / f"{fold}-{source}-{take}-{target}.wav"
                path.touch()
                made.append(Clip(path, label, fold, source))
    return made


def lay_out(folder: Path, *names: str) -> Path:
    """`folder/data`, which has the recordings in these layouts; without a name, in none."""
    made = clips(folder / "clips")
    (folder / "data").mkdir()
    for name in names:
        LAYOUTS[name](made, folder / "data")
    return folder / "data"
