"""Parts run one after another within a time, and what is there of them kept at any time."""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Collection, Mapping
from pathlib import Path

import psutil

from benchmarks.common.paths import REPOSITORY
from benchmarks.common.results_file import write_result
from benchmarks.one_command.parts import FOLDER, Part
from benchmarks.speed.beside_estimates import compare
from esc_gpu.core.files import read_json

PASSED_LINES, FAILED_LINES = 15, 200  # the last ones of a part that are kept
PREDICTIONS = ".predictions.csv"
LOOK_SECONDS = 2.0  # between two looks at what a part has written
Outcome = dict[str, object]


class Kept:
    """The result file of all parts, written anew whenever there is more.

    Args:
        output: the folder of the file and of the plots.
        name: how the file's name begins.
        outcomes: of parts that another run has finished.
    """

    def __init__(self, output: Path, name: str = "", outcomes: Mapping[str, Outcome] = {}):
        self.output, self.name = output, name
        self.outcomes: dict[str, Outcome] = dict(outcomes)
        self.file = self.write()

    def write(self) -> Path:
        """Write what there is, with the measurements beside their estimates."""
        beside = compare({name: part["result"] for name, part in self.outcomes.items() if "result" in part})
        self.file = write_result(
            self.name, {"benchmark": "gpu", "parts": self.outcomes, "beside_estimates": beside}, self.output
        )
        return self.file

    def take_in(self, title: str, outcome: Outcome, folder: Path) -> None:
        """Keep a part as it stands, with what it has left in `folder`."""
        self.outcomes[title] = outcome
        for result in folder.glob("*.json"):
            outcome["result"] = read_json(result)
        for plot in folder.glob("*.png"):
            shutil.copy(plot, self.output / plot.name)
        for table in folder.glob(f"*{PREDICTIONS}"):  # of a cross-validation, whose result goes with it
            for file in (table, table.with_name(table.name.removesuffix(PREDICTIONS) + ".json")):
                shutil.copy(file, self.output / file.name)
        self.write()


def run_parts(
    parts: Mapping[str, Part],
    seconds: float,
    output: Path,
    name: str = "",
    *,
    device: str = "cuda",
    missing: Collection[str] = (),
    done: Mapping[str, Outcome] = {},
) -> Path:
    """Run one part after another, whatever becomes of each, and keep their results in one file.

    A part that no longer fits into the time, or for which a package is missing, is kept as skipped.

    Args:
        parts: by name.
        seconds: after which no part goes on.
        output: the folder of the file and of the plots.
        name: how the file's name begins.
        device: "cpu" hides a GPU from the parts.
        missing: packages that are not installed.
        done: outcomes of parts that are not run again.
    """
    deadline = time.monotonic() + seconds
    kept = Kept(output, name, done)
    with tempfile.TemporaryDirectory(prefix="esc_gpu-gpu-") as work:
        for title, part in parts.items():
            if title in done:
                print(f"{title}: kept from before", flush=True)
                continue
            left = deadline - time.monotonic()
            folder = Path(work) / title
            folder.mkdir()
            if reason := why_not(part, left, missing):
                kept.take_in(title, {"status": f"skipped: {reason}", "seconds": 0.0, "last_lines": []}, folder)
            else:
                print(f"{title} ...", flush=True)
                run_part(title, part, min(part.seconds, left), folder, kept, device)
            outcome = kept.outcomes[title]
            print(f"{title}: {outcome['status']} in {outcome['seconds']:.0f} s", flush=True)
    return kept.file


def why_not(part: Part, left: float, missing: Collection[str]) -> str:
    """Why a part is not begun; empty if it is."""
    if lacking := [package for package in part.needs if package in missing]:
        return f"{', '.join(lacking)} not installed"
    if left < max(part.least, 1.0):
        return f"{max(left, 0.0):.0f} s are left, it takes {max(part.least, 1.0):.0f} s at least"
    return ""


def run_part(title: str, part: Part, seconds: float, folder: Path, kept: Kept, device: str = "cuda") -> None:
    """Run a command for so long at most; how it ended, how long it took, and its last lines are kept.

    What it has written is kept while it runs, too. It is stopped with all processes that it has started.
    """
    started = time.monotonic()
    log = folder / "output.txt"
    hidden = {"CUDA_VISIBLE_DEVICES": ""} if device == "cpu" else {}

    def keep(status: str) -> None:
        lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        last = lines[-(PASSED_LINES if status == "passed" else FAILED_LINES) :]
        kept.take_in(title, {"status": status, "seconds": time.monotonic() - started, "last_lines": last}, folder)

    status = "interrupted"
    with open(log, "w", encoding="utf-8") as output:
        process = subprocess.Popen(
            [word.replace(FOLDER, str(folder)) for word in part.command],
            cwd=REPOSITORY,
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**os.environ, "TMPDIR": str(folder), **hidden},
            start_new_session=True,
        )
        try:
            status = wait(process, seconds, folder, lambda: keep("running"))
        finally:
            if process.poll() is None:
                kill_all(process)
                process.wait()
            keep(status)


def wait(process: subprocess.Popen, seconds: float, folder: Path, written: Callable[[], None]) -> str:
    """How a process ended, within `seconds`; `written` is called when there are new results in its folder."""
    deadline, seen = time.monotonic() + seconds, changes(folder)
    while True:
        left = deadline - time.monotonic()
        if left <= 0:
            return f"stopped after {seconds:.0f} s"
        try:
            status = process.wait(timeout=min(LOOK_SECONDS, left))
        except subprocess.TimeoutExpired:
            if (now := changes(folder)) != seen:
                seen = now
                written()
            continue
        return "passed" if status == 0 else f"failed ({status})"


def changes(folder: Path) -> dict[str, int]:
    """When each result in a folder was written."""
    return {file.name: file.stat().st_mtime_ns for file in folder.glob("*.json")}


def kill_all(process: subprocess.Popen) -> None:
    """Kill a process that was started as the first of a session, and what it has started."""
    if hasattr(os, "killpg"):
        os.killpg(process.pid, signal.SIGKILL)
        return
    for started in (*psutil.Process(process.pid).children(recursive=True), process):  # Windows has no groups
        started.kill()
