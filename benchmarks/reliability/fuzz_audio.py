"""Damaged and odd audio files through the decoder: none may crash or hang it, take much memory, or give a wrong clip.

python -m benchmarks.reliability.fuzz_audio
python -m benchmarks.reliability.fuzz_audio --number 1234 --keep FOLDER   # one file again
"""

import collections
import gc
import multiprocessing
import os
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np
import psutil
import soundfile
from tqdm import tqdm

from benchmarks.common.command import add_output, create_parser, require_linux
from benchmarks.common.memory import release_free_memory
from benchmarks.common.results_file import keep_result
from benchmarks.reliability.fuzz_files import KINDS, FuzzFile, make
from esc_gpu.data.clips.decode import decode_clip, recording_samples
from esc_gpu.errors import EscGpuError

BATCH = 200  # files on the disk at a time
CLIP_SECONDS = 0.25
LIMIT_SECONDS = 30.0
LIMIT_BYTES = 256 << 20  # of addresses, over those before


def main(argv: Sequence[str] | None = None) -> int:
    parser = create_parser(__spec__, __doc__)
    parser.add_argument("--files", type=int, default=10_000, help="how many (default: 10000)")
    parser.add_argument("--seed", type=int, default=0, help="of all files (default: 0)")
    parser.add_argument("--number", type=int, nargs="+", help="only these, and say what comes of each")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="keep the files of --number there")
    add_output(parser)
    arguments = parser.parse_args(argv)
    require_linux(parser)
    if arguments.number:
        return show(arguments.number, arguments.seed, arguments.keep)
    outcomes = list(try_files(range(arguments.files), arguments.seed))
    failures = [outcome for outcome in outcomes if outcome["failure"]]
    for outcome in failures:
        print(f"{outcome['number']}: {outcome['failure']} ({outcome['kind']}: {outcome['what']})")
    result = {
        "benchmark": "fuzz_audio",
        "files": arguments.files,
        "seed": arguments.seed,
        "libsndfile": soundfile.__libsndfile_version__,
        "limit_seconds": LIMIT_SECONDS,
        "limit_bytes": LIMIT_BYTES,
        "rows": rows_of(outcomes),
        "failures": failures,
    }
    print(f"{len(failures)} of {len(outcomes)} files failed")
    keep_result("fuzz audio", result, arguments.output)
    return 1 if failures else 0


def show(numbers: Sequence[int], seed: int, keep: Path | None) -> int:
    if keep is not None:
        keep.mkdir(parents=True, exist_ok=True)
    outcomes = list(try_files(numbers, seed, keep))
    for outcome in outcomes:
        print("\n".join(f"{name}: {value}" for name, value in outcome.items()), end="\n\n")
    return 1 if any(outcome["failure"] for outcome in outcomes) else 0


def try_files(numbers: Sequence[int], seed: int, keep: Path | None = None) -> Iterator[dict[str, object]]:
    """Make and decode the files of these numbers; what came of each."""
    decoder = Decoder()
    try:
        with tqdm(total=len(numbers), desc="decode", unit="file") as bar:
            for first in range(0, len(numbers), BATCH):
                with tempfile.TemporaryDirectory(prefix="fuzz-") as folder:
                    for number in numbers[first : first + BATCH]:
                        file = make(number, seed, keep or Path(folder))
                        yield {"number": number, "kind": file.kind, "what": file.what, **judge(file, decoder(file))}
                        bar.update()
    finally:
        decoder.end()


class Decoder:
    """A process that decodes, and that another takes the place of when it dies or hangs."""

    def __init__(self):
        self.process = None

    def __call__(self, file: FuzzFile) -> dict[str, object]:
        """What the process answers, or how it ended."""
        if self.process is None:
            fork = multiprocessing.get_context("fork")
            self.pipe, theirs = fork.Pipe()
            self.process = fork.Process(target=answer, args=(theirs,), daemon=True)
            self.process.start()
            theirs.close()
        self.pipe.send((file.path, file.sample_rate, file.start))
        if not self.pipe.poll(LIMIT_SECONDS):
            self.end()
            return {"failure": f"hang: nothing in {LIMIT_SECONDS:g} s", "seconds": LIMIT_SECONDS}
        try:
            return self.pipe.recv()
        except EOFError:
            self.process.join()
            status = self.process.exitcode
            self.end()
            return {"failure": f"crash: exit status {status}"}

    def end(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.join()
            self.process = None


def answer(pipe: Connection) -> None:
    """Decode what the pipe names, for ever."""
    import resource

    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # codecs write their warnings there
    gc.freeze()  # or each collection would go through all that was imported
    process = psutil.Process()
    limit = process.memory_info().vms + LIMIT_BYTES
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    while True:
        path, sample_rate, start = pipe.recv()
        release_free_memory()
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # the peak begins anew
        before, started = process.memory_info().rss, time.perf_counter()
        try:
            samples = round(CLIP_SECONDS * sample_rate)
            length = recording_samples(path, sample_rate)
            starts = [0, min(start, length - 1)]
            clips = [decode_clip(path, start, sample_rate=sample_rate, samples=samples) for start in starts]
            outcome = {"length": length, "starts": starts, "clips": clips}
        except EscGpuError as error:
            outcome = {"refusal": str(error)}
        except MemoryError:
            outcome = {"failure": f"memory: more than {LIMIT_BYTES} bytes"}
        except Exception as error:  # whatever it is, it is a failure
            outcome = {"failure": f"exception: {type(error).__name__}: {error}"}
        seconds = time.perf_counter() - started
        pipe.send({**outcome, "seconds": seconds, "bytes": max(0, peak_of_this_process() - before)})


def peak_of_this_process() -> int:
    """Bytes of resident memory at their peak."""
    for line in Path("/proc/self/status").read_text(encoding="utf-8").splitlines():
        if line.startswith("VmHWM:"):
            return 1024 * int(line.split()[1])
    raise EscGpuError("/proc/self/status has no VmHWM: this runs on Linux only")


def judge(file: FuzzFile, outcome: dict[str, object]) -> dict[str, object]:
    """The class of the outcome, and why it is a failure if it is one."""
    failure, refusal = outcome.get("failure"), outcome.get("refusal")
    if failure is None:
        failure = judge_refusal(file, refusal) if refusal is not None else judge_clips(file, outcome)
    seconds, n_bytes = outcome.get("seconds", 0.0), outcome.get("bytes", 0)
    return {"refusal": refusal, "failure": failure, "seconds": seconds, "bytes": n_bytes}


def judge_refusal(file: FuzzFile, refusal: str) -> str | None:
    if not refusal.startswith(f"{file.path}: "):
        return f"the error does not name the file: {refusal}"
    if "malloc" in refusal:
        return f"memory: {refusal}"
    return None if file.may_refuse else f"refused: {refusal}"


def judge_clips(file: FuzzFile, outcome: dict[str, object]) -> str | None:
    if not file.may_decode:
        return "wrong clip: there is nothing to decode"
    samples = round(CLIP_SECONDS * file.sample_rate)
    for start, clip in zip(outcome["starts"], outcome["clips"], strict=True):
        if clip.dtype not in (np.int16, np.float32) or clip.shape != (samples,):
            return f"wrong clip: {clip.dtype} {clip.shape}"
        failure = None if file.reference is None else judge_samples(file, outcome["length"], start, clip)
        if failure:
            return f"wrong clip: from sample {start}, {failure}"
    return None


def judge_samples(file: FuzzFile, length: int, start: int, clip: np.ndarray) -> str | None:
    """The clip against the samples it must hold, and silence behind them."""
    expected = len(file.reference)
    if not expected - file.may_lack <= length <= expected:
        return f"{length} samples where there are {expected}"
    reference = np.zeros(len(clip))
    part = file.reference[start : min(start + len(clip), length)]
    if not np.isfinite(part).all():
        return "NaN or Inf became a number"
    step = 1.0  # of int16; of a clip that it does not hold, that of its power of two, and no sample is clipped
    if clip.dtype == np.float32:
        clip, step = 32768.0 * clip, max(1.0, 2.0 ** np.ceil(np.log2(np.abs(clip).max())))
        reference[: len(part)] = 32768 * part
    else:
        reference[: len(part)] = np.rint((32768 * part).clip(-32768, 32767))
    difference = np.abs(clip - reference).max()
    return None if difference <= step * file.tolerance else f"{difference:g} steps of int16 away"


def rows_of(outcomes: Sequence[dict[str, object]]) -> list[dict[str, object]]:
    """Counts and extremes of each kind of file."""
    rows = []
    for kind in KINDS:
        mine = [outcome for outcome in outcomes if outcome["kind"] == kind]
        refused = [outcome for outcome in mine if outcome["refusal"] is not None and not outcome["failure"]]
        failed = collections.Counter(outcome["failure"].split(":")[0] for outcome in mine if outcome["failure"])
        rows.append(
            {
                "kind": kind,
                "files": len(mine),
                "decoded": len(mine) - len(refused) - failed.total(),
                "refused": len(refused),
                "failures": dict(failed),
                "slowest_seconds": max((outcome["seconds"] for outcome in mine), default=0.0),
                "largest_bytes": max((outcome["bytes"] for outcome in mine), default=0),
            }
        )
    return rows


if __name__ == "__main__":
    sys.exit(main())
