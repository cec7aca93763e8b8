"""The pictures of docs/frontends.md and docs/features.md, all of synthetic sounds: `python -m tools.doc_pictures`."""

import argparse
import io
import sys
import tempfile
from pathlib import Path

import numpy as np
import scipy.signal
import torch
from matplotlib.figure import Figure
from PIL import Image
from tqdm import tqdm

from benchmarks.common.paths import PICTURES
from esc_gpu.core.files import replacing
from esc_gpu.data.recordings.layouts import read_recordings
from esc_gpu.data.recordings.synthetic import write_synthetic
from esc_gpu.data.store.build import open_store
from esc_gpu.experiment.feature_study import write_gallery, write_statistics
from esc_gpu.frontends.images import FeatureImage, compute_features, default_frontends
from esc_gpu.report.figures.features import Clip, draw_clip
from esc_gpu.report.figures.panels import (
    draw_colour_bar,
    draw_panel,
    draw_waveform,
    is_curve,
    split_channels,
    value_limits,
)

SAMPLE_RATE = 44100  # Hz
SECONDS = 4.0
DPI = 100
COLOURS = 96
SIDE_BY_SIDE = ("logmel", "mfcc", "chroma")
RANKED = ("logmel", "mfcc", "cqt", "chroma", "spectral_contrast", "spectral_centroid", "zero_crossing_rate", "rms")
DATA_RATE = 22050  # Hz, that of the synthetic recordings


def synthetic_signal() -> np.ndarray:
    """`(T,)` float32: a tone, a chirp, clicks and noise, one after the other with silence between them.

    0.2 to 1 s a tone of 440 Hz, the note A4; 1.2 to 2.2 s a chirp from 100 Hz to 10 kHz, exponential in time; clicks of
    one sample at 2.4, 2.6 and 2.8 s; 3 to 3.8 s white noise. Tone and chirp fade in and out over 10 ms.
    """
    seconds = np.arange(round(SECONDS * SAMPLE_RATE)) / SAMPLE_RATE
    signal = np.zeros_like(seconds)
    for start, stop, make in (
        (0.2, 1.0, lambda t: 0.3 * np.sin(2 * np.pi * 440 * t)),
        (1.2, 2.2, lambda t: 0.3 * scipy.signal.chirp(t, 100, 1.0, 10_000, method="logarithmic")),
        (3.0, 3.8, lambda t: 0.1 * np.random.default_rng(0).standard_normal(len(t))),
    ):
        part = (seconds >= start) & (seconds < stop)
        local = seconds[part] - start
        fade = np.minimum(1, np.minimum(local, stop - start - local) / 0.01)
        signal[part] = fade * make(local)
    signal[[round(second * SAMPLE_RATE) for second in (2.4, 2.6, 2.8)]] = 0.9
    return signal.astype(np.float32)


def draw(parts: dict[str, FeatureImage]) -> Figure:
    """The channels of one front-end, one under the other."""
    figure = Figure(figsize=(6.4, 0.5 + (1.7 if len(parts) == 1 else 1.4) * len(parts)), layout="constrained")
    panels = figure.subplots(len(parts), 1, sharex=True, squeeze=False)[:, 0]
    for axes, (name, image) in zip(panels, parts.items(), strict=True):
        limits = value_limits([image])
        draw_panel(axes, image, limits)
        axes.set_title(name, loc="left", fontsize=9, fontweight="bold")
        axes.set_xlim(0, SECONDS)
        axes.tick_params(labelsize=8)
        if not is_curve(image):
            draw_colour_bar(axes, image, limits, [image])
    panels[-1].set_xlabel("time in s", fontsize=8.5)
    return figure


def draw_signal(signal: np.ndarray) -> Figure:
    """The waveform."""
    figure = Figure(figsize=(6.4, 1.7), layout="constrained")
    axes = figure.subplots()
    draw_waveform(axes, signal, SAMPLE_RATE)
    axes.tick_params(labelsize=8)
    axes.set_xlabel("time in s", fontsize=8.5)
    return figure


def save(figure: Figure, path: Path) -> None:
    """Write the figure as a small PNG."""
    drawn = io.BytesIO()
    figure.savefig(drawn, format="png", dpi=DPI)
    shrink(drawn, path)


def shrink(
    picture: io.BytesIO | Path, path: Path, width: int | None = None, method: int = Image.Quantize.MEDIANCUT
) -> None:
    """A PNG of `width` pixels and few colours, which is a third of the size."""
    image = Image.open(picture).convert("RGB")
    if width is not None:
        image = image.resize((width, round(image.height * width / image.width)), Image.Resampling.LANCZOS)
    with replacing(path) as temporary:
        image.quantize(COLOURS, method, dither=Image.Dither.NONE).save(temporary, optimize=True)


def draw_frontends(folder: Path) -> None:
    """The test signal and every front-end of it; some side by side as `esc-gpu features` draws them."""
    signal = synthetic_signal()
    save(draw_signal(signal), folder / "signal.png")
    images = {}
    for name, frontend in tqdm(default_frontends(SAMPLE_RATE).items(), "draw", unit="front-end"):
        images |= compute_features(torch.from_numpy(signal), SAMPLE_RATE, {name: frontend})
        save(draw(split_channels({name: images[name]})), folder / f"{name}.png")
    clip = Clip("signal.wav", signal, SAMPLE_RATE, {name: images[name] for name in SIDE_BY_SIDE})
    save(draw_clip(clip), folder / "features-clip.png")


def draw_data_set(folder: Path) -> None:
    """Gallery, statistics and ranking of the embedded synthetic recordings."""
    with tempfile.TemporaryDirectory() as name:
        made = Path(name)
        recordings = read_recordings(write_synthetic(made / "recordings", clips_per_class=20))
        options = {"sample_rate": DATA_RATE, "clip_seconds": 5.0}
        write_gallery(recordings, default_frontends(DATA_RATE, ["logmel"]), made, per_class=1, **options)
        store = open_store(recordings.paths, cache_dir=made, **options)
        write_statistics(recordings, store, default_frontends(DATA_RATE, RANKED), made, {})
        shrink(made / "gallery-logmel.png", folder / "features-gallery.png", 640, Image.Quantize.MAXCOVERAGE)
        shrink(made / "statistics-logmel.png", folder / "features-statistics.png", 1000)
        shrink(made / "ranking.png", folder / "features-ranking.png", 1000)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--output", type=Path, default=PICTURES, metavar="DIR", help="folder of the pictures (%(default)s)"
    )
    folder = parser.parse_args().output
    folder.mkdir(parents=True, exist_ok=True)
    draw_frontends(folder)
    draw_data_set(folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
