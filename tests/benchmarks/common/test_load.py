"""What is seen of a device while a block runs."""

from types import SimpleNamespace

import pytest

from benchmarks.common.device import Cpu
from benchmarks.common.load import LoadSampler, joules_per_call


def made_up(utilization, watts):
    answers = {"utilization": iter(utilization), "watts": iter(watts)}
    return SimpleNamespace(
        device=SimpleNamespace(type="cuda"),
        synchronize=lambda: None,
        **{name: lambda values=values: next(values, None) for name, values in answers.items()},
    )


def test_utilisation_and_power_are_means_or_unknown():
    device = made_up([20, 40], [300, None, 500])  # after three looks it tells nothing any more
    with LoadSampler(device) as sampler:
        sampler.thread.join()
    assert sampler.utilization == 30 and sampler.watts == 400
    with LoadSampler(device) as sampler:
        sampler.thread.join()
    assert sampler.utilization is None and sampler.watts is None


def test_the_cpu_is_not_looked_at():
    with LoadSampler(Cpu()) as sampler:
        assert sampler.thread.ident is None
    assert sampler.watts is None and joules_per_call(lambda: None, 10.0, Cpu()) is None


def test_the_energy_of_a_call(monkeypatch):
    class Constant:
        """Sees 200 W."""

        watts = 200.0

        def __init__(self, device):
            pass

        def __enter__(self):
            return self

        def __exit__(self, *error):
            pass

    clock = iter([0.0, 0.5, 1.0, 2.0, 3.0])  # begun, three looks of which the last is too late, ended
    monkeypatch.setattr("benchmarks.common.load.LoadSampler", Constant)
    monkeypatch.setattr("benchmarks.common.load.time.perf_counter", lambda: next(clock))
    calls = []
    joules = joules_per_call(lambda: calls.append(0), 2.0, made_up([], [200]))
    assert len(calls) == 2 and joules == pytest.approx(200 * 3.0 / 2)
