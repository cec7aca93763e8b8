"""What each augmentation costs, beside a training step of the backbone on the same batch.

python -m benchmarks.speed.augmentations --root ESC-10
"""

import argparse
import sys
from collections.abc import Callable, Sequence

import numpy as np
import torch
import torch.nn.functional as F
from torch import Generator, Tensor

from benchmarks.common.command import add_cached_root, add_output, add_threads, create_parser
from benchmarks.common.inputs import SAMPLE_RATE, read_clips
from benchmarks.common.results_file import keep_result, require_gpu
from benchmarks.common.timing import measure_together, microseconds_per_clip
from esc_gpu import create_frontend
from esc_gpu.augment import (
    Draws,
    add_noise,
    between_class,
    draw_cutmix,
    draw_erasing,
    draw_filter_augment,
    draw_frequency_warp,
    draw_spec_augment,
    draw_time_stretch,
    mixup,
    random_crop,
    random_equalizer,
    random_gain,
    random_polarity,
    random_shift,
    random_sound_crop,
    random_speed,
)
from esc_gpu.cli.reporting import reporting
from esc_gpu.core.full_scale import FULL_SCALE
from esc_gpu.core.machine import AUTOCAST, is_fast, keep_freed_memory
from esc_gpu.model.classifier import WaveformClassifier

BACKBONE = "resnet18"
N_CLASSES = 50
FEATURES = {"name": "logmel", "n_mels": 64, "hop_length": 1024}
STEP = "training step"
Calls = dict[str, Callable[[], object]]


def main(argv: Sequence[str] | None = None) -> int:
    parser = create_parser(__spec__, __doc__)
    add_cached_root(parser, "the embedded synthetic ones")
    parser.add_argument("--batch", type=int, default=16, help="clips a call (default: 16)")
    parser.add_argument("--clip-seconds", type=float, default=5.0, help="of each clip, up to 5 (default: 5)")
    parser.add_argument("--repeats", type=int, default=9, help="timed rounds (default: 9)")
    add_threads(parser)
    parser.add_argument("--device", choices=["cpu", "cuda"], help="default: the GPU where there is one")
    parser.add_argument(
        "--mixed-precision",
        choices=["auto", "no", "bf16"],
        default="auto",
        help="of the step (default: as in training)",
    )
    add_output(parser)
    arguments = parser.parse_args(argv)
    return reporting(lambda: run(arguments))


def run(arguments: argparse.Namespace) -> None:
    """Measure, print a line for each augmentation, write the result file."""
    if arguments.device == "cuda":
        require_gpu()
    torch.set_num_threads(arguments.threads)
    device = torch.device(arguments.device or ("cuda" if torch.cuda.is_available() else "cpu"))
    precision = arguments.mixed_precision
    if device.type == "cpu":
        keep_freed_memory()  # as a training does
    if precision == "auto":
        precision = "bf16" if is_fast("bf16", device) else "no"
    stored, description = read_clips(arguments.root, arguments.cache_dir, arguments.batch)
    clips = stored[:, : round(arguments.clip_seconds * SAMPLE_RATE)].astype(np.float32) / FULL_SCALE
    waveform = torch.from_numpy(clips).to(device)
    classifier = WaveformClassifier(create_frontend(**FEATURES, sample_rate=SAMPLE_RATE), N_CLASSES, BACKBONE)
    classifier.to(device).train()
    classifier.fit_normalization(waveform)
    with torch.no_grad():
        image = classifier.normalized_features(waveform)
    target = torch.eye(N_CLASSES, device=device)[torch.arange(len(waveform), device=device) % N_CLASSES]
    draws = Draws(Generator(device).manual_seed(0))
    of_waveforms = waveform_calls(waveform, target, draws)
    of_images = image_calls(image, target, draws)
    step = training_step(classifier, image, target, precision)
    measured = measure_together({STEP: step, **of_waveforms, **of_images}, arguments.repeats)
    step_us = microseconds_per_clip(measured.pop(STEP), len(waveform))
    rows = []
    for name, seconds in measured.items():
        row = {"name": name, "applied_to": "waveform" if name in of_waveforms else "image"}
        row["us_per_clip"] = microseconds_per_clip(seconds, len(waveform))
        row["share_of_step"] = row["us_per_clip"]["median"] / step_us["median"]
        rows.append(row)
        time, share = row["us_per_clip"]["median"], row["share_of_step"]
        print(f"{name:>28}: {time:9.1f} us a clip, {share:.2%} of the backbone's step")
    result = {
        "benchmark": "augmentations",
        "data": description,
        "clip_seconds": arguments.clip_seconds,
        "image_size": list(image.shape[2:]),
        "device": device.type,
        "batch": len(waveform),
        "threads": arguments.threads,
        "repeats": arguments.repeats,
        "backbone": BACKBONE,
        "mixed_precision": precision,
        "step": {"us_per_clip": step_us},
        "rows": rows,
    }
    keep_result("augmentations", result, arguments.output)


def waveform_calls(waveform: Tensor, target: Tensor, draws: Draws) -> Calls:
    """Every augmentation of waveforms `(B, T)`, at strengths of a usual training."""
    return {
        "shift": lambda: random_shift(waveform, waveform.shape[1] // 2, draws),
        "crop": lambda: random_crop(waveform, waveform.shape[1], draws),
        "crop of the sound": lambda: random_sound_crop(waveform, waveform.shape[1], draws, waveform.shape[1] // 2),
        "gain": lambda: random_gain(waveform, 6.0, draws),
        "polarity": lambda: random_polarity(waveform, 0.5, draws),
        "speed": lambda: random_speed(waveform, 0.1, draws),
        "white noise": lambda: add_noise(waveform, (10.0, 40.0), 0.5, draws),
        "coloured noise": lambda: add_noise(waveform, (10.0, 40.0), 0.5, draws, exponent=(0.0, 2.0)),
        "equaliser": lambda: random_equalizer(waveform, 6.0, draws),
        "mixup": lambda: mixup(waveform, target, 0.4, draws)[0],
        "between-class mixing": lambda: between_class(waveform, target, 0.5, draws, SAMPLE_RATE)[0],
    }


def image_calls(image: Tensor, target: Tensor, draws: Draws) -> Calls:
    """Every augmentation of images `(B, C, F, N)`, drawn and applied."""
    n_clips, size = len(image), tuple(image.shape[2:])
    return {
        "SpecAugment": lambda: draw_spec_augment(n_clips, size, 1, 0.2, 1, 0.2, draws)(image),
        "random erasing": lambda: draw_erasing(n_clips, size, 0.5, (0.02, 0.33), 0.3, draws)(image),
        "CutMix in time": lambda: draw_cutmix(target, size, 0.5, "time", draws)[0](image),
        "CutMix in frequency": lambda: draw_cutmix(target, size, 0.5, "frequency", draws)[0](image),
        "frequency warp": lambda: draw_frequency_warp(n_clips, 0.1, 0.05, draws)(image),
        "time stretch": lambda: draw_time_stretch(n_clips, 0.1, draws)(image),
        "FilterAugment": lambda: draw_filter_augment(n_clips, size[0], 0.5, (2, 5), draws)(image),
    }


def training_step(
    classifier: WaveformClassifier, image: Tensor, target: Tensor, precision: str
) -> Callable[[], object]:
    """Forward and backward of the backbone on normalised features."""
    backbone = classifier.backbone
    image = image.contiguous(memory_format=torch.channels_last)

    def step() -> None:
        with torch.autocast(image.device.type, AUTOCAST.get(precision), enabled=precision != "no"):
            loss = F.cross_entropy(backbone(image), target)
        loss.backward()
        backbone.zero_grad()

    return step


if __name__ == "__main__":
    sys.exit(main())
