"""`esc-gpu train`, and train.py."""

from esc_gpu.cli.launch import resume_command
from esc_gpu.cli.output import say
from esc_gpu.cli.reporting import reporting

HELP = "train and evaluate on the official folds, as train.py does; `esc-gpu train --help` lists its options"


def main(arguments: list[str], prog: str = "train.py") -> int:
    """Train as the options say; returns the exit status."""
    go_on = resume_command(arguments, prog)  # now: a launcher may be gone when it is needed
    return reporting(lambda: train(arguments, prog), f"; the run goes on from its last checkpoint with: {go_on}")


def train(arguments: list[str], prog: str) -> None:
    # Imported here so that a mistyped option or --help is answered before torch is loaded.
    from esc_gpu.config.parse import parse_run

    config = parse_run(arguments, prog)

    from esc_gpu.experiment.cross_validation import run
    from esc_gpu.report import format_summary

    summary = run(config, announce=say)
    if summary is not None:
        say(format_summary(summary))
