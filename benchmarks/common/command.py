"""The command lines of the benchmarks: their parsers, and the options that several of them have."""

import argparse
import sys
from importlib.machinery import ModuleSpec
from pathlib import Path

import torch

from benchmarks.common.paths import RESULTS
from esc_gpu import list_frontends


def program(spec: ModuleSpec) -> str:
    """How a module is run: `__spec__` has its name also where `__name__` is `__main__`."""
    return f"python -m {spec.name}"


def create_parser(spec: ModuleSpec, doc: str) -> argparse.ArgumentParser:
    """A parser for the module with this `__spec__`, described by the first line of its docstring."""
    return argparse.ArgumentParser(prog=program(spec), description=doc.splitlines()[0])


def create_training_parser(spec: ModuleSpec, doc: str) -> argparse.ArgumentParser:
    """A parser for `parse_known_args`: the benchmark hands all other options on to a training, as its help says."""
    return argparse.ArgumentParser(
        prog=program(spec),
        description=doc,
        epilog="All other options are those of train.py, as --data.root and --train.epochs; see train.py --help.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )


def require_linux(parser: argparse.ArgumentParser) -> None:
    """End a benchmark that looks into processes as only Linux can, in one line, on another system."""
    if sys.platform != "linux":
        parser.exit(2, f"error: {parser.prog} runs on Linux only; run it there\n")


def add_root(parser: argparse.ArgumentParser, note: str = "", required: bool = False) -> None:
    """`--root`; the note says what is done with the recordings, or without them."""
    parser.add_argument("--root", required=required, help=f"recordings in ESC-50's layout{note}")


def add_cached_root(parser: argparse.ArgumentParser, default: str) -> None:
    """`--root` and the folder of its decoded clips; what `default` names is taken without a root."""
    add_root(parser, f" (default: {default})")
    parser.add_argument("--cache-dir", default="~/.cache/esc_gpu", help="folder of the decoded store")


def create_export_parser(spec: ModuleSpec, doc: str) -> argparse.ArgumentParser:
    """A parser for what is measured of an exported fold on recordings: run, `--root`, `--fold`, `--output`."""
    parser = create_parser(spec, doc)
    parser.add_argument("run", type=Path, metavar="RUN", help="folder of a run")
    add_root(parser, ", all of which are answered", required=True)
    parser.add_argument("--fold", type=int, help="whose model is exported (default: the lowest)")
    add_output(parser)
    return parser


def add_frontends(parser: argparse.ArgumentParser) -> None:
    """`--only`, names of front-ends."""
    parser.add_argument("--only", nargs="+", choices=list_frontends(), metavar="NAME", help="front-ends (default: all)")


def add_threads(parser: argparse.ArgumentParser, help: str = "CPU threads") -> None:
    """`--threads`, those that torch would take by itself."""
    parser.add_argument("--threads", type=int, default=torch.get_num_threads(), help=help)


def add_require_gpu(parser: argparse.ArgumentParser) -> None:
    """`--require-gpu`."""
    parser.add_argument("--require-gpu", action="store_true", help="fail where there is no CUDA device")


def add_output(parser: argparse.ArgumentParser, contents: str = "the result file") -> None:
    """`--output`."""
    parser.add_argument("--output", type=Path, default=RESULTS, help=f"folder of {contents}")
