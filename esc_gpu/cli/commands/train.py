"""`esc-gpu train`, and train.py."""

from esc_gpu.cli.launch import resume_command
from esc_gpu.cli.next_commands import next_commands
from esc_gpu.cli.output import say
from esc_gpu.cli.reporting import reporting
from esc_gpu.cli.run_options import parse

HELP = "train and evaluate a model on the official folds; `esc-gpu train --help` lists the options"


def main(arguments: list[str], prog: str = "train.py") -> int:
    """Train as the options say; returns the exit status."""
    go_on = resume_command(arguments, prog)  # now: a launcher may be gone when it is needed
    return reporting(lambda: train(arguments, prog), f"; the run goes on from its last checkpoint with: {go_on}")


def train(arguments: list[str], prog: str) -> None:
    config = parse(arguments, prog)

    from esc_gpu.experiment.cross_validation import run
    from esc_gpu.experiment.output_place import output_place
    from esc_gpu.report import format_summary

    summary = run(config, announce=say)
    if summary is not None:
        say("\n".join([format_summary(summary), "", *next_commands(output_place(config))]))
