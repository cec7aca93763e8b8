"""Where the time of a training step goes: phases, which cost nothing unless a profiler looks, and their table."""

import contextlib
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import torch
from torch.profiler import ProfilerActivity, profile, record_function

from esc_gpu.core.files import replacing, write_json, write_text
from esc_gpu.core.run_layout import TIMES, TIMES_TABLE, TRACE

PHASES = ("data", "augmentation", "front-end", "forward", "backward", "optimiser")
# The first steps allocate, choose algorithms and compile: they are not what an epoch is made of.
WARM_UP_STEPS, TIMED_STEPS, TRACED_STEPS = 5, 10, 3
TRACED_AFTER = WARM_UP_STEPS + TIMED_STEPS
ALL_STEPS = TRACED_AFTER + TRACED_STEPS

_active: "StepProfiler | None" = None


def phase(name: str) -> AbstractContextManager[None]:
    """Names what happens inside it for the profiler, where one is at work."""
    if torch.compiler.is_compiling() or _active is None:
        return contextlib.nullcontext()
    return _active.phase(name)


class StepProfiler:
    """Looks at the first steps of a training and writes what it saw to `folder`.

    After 5 steps of warm-up it times the phases of 10 steps (`profile.json`, and as a table `profile.md`): with
    CUDA between events in the stream, so that nothing waits; another GPU is waited for at both ends of a phase.
    torch's profiler then records 3 steps (`trace.json.gz`, to be opened in ui.perfetto.dev or chrome://tracing); what
    it costs itself is not in the table.

    Args:
        folder: for the files.
        device: that is trained on.
        batch_size: clips of a step on this device.
    """

    def __init__(self, folder: Path, device: torch.device, batch_size: int):
        self.folder = folder
        self.device = device
        self.batch_size = batch_size
        self.steps = 0
        self.tracing = False
        self.spans: list[tuple[str, Any, Any]] = []
        of_gpu = {"cuda": ProfilerActivity.CUDA, "xpu": ProfilerActivity.XPU}
        activities = [ProfilerActivity.CPU, *([of_gpu[device.type]] if device.type in of_gpu else [])]
        self.profiler = profile(activities=activities, acc_events=True)

    def __enter__(self) -> "StepProfiler":
        global _active
        _active = self
        return self

    def __exit__(self, *error: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Look no further: at the last step, or where an error ends the training."""
        global _active
        _active = None
        if self.tracing:
            self.profiler.stop()
            self.tracing = False

    @contextlib.contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Times and names what happens inside it."""
        started = self.now()
        with record_function(name):
            yield
        if WARM_UP_STEPS <= self.steps < TRACED_AFTER:
            self.spans.append((name, started, self.now()))

    def step(self) -> None:
        """To be called after every step."""
        self.steps += 1
        if self.steps == WARM_UP_STEPS:
            self.started = self.now()
        elif self.steps == TRACED_AFTER:
            self.write_times(self.seconds(self.started, self.now()))
            self.profiler.start()
            self.tracing = True
        elif self.steps == ALL_STEPS:
            self.stop()
            with replacing(self.folder / TRACE) as temporary:
                self.profiler.export_chrome_trace(str(temporary))

    def now(self) -> Any:
        """An instant: of CUDA an event that the stream will come to, of another GPU the time when it has no work."""
        if self.device.type == "cuda":
            event = torch.cuda.Event(enable_timing=True)
            event.record()
            return event
        if self.device.type != "cpu":
            torch.accelerator.synchronize(self.device)
        return time.perf_counter()

    def seconds(self, started: Any, ended: Any) -> float:
        """Seconds from one instant to a later one."""
        if self.device.type != "cuda":
            return float(ended - started)
        ended.synchronize()
        return float(started.elapsed_time(ended) / 1000)

    def write_times(self, total: float) -> None:
        """`profile.json` and `profile.md`, of the spans seen in `total` seconds."""
        seconds = dict.fromkeys(PHASES, 0.0)
        for name, started, ended in self.spans:
            seconds[name] += self.seconds(started, ended)
        seconds["other"] = total - sum(seconds.values())
        per_step = {name: value / TIMED_STEPS for name, value in seconds.items()}
        result = {"steps": TIMED_STEPS, "batch_size": self.batch_size, "seconds_per_step": per_step}
        write_json(self.folder / TIMES, result)
        write_text(self.folder / TIMES_TABLE, format_times(per_step, self.batch_size))


def format_times(per_step: dict[str, float], batch_size: int) -> str:
    """Markdown table of seconds a step."""
    total = sum(per_step.values())
    lines = ["| phase | ms a step | µs a clip | share |", "| --- | --- | --- | --- |"]
    for name, seconds in {**per_step, "step": total}.items():
        lines.append(f"| {name} | {1e3 * seconds:.2f} | {1e6 * seconds / batch_size:.0f} | {seconds / total:.1%} |")
    return "\n".join(lines) + "\n"
