"""Pictures of features: what stands on their axes, in their colours and in their files."""

import numpy as np
import pytest
from matplotlib.image import imread

from esc_gpu.errors import EscGpuError
from esc_gpu.report.figures.features import Clip, draw_clip, draw_clips, draw_gallery, plot_features, save_figure
from esc_gpu.report.figures.panels import split_channels
from tests.helpers.feature_images import RATE, image_of


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
