"""Pictures of features: what stands on their axes, in their colours and in their files."""

import numpy as np
import pytest
import torch
from matplotlib.figure import Figure
from matplotlib.image import imread

from esc_gpu.errors import EscGpuError
from esc_gpu.frontends.images import FeatureImage, compute_features, default_frontends
from esc_gpu.report.figures.features import Clip, draw_clip, draw_clips, draw_gallery, plot_features, save_figure
from esc_gpu.report.figures.panels import bin_ticks, crisp, draw_panel, draw_waveform, split_channels, value_limits

RATE = 16000


@pytest.fixture(scope="module")
def clip():
    """0.8 s: silence, then a tone of 1 kHz from 0.4 s on."""
    waveform = 0.5 * np.sin(2 * np.pi * 1000 * np.arange(round(0.8 * RATE)) / RATE)
    waveform[: round(0.4 * RATE)] = 0
    names = ["logmel", "mfcc", "chroma", "rms", "delta"]
    features = compute_features(torch.from_numpy(waveform).float(), RATE, default_frontends(RATE, names))
    return Clip("a$b_clip.wav", waveform, RATE, features)


def image_of(values, unit="", bin_unit="Hz", is_signed=False, frequencies=None):
    values = np.asarray(values, dtype=np.float32)[None]
    frequencies = np.arange(values.shape[1]) if frequencies is None else frequencies
    return FeatureImage(values, 0.1 * np.arange(values.shape[2]), frequencies, bin_unit, unit, is_signed)


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
        (np.arange(40), "coefficient", ["c0", "c10", "c20", "c30"]),
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


def test_the_level_does_not_set_the_colours_of_a_cepstrum():
    values = np.vstack([np.full((1, 50), -700), np.random.default_rng(0).uniform(-10, 10, (39, 50))])
    low, high = value_limits([image_of(values, "dB", "coefficient", is_signed=True)])
    assert low == -high and 8 < high <= 10


def test_single_peaks_do_not_darken_the_others():
    values = np.ones((10, 100))
    values[0, 0], values[1, 1] = 1000, 0
    assert value_limits([image_of(values)])[1] == pytest.approx(1)


@pytest.mark.parametrize("unit", ["dB", ""])
def test_silence_has_a_scale(unit):
    low, high = value_limits([image_of(np.zeros((4, 4)), unit)])
    assert low < 0 < high


def test_more_cells_are_the_same_picture():
    values = np.random.default_rng(0).standard_normal((7, 600))
    cells = crisp(values)
    assert cells.shape[0] >= 512 and cells.shape[0] % 7 == 0
    assert np.array_equal(cells[:: cells.shape[0] // 7, :: cells.shape[1] // 600], values)


def test_a_long_waveform_keeps_its_peaks():
    waveform = np.zeros(100_000)
    waveform[[33_333, 77_777]] = 0.9, -0.8
    axes = Figure().subplots()
    draw_waveform(axes, waveform, 1000)
    (band,) = axes.collections
    heights = band.get_paths()[0].vertices[:, 1]
    assert (heights.max(), heights.min()) == (0.9, -0.8)
    assert axes.get_xlim() == (0, 100)


def test_channels_are_drawn_one_by_one(clip):
    titles = [axes.get_title(loc="left") for axes in draw_clip(clip).axes]
    drawn = ["waveform", "logmel", "mfcc", "chroma", "rms", "delta: logmel", "delta: Δ logmel", "delta: ΔΔ logmel"]
    assert [title for title in titles if title] == drawn
    assert list(split_channels(clip.features)) == drawn[1:]


def test_images_have_a_scale_with_their_unit(clip):
    figure = draw_clip(Clip("clip", clip.waveform, RATE, {"logmel": clip.features["logmel"]}))
    assert [axes.get_ylabel() for axes in figure.axes] == ["amplitude", "Hz", "dB"]
    assert figure.axes[1].get_xlabel() == "time in s"
    assert figure.axes[1].get_xlim() == figure.axes[0].get_xlim() == (0, 0.8)


@pytest.mark.parametrize("suffix", [".png", ".pdf", ".svg", ".PNG"])
def test_pictures_of_each_format(clip, tmp_path, suffix):
    path = tmp_path / f"picture{suffix}"
    features = {name: clip.features[name] for name in ("mfcc", "rms")}
    plot_features(path, clip.waveform, RATE, features, clip.title)
    start = {".png": b"\x89PNG", ".pdf": b"%PDF", ".svg": b"<?xml"}[suffix.lower()]
    assert path.read_bytes().startswith(start) and list(tmp_path.iterdir()) == [path]


def test_several_clips_have_one_scale_a_row(clip, tmp_path):
    quiet = Clip("quiet", 0.01 * clip.waveform, RATE, {name: clip.features[name] for name in ("logmel", "rms")}, 3.0)
    clips = [Clip("x" * 99, clip.waveform, RATE, quiet.features), quiet]
    save_figure(draw_clips(clips), tmp_path / "clips.png")
    assert imread(tmp_path / "clips.png").std() > 0.01


@pytest.mark.parametrize(("num_classes", "per_class"), [(2, 1), (7, 2), (50, 1)])
def test_galleries_of_few_and_many_classes(num_classes, per_class, tmp_path):
    generator = np.random.default_rng(0)
    images = [[image_of(generator.standard_normal((16, 20))) for _ in range(per_class)] for _ in range(num_classes)]
    images[0] = images[0][:1]  # a class with fewer clips
    figure = draw_gallery("logmel", images, [f"class_{k}" for k in range(num_classes)], 2.0)
    save_figure(figure, tmp_path / "gallery.png")
    height, width, _ = imread(tmp_path / "gallery.png").shape
    assert 0.5 < width / height < 3


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("picture.jpg", "has the suffix '.jpg'; expected one of .png, .pdf, .svg"),
        ("picture", "has the suffix ''"),
        ("nowhere/picture.png", "expected a file that can be written"),
    ],
)
def test_files_that_cannot_be_written_are_one_line(clip, tmp_path, path, message):
    with pytest.raises(EscGpuError, match=message) as error:
        plot_features(tmp_path / path, clip.waveform, RATE, {"rms": clip.features["rms"]}, "clip")
    assert "\n" not in str(error.value) and not list(tmp_path.iterdir())
