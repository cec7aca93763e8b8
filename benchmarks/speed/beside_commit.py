"""The front-ends of this checkout beside those of another commit: seconds of a call in turns, as a ratio.

    python -m benchmarks.speed.beside_commit COMMIT --root ESC-10

Each commit has a process of its own, which waits while the other one is timed. The commit is checked out in a temporary
folder; it must have `esc_gpu.create_frontend`.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from tqdm import tqdm

from benchmarks.common.command import add_cached_root, add_frontends, add_output, add_threads, create_parser
from benchmarks.common.inputs import default_options, read_clips
from benchmarks.common.results_file import keep_result
from benchmarks.common.timing import spread
from benchmarks.speed import timed_process
from esc_gpu import EscGpuError
from esc_gpu.cli.reporting import reporting
from esc_gpu.core.full_scale import FULL_SCALE
from esc_gpu.frontends.registry import list_frontends

HERE = Path(__file__).resolve().parents[2]
WARM_UP = 2


def main(argv: Sequence[str] | None = None) -> int:
    parser = create_parser(__spec__, __doc__)
    parser.add_argument("commit", help="as git names it: a hash, a tag, HEAD~3")
    add_cached_root(parser, "the embedded synthetic ones")
    add_frontends(parser)
    parser.add_argument("--batch", type=int, default=16, help="clips a call (default: 16)")
    parser.add_argument("--turns", type=int, default=9, help="timed calls of each (default: 9)")
    add_threads(parser)
    add_output(parser)
    arguments = parser.parse_args(argv)
    return reporting(lambda: run(arguments))


def run(arguments: argparse.Namespace) -> None:
    """Measure all front-ends, print a line for each, write the result file."""
    stored, description = read_clips(arguments.root, arguments.cache_dir, arguments.batch)
    rows: list[dict[str, object]] = []
    with checked_out(arguments.commit) as (folder, commit), tempfile.TemporaryDirectory() as work:
        clips = Path(work) / "clips.npy"
        np.save(clips, stored.astype(np.float32) / FULL_SCALE)
        with Timed(HERE, clips, arguments.threads) as here, Timed(folder, clips, arguments.threads) as there:
            for name in tqdm(arguments.only or list_frontends(), desc="front-ends"):
                rows.append(compare(name, here, there, arguments.turns))
                tqdm.write(format_row(rows[-1]))
    result = {"benchmark": "beside_commit", "commit": commit, "data": description, "threads": arguments.threads}
    keep_result("beside-commit", {**result, "batch": arguments.batch, "rows": rows}, arguments.output)


@contextmanager
def checked_out(commit: str) -> Iterator[tuple[Path, str]]:
    """A folder with that commit's files, and its hash; the folder is removed afterwards."""
    found = git("rev-parse", "--verify", f"{commit}^{{commit}}")
    if found.returncode:
        raise EscGpuError(f"git knows no commit {commit!r} in {HERE}: git log lists them ({found.stderr.strip()})")
    with tempfile.TemporaryDirectory(prefix="esc_gpu-commit-") as folder:
        tree = Path(folder) / "tree"
        added = git("worktree", "add", "--detach", str(tree), found.stdout.strip())
        if added.returncode:
            raise EscGpuError(f"git could not check out {commit}: {added.stderr.strip().splitlines()[-1]}")
        try:
            yield tree, found.stdout.strip()
        finally:
            git("worktree", "remove", "--force", str(tree))


def git(*words: str) -> subprocess.CompletedProcess[str]:
    """What git says to it, in this repository."""
    return subprocess.run(["git", *words], cwd=HERE, capture_output=True, text=True, encoding="utf-8")


class Timed:
    """A process that times front-ends of the checkout in `folder`, when asked.

    Args:
        clips: file of `(B, T)` float32.
        threads: CPU threads of the process.
    """

    def __init__(self, folder: Path, clips: Path, threads: int):
        # The text of this checkout, with what it imports from the other one.
        code = "import sys; sys.path.insert(0, sys.argv[1]); exec(open(sys.argv[2]).read()); serve(*sys.argv[3:])"
        words = [sys.executable, "-c", code, str(folder), timed_process.__file__, str(clips), str(threads)]
        self.process = subprocess.Popen(
            words, cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8"
        )
        self.ask({})  # until it has imported all

    def ask(self, question: dict[str, object]) -> float:
        """Send a question, and wait for its answer."""
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.write(json.dumps(question) + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer:
            raise EscGpuError(f"the process of a commit ended with {question}: what it printed above says why")
        return float(json.loads(answer))

    def __enter__(self) -> "Timed":
        return self

    def __exit__(self, *error: object) -> None:
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()


def compare(name: str, here: Timed, there: Timed, turns: int) -> dict[str, object]:
    """Seconds of both, and the ratio of the medians: above 1 where this checkout is slower."""
    taken: dict[str, list[float]] = {"here": [], "there": []}
    for timed in (here, there):
        timed.ask({"name": name, "options": default_options(name)})
    for turn in range(WARM_UP + turns):
        for key, timed in (("here", here), ("there", there)):
            seconds = timed.ask({"call": name})
            if turn >= WARM_UP:
                taken[key].append(seconds)
    rows = {key: spread(seconds) for key, seconds in taken.items()}
    ratio = rows["here"]["median"] / rows["there"]["median"]
    return {"name": name, **rows, "ratio": ratio, "ratio_of_fastest": rows["here"]["min"] / rows["there"]["min"]}


def format_row(row: dict[str, object]) -> str:
    """A line of the table."""
    return f"{row['name']:>18}  {row['ratio']:.3f} x the commit's time; the fastest calls {row['ratio_of_fastest']:.3f}"


if __name__ == "__main__":
    sys.exit(main())
