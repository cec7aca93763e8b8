"""Training of one fold with Accelerate, to be read from top to bottom."""

import contextlib
import functools
import threading
import time
import warnings
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from accelerate import Accelerator
from accelerate.optimizer import AcceleratedOptimizer
from accelerate.utils import set_seed
from torch import Generator, Tensor, nn
from torch.func import functional_call

from esc_gpu.augment import Draws
from esc_gpu.augment.image import ImageAugmentation
from esc_gpu.config.schema import RunConfig, training_samples
from esc_gpu.core.folds import Fold, fold_seed, fold_title
from esc_gpu.core.profiling import ALL_STEPS, StepProfiler, phase
from esc_gpu.core.progress import tqdm
from esc_gpu.data.store.batch_order import shuffled_batches
from esc_gpu.data.store.class_sampling import sample_classes
from esc_gpu.errors import EscGpuError, EscGpuWarning
from esc_gpu.model.classifier import WaveformClassifier
from esc_gpu.training.augmentation import augment
from esc_gpu.training.batch_counts import counted_together
from esc_gpu.training.build_model import build_model
from esc_gpu.training.checkpoint_times import CheckpointTimes
from esc_gpu.training.compile_choice import choose_mode, compile_parts
from esc_gpu.training.focal_loss import Loss
from esc_gpu.training.fold import FoldData, FoldResult
from esc_gpu.training.freezing import freeze, keep_frozen
from esc_gpu.training.half_weights import half_weights
from esc_gpu.training.nonfinite_steps import are_finite, describe_skipped_steps, leave_out_unless, spread, sum_up
from esc_gpu.training.objective import OBJECTIVES, SCORES
from esc_gpu.training.optimizer import clip_gradients, create_optimizer, set_learning_rate
from esc_gpu.training.out_of_memory import in_smaller_batches
from esc_gpu.training.processes import add_up
from esc_gpu.training.resume_state import load_state, save_state
from esc_gpu.training.scoring import EVAL_BATCH, predict
from esc_gpu.training.sync_batch_norm import synchronize_batch_norm
from esc_gpu.training.tensor_lists import Snapshot
from esc_gpu.training.weight_average import WeightAverage

LOGGED = "loss", "lr", "accumulation", "test_loss", *SCORES, "seconds"
# Weights come from torch's own generator, which all threads of a process share.
SEEDED = threading.Lock()
# What the model takes and what it is to answer: waveform (B, T), what is done to its image, targets (B, K).
Part = tuple[Tensor, ImageAugmentation | None, Tensor]


def train_fold(
    config: RunConfig,
    accelerator: Accelerator,
    data: FoldData,
    fold: Fold,
    folder: Path,
    after_step: Callable[[], None] = lambda: None,
) -> FoldResult:
    """Train on a fold's training clips; evaluate the last epoch's model on its test clips.

    Checkpoints go to `folder/state.pt`. Where there is one, training goes on from it and ends as it would
    have without the interruption. `after_step` may end the training by an exception.

    Raises:
        EscGpuError: for a loss, gradient or logits that are not finite, as `train.on_nonfinite` says, and where the
            memory has no room to evaluate a single clip.
    """
    train, objective = config.train, OBJECTIVES[data.task]
    n_steps = steps_per_epoch(config, data)
    with SEEDED:
        set_seed(derive_seed(train.seed, fold_seed(fold)))
        classifier = build_model(config, data.num_classes, fold, data.class_names).to(accelerator.device)
    if not classifier.normalization.fitted:  # or it has that of the model that it starts from
        fit_normalization(accelerator, classifier, data)
    if accelerator.num_processes > 1:
        classifier.backbone = synchronize_batch_norm(classifier.backbone, accelerator.device)
    frozen = freeze(classifier, train.freeze, train.frozen_stages)
    rates = train.lr, train.frontend_lr, train.weight_decay, train.head_lr, train.layer_decay
    optimizer = create_optimizer(classifier, *rates)
    average = WeightAverage(classifier, train.ema_decay) if train.ema_decay > 0 else None
    mode = choose_mode(config, accelerator, classifier)
    skips, casts = train.on_nonfinite == "skip", mode == "no"
    history = load_state(folder, accelerator, classifier, optimizer, average)
    compile_parts(classifier, mode)
    model, optimizer = accelerator.prepare(classifier, optimizer)
    checkpoints, logits = CheckpointTimes(train.checkpoint_every), None
    loss_of = loss_of_fold(config, data)

    with (
        step_profiler(config, accelerator, folder, n_steps * (train.epochs - len(history))) as profiler,
        tqdm(
            total=train.epochs * n_steps,
            initial=len(history) * n_steps,
            desc=fold_title(fold),
            unit="step",
            disable=not accelerator.is_main_process,
        ) as progress,
    ):
        for epoch in range(len(history), train.epochs):
            started = time.perf_counter()
            is_last = epoch + 1 == train.epochs
            losses = []
            batches = training_batches(config, accelerator, classifier, data, fold, epoch)
            model.train()
            keep_frozen(frozen)
            for step, parts in enumerate(batches):
                factor = set_learning_rate(optimizer, epoch + step / n_steps, train.epochs, train.warmup_epochs)
                loss, is_finite = train_step(
                    *(accelerator, model, optimizer, parts, train.accumulation, train.clip_norm),
                    *(skips, casts, loss_of),
                )
                losses.append(loss)
                if average is not None:
                    average.update(is_finite if skips else None)
                progress.update()
                after_step()
                if profiler is not None:
                    profiler.step()
            # Here the host waits, once an epoch.
            by_process = accelerator.gather(torch.stack(losses)[None]).cpu().numpy()
            order = epoch_order(config, accelerator, data, fold, epoch)
            record = {"epoch": epoch + 1, **sum_up(by_process, order, data, train.on_nonfinite, fold, epoch)}
            if "skipped_steps" in record and accelerator.is_main_process:
                warnings.warn(EscGpuWarning(describe_skipped_steps(record, fold)), stacklevel=2)
            record |= {"lr": train.lr * factor, "accumulation": train.accumulation}
            if (epoch + 1) % train.eval_every == 0 or is_last:
                with average.swapped() if average is not None else contextlib.nullcontext():
                    logits = predict(accelerator, model, data)
                record |= objective.score(logits, data.test_labels)
            record["seconds"] = time.perf_counter() - started
            history.append(record)
            accelerator.log({name: record[name] for name in record if name in LOGGED}, step=epoch + 1)
            progress.set_postfix({name: f"{record[name]:.3f}" for name in ("loss", *SCORES) if name in record})
            if checkpoints.is_due(epoch + 1) or is_last:
                with checkpoints.timed():
                    save_state(folder, accelerator, classifier, optimizer, average, history)
    if average is not None:
        average.copy_to_model()
    if logits is None:  # the fold was interrupted after its last epoch
        logits = predict(accelerator, model, data)
    return FoldResult(classifier, logits, history)


def train_step(
    accelerator: Accelerator,
    model: nn.Module,
    optimizer: AcceleratedOptimizer,
    parts: Iterable[Part],
    n_parts: int,
    clip_norm: float,
    skips: bool,
    casts: bool,
    loss_of: Loss = F.cross_entropy,
) -> tuple[Tensor, Tensor]:
    """One optimiser step on a batch that comes in parts: its mean loss, and whether its gradient was finite.

    Nothing here waits for the device, where both stay, so a GPU always has work ahead. The loss is NaN where the
    gradient was not finite; not so in fp16, where the scaler leaves such steps out by itself and lowers its scale.
    With `skips` a step without a finite gradient leaves weights and batch norm's statistics as they were. With `casts`
    a GPU's kernels that make half precision of the weights are one; compiled, they are part of others.
    """
    total: Tensor | None = None
    classifier = accelerator.unwrap_model(model)
    before = Snapshot(list(classifier.backbone.buffers())) if skips else None
    for number, (waveform, alter, target) in enumerate(parts, start=1):
        # Processes exchange gradients once a step, with its last part.
        with contextlib.nullcontext() if number == n_parts else accelerator.no_sync(model):
            with counted_together(classifier.backbone):
                weights = half_weights(accelerator, classifier) if casts else {}
                logits = functional_call(model, weights, (waveform, alter)) if weights else model(waveform, alter)
            loss = loss_of(logits.float(), target)
            loss = loss / n_parts if n_parts > 1 else loss
            with phase("backward"):
                accelerator.backward(spread(loss))
        total = loss.detach() if total is None else total + loss.detach()
    if total is None:
        raise ValueError("a step needs at least one part of a batch")
    with phase("optimiser"):
        accelerator.unscale_gradients(optimizer)
        is_finite = are_finite(clip_gradients(classifier, clip_norm))
        if before is not None:
            leave_out_unless(is_finite, optimizer.optimizer, before)
        optimizer.step()
        optimizer.zero_grad()
        if accelerator.scaler is None:
            total = torch.where(is_finite, total, torch.nan)
    return total, is_finite


def training_batches(
    config: RunConfig,
    accelerator: Accelerator,
    classifier: WaveformClassifier,
    data: FoldData,
    fold: Fold,
    epoch: int,
) -> Iterator[Iterator[Part]]:
    """An epoch's batches, augmented; of each the `train.accumulation` parts of this process, one by one.

    All that is random in an epoch follows from seed, fold and epoch, so a resumed run needs no generator's state. The
    order is drawn for all, and augmentation part by part over all processes, whoever has which clips of it: they do not
    depend on the number of processes. (Dropout inside the backbone does, and who is mixed with whom where a process's
    share is odd.)
    """
    train, rank, n_processes = config.train, accelerator.process_index, accelerator.num_processes
    with SEEDED:
        set_seed(derive_seed(train.seed, fold_seed(fold), epoch, rank))
    generator = Generator(accelerator.device).manual_seed(derive_seed(train.seed, fold_seed(fold), epoch))
    image_size = classifier.frontend.output_shape(training_samples(config))[1:]
    batches = epoch_order(config, accelerator, data, fold, epoch)
    parts = [part for batch in batches for part in np.split(batch, train.accumulation)]
    share = len(parts[0]) // n_processes
    here = slice(rank * share, (rank + 1) * share)
    waveforms = data.train_batches([part[here] for part in parts])
    targets = OBJECTIVES[data.task].targets(data.labels, data.num_classes, train.label_smoothing)
    draws = Draws(generator, here.start, len(parts[0]))

    def next_part() -> Part:
        with phase("data"):
            waveform, clips = next(waveforms)
            target = targets(clips)
        with phase("augmentation"):
            return augment(config, image_size, waveform, target, draws)

    for _ in batches:
        yield (next_part() for _ in range(train.accumulation))


def epoch_order(
    config: RunConfig, accelerator: Accelerator, data: FoldData, fold: Fold, epoch: int
) -> list[np.ndarray]:
    """The clips of each of an epoch's batches, of all processes together."""
    train = config.train
    n_parts, seed = accelerator.num_processes * train.accumulation, (train.seed, fold_seed(fold), epoch)
    clips = data.train
    if train.sampling != "shuffled":
        clips = sample_classes(clips, data.train_labels.numpy(), train.sampling, seed)
    return shuffled_batches(clips, train.batch_size, seed, n_parts)


def loss_of_fold(config: RunConfig, data: FoldData) -> Loss:
    """What the task, `train.class_weights` and `train.focal_gamma` ask for, by the training clips of the fold."""
    classes = data.num_classes, data.class_names
    return OBJECTIVES[data.task].create_loss(config.train, data.train_labels, *classes, data.labels.device)


def steps_per_epoch(config: RunConfig, data: FoldData) -> int:
    """Optimiser steps of an epoch."""
    return max(1, len(data.train) // config.train.batch_size)


def derive_seed(*numbers: int) -> int:
    """One 32-bit seed of several numbers, far from those of their neighbours."""
    return int(np.random.SeedSequence(numbers).generate_state(1).item())


def fit_normalization(accelerator: Accelerator, classifier: WaveformClassifier, data: FoldData) -> None:
    """Statistics of the training clips, and of no others; each process looks at its share of them."""
    share = data.train[accelerator.process_index :: accelerator.num_processes]

    def fit(batch_size: int) -> None:
        batches = data.train_batches([share[start : start + batch_size] for start in range(0, len(share), batch_size)])
        classifier.fit_normalization(
            (waveform for waveform, _ in batches), add_up=functools.partial(add_up, accelerator)
        )

    in_smaller_batches(fit, EVAL_BATCH, "the normalisation")


def step_profiler(
    config: RunConfig, accelerator: Accelerator, folder: Path, n_steps: int
) -> contextlib.AbstractContextManager[StepProfiler | None]:
    """The profiler that `train.profile` asks for."""
    if config.train.profile and n_steps < ALL_STEPS:
        raise EscGpuError(
            f"train.profile needs {ALL_STEPS} steps, but the fold has {n_steps}: raise train.epochs, or resume without "
            "it"
        )
    if not (config.train.profile and accelerator.is_main_process):
        return contextlib.nullcontext()
    return StepProfiler(folder, accelerator.device, config.train.batch_size // accelerator.num_processes)
