"""All that is to be known of a GPU, by one command meant to take less than nine minutes: its tests and benchmarks.

    python -m benchmarks.gpu --root ESC-10

says first what is missing here, and what to bring. It writes GPU-DATE.json into benchmarks/results, with the result of
each part as soon as it is there, and the plots beside it. With --parts it runs some of them, and has their names in the
file's. Trainings by the whole recipe take minutes each: they run only when they are named, with three seeds, and on
ESC-50 as well where --esc50 names it. Each is a part of its own, so that --resume goes on with those that are left.

Until the preflight has passed, nothing but the standard library is imported.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks.one_command import preflight
from benchmarks.one_command.parts import ESC50_RATE, RECIPES, Part, create_parts

MINUTES = 8.0
RESULTS = Path(__file__).parent / "results"
TRIES = Path(__file__).parents[1] / "build" / "gpu-try"  # for numbers that are worth nothing
NOTHING_RUNS = 2
SYNTHETIC_RATE = 22050
CLIPS_PER_CLASS, TINY_CLIPS_PER_CLASS = 20, 5


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog=f"python -m {__spec__.name}", description=__doc__.splitlines()[0])
    parser.add_argument("--root", help="recordings in ESC-50's layout (default: the embedded synthetic ones)")
    parser.add_argument(
        "--minutes", type=float, default=MINUTES, help=f"after which no part goes on (default: {MINUTES:g})"
    )
    parser.add_argument(
        "--output",
        type=Path,
        help="folder of the result file and the plots (default: benchmarks/results, with --tiny build/gpu-try)",
    )
    parser.add_argument(
        "--parts",
        nargs="+",
        choices=[*create_parts("", esc50=""), *RECIPES],
        metavar="PART",
        help=f"to run these only (default: all but {' and '.join(RECIPES)})",
    )
    parser.add_argument("--esc50", metavar="DIR", help="ESC-50, for the part recipe")
    parser.add_argument(
        "--weights", metavar="FILE", help="timm's weights of ResNet-18 for the part recipe (default: from the hub)"
    )
    parser.add_argument("--resume", type=Path, metavar="FILE", help="keep the parts that have passed in a result file")
    parser.add_argument("--check", action="store_true", help="say what is missing, and run nothing")
    parser.add_argument("--device", choices=("cuda", "cpu"), default="cuda", help="cpu tries the command out")
    parser.add_argument("--tiny", action="store_true", help="as little of each part as there is; no number counts")
    arguments = parser.parse_args(argv)
    arguments.output = arguments.output or (TRIES if arguments.tiny else RESULTS)
    parts = parts_of(arguments, arguments.root or "")
    usual = [name for name, part in parts.items() if not part.group]
    asked = arguments.parts or usual
    if unknown := [name for name in asked if name not in (*parts, *RECIPES)]:
        parser.error(f"{', '.join(unknown)} needs ESC-50: name its folder with --esc50")
    chosen = {name: part for name, part in parts.items() if name in asked or part.group in asked}
    needs = {name: part.needs for name, part in chosen.items()}
    found = preflight.look(needs, arguments.root, arguments.device, arguments.esc50, arguments.weights)
    for line in found.lines:
        print(line, file=sys.stderr if line.startswith("missing") else sys.stdout, flush=True)
    if found.fatal:
        return NOTHING_RUNS
    if arguments.check:
        return int(bool(found.missing))
    from esc_gpu.cli.reporting import reporting

    label = "" if list(chosen) == usual else " ".join(sorted(asked, key=[*parts, *RECIPES].index))
    return reporting(lambda: measure(arguments, list(chosen), found.missing, label))


def parts_of(arguments: argparse.Namespace, root: str, sample_rate: int = ESC50_RATE) -> dict[str, Part]:
    """All parts that there are with these options."""
    esc50, weights = (path and str(Path(path).resolve()) for path in (arguments.esc50, arguments.weights))
    return create_parts(root, arguments.device, arguments.tiny, sample_rate, esc50, weights)


def measure(arguments: argparse.Namespace, names: list[str], missing: frozenset[str], label: str) -> int:
    """Run the parts of these names; 1 if one of them has not passed. The result file's name begins with the label."""
    from benchmarks.one_command.run_parts import run_parts
    from benchmarks.speed.beside_estimates import print_table

    with tempfile.TemporaryDirectory(prefix="esc_gpu-recordings-") as folder:
        root = (
            str(Path(arguments.root).resolve())
            if arguments.root
            else synthetic(Path(folder) / "synthetic", arguments.tiny)
        )
        rate = ESC50_RATE if arguments.root else SYNTHETIC_RATE
        parts = parts_of(arguments, root, rate)
        file = run_parts(
            {name: parts[name] for name in names},
            60 * arguments.minutes,
            arguments.output,
            f"{'tiny' if arguments.tiny else ''} {label}",
            device=arguments.device,
            missing=missing,
            done=passed_parts(arguments.resume, names) if arguments.resume else {},
        )
    result = json.loads(file.read_text(encoding="utf-8"))
    print_table(result["beside_estimates"])
    print(f"written: {file}")
    return int(any(part["status"] != "passed" for part in result["parts"].values()))


def synthetic(folder: Path, tiny: bool) -> str:
    """The embedded recordings, or some of them, written into a folder."""
    from esc_gpu.data.recordings.synthetic import write_synthetic

    n_clips = TINY_CLIPS_PER_CLASS if tiny else CLIPS_PER_CLASS
    return str(write_synthetic(folder, clips_per_class=n_clips, progress=False))


def passed_parts(file: Path, names: list[str]) -> dict[str, dict[str, object]]:
    """The outcomes of the parts that have passed in a result file.

    Raises:
        EscGpuError: for what is no result file of this command.
    """
    from esc_gpu.errors import EscGpuError

    try:
        parts = json.loads(file.read_text(encoding="utf-8"))["parts"]
        return {name: parts[name] for name in names if parts.get(name, {}).get("status") == "passed"}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise EscGpuError(
            f"--resume {file}: expected a result file of {__spec__.name}; name one, or leave it out"
        ) from error


if __name__ == "__main__":
    sys.exit(main())
