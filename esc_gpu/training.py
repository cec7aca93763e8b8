"""Training of one fold with Accelerate, to be read from top to bottom."""

import contextlib
import json
import os
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from accelerate import Accelerator
from accelerate.state import AcceleratorState
from accelerate.utils import set_seed
from torch import Generator, Tensor, nn
from torch.optim import Optimizer
from tqdm import tqdm

from esc_gpu.augment import add_noise, draw_masks, mixup, random_gain, random_shift
from esc_gpu.augment.mix import smooth_one_hot
from esc_gpu.build import build_model
from esc_gpu.config import RunConfig
from esc_gpu.data.batches import WaveformSource, evaluation_batches, shuffled_batches
from esc_gpu.errors import EscGpuError
from esc_gpu.files import replacing, write_text
from esc_gpu.model import WaveformClassifier
from esc_gpu.optim import clip_gradients, parameter_groups, set_learning_rate
from esc_gpu.waveform import to_float

EVAL_BATCH = 64
STATE, HISTORY = "state.pt", "metrics.jsonl"


@dataclass(frozen=True)
class FoldData:
    """The clips of a fold.

    Args:
        source: waveforms by clip number.
        labels: `(clips,)` int64 of all clips, on the device.
        n_classes: K.
        train, test: clip numbers.
    """

    source: WaveformSource
    labels: Tensor
    n_classes: int
    train: np.ndarray
    test: np.ndarray


@dataclass(frozen=True)
class FoldResult:
    """The model of the last epoch, its logits `(test clips, K)` on the CPU, and one record an epoch."""

    model: WaveformClassifier
    logits: Tensor
    history: list[dict[str, float]]


def create_accelerator(config: RunConfig, project_dir: Path) -> Accelerator:
    """The Accelerator of a run, in the precision and with the tracker of the config.

    Raises:
        EscGpuError: for a precision or tracker that this machine does not have, or a batch that does not divide.
    """
    train = config.train
    precision = best_precision() if train.mixed_precision == "auto" else train.mixed_precision
    log_with = None if config.tracker.name == "none" else config.tracker.name
    # Accelerate keeps a process's first precision; a second run in it, as in a notebook, may have another.
    AcceleratorState._reset_state()
    try:
        accelerator = Accelerator(mixed_precision=precision, log_with=log_with, project_dir=project_dir)
    except (ValueError, ImportError) as error:
        raise EscGpuError(
            f"train.mixed_precision={precision} with tracker.name={config.tracker.name} is not possible here: {error}"
        ) from error
    parts = accelerator.num_processes * train.accumulation
    if train.batch_size % parts:
        raise EscGpuError(
            f"train.batch_size={train.batch_size} must divide by processes x train.accumulation = {parts}"
        )
    local_processes = int(os.environ.get("LOCAL_WORLD_SIZE", "1"))
    # `accelerate launch` leaves a process one thread unless told otherwise.
    torch.set_num_threads(train.threads or max(1, (os.cpu_count() or 1) // local_processes))
    return accelerator


def best_precision() -> str:
    """bf16 where the hardware multiplies it, else "no": emulated bf16 is many times slower than float32."""
    if torch.cuda.is_available():
        return "bf16" if torch.cuda.is_bf16_supported(including_emulation=False) else "no"
    has_bf16 = torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()
    return "bf16" if has_bf16 else "no"


def train_fold(config: RunConfig, accelerator: Accelerator, data: FoldData, fold: int, folder: Path) -> FoldResult:
    """Train on a fold's training clips; evaluate the last epoch's model on its test clips.

    Checkpoints go to `folder/state.pt`. Where there is one, training goes on from it and ends as it would
    have without the interruption.

    Raises:
        EscGpuError: for a loss that is not finite.
    """
    train = config.train
    set_seed(derive_seed(train.seed, fold))
    classifier = build_model(config, data.n_classes).to(accelerator.device)
    # Statistics of the training clips only; every rank takes those of all of them.
    classifier.fit_normalization(data.source.batches(evaluation_batches(data.train, EVAL_BATCH)))
    optimizer = torch.optim.AdamW(
        parameter_groups(classifier, train.lr, train.frontend_lr, train.weight_decay), lr=train.lr
    )
    model, optimizer = accelerator.prepare(classifier, optimizer)
    history = load_state(folder / STATE, accelerator, classifier, optimizer)

    with tqdm(
        total=train.epochs * steps_per_epoch(config, data),
        initial=len(history) * steps_per_epoch(config, data),
        desc=f"fold {fold}",
        unit="step",
        disable=not accelerator.is_main_process,
    ) as progress:
        for epoch in range(len(history), train.epochs):
            started = time.perf_counter()
            is_last = epoch + 1 == train.epochs
            record = {
                "epoch": epoch + 1,
                **train_epoch(config, accelerator, model, optimizer, data, fold, epoch, progress),
            }
            if (epoch + 1) % train.eval_every == 0 or is_last:
                record |= evaluate_epoch(accelerator, model, data)
            record["seconds"] = time.perf_counter() - started
            history.append(record)
            accelerator.log({name: value for name, value in record.items() if name != "epoch"}, step=epoch + 1)
            progress.set_postfix({name: f"{record[name]:.3f}" for name in ("loss", "test_accuracy") if name in record})
            if (epoch + 1) % train.checkpoint_every == 0 or is_last:
                save_state(folder, accelerator, classifier, optimizer, history)
    return FoldResult(classifier, predict(accelerator, model, data), history)


def train_epoch(
    config: RunConfig,
    accelerator: Accelerator,
    model: nn.Module,
    optimizer: Optimizer,
    data: FoldData,
    fold: int,
    epoch: int,
    progress: tqdm,
) -> dict[str, float]:
    """One pass over the training clips; returns the mean loss and the last learning rate."""
    train, device, rank = config.train, accelerator.device, accelerator.process_index
    classifier = accelerator.unwrap_model(model)
    image_size = classifier.frontend.output_shape(data.source.waveforms.shape[1])[1:]
    # All that is random in an epoch follows from these numbers, so a resumed run needs no generator's state.
    set_seed(derive_seed(train.seed, fold, epoch, rank))
    generator = Generator(device).manual_seed(derive_seed(train.seed, fold, epoch, rank))
    batches = shuffled_batches(data.train, train.batch_size, (train.seed, fold, epoch), rank, accelerator.num_processes)
    batches = [np.array_split(batch, min(train.accumulation, len(batch))) for batch in batches]
    waveforms = data.source.batches(part for batch in batches for part in batch)
    model.train()
    total_loss = torch.zeros((), device=device)
    for step, batch in enumerate(batches):
        factor = set_learning_rate(optimizer, epoch + step / len(batches), train.epochs, train.warmup_epochs)
        for part in batch:
            labels = data.labels[torch.from_numpy(part).to(device)]
            target = smooth_one_hot(labels, data.n_classes, train.label_smoothing)
            waveform, target, mask = augment(config, image_size, next(waveforms), target, generator)
            # Processes exchange gradients once a step, with its last part.
            with accelerator.no_sync(model) if part is not batch[-1] else contextlib.nullcontext():
                loss = F.cross_entropy(model(waveform, mask).float(), target) / len(batch)
                accelerator.backward(loss)
            total_loss += loss.detach()
        accelerator.unscale_gradients(optimizer)
        clip_gradients(classifier, train.clip_norm)
        optimizer.step()
        optimizer.zero_grad()
        progress.update()
    mean_loss = accelerator.reduce(total_loss, "mean").item() / len(batches)
    if not np.isfinite(mean_loss):
        raise EscGpuError(
            f"the loss of fold {fold}, epoch {epoch + 1} is {mean_loss}: lower train.lr, set train.clip_norm, "
            "or train with --train.mixed_precision no"
        )
    return {"loss": mean_loss, "lr": train.lr * factor}


def steps_per_epoch(config: RunConfig, data: FoldData) -> int:
    """Optimiser steps of an epoch."""
    return len(shuffled_batches(data.train, config.train.batch_size, (0,)))


def derive_seed(*numbers: int) -> int:
    """One 32-bit seed of several numbers, far from those of their neighbours."""
    return int(np.random.SeedSequence(numbers).generate_state(1)[0])


def augment(
    config: RunConfig, image_size: tuple[int, int], waveform: Tensor, target: Tensor, generator: Generator
) -> tuple[Tensor, Tensor, Tensor | None]:
    """Augmented waveforms `(B, T)`, label distributions `(B, K)`, and a mask of features of `image_size` `(F, N)`."""
    options = config.augment
    waveform = to_float(waveform)
    if options.shift_seconds > 0:
        waveform = random_shift(waveform, round(options.shift_seconds * config.data.sample_rate), generator)
    if options.gain_db > 0:
        waveform = random_gain(waveform, options.gain_db, generator)
    if options.noise_probability > 0:
        waveform = add_noise(waveform, options.noise_snr_db, options.noise_probability, generator)
    if options.mixup_alpha > 0:
        waveform, target = mixup(waveform, target, options.mixup_alpha, generator)
    if options.freq_masks == options.time_masks == 0:
        return waveform, target, None
    mask = draw_masks(
        (len(waveform), *image_size),
        options.freq_masks,
        options.freq_mask_share,
        options.time_masks,
        options.time_mask_share,
        generator,
    )
    return waveform, target, mask


@torch.no_grad()
def predict(accelerator: Accelerator, model: nn.Module, data: FoldData) -> Tensor:
    """Logits `(test clips, K)` float32 on the CPU, in the order of `data.test`, the same on every rank."""
    model.eval()
    share = evaluation_batches(data.test, EVAL_BATCH, accelerator.process_index, accelerator.num_processes)
    logits = torch.cat([model(waveform).float() for waveform in data.source.batches(share)])
    by_rank = accelerator.gather(logits).unflatten(0, (accelerator.num_processes, -1))
    # Rank r holds clips r, r + world, ...: interleave them, and drop the padding at the end.
    return by_rank.transpose(0, 1).flatten(0, 1)[: len(data.test)].cpu()


def evaluate_epoch(accelerator: Accelerator, model: nn.Module, data: FoldData) -> dict[str, float]:
    """Loss and accuracy on the test clips, for the curves; nothing is selected by them."""
    logits = predict(accelerator, model, data)
    labels = data.labels.cpu()[torch.from_numpy(data.test)]
    return {
        "test_loss": F.cross_entropy(logits, labels).item(),
        "test_accuracy": (logits.argmax(dim=1) == labels).float().mean().item(),
    }


def save_state(
    folder: Path,
    accelerator: Accelerator,
    classifier: WaveformClassifier,
    optimizer: Optimizer,
    history: list[dict[str, float]],
) -> None:
    """Write what resuming needs, and the curves, each whole or not at all; main process only."""
    if not accelerator.is_main_process:
        return
    state = {"model": classifier.state_dict(), "optimizer": optimizer.state_dict(), "history": history}
    if accelerator.scaler is not None:
        state["scaler"] = accelerator.scaler.state_dict()
    with replacing(folder / STATE) as temporary:
        torch.save(state, temporary)
    write_text(folder / HISTORY, "".join(json.dumps(record) + "\n" for record in history))


def load_state(
    file: Path, accelerator: Accelerator, classifier: WaveformClassifier, optimizer: Optimizer
) -> list[dict[str, float]]:
    """Restore a state of `save_state`, if there is one; returns the history up to it."""
    if not file.exists():
        return []
    state = torch.load(file, map_location=accelerator.device, weights_only=True)
    classifier.load_state_dict(state["model"])
    optimizer.load_state_dict(state["optimizer"])
    if accelerator.scaler is not None:
        accelerator.scaler.load_state_dict(state["scaler"])
    return state["history"]
