"""Numbers → what the page draws: paths, pictures and their axes."""

import base64
import io
import re

import numpy as np
import pytest
import torch
from matplotlib import colormaps
from PIL import Image

from esc_gpu.evaluation.feature_statistics import FeatureStatistics
from esc_gpu.frontends.axes import ChannelAxis
from esc_gpu.frontends.images import feature_image
from esc_gpu.frontends.registry import create_frontend
from esc_gpu.report.figures.panels import VEIL, VEIL_OPACITY
from esc_gpu.report.page.axes import Axis
from esc_gpu.report.page.charts import (
    band_path,
    class_spectra,
    curves,
    limits_of,
    line_path,
    outline_path,
    pictures,
    sectors,
    step_path,
    time_axis,
    waveform_outline,
)
from tests.helpers.feature_images import image_of
from tests.helpers.made_up_report import LOGMEL, RATE, SMALL

UNIT, TENS = Axis(0, 1, (), ""), Axis(0, 10, (), "")


def points(path):
    """The corners of a path."""
    return [tuple(map(float, pair.split())) for pair in re.findall(r"[ML]([-\d.]+ [-\d.]+)", path)]


def decode(uri):
    kind, _, data = uri.partition(",")
    assert kind == "data:image/webp;base64"
    return Image.open(io.BytesIO(base64.b64decode(data)))


def make_image(frontend=LOGMEL, seed=0):
    layer = create_frontend(**frontend)
    waveform = 0.1 * torch.randn(1, RATE, generator=torch.Generator().manual_seed(seed))
    with torch.no_grad():
        return feature_image(layer, layer(waveform)[0])


def test_a_line_goes_through_its_points_with_y_down():
    assert points(line_path([0, 0.5, 1], [0, 10, 5], UNIT, TENS)) == [(0, 1), (0.5, 0), (1, 0.5)]


def test_a_line_breaks_where_a_value_is_not_finite():
    path = line_path([0, 0.2, 0.4, 0.6, 0.8], [1, 2, float("nan"), 3, 4], UNIT, TENS)
    assert re.findall("[ML]", path) == ["M", "L", "M", "L"] and len(points(path)) == 4
    assert line_path([0, 1], [float("inf")] * 2, UNIT, TENS) == ""


def test_a_band_goes_there_and_back():
    path = band_path([0, 1], [2, 3], [8, 9], UNIT, TENS)
    assert path.endswith("Z") and path.count("M") == 1
    assert points(path) == [(0, 0.2), (1, 0.1), (1, 0.7), (0, 0.8)]


def test_the_outline_of_a_waveform_holds_all_its_samples():
    waveform = np.zeros(RATE)
    waveform[3000], waveform[6000] = 0.5, -0.25
    chart = waveform_outline(waveform, RATE, Axis(0, 1, (), ""))
    corners = np.array(points(chart.paths[0][1]))
    assert corners[:, 1].min() == 0 and corners[:, 1].max() == 0.75  # of an axis from -0.5 to 0.5
    assert corners[corners[:, 1].argmin(), 0] == pytest.approx(3000 / RATE, abs=0.005)
    assert [tick.text for tick in chart.y.ticks] == ["−0.5", "0", "0.5"] and len(corners) == 2 * 300
    assert [tick.at for tick in chart.y.ticks] == [0, 0.5, 1]
    silent = waveform_outline(np.zeros(9), RATE, UNIT).y
    assert (silent.low, silent.high, silent.ticks[2].text) == (-1e-6, 1e-6, "1e-06")


@pytest.mark.parametrize("n_samples", [1, 7, 299])
def test_a_clip_of_few_samples_has_an_outline(n_samples):
    assert waveform_outline(np.zeros(n_samples), RATE, UNIT).paths[0][1].endswith("Z")


def test_a_picture_has_a_pixel_a_value_and_the_first_bin_at_the_bottom():
    image = make_image()
    image.values[0] = -50.0
    image.values[0, :8, :16] = 10.0
    (part,) = pictures(image, limits_of([image]))
    pixels = np.asarray(decode(part.uri).convert("RGB")).astype(float)
    assert pixels.shape[:2] == image.values.shape[1:]
    low, high = (np.array(colormaps["magma"](end, bytes=True)[:3]) for end in (0.0, 1.0))
    assert np.abs(pixels[-4, 6] - high).max() < 12 and np.abs(pixels[3, 26] - low).max() < 12
    assert part.values.label == "dB" and part.y.label == "frequency in Hz" and part.x.label == "time in s"


def test_the_veil_is_thick_where_grad_cam_is_cold():
    image = make_image()
    heat = np.zeros(image.values.shape[1:], dtype=np.float16)
    heat[-4:, :8] = 1
    (part,) = pictures(image, limits_of([image]), heat={"predicted": heat})
    pixels = np.asarray(decode(part.heat["predicted"]).convert("RGBA"))
    assert pixels[1, 2, 3] == 0 and pixels[-2, 20, 3] == pytest.approx(255 * VEIL_OPACITY, abs=2)
    assert np.abs(pixels[-2, 20, :3].astype(int) - VEIL).max() <= 6


def test_a_line_goes_around_what_is_hot():
    """It is seen where the picture is as dark as the veil."""
    image = make_image()
    heat = np.zeros(image.values.shape[1:], dtype=np.float16)
    heat[:8, :16] = 1
    (part,) = pictures(image, limits_of([image]), heat={"predicted": heat, "true": 0 * heat})
    corners = np.array(points(part.outlines["predicted"]))
    n_bins, n_frames = heat.shape
    assert corners.min(axis=0) == pytest.approx([0, 1 - 8 / n_bins], abs=0.5 / n_bins)
    assert corners.max(axis=0) == pytest.approx([16 / n_frames, 1], abs=1 / n_frames)
    assert part.outlines["true"] == ""
    assert len(points(outline_path(np.ones((64, 2000))))) < 300  # however many frames there are


def test_time_is_that_of_the_recording():
    axis = time_axis(np.arange(5) * 0.1, start_seconds=2.0)
    assert (axis.low, axis.high) == pytest.approx((1.95, 2.45))
    assert time_axis(np.array([1, 1.1]))[:2] == pytest.approx((0.95, 1.15))
    assert time_axis(np.zeros(1))[:2] == (-0.5, 0.5) and time_axis(np.array([0, 0.1]))[:2] == (
        -0.05,
        0.15000000000000002,
    )


def test_a_stack_has_a_picture_a_member_and_a_descriptor_a_curve():
    members = [{"name": "logmel", **SMALL, "n_mels": 16}, {"name": "mfcc", **SMALL, "n_mels": 16, "n_mfcc": 8}]
    image = make_image({"name": "stack", "sample_rate": RATE, "members": members})
    logmel, mfcc = pictures(image, limits_of([image]))
    assert (logmel.name, mfcc.name) == ("logmel", "mfcc")
    assert (logmel.colors, mfcc.colors) == ("magma", "RdBu_r")
    assert mfcc.values.low == -mfcc.values.high
    (curve,) = pictures(rms := make_image({"name": "rms", "sample_rate": RATE}), limits_of([rms]))
    assert not curve.uri and len(points(curve.curve)) == rms.values.shape[-1]
    (curve,) = pictures(image_of([[0, 9, 9]], "dB", "feature"), {"": (0, 9)}, 2, {"true": np.ones((1, 3))})
    assert curve.heat.keys() == curve.outlines.keys() == {"true"}
    assert points(curve.curve) == [(0.1667, 1), (0.5, 0), (0.8333, 0)]  # of an axis from 1.95 to 2.25
    assert [tick.text for tick in curve.y.ticks] == ["0", "5"]


def test_spectra_of_a_channel_share_a_frame_that_holds_them():
    means = np.array([[[0.0, 1.0, 2.0]], [[5.0, 5.0, 5.0]]])
    statistics = FeatureStatistics(np.array([4, 4]), means, np.ones_like(means), *np.zeros((2, 2, 1, 3)))
    ((axis, charts),) = class_spectra(statistics, [ChannelAxis("x", np.array([1.0, 2.0, 3.0]), "Hz", "dB", False)])
    first, second = charts
    assert axis.name == "x" and first.y == second.y and first.y[:2] == pytest.approx((-1.35, 6.35))
    assert first.y.label == "dB" and [name for name, _ in first.paths] == ["band", "overall", "line"]
    paths = dict(first.paths)
    levels = [first.y.low + (1 - y) * (first.y.high - first.y.low) for _, y in points(paths["line"])]
    assert levels == pytest.approx([0, 1, 2], abs=1e-2)
    levels = [first.y.low + (1 - y) * (first.y.high - first.y.low) for _, y in points(paths["overall"])]
    assert levels == pytest.approx([2.5, 3, 3.5], abs=1e-2)
    levels = [first.y.low + (1 - y) * (first.y.high - first.y.low) for _, y in points(paths["band"])]
    assert levels == pytest.approx([1, 2, 3, 1, 0, -1], abs=1e-2)


def test_one_bin_is_drawn_as_wide_as_the_chart():
    means = np.array([[[0.5]], [[0.7]]])
    statistics = FeatureStatistics(np.array([1, 1]), means, 0 * means, means, means)
    ((_, charts),) = class_spectra(statistics, [ChannelAxis("rms", np.zeros(1), "feature", "", False)])
    assert [x for x, _ in points(dict(charts[0].paths)["line"])] == [0, 1]
    assert points(dict(charts[0].paths)["overall"])[0][1] == 0.5 and len(points(dict(charts[0].paths)["band"])) == 4


@pytest.mark.parametrize(
    ("means", "limits", "ticks"),
    [
        ([[900, 8.18, 0], [900, 0, 0]], (-0.409, 8.589), ["0", "5"]),  # but for the level
        ([[900], [0]], (-45, 945), ["0", "500"]),  # there is nothing else
        ([[900, 2, 2], [900, 2, 2]], (1.5, 2.5), ["1.5", "2.0", "2.5"]),
    ],
)
def test_spectra_of_a_cepstrum(means, limits, ticks):
    means = np.array(means, dtype=float)[:, None]
    statistics = FeatureStatistics(np.array([1, 1]), means, 0 * means, means, means)
    axis = ChannelAxis("mfcc", np.arange(means.shape[2]), "coefficient", "dB", True)
    ((_, (chart, _)),) = class_spectra(statistics, [axis])
    assert chart.y[:2] == pytest.approx(limits) and [tick.text for tick in chart.y.ticks] == ticks


def test_curves_are_a_line_a_fold_of_the_epochs_that_have_the_value():
    histories = {
        1: [{"epoch": 1, "loss": 2.0}, {"epoch": 2, "loss": 1.0, "test_loss": 1.5}],
        4: [{"epoch": 1, "loss": float("nan")}, {"epoch": 2, "loss": 1.0, "test_loss": 0.5}],
    }
    chart = curves(histories, {"loss": "solid", "test_loss": "dotted"}, "loss", None)
    assert [style for style, _ in chart.paths] == ["solid s0", "dotted s0", "solid s1", "dotted s1"]
    assert [len(points(path)) for _, path in chart.paths] == [2, 1, 1, 1]
    assert (chart.x.low, chart.x.high) == (0, 2) and chart.y.low == 0 and chart.y.high == pytest.approx(2.1)
    assert (chart.x.label, chart.y.label) == ("epoch", "loss") and [tick.text for tick in chart.x.ticks] == [*"012"]
    many = curves({fold: [{"epoch": 1, "loss": 5.5 / 1.05}] for fold in range(11)}, {"loss": "solid"}, "loss", None)
    assert [tick.text for tick in many.y.ticks] == ["0", "2", "4"]
    assert many.paths[-1][0] == "solid s0" and many.marks[-1][0] == "mark s0"  # the colours are used up


def test_curves_without_a_finite_value_have_an_axis():
    chart = curves({1: [{"epoch": 1, "loss": float("nan")}]}, {"loss": "solid"}, "loss", None)
    assert (chart.y.low, chart.y.high) == (0, 1.05) and points(chart.paths[0][1]) == []


def test_a_run_that_was_evaluated_once_has_its_value_as_a_mark():
    histories = {1: [{"epoch": 1, "loss": 2.0}, {"epoch": 2, "loss": 1.0, "test_accuracy": 25.0}], 2: [{"epoch": 2}]}
    chart = curves(histories, {"test_accuracy": "solid"}, "accuracy", 100)
    assert chart.marks == (("mark s0", "M1.0000 0.7500h0"),)
    chart = curves(histories, {"loss": "solid"}, "loss", 4)
    assert chart.marks == ()  # a line is there


def test_steps_have_the_height_of_the_value_that_ends_them():
    path = step_path([0.25, 1], [0.5, 0.75], UNIT, UNIT)
    assert points(path) == [(0, 0.5), (0.25, 0.5), (0.25, 0.25), (1, 0.25)]


def test_labels_share_a_disc_clockwise_from_the_top():
    (first, right), (second, left) = sectors([3, 7])
    assert (first, second) == (3, 7)
    assert right == "M0 0L0.00 -4.40A4.4 4.4 0 0 1 0.00 4.40Z" and left == "M0 0L0.00 4.40A4.4 4.4 0 0 1 -0.00 -4.40Z"
    assert [label for label, _ in sectors([2])] == [2] and sectors([2])[0][1].count("A") == 2
    assert len(sectors([0, 1, 2])) == 3
