"""A panel of a figure: what stands on its axes and in its colours; and features as small pictures without axes."""

import numpy as np
import pytest
from matplotlib import colormaps
from matplotlib.figure import Figure

from esc_gpu.frontends.images import default_frontends
from esc_gpu.report.figures.panels import (
    INPUT_LIMIT,
    bin_ticks,
    crisp,
    draw_colour_bar,
    draw_panel,
    draw_thumbnail,
    draw_waveform,
    outlines,
    value_limits,
)
from tests.helpers.feature_images import image_of
from tests.helpers.looks import FIVE, FOUR, grid_of, steps_of

LOWEST, MIDDLE, HIGHEST = (colormaps["RdBu_r"](value, bytes=True)[:3] for value in (0.0, 0.5, 1.0))


def test_a_pixel_is_a_value_low_bins_below_channels_one_under_the_other():
    image = np.zeros((2, 3, 5), dtype=np.float32)
    image[0, 0, 4] = 100.0  # the lowest bin of the first channel, beyond the colours
    image[1, 2, 0] = -INPUT_LIMIT  # the highest bin of the second channel
    picture = draw_thumbnail(image)
    assert picture.shape == (6, 5, 3) and picture.dtype == np.uint8
    assert tuple(picture[2, 4]) == HIGHEST and tuple(picture[3, 0]) == LOWEST
    others = np.ones((6, 5), dtype=bool)
    others[2, 4] = others[3, 0] = False
    assert (picture[others] == MIDDLE).all()


def panel(image, start_seconds=0.0):
    axes = Figure().subplots()
    draw_panel(axes, image, value_limits([image]), start_seconds)
    return axes


def ticks_of(axes):
    return dict(zip([label.get_text() for label in axes.get_yticklabels()], axes.get_yticks(), strict=True))


def test_the_tone_is_where_the_labels_say(clip):
    axes = panel(clip.features["logmel"])
    (drawn,) = axes.images
    loudest = np.unravel_index(drawn.get_array().argmax(), drawn.get_array().shape)
    left, right, bottom, top = drawn.get_extent()
    rows, columns = drawn.get_array().shape
    position = bottom + (loudest[0] + 0.5) / rows * (top - bottom)
    assert position == pytest.approx(ticks_of(axes)["1k"], abs=1)
    assert 0.4 < left + loudest[1] / columns * (right - left) < 0.8
    assert axes.get_ylabel() == "Hz"


def test_frames_are_at_their_time_in_the_recording(clip):
    image = clip.features["logmel"]
    half = (image.times[1] - image.times[0]) / 2
    left, right, *_ = panel(image, start_seconds=10).images[0].get_extent()
    assert (left, right) == pytest.approx((10 - half, 10 + image.times[-1] + half))


def test_an_image_has_its_frames_and_bins_the_first_below():
    axes = panel(image_of([[1, 2, 3], [4, 5, 6]], is_signed=True))
    (drawn,) = axes.images
    assert drawn.origin == "lower" and axes.get_aspect() == "auto"
    assert drawn.get_extent() == pytest.approx([-0.05, 0.25, -0.5, 1.5])
    assert drawn.get_clim() == value_limits([image_of([[1, 2, 3], [4, 5, 6]], is_signed=True)])
    assert drawn.get_cmap().name == "RdBu_r" and panel(image_of([[1, 2]])).images[0].get_cmap().name == "magma"
    assert axes.get_yticks().tolist() == [0, 1] and axes.get_ylabel() == "Hz"


@pytest.mark.parametrize(("n_frames", "ends"), [(1, (-0.005, 0.005)), (2, (-0.05, 0.15))])
def test_few_frames_have_a_width(n_frames, ends):
    assert panel(image_of(np.zeros((3, n_frames)))).images[0].get_extent()[:2] == pytest.approx(ends)


def test_a_curve_is_at_its_time_and_has_a_margin():
    image = image_of([[0, 10], [99, 99]], "Hz", "feature")  # of a stack, as high as the other members
    axes = panel(image, start_seconds=2)
    assert axes.lines[0].get_xydata().tolist() == [[2, 0], [2.1, 10]] and axes.get_ylim() == (-0.5, 10.5)
    assert grid_of(axes) == "xy" and steps_of(axes.yaxis) == FOUR
    draw_panel(axes, image, (-7, 70))
    assert axes.get_ylim() == (-7, 70) and axes.get_ylabel() == "Hz"
    assert axes.yaxis.get_major_formatter()(2000, 0) == "2k"
    assert panel(image_of([[0, 10]], "dB", "feature")).yaxis.get_major_formatter()(2000, 0) != "2k"


@pytest.mark.parametrize(
    ("limits", "beyond"), [((0, 9), "neither"), ((1, 9), "min"), ((0, 8), "max"), ((1, 8), "both")]
)
def test_a_colour_bar_has_points_where_values_lie_beyond_it(limits, beyond):
    axes = Figure().subplots()
    images = [image_of([[0, 5]], "dB"), image_of([[4, 9]], "dB")]
    draw_colour_bar(axes, images[0], limits, images)
    bar = axes.figure.axes[1]
    assert bar._colorbar.extend == beyond and bar.get_ylabel() == "dB" and bar.get_box_aspect() == 14
    assert (bar.yaxis.get_tick_params()["labelsize"], bar.yaxis.label.get_fontsize()) == (7.5, 8.5)
    assert (bar._colorbar.norm.vmin, bar._colorbar.norm.vmax) == limits and steps_of(bar.yaxis) == FIVE


def test_outlines_go_around_what_is_hot():
    (whole,) = outlines(np.ones((2, 2)))
    assert whole.min(axis=0).tolist() == [0, 0] and whole.max(axis=0).tolist() == [1, 1]
    corners = np.zeros((4, 4))
    corners[0, 0] = corners[-1, -1] = 1
    low, high = sorted(outlines(corners), key=lambda line: line.max())
    assert low.min(axis=0).tolist() == [0, 0] and low.max(axis=0) == pytest.approx([0.25, 0.25])
    assert high.min(axis=0) == pytest.approx([0.75, 0.75]) and high.max(axis=0).tolist() == [1, 1]
    (large,) = outlines(np.ones((100, 200)))
    assert len(large) == 2 * (32 + 64) + 1  # a point a cell, and the first one again
    assert outlines(np.full((3, 3), 0.4)) == []


def test_a_descriptor_is_a_curve_with_its_unit(clip):
    axes = panel(clip.features["rms"])
    (line,) = axes.lines
    assert np.array_equal(line.get_ydata(), clip.features["rms"].values[0, 0]) and not axes.images
    assert axes.get_ylabel() == "of full scale"


@pytest.mark.parametrize(
    ("frequencies", "unit", "labels"),
    [
        (np.linspace(0, 22050, 1025), "Hz", ["0", "5k", "10k", "15k", "20k"]),
        (32.7 * 2 ** (np.arange(84) / 12), "Hz", ["50", "100", "200", "500", "1k", "2k"]),
        (np.array([86.1, 280, 581, 1163, 14222]), "Hz", ["86", "280", "581", "1.2k", "14.2k"]),
        (np.geomspace(50, 2000, 65), "Hz", ["50", "100", "200", "500", "1k", "2k"]),  # both ends have names
        (np.linspace(0, 20000, 101), "Hz", ["0", "5k", "10k", "15k", "20k"]),
        (np.geomspace(1, 100, 30), "Hz", ["1", "2", "5", "10", "20", "50", "100"]),
        (2.0 ** np.arange(12), "Hz", ["1", "2", "4", "8", "16", "32", "64", "128", "256", "512", "1k", "2k"]),
        (2.0 ** np.arange(13), "Hz", ["1", "10", "100", "1k"]),
        # Their steps differ by 1.6 thousandths: no linear scale.
        (100.0 * np.arange(20) + 0.075 * (np.arange(20) == 10), "Hz", ["1", "500", "1k"]),
        (np.arange(3), "coefficient", ["c0", "c1", "c2"]),
        (np.arange(1, 14), "coefficient", ["c5", "c10"]),
        (np.linspace(0, 22050, 1025, dtype=np.float32), "Hz", ["0", "5k", "10k", "15k", "20k"]),
        (np.linspace(0, 2, 20), "Hz", ["0", "1", "2"]),
        (np.arange(40), "coefficient", ["c0", "c10", "c20", "c30"]),
        (np.arange(41), "coefficient", ["c0", "c10", "c20", "c30", "c40"]),
        (np.arange(12), "pitch class", ["C", "C♯", "D", "D♯", "E", "F", "F♯", "G", "G♯", "A", "A♯", "B"]),
        (np.arange(5), "pitch class", ["0", "1", "2", "3", "4"]),
        (np.linspace(0, 11, 23), "pitch class", ["C", "C♯", "D", "D♯", "E", "F", "F♯", "G", "G♯", "A", "A♯", "B"]),
    ],
)
def test_bins_have_names(frequencies, unit, labels):
    places, names = bin_ticks(frequencies, unit)
    assert names == labels
    assert (np.diff(places) > 0).all()
    if unit == "Hz" and len(frequencies) > 12:
        hertz = [float(name.replace("k", "e3")) for name in names]
        assert np.interp(places, np.arange(len(frequencies)), frequencies) == pytest.approx(hertz, rel=0.01)


def test_a_linear_scale_of_few_hertz_is_one():
    _, names = bin_ticks(np.linspace(0.1, 5, 50), "Hz")
    assert names == ["1", "2", "3", "4", "5"]


@pytest.mark.parametrize("name", ["logmel", "cqt", "gammatone", "spectrogram", "vqt"])
@pytest.mark.parametrize("sample_rate", [8000, 44100])
def test_labels_have_room(name, sample_rate):
    frequencies = default_frontends(sample_rate, [name])[name].frequencies.numpy()
    places, _ = bin_ticks(frequencies, "Hz")
    assert 4 <= len(places) <= 8 and np.diff(places).min() >= len(frequencies) / 8


def test_decibels_are_drawn_whole():
    images = [image_of([[-80, 0]], "dB"), image_of([[-30, 20]], "dB")]
    assert value_limits(images) == (-80, 20)


def test_signed_values_have_0_in_the_middle():
    low, high = value_limits([image_of(np.linspace(-3, 9, 1000).reshape(10, 100), "dB per frame", is_signed=True)])
    assert low == -high and 8 < high < 9
    low, high = value_limits([image_of(np.linspace(0, 1, 1001)[None], is_signed=True)])
    assert (low, high) == pytest.approx((-0.995, 0.995))
    assert value_limits([image_of([[100], [0]], is_signed=True)])[1] == pytest.approx(99.5)  # the lowest bin, too


def test_the_level_does_not_set_the_colours_of_a_cepstrum():
    values = np.vstack([np.full((1, 50), -700), np.random.default_rng(0).uniform(-10, 10, (39, 50))])
    low, high = value_limits([image_of(values, "dB", "coefficient", is_signed=True)])
    assert low == -high and 8 < high <= 10
    cepstrum = np.vstack([np.full((1, 1001), -700), np.linspace(0, 1, 1001)])
    assert value_limits([image_of(cepstrum, "dB", "coefficient", is_signed=True)])[1] == pytest.approx(0.97)
    level = image_of(cepstrum[:1], "dB", "coefficient", is_signed=True)
    assert value_limits([level]) == (-700, 700)  # there is nothing else


def test_single_peaks_do_not_darken_the_others():
    values = np.ones((10, 100))
    values[0, 0], values[1, 1] = 1000, 0
    assert value_limits([image_of(values)])[1] == pytest.approx(1)
    assert value_limits([image_of(np.linspace(0, 1, 1001)[None])]) == (0, pytest.approx(0.995))


@pytest.mark.parametrize("unit", ["dB", ""])
def test_silence_has_a_scale(unit):
    low, high = value_limits([image_of(np.zeros((4, 4)), unit)])
    assert (low, high) == (-0.5, 0.5)


def test_more_cells_are_the_same_picture():
    values = np.random.default_rng(0).standard_normal((7, 600))
    cells = crisp(values)
    assert cells.shape == (518, 600) and crisp(np.zeros((512, 513))).shape == (512, 513)
    assert np.array_equal(cells[:: cells.shape[0] // 7, :: cells.shape[1] // 600], values)


def test_a_long_waveform_keeps_its_peaks():
    waveform = np.zeros(100_000)
    waveform[[33_333, 77_777]] = 0.9, -0.8
    axes = Figure().subplots()
    draw_waveform(axes, waveform, 1000)
    (band,) = axes.collections
    heights = band.get_paths()[0].vertices[:, 1]
    assert len(np.unique(band.get_paths()[0].vertices[:, 0])) == 2000
    assert (heights.max(), heights.min()) == (0.9, -0.8)
    assert axes.get_xlim() == (0, 100)


@pytest.mark.parametrize(("n_samples", "is_band"), [(4000, False), (4001, True)])
def test_a_waveform_of_few_samples_is_a_line(n_samples, is_band):
    axes = Figure().subplots()
    draw_waveform(axes, np.full(n_samples, 0.5), 1000, start_seconds=3)
    assert (len(axes.lines), len(axes.collections)) == (not is_band, is_band)
    times = axes.collections[0].get_paths()[0].vertices[:, 0] if is_band else axes.lines[0].get_xdata()
    assert times.min() == 3 and times.max() == pytest.approx(3 + n_samples / 1000, abs=0.004)
    assert axes.get_xlim() == (3, 3 + n_samples / 1000) and axes.get_ylim() == pytest.approx((-0.54, 0.54))
    assert grid_of(axes) == "xy" and steps_of(axes.yaxis) == FOUR and axes.get_ylabel() == "amplitude"


def test_a_silent_waveform_has_an_axis():
    axes = Figure().subplots()
    draw_waveform(axes, np.zeros(9), 1000)
    assert axes.get_ylim() == pytest.approx((-1.08e-4, 1.08e-4))
    draw_waveform(axes, np.zeros(9), 1000, peak=1)
    assert axes.get_ylim() == (-1.08, 1.08)
