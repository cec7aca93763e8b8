"""The fold of a recording: a number of a cross-validation, or one of the splits train, validation and test."""

from collections.abc import Collection, Sequence

from esc_gpu.errors import EscGpuError

Fold = int | str

TRAIN, VALIDATION, TEST = "train", "validation", "test"
SPLITS = (TRAIN, VALIDATION, TEST)
DEV = "dev"
# What data sets call them. A development set is what is trained on, or, beside a training set, the validation set.
SPELLINGS = {
    **dict.fromkeys(("train", "training"), TRAIN),
    **dict.fromkeys(("validation", "val", "valid"), VALIDATION),
    **dict.fromkeys(("test", "testing", "eval", "evaluation"), TEST),
    **dict.fromkeys((DEV, "development"), DEV),
}
EXPECTED = "train, validation (or val, valid, dev) and test (or eval)"


def is_split(name: str) -> bool:
    """Whether data sets call a split so."""
    return name.casefold() in SPELLINGS


def splits_of(names: Collection[str]) -> dict[str, str]:
    """Which of the three splits each of a data set's names of splits means.

    Raises:
        EscGpuError: for a name of no split, and for two names of one.
    """
    meant = {name: SPELLINGS.get(name.casefold(), "") for name in names}
    dev = VALIDATION if TRAIN in meant.values() else TRAIN
    meant = {name: dev if split == DEV else split for name, split in meant.items()}
    first: dict[str, str] = {}
    for name in sorted(meant):
        if not (split := meant[name]):
            raise EscGpuError(f"{name!r} is no split; expected {EXPECTED}; rename it")
        other = first.setdefault(split, name)
        if other != name:
            raise EscGpuError(f"{other!r} and {name!r} both mean the split {split}; expected one of them; rename one")
    return meant


def fold_dtype(folds: Sequence[Fold]) -> str:
    """What NumPy keeps them as: int64, or text where they are splits."""
    return f"U{max(map(len, SPLITS))}" if folds and isinstance(folds[0], str) else "int64"


def parse_fold(text: str) -> Fold:
    """The fold that `str` has made a text of.

    Raises:
        ValueError: for another text.
    """
    return text if text in SPLITS else int(text)


def fold_title(fold: Fold) -> str:
    """fold 3, test split."""
    return f"{fold} split" if isinstance(fold, str) else f"fold {fold}"


def the_fold(fold: Fold) -> str:
    """fold 3, the test split: as a sentence has it."""
    return f"the {fold} split" if isinstance(fold, str) else f"fold {fold}"


def fold_seed(fold: Fold) -> int:
    """What of a fold goes into the random numbers of its training.

    It is the same for test and validation, which are two looks at one training: on the split train.
    """
    return 0 if isinstance(fold, str) else fold
