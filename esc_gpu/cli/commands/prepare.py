"""`esc-gpu prepare`: the decoding of a run, ahead of it."""

from esc_gpu.cli.output import say
from esc_gpu.cli.reporting import reporting
from esc_gpu.cli.run_options import parse

HELP = "decode the recordings of a run before its training; it takes the options of train"


def main(arguments: list[str], prog: str) -> int:
    """Decode what the options name; returns the exit status."""
    return reporting(lambda: prepare(arguments, prog))


def prepare(arguments: list[str], prog: str) -> None:
    config = parse(arguments, prog, trains=False)

    from esc_gpu.experiment import cross_validation

    cross_validation.prepare(config, announce=say)
