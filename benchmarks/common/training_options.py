"""The options of a benchmark that hands all others on to a training."""

import argparse


def create_parser(name: str, description: str) -> argparse.ArgumentParser:
    """A parser for the benchmark's own options, for `parse_known_args`; its help says where the others are."""
    return argparse.ArgumentParser(
        prog=f"python -m benchmarks.{name}",
        description=description,
        epilog="All other options are those of train.py, as --data.root and --train.epochs; see train.py --help.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
