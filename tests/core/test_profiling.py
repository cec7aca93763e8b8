"""Where a step's time goes: the phases of a profiled training, and what is left of the profiler afterwards."""

import contextlib
import gzip
import itertools
import json

import pytest
import torch

from esc_gpu.core import profiling
from esc_gpu.core.profiling import ALL_STEPS, PHASES, TIMED_STEPS, TRACED_STEPS, StepProfiler, phase
from esc_gpu.errors import EscGpuError
from esc_gpu.training import loop as training
from esc_gpu.training.accelerator import create_accelerator
from esc_gpu.training.loop import train_fold
from tests.helpers.private_torch import find_or_skip
from tests.helpers.tiny import parsed
from tests.helpers.tiny_fold import tiny_fold

CPU = torch.device("cpu")
FILES = ("profile.json", "profile.md", "trace.json.gz")


def train(folder, *options):
    """16 training clips in batches of 2: eight steps an epoch; the test clips are behind the last step only."""
    folder.mkdir(exist_ok=True)
    config = parsed("--train.batch_size", "2", "--train.eval_every", "5", "--train.profile", *options)
    return train_fold(config, create_accelerator(config, folder), tiny_fold(), 1, folder)


@pytest.fixture(scope="module")
def profiled(tmp_path_factory):
    """The folder of a training of 24 steps, profiled."""
    folder = tmp_path_factory.mktemp("profiled")
    train(folder, "--train.epochs", "3")
    return folder


@pytest.fixture(scope="module")
def trace(profiled):
    """The events that lasted, of the trace."""
    with gzip.open(profiled / "trace.json.gz", "rt") as file:
        return [event for event in json.load(file)["traceEvents"] if event.get("ph") == "X"]


def test_every_phase_took_time_and_the_rest_is_not_negative(profiled):
    result = json.loads((profiled / "profile.json").read_text(encoding="utf-8"))
    assert (result["steps"], result["batch_size"]) == (TIMED_STEPS, 2)
    seconds = result["seconds_per_step"]
    assert list(seconds) == [*PHASES, "other"]
    assert all(seconds[name] > 0 for name in PHASES) and seconds["other"] >= 0


def test_the_table_shares_out_the_whole_step(profiled):
    lines = (profiled / "profile.md").read_text(encoding="utf-8").splitlines()[2:]
    rows = {name: cells for name, *cells in ([cell.strip() for cell in line.split("|")[1:-1]] for line in lines)}
    assert list(rows) == [*PHASES, "other", "step"] and rows["step"][2] == "100.0%"
    seconds = json.loads((profiled / "profile.json").read_text(encoding="utf-8"))["seconds_per_step"]
    shares = [float(rows[name][2].rstrip("%")) for name in seconds]
    # Seven shares rounded to a tenth of a percent.
    assert sum(shares) == pytest.approx(100, abs=7 * 0.05 + 1e-9)
    assert float(rows["step"][0]) == pytest.approx(1e3 * sum(seconds.values()), abs=0.0051)
    assert float(rows["forward"][1]) == pytest.approx(1e6 * seconds["forward"] / 2, abs=0.51)


@pytest.mark.parametrize("name", PHASES)
def test_the_trace_holds_the_phase_once_a_step(trace, name):
    # The CPU's side of it; a GPU adds the same name on the device's.
    assert sum(event["name"] == name and event["cat"] == "user_annotation" for event in trace) == TRACED_STEPS


def test_the_trace_holds_what_a_phase_does(trace):
    forward = next(event for event in trace if event["name"] == "forward")
    end = forward["ts"] + forward["dur"]
    inside = {event["name"] for event in trace if forward["ts"] <= event["ts"] <= end}
    assert "aten::conv2d" in inside and "aten::stft" not in inside


def test_accumulated_parts_count_for_their_step(tmp_path):
    train(tmp_path, "--train.epochs", "5", "--train.batch_size", "4", "--train.accumulation", "2")
    with gzip.open(tmp_path / "trace.json.gz", "rt") as file:
        names = [event["name"] for event in json.load(file)["traceEvents"] if event.get("cat") == "user_annotation"]
    assert names.count("forward") == 2 * TRACED_STEPS and names.count("optimiser") == TRACED_STEPS


def test_nothing_is_left_running_after_a_training(profiled):
    assert profiling._active is None
    assert isinstance(phase("forward"), contextlib.nullcontext)


def test_profiling_does_not_change_what_is_learnt(profiled, tmp_path):
    train(tmp_path, "--train.epochs", "3", "--train.profile", "false")
    assert not any((tmp_path / name).exists() for name in FILES)
    losses = [
        [json.loads(line)["loss"] for line in (folder / "metrics.jsonl").read_text(encoding="utf-8").splitlines()]
        for folder in (profiled, tmp_path)
    ]
    assert losses[0] == losses[1]


def test_too_few_steps_are_one_line_and_leave_nothing(tmp_path):
    with pytest.raises(
        EscGpuError, match=f"needs {ALL_STEPS} steps, but the fold has 16: raise train.epochs"
    ) as caught:
        train(tmp_path)
    assert "\n" not in str(caught.value)
    assert profiling._active is None and not list(tmp_path.iterdir())


@pytest.mark.parametrize("step", [2, 8, 16], ids=["warm-up", "timed", "traced"])
def test_nothing_is_left_running_after_an_error(tmp_path, monkeypatch, step):
    steps, optimise = iter(range(100)), training.clip_gradients

    def fail_later(*arguments):
        if next(steps) == step:
            raise RuntimeError("out of memory")
        return optimise(*arguments)

    monkeypatch.setattr(training, "clip_gradients", fail_later)
    with pytest.raises(RuntimeError, match="^out of memory$"):
        train(tmp_path, "--train.epochs", "3")
    assert profiling._active is None
    assert not find_or_skip("torch.autograd", "_profiler_enabled")()


def test_an_error_inside_a_phase_is_passed_on_and_not_timed(tmp_path):
    with StepProfiler(tmp_path, CPU, 1) as profiler:
        for _ in range(6):
            profiler.step()
        with pytest.raises(ValueError), phase("data"):
            raise ValueError
        with phase("forward"):
            pass
    assert [name for name, _, _ in profiler.spans] == ["forward"]


def test_what_is_no_phase_is_the_rest_of_the_step(tmp_path, monkeypatch):
    """By a clock that moves on a second whenever it is looked at: twice for each of six phases."""
    monkeypatch.setattr(profiling.time, "perf_counter", itertools.count().__next__)
    with StepProfiler(tmp_path, CPU, 1) as profiler:
        for _ in range(ALL_STEPS):
            for name in PHASES:
                with phase(name):
                    pass
            profiler.step()
    seconds = json.loads((tmp_path / "profile.json").read_text(encoding="utf-8"))["seconds_per_step"]
    assert [seconds.pop(name) for name in PHASES] == [1] * 6
    assert seconds == {"other": pytest.approx(6.1)}  # the seconds between, and one at the end of the ten steps


def test_only_the_timed_steps_are_timed(tmp_path):
    with StepProfiler(tmp_path, CPU, 1) as profiler:
        for _ in range(ALL_STEPS + 5):
            with phase("forward"):
                pass
            profiler.step()
    assert len(profiler.spans) == TIMED_STEPS
    assert profiling._active is None


def test_outside_a_profiler_a_phase_is_nothing():
    assert isinstance(phase("forward"), contextlib.nullcontext)


@pytest.mark.parametrize("name", ["mps", "xpu"])
def test_a_gpu_without_events_is_waited_for_at_both_ends_of_a_phase(tmp_path, monkeypatch, name):
    waited = []
    with StepProfiler(tmp_path, torch.device(name), 1) as profiler:
        profiler.steps = profiling.WARM_UP_STEPS
        monkeypatch.setattr(torch.accelerator, "synchronize", waited.append)
        with phase("forward"):
            assert waited == [torch.device(name)]
        assert waited == 2 * [torch.device(name)]


def test_the_cpu_is_not_waited_for(tmp_path, monkeypatch):
    monkeypatch.setattr(torch.accelerator, "synchronize", lambda device: pytest.fail("waited"))
    with StepProfiler(tmp_path, CPU, 1), phase("forward"):
        pass
