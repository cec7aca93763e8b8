"""Clips a second of training and of inference, with whatever feeds the model."""

import time
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import torch
from accelerate import Accelerator
from torch import Generator, Tensor, nn

from benchmarks.common.device import find_device
from benchmarks.common.load import LoadSampler
from benchmarks.speed.feeds.base import Feed
from esc_gpu.augment import Draws
from esc_gpu.augment.image import ImageAugmentation
from esc_gpu.augment.mix import smooth_one_hot
from esc_gpu.config.schema import RunConfig
from esc_gpu.data.store.batch_order import shuffled_batches
from esc_gpu.model.classifier import WaveformClassifier
from esc_gpu.training.augmentation import augment
from esc_gpu.training.compile_choice import compile_parts
from esc_gpu.training.loop import Part, train_step
from esc_gpu.training.optimizer import create_optimizer

MODES = "training", "training_augmented", "inference"
WARM_UP = 3  # batches, besides those that a feed has ready before the first one is asked for
Batches = Iterator[tuple[Tensor, Tensor]]


class Round(NamedTuple):
    """Clips a second, and what the device told meanwhile: utilisation in percent, and watts. None where it does not."""

    clips_per_second: float
    utilization: float | None
    watts: float | None


class FeatureClassifier(nn.Module):
    """A classifier behind its front-end: features `(B, C, F, N)` → logits."""

    def __init__(self, classifier: WaveformClassifier):
        super().__init__()
        self.classifier = classifier

    @property
    def frontend(self) -> nn.Module:
        return self.classifier.frontend

    @property
    def backbone(self) -> nn.Module:
        return self.classifier.backbone

    def forward(self, features: Tensor, alter: ImageAugmentation | None = None) -> Tensor:
        return self.backbone(self.classifier.prepare(features, alter))


class Learner:
    """A model and its optimiser, as in training, for feeds of waveforms and of features.

    Args:
        plain, augmented: the run without and with augmentation.
        compile: torch.compile's mode, or "no".
    """

    def __init__(
        self,
        accelerator: Accelerator,
        classifier: WaveformClassifier,
        plain: RunConfig,
        augmented: RunConfig,
        n_samples: int,
        compile: str = "no",
    ):
        train = plain.train
        self.accelerator, self.plain, self.augmented = accelerator, plain, augmented
        self.num_classes = classifier.num_classes
        self.image_size = classifier.frontend.output_shape(n_samples)[1:]
        self.generator = Generator(accelerator.device).manual_seed(train.seed)
        optimizer = create_optimizer(classifier, train.lr, train.frontend_lr, train.weight_decay)
        compile_parts(classifier, compile)
        self.from_waveforms, self.from_features, self.optimizer = accelerator.prepare(
            classifier, FeatureClassifier(classifier), optimizer
        )

    def model(self, feed: Feed) -> nn.Module:
        """What takes the feed's batches."""
        return self.from_waveforms if feed.gives_waveforms else self.from_features

    def step(self, feed: Feed, batches: Batches, mode: str) -> None:
        """One optimiser step, or one batch's logits."""
        if mode == "inference":
            with torch.no_grad():
                self.model(feed)(next(batches)[0])
            return
        parts = (self.next_part(feed, batches, mode) for _ in range(1))  # as in training, nothing else holds the batch
        train_step(
            self.accelerator, self.model(feed), self.optimizer, parts, 1, self.plain.train.clip_norm, False, True
        )

    def next_part(self, feed: Feed, batches: Batches, mode: str) -> Part:
        """The next batch as the step takes it; waveforms are augmented here, on the device."""
        inputs, labels = next(batches)
        target = smooth_one_hot(labels, self.num_classes, self.plain.train.label_smoothing)
        if not feed.gives_waveforms:
            return inputs, None, target
        config = self.augmented if mode == "training_augmented" else self.plain
        return augment(config, self.image_size, inputs, target, Draws(self.generator))


def clip_order(n_clips: int, batch_size: int, n_batches: int, seed: int) -> list[np.ndarray]:
    """Batches of clip numbers: an epoch's order after another's."""
    batches: list[np.ndarray] = []
    for epoch in range(-(-n_batches // (n_clips // batch_size))):
        batches += shuffled_batches(np.arange(n_clips), batch_size, (seed, epoch))
    return batches[:n_batches]


def measure_round(
    learner: Learner, feed: Feed, mode: str, order: list[np.ndarray], n_batches: int, seconds: float
) -> Round:
    """`n_batches`, or as many as are begun in `seconds`, timed.

    What a feed has made ahead when the clock starts it has made again when it stops: batches before the timed ones
    drain and fill its queue, and there is work for it left at the end. After that its threads and processes end.
    """
    before = WARM_UP + feed.ahead
    if len(order) < before + n_batches + feed.ahead:
        raise ValueError(f"order has {len(order)} batches; a round takes {before + n_batches + feed.ahead}")
    learner.model(feed).train(mode != "inference")
    torch.manual_seed(learner.plain.train.seed)  # of the augmentation in workers
    batches = feed.batches(order[: before + n_batches + feed.ahead], augmented=mode == "training_augmented")
    try:
        for _ in range(before):
            learner.step(feed, batches, mode)
        device = find_device()
        device.synchronize()
        done, started = 0, time.perf_counter()
        with LoadSampler(device) as sampler:
            while done < n_batches and time.perf_counter() - started < seconds:
                learner.step(feed, batches, mode)
                done += 1
            device.synchronize()
            taken = time.perf_counter() - started
    finally:
        batches.close()
    clips = sum(len(index) for index in order[before : before + done])
    return Round(clips / taken, sampler.utilization, sampler.watts)
