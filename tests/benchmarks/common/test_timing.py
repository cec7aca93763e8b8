"""Calls are timed in turns."""

from benchmarks.common.timing import measure_together


def test_calls_are_timed_in_turns():
    order = []
    calls = {name: lambda name=name: order.append(name) for name in "ab"}
    measured = measure_together(calls, repeats=2, warmup=1)
    # One round of warm-up; then of each the untimed call and the timed one.
    assert "".join(order) == "ab" + "aabb" * 2
    assert measured["a"]["repeats"] == 2


def test_a_slow_call_sits_out():
    calls = []
    assert (
        measure_together({"a": lambda: calls.append(0)}, repeats=5, warmup=0, budget_seconds=1e-12)["a"]["repeats"] == 1
    )
