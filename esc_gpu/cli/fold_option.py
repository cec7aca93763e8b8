"""Which fold of a run or of a data set is meant: a number, or a split."""

from argparse import ArgumentParser, ArgumentTypeError

from esc_gpu.core.folds import SPLITS, Fold, parse_fold


def add_fold_argument(parser: ArgumentParser, does: str, run: str = "a run") -> None:
    """`--fold`, of a command that `does` something with one model of a run."""
    parser.add_argument(
        "--fold",
        type=to_fold,
        metavar="N",
        help=f"{does} the model of fold N of {run}, a number or a split (default: the lowest fold)",
    )


def to_fold(text: str) -> Fold:
    """The type of an option."""
    try:
        return parse_fold(text)
    except ValueError:
        raise ArgumentTypeError(f"{text!r} is no fold; expected a number, or {' or '.join(SPLITS[1:])}") from None
