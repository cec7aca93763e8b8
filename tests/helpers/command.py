"""A command as the command line runs it."""

from esc_gpu.cli.main import main


def run_command(capfd, *arguments):
    """Exit status, standard output, and the errors of a command."""
    status = main([str(argument) for argument in arguments])
    captured = capfd.readouterr()
    return status, captured.out, [line for line in captured.err.splitlines() if line.startswith("error: ")]
