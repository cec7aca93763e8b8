"""The pictures of real sounds in README and docs/choose.md: `python -m tools.sound_pictures --root ESC-10`."""

import argparse
import io
import sys
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image
from tqdm import tqdm

from benchmarks.common.paths import PICTURES
from esc_gpu import list_frontends
from esc_gpu.core.files import replacing
from esc_gpu.data.clips.decode import decode_clip
from esc_gpu.data.recordings.layouts import read_recordings
from esc_gpu.frontends.images import FeatureImage, compute_features, default_frontends
from esc_gpu.report.figures.panels import bin_ticks, draw_panel, value_limits

SAMPLE_RATE = 44100  # Hz
SECONDS = 5.0
DPI = 100
# Recordings of ESC-10 that their authors gave to the public domain (CC0); the authors are named all the same.
SOUNDS = {
    "crying baby": ("1-187207-A-20", "k3pp"),
    "dog": ("4-191687-A-0", "UnderlinedDesigns"),
    "clock tick": ("1-48413-A-38", "cynical"),
    "rain": ("1-17367-A-10", "cognito perceptu"),
}
NINE = (
    *("spectrogram", "logmel", "gammatone"),
    *("cqt", "mfcc", "pcen"),
    *("chroma", "delta", "spectral_centroid"),
)
MOST_BYTES = 400_000


def read_sounds(root: Path) -> dict[str, np.ndarray]:
    """The sounds `(T,)` int16 by their names."""
    paths = {path.stem: path for path in map(Path, read_recordings(root).paths)}
    samples = round(SECONDS * SAMPLE_RATE)
    return {
        sound: decode_clip(paths[clip], 0, sample_rate=SAMPLE_RATE, samples=samples)
        for sound, (clip, _) in SOUNDS.items()
    }


def one_channel(name: str, image: FeatureImage) -> FeatureImage:
    """The only channel, or of a delta the first derivative."""
    return list(image.channels.values())[1] if name == "delta" else image


def as_colours(images: list[FeatureImage]) -> list[np.ndarray]:
    """Three channels as red, green and blue `(F, N, 3)`, on one scale for all clips."""
    low, high = (
        np.percentile([image.values for image in images], percent, axis=(0, 2, 3), keepdims=True)[0]
        for percent in (2, 99)
    )
    return [np.clip((image.values - low) / (high - low), 0, 1).transpose(1, 2, 0) for image in images]


def draw_stack(axes: Axes, image: FeatureImage, colours: np.ndarray) -> None:
    """Three channels at once; their bins are of different kinds, so there are none at the axis."""
    extent = (image.times[0], image.times[-1], 0, 1)
    axes.imshow(colours, origin="lower", aspect="auto", extent=extent)
    axes.set_yticks([])


def draw_nine(features: Mapping[str, FeatureImage]) -> Figure:
    """One sound, three front-ends a row."""
    figure = Figure(figsize=(12, 6.2), layout="constrained")
    for axes, name in zip(figure.subplots(3, 3, sharex=True).flat, NINE, strict=True):
        image = one_channel(name, features[name])
        draw_panel(axes, image, value_limits([image]))
        axes.set_title("delta of logmel" if name == "delta" else name, loc="left", fontsize=11, fontweight="bold")
        axes.set_xlim(0, SECONDS)
        axes.tick_params(labelsize=8.5)
    for axes in figure.axes[-3:]:
        axes.set_xlabel("time in s")
    return figure


def draw_four(features: Mapping[str, Mapping[str, FeatureImage]]) -> Figure:
    """Every front-end a row, every sound a column; a row has one scale of colours."""
    names = list(next(iter(features.values())))
    figure = Figure(figsize=(9.6, 0.5 + 0.84 * len(names)), layout="constrained")
    grid = figure.subplots(len(names), len(features), sharex=True)
    for row, name in zip(grid, names, strict=True):
        images = [one_channel(name, images[name]) for images in features.values()]
        colours = as_colours(images) if name == "stack" else [None] * len(images)
        for axes, image, colour in zip(row, images, colours, strict=True):
            if colour is None:
                draw_panel(axes, image, value_limits(images))
            else:
                draw_stack(axes, image, colour)
            axes.set_xlim(0, SECONDS)
            axes.set_ylabel("")
            axes.tick_params(labelsize=6.5, labelleft=axes is row[0])
            if image.bin_unit == "pitch class":
                axes.set_yticks(*(some[::3] for some in bin_ticks(image.frequencies, image.bin_unit)))
        row[0].set_ylabel(name.replace("_", "\n"), fontsize=8.5)
    for axes, sound in zip(grid[0], features, strict=True):
        axes.set_title(sound, fontsize=11, fontweight="bold")
    for axes in grid[-1]:
        axes.set_xlabel("time in s", fontsize=8.5)
    figure.align_ylabels()
    return figure


def save(figure: Figure, path: Path) -> None:
    """Write the figure as a JPEG, which of noise is a third of a PNG, in the best quality that is small enough."""
    drawn = io.BytesIO()
    figure.savefig(drawn, format="png", dpi=DPI)
    for quality in range(86, 40, -3):
        written = io.BytesIO()
        Image.open(drawn).convert("RGB").save(written, "JPEG", quality=quality, optimize=True)
        if written.tell() <= MOST_BYTES:
            break
    with replacing(path) as temporary:
        temporary.write_bytes(written.getvalue())


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tools.sound_pictures", description=__doc__)
    parser.add_argument("--root", type=Path, required=True, metavar="DIR", help="folder of ESC-10 or ESC-50")
    parser.add_argument(
        "--output", type=Path, default=PICTURES, metavar="DIR", help="folder of the pictures (%(default)s)"
    )
    arguments = parser.parse_args()
    frontends = default_frontends(SAMPLE_RATE, [name for name in list_frontends() if name != "model_input"])
    features = {
        sound: compute_features(torch.from_numpy(samples), SAMPLE_RATE, frontends)
        for sound, samples in tqdm(read_sounds(arguments.root).items(), "compute", unit="sound")
    }
    arguments.output.mkdir(parents=True, exist_ok=True)
    save(draw_nine(features["crying baby"]), arguments.output / "nine-frontends.jpg")
    save(draw_four(features), arguments.output / "four-sounds.jpg")
    return 0


if __name__ == "__main__":
    sys.exit(main())
