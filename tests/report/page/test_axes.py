"""Where the ticks of the page's axes are and what they say."""

import numpy as np
import pytest

from esc_gpu.report.page.axes import bin_axis, value_axis


def shown(axis):
    return [tick.text for tick in axis.ticks]


@pytest.mark.parametrize(
    ("low", "high", "most", "expected"),
    [
        (0, 100, 5, ["0", "20", "40", "60", "80", "100"]),
        (-80.2, 21.3, 4, ["−50", "0"]),
        (0, 2.3, 5, ["0.0", "0.5", "1.0", "1.5", "2.0"]),
        (-0.013, 0.013, 4, ["−0.01", "0.00", "0.01"]),
        (1200, 9100, 4, ["2000", "4000", "6000", "8000"]),
        (2.5, 7.5, 6, ["3", "4", "5", "6", "7"]),
        (0, 30, 4, ["0", "10", "20", "30"]),
        (0.1, 0.6, 5, ["0.1", "0.2", "0.3", "0.4", "0.5", "0.6"]),
    ],
)
def test_ticks_are_at_round_values(low, high, most, expected):
    assert shown(value_axis(low, high, "", most)) == expected


@pytest.mark.parametrize("seed", range(20))
def test_ticks_lie_where_their_text_says(seed):
    generator = np.random.default_rng(seed)
    low = generator.normal() * 10.0 ** generator.integers(-3, 5)
    high = low + 10.0 ** generator.uniform(-2, 5)
    axis = value_axis(low, high, "")
    assert 1 <= len(axis.ticks) <= 7 and all(0 <= tick.at <= 1 for tick in axis.ticks)
    for tick in axis.ticks:
        value = float(tick.text.replace("−", "-"))
        assert low + tick.at * (high - low) == pytest.approx(value, abs=1e-6 * (high - low))


def test_six_ticks_unless_told_otherwise():
    assert shown(value_axis(0, 6.5, "")) == ["0", "2", "4", "6"]


def test_epochs_are_whole():
    assert shown(value_axis(0, 2, "epoch", whole=True)) == ["0", "1", "2"]


def test_an_axis_without_length_has_one_tick():
    assert shown(value_axis(3, 3, "")) == ["3"] and value_axis(3, 3, "").at(3) == 0


def test_bins_in_hertz_have_ticks_where_the_frequency_is():
    frequencies = np.geomspace(30, 16000, 96)
    axis = bin_axis(frequencies, "Hz")
    assert axis.label == "frequency in Hz" and {"100", "1k", "10k"} <= set(shown(axis))
    for tick in axis.ticks:
        hertz = float(tick.text.replace("k", "")) * (1000 if "k" in tick.text else 1)
        position = np.interp(hertz, frequencies, np.arange(96))
        assert tick.at == pytest.approx((position + 0.5) / 96)


def test_bins_of_other_kinds_are_named():
    assert shown(bin_axis(np.arange(12.0), "pitch class"))[:3] == ["C", "C♯", "D"]
    assert shown(bin_axis(np.arange(40.0), "coefficient"))[0] == "c0"
    axis = bin_axis(np.arange(2.0), "coefficient")
    assert axis == (-0.5, 1.5, ((0.25, "c0"), (0.75, "c1")), "coefficient")
