"""Runs that are killed again and again, against one that never was: the results are the same to the bit.

    python -m benchmarks.reliability.kills --kills 50

A small training on tones, or with --root on recordings in ESC-50's layout, is started by its command line and killed
with SIGKILL, its whole process group: in each phase in turn, at a moment of it drawn at random. Each time it is started
again with --resume, and when no phase is ahead that was met less often than the others it may finish; then comes the
next run. Every run has its own folder and its own store, so decoding is met, too.
"""

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tqdm import tqdm

from benchmarks.common import tones
from benchmarks.common.command import add_output, add_root, create_parser, require_linux
from benchmarks.common.paths import REPOSITORY
from benchmarks.common.results_file import write_result
from esc_gpu.cli.reporting import reporting
from esc_gpu.core.files import PARTIAL, read_json
from esc_gpu.core.run_layout import HISTORY, LOCK, METRICS, PREDICTIONS, PREVIOUS, STATE, WEIGHTS, fold_folder
from esc_gpu.errors import EscGpuError
from esc_gpu.training.resume_state import read_state

FOLDS, EPOCHS = (1, 2), 4
TONES = [FOLDS[number // 3 % 2] for number in range(96)]  # the fold of each
OPTIONS = tones.OPTIONS | {
    "--train.epochs": EPOCHS,
    "--train.eval_every": 1,
    "--train.threads": 2,  # the folds are trained side by side
    "--folds": json.dumps(FOLDS),
}
PHASES = ("starting", "decoding", "training", "checkpointing", "evaluation", "results", "summary")
LOOK_SECONDS = 0.002


@dataclass(frozen=True)
class Run:
    """A training in a folder of its own, with `output.txt` for what it prints."""

    folder: Path
    data: tuple[str, ...]

    @property
    def output(self) -> Path:
        return self.folder / "run"

    def words(self) -> list[str]:
        """The command. It is the same for the first start and all others."""
        own = {"--data.cache_dir": self.folder / "cache", "--output_dir": self.output}
        options = [str(part) for option in (OPTIONS | own).items() for part in option]
        return [sys.executable, str(REPOSITORY / "train.py"), *self.data, *options, "--resume"]


def main(argv: Sequence[str] | None = None) -> int:
    parser = create_parser(__spec__, __doc__)
    parser.add_argument("--kills", type=int, default=50, help="(default: 50)")
    add_root(parser, "; tones without it")
    parser.add_argument("--seed", type=int, default=0, help="of when it is killed (default: 0)")
    add_output(parser)
    arguments = parser.parse_args(argv)
    require_linux(parser)
    return reporting(lambda: measure(arguments))


def measure(arguments: argparse.Namespace) -> int:
    """Kill, compare, print and write; returns 1 where a result differs or a checkpoint is not whole, else 0."""
    with tempfile.TemporaryDirectory(prefix="esc_gpu-kills-") as work:
        result = soak(Path(work), arguments.root, arguments.kills, random.Random(arguments.seed))
    name = f"kills {recordings_of(arguments.root) if arguments.root else ''}"
    file = write_result(name, {"benchmark": "kills", "seed": arguments.seed, **result}, arguments.output)
    print(
        f"{result['kills']} kills in {result['runs']} runs, {len(result['differences'])} differences; written: {file}"
    )
    return int(bool(result["differences"] or result["cut_off_checkpoints"]))


def soak(work: Path, root: str | None, n_kills: int, generator: random.Random) -> dict[str, object]:
    """Kill runs `n_kills` times in all, and compare each with one that was let alone."""
    data = ("--data.root", root) if root else ("--data.table", str(tones.write_tones(work / "tones", TONES)))
    undisturbed = Run(work / "undisturbed", data)
    lengths = watch(undisturbed)
    tries, hits, damage, differences, n_runs = Counter(), Counter(), Counter(), [], 0
    with tqdm(total=n_kills, unit="kill") as progress:
        while sum(hits.values()) < n_kills:
            run = Run(work / f"run{n_runs}", data)
            n_runs += 1
            while sum(hits.values()) < n_kills and (wanted := next_phase(run, tries)) is not None:
                tries[wanted] += 1
                # The later half is met where less of the run is left.
                hit = kill_once(run, wanted, generator.uniform(0, lengths.get(wanted, 0) / 2))
                if hit is None:  # it ended before
                    break
                hits[hit] += 1
                damage += look_for_damage(run.output)
                progress.update()
            finish(run)
            differences += [f"run {n_runs - 1}: {name}" for name in differing_results(undisturbed.output, run.output)]
    return {
        "kills": sum(hits.values()),
        "runs": n_runs,
        "phases": {phase: hits[phase] for phase in PHASES},
        "differences": differences,
        "cut_off_checkpoints": damage["cut off"],
        "partial_files": damage["partial"],
        "epochs": EPOCHS,
        "folds": list(FOLDS),
        "recordings": recordings_of(root) if root else "tones",
        "seconds_undisturbed": lengths,
    }


def recordings_of(root: str) -> str:
    """What they are called: their folder's name."""
    return Path(root).resolve().name


def start(run: Run) -> subprocess.Popen:
    """Start a run, or go on with it, in a process group of its own."""
    run.folder.mkdir(parents=True, exist_ok=True)
    with open(run.folder / "output.txt", "wb") as output:
        return subprocess.Popen(run.words(), stdout=output, stderr=output, start_new_session=True)


def wait(run: Run, process: subprocess.Popen, look: Callable[[], bool] = lambda: False) -> bool:
    """Look until `look` says that it is enough, then return True; False if the run ended by itself before.

    Raises:
        EscGpuError: for a run that failed.
    """
    while process.poll() is None:
        if look():
            return True
        time.sleep(LOOK_SECONDS)
    if process.returncode != 0:
        last = (run.folder / "output.txt").read_text(encoding="utf-8", errors="replace").strip().splitlines()[-1:]
        raise EscGpuError(f"a run ended with status {process.returncode} without being killed: {last}")
    return False


def finish(run: Run) -> None:
    """Let a run go on to its end."""
    process = start(run)
    try:
        wait(run, process)
    finally:
        kill(process)


def watch(run: Run) -> dict[str, float]:
    """Let a run finish; the seconds that it spent in each phase."""
    lengths, process = Counter(), start(run)
    before = time.monotonic()

    def look() -> bool:
        nonlocal before
        now = time.monotonic()
        lengths[phase_of(run, process.pid)] += now - before
        before = now
        return False

    try:
        wait(run, process, look)
    finally:
        kill(process)
    return dict(lengths)


def next_phase(run: Run, tries: Counter) -> str | None:
    """The first phase that the run has not behind it of those that were tried least often, if there is one."""
    behind = set(PHASES[1 : PHASES.index(reached(run))])  # a start is always ahead
    if list((run.folder / "cache" / "stores").glob("*/index.json")):
        behind.add("decoding")
    least = min(tries[phase] for phase in PHASES)
    return next((phase for phase in PHASES if tries[phase] == least and phase not in behind), None)


def kill_once(run: Run, wanted: str, moment: float) -> str | None:
    """Start a run and kill it so many seconds into a phase; the phase that it was in, or None if it had finished."""
    spent, process = 0.0, start(run)
    before = time.monotonic()

    def look() -> bool:
        nonlocal before, spent
        now, phase = time.monotonic(), phase_of(run, process.pid)
        spent += now - before if phase == wanted else 0
        before = now
        return phase == wanted and spent >= moment

    try:
        return phase_of(run, process.pid) if wait(run, process, look) and kill(process) else None
    finally:
        kill(process)


def kill(process: subprocess.Popen) -> bool:
    """Kill a run's whole process group; whether it was still there."""
    if process.poll() is not None:
        return False
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    return process.returncode == -signal.SIGKILL


def phase_of(run: Run, pid: int) -> str:
    """What the process is at, as its files tell: it holds the folder's lock from the end of decoding on."""
    try:
        is_held = (run.output / LOCK).read_text(encoding="utf-8").startswith(f" process {pid} ")
    except FileNotFoundError:
        is_held = False
    if is_held:
        return reached(run)
    stores = list((run.folder / "cache" / "stores").glob("*"))
    return "decoding" if any(not (store / "index.json").exists() for store in stores) else "starting"


def reached(run: Run) -> str:
    """The phase that the files in a run's folder are of."""
    folders = [fold_folder(run.output, fold) for fold in FOLDS]
    begun = [folder for folder in folders if folder.is_dir() and not (folder / METRICS).exists()]
    written = {path.name for folder in begun for path in folder.glob("*")}
    partial = [name.removeprefix(PARTIAL) for name in written if name.startswith(PARTIAL)]
    if any(name.startswith(STATE) for name in partial):
        return "checkpointing"
    if PREDICTIONS in written or any(name.startswith(PREDICTIONS) for name in partial):
        return "results"
    if begun and all(count_lines(folder / HISTORY) == EPOCHS for folder in begun):
        return "evaluation"
    if all((folder / METRICS).exists() for folder in folders):
        return "summary"
    if begun:
        return "training"
    return "starting"


def count_lines(file: Path) -> int:
    """0 for a file that is not there."""
    try:
        return file.read_text(encoding="utf-8").count("\n")
    except FileNotFoundError:
        return 0


def look_for_damage(output: Path) -> Counter:
    """How many checkpoints of a killed run are not whole, and how many files it had not finished."""
    states = [file for name in (STATE, PREVIOUS) for file in output.glob(f"fold*/{name}")]
    partial = [*output.glob(f"{PARTIAL}*"), *output.glob(f"fold*/{PARTIAL}*")]
    return Counter({"cut off": sum(read_state(file) is None for file in states), "partial": len(partial)})


def differing_results(one: Path, other: Path) -> list[str]:
    """Names of the results that differ in anything but their times."""
    names = [Path(PREDICTIONS)]
    for fold in FOLDS:
        names += [fold_folder(Path(), fold) / name for name in (PREDICTIONS, WEIGHTS, METRICS, HISTORY)]
    return [str(name) for name in names if content(one / name) != content(other / name)]


def content(file: Path) -> object:
    """What a file holds, without how long it took."""
    if file.suffix == ".json":
        return without_seconds(read_json(file))
    if file.name == HISTORY:
        return [without_seconds(json.loads(line)) for line in file.read_text(encoding="utf-8").splitlines()]
    return file.read_bytes()


def without_seconds(record: dict[str, object]) -> dict[str, object]:
    """A record of times and other things."""
    return {name: value for name, value in record.items() if name != "seconds"}


if __name__ == "__main__":
    sys.exit(main())
