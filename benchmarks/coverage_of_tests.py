"""How much of the package the tests reach: keeps what `make coverage` has found as a result file.

make coverage
python -m benchmarks.coverage_of_tests
"""

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path, PurePath

from coverage import Coverage
from coverage.exceptions import CoverageException

from benchmarks.common.results_file import RESULTS, write_result
from esc_gpu.cli.reporting import reporting
from esc_gpu.core.files import read_json
from esc_gpu.errors import EscGpuError

COUNTS = {"lines": ("covered_lines", "num_statements"), "branches": ("covered_branches", "num_branches")}


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.coverage_of_tests",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--data", type=Path, default=Path(".coverage"), help="file that make coverage has written")
    parser.add_argument("--output", type=Path, default=RESULTS, help="folder of the result file")
    arguments = parser.parse_args(argv)
    return reporting(lambda: keep(arguments.data, arguments.output))


def keep(data: Path, output: Path) -> None:
    """Write the result file."""
    result = {"benchmark": "coverage_of_tests", "rows": describe(read_summaries(data))}
    print(f"written: {write_result('coverage', result, output)}")


def read_summaries(data: Path) -> dict[str, dict[str, int]]:
    """The counts of each file, by its path in the repository.

    Raises:
        EscGpuError: for a file that coverage has not written.
    """
    if not data.is_file():
        raise EscGpuError(f"there is no file {data}; run make coverage, which writes it")
    try:
        measured = Coverage(data_file=data)
        measured.load()
        with tempfile.TemporaryDirectory() as folder:
            measured.json_report(outfile=str(Path(folder) / "all.json"))
            files = read_json(Path(folder) / "all.json")["files"]
    except CoverageException as error:
        raise EscGpuError(f"{data}: {error}; run make coverage, which writes it anew") from error
    return {path: file["summary"] for path, file in files.items()}


def describe(summaries: dict[str, dict[str, int]]) -> list[dict[str, object]]:
    """For each folder, its files' lines and branches, how many of each there are and how many were reached."""
    folders: dict[str, list[dict[str, int]]] = {}
    for path, summary in summaries.items():
        folders.setdefault(PurePath(path).parent.as_posix(), []).append(summary)
    return [
        {
            "folder": folder,
            "files": len(found),
            **{name: [sum(file[key] for file in found) for key in keys] for name, keys in COUNTS.items()},
        }
        for folder, found in sorted(folders.items())
    ]


if __name__ == "__main__":
    sys.exit(main())
