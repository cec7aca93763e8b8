"""An estimate of a training step on a GPU that is not there: launches and bytes by phase, counted from fake tensors.

    python -m benchmarks.speed.launches --config logmel --card h200

Nothing is measured, and nothing runs on a GPU. The operations of the step are counted on tensors without data. The
bytes over the card's bandwidth are the least time that its memory takes; the launches times an assumed time of each
are the host's. The longer of the two is the estimate. Arithmetic is left out, and so are the passes that libraries
make inside a call.
"""

import copy
import dataclasses
import sys
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import partial
from typing import Any
from unittest.mock import patch

import torch
from torch import Generator, Tensor, nn
from torch._subclasses.fake_tensor import FakeTensorMode

from benchmarks.common.cards import ASSUMED_LAUNCH_US, CARDS, Card
from benchmarks.common.command import add_output, create_training_parser, program
from benchmarks.common.launches import Launches, Work
from benchmarks.common.markdown import heading, line, number
from benchmarks.common.results_file import keep_result
from esc_gpu.augment import Draws, tables
from esc_gpu.cli.reporting import reporting
from esc_gpu.config.parse import parse_run
from esc_gpu.config.schema import RunConfig, training_samples
from esc_gpu.core.clip import clip_samples
from esc_gpu.core.profiling import phase
from esc_gpu.model.classifier import WaveformClassifier
from esc_gpu.training.augmentation import augment
from esc_gpu.training.build_model import build_model
from esc_gpu.training.loop import Part, train_step
from esc_gpu.training.optimizer import create_optimizer
from esc_gpu.training.weight_average import WeightAverage

PHASES = "augmentation", "front-end", "forward", "backward", "optimiser", "averaging"
CLASSES = 50


def main(argv: Sequence[str] | None = None) -> int:
    parser = create_training_parser(__spec__, __doc__)
    parser.add_argument("--card", choices=CARDS, action="append", help="of which GPU (default: all); may be repeated")
    parser.add_argument("--keep", action="store_true", help="write a result file, too")
    add_output(parser)
    own, arguments = parser.parse_known_args(argv)
    return reporting(lambda: run(arguments, own.card or list(CARDS), own.output if own.keep else None))


def run(arguments: Sequence[str], cards: Sequence[str], output: Any) -> None:
    """Count; print the table of each card, and write the result file if there is a folder for it."""
    result = estimate(parse_run(list(arguments), program(__spec__)), cards)
    print("\n".join(launch_table(result)))
    if output is not None:
        keep_result("launches", result, output)


def estimate(config: RunConfig, cards: Sequence[str]) -> dict[str, Any]:
    """What a result file holds: the counts of each phase, and the seconds that they make on each card."""
    phases = count_step(config)
    total = Work()
    for work in phases.values():
        total.add(work)
    counted = {"step": total} | phases
    return {
        "benchmark": "launches",
        "is_estimate": True,
        "frontend": config.frontend.name,
        "backbone": config.model.backbone,
        "batch_size": config.train.batch_size,
        "assumed_launch_us": ASSUMED_LAUNCH_US,
        "rows": [
            {
                "phase": name,
                "launches": work.launches,
                "bytes": work.bytes,
                "memory_us": {card: memory_us(work, CARDS[card]) for card in cards},
                "host_us": host_us(work),
            }
            for name, work in [*phases.items(), ("step", counted["step"])]
        ],
        "cards": {card: dataclasses.asdict(CARDS[card]) for card in cards},
    }


def memory_us(work: Work, card: Card) -> float:
    """Microseconds in which a card's memory moves the bytes."""
    return work.bytes / card.bandwidth_gb / 1e3


def host_us(work: Work) -> float:
    """Microseconds that the host takes to launch all, by the assumption."""
    return work.launches * ASSUMED_LAUNCH_US


def count_step(config: RunConfig) -> dict[str, Work]:
    """The work of a training step by phase.

    The backward pass is counted on fake tensors of the CPU: autograd's engine asks CUDA for a context.
    """
    train = dataclasses.replace(config.train, accumulation=1)
    config = dataclasses.replace(config, train=train)
    classifier = build_model(config, CLASSES).train()
    with as_on_cuda():
        on_cuda, on_cpu = count_on(config, classifier, "cuda"), count_on(config, classifier, "cpu")
    return {
        name: on_cpu.phases.get(name, Work()) if name == "backward" else on_cuda.phases.get(name, Work())
        for name in PHASES
        if name in on_cuda.phases or name in on_cpu.phases
    }


def count_on(config: RunConfig, classifier: WaveformClassifier, device: str) -> Launches:
    """The second of two steps, all of it: the first one makes tables and the optimiser's state.

    Parameters of augmentations are made for many batches at once: a step has its share of that.
    """
    tables.forget()
    skips = config.train.on_nonfinite == "skip"
    with FakeTensorMode(allow_non_fake_inputs=False) as mode:
        model = faked(classifier, mode, device)
        model.normalization.fitted = True
        optimizer = create_optimizer(model, 1e-3, 1e-5, 0.05)
        optimizer.optimizer = optimizer  # type: ignore[attr-defined]  # Accelerate's has the plain one inside
        average = WeightAverage(model, config.train.ema_decay) if config.train.ema_decay > 0 else None
        model.forward = torch.autocast(device, torch.bfloat16)(model.forward)  # as Accelerate does it
        accelerator: Any = Stub(model, device)
        draws = Draws(DeviceGenerator(torch.device(device)))
        for counted in (Launches(device), Launches(device)):
            with counted, counted.following():
                parts = batch_of(config, model, draws)
                _, is_finite = train_step(accelerator, model, optimizer, parts, 1, config.train.clip_norm, skips, True)
                if average is not None:
                    with phase("averaging"):
                        average.update(is_finite if skips else None)
        making = Launches(device)
        with making, making.following():
            next(batch_of(config, model, Draws(draws.generator)))
        counted.phases["augmentation"].add_share(making.phases["augmentation"], draws.n_ahead)
    tables.forget()
    return counted


def batch_of(config: RunConfig, classifier: WaveformClassifier, draws: Draws) -> Iterator[Part]:
    """A batch of clips of the store, as the step takes it."""
    n_samples, device = clip_samples(config.data.sample_rate, config.data.clip_seconds), draws.device
    waveform = torch.empty(config.train.batch_size, n_samples, dtype=torch.int16, device=device)
    target = torch.empty(config.train.batch_size, CLASSES, device=device)
    image_size = classifier.frontend.output_shape(training_samples(config))[1:]
    with phase("augmentation"):
        part = augment(config, image_size, waveform, target, draws)
    yield part


class Stub:
    """What the step asks of Accelerate.

    It says that its device is CUDA's wherever the tensors are: what the step does on a GPU is what is counted.
    """

    scaler, mixed_precision, num_processes, device = None, "bf16", 1, torch.device("cuda")

    def __init__(self, model: WaveformClassifier, tensors_on: str):
        self.model, self.tensors_on = model, tensors_on

    def unwrap_model(self, model: object) -> WaveformClassifier:
        return self.model

    def no_sync(self, model: object) -> AbstractContextManager[None]:
        return nullcontext()

    def unscale_gradients(self, optimizer: object) -> None:
        """There is no scale in bf16."""

    def backward(self, loss: Tensor) -> None:
        """The backward pass on the CPU; on CUDA the gradients that it would give."""
        if self.tensors_on == "cpu":
            loss.backward()
            return
        for parameter in self.model.parameters():
            if parameter.requires_grad:
                parameter.grad = torch.empty_like(parameter)


class DeviceGenerator(Generator):
    """A generator that says it is of a device where none can be made: fake tensors take no number of it."""

    device: Any = None

    def __new__(cls, device: torch.device) -> "DeviceGenerator":
        return super().__new__(cls, "cpu")

    def __init__(self, device: torch.device):
        self.device = device


@contextmanager
def as_on_cuda() -> Iterator[None]:
    """What asks for a real CUDA device is put aside."""
    with (
        patch("torch.cuda.get_device_capability", lambda device=None: (9, 0)),
        patch("torch.cuda.is_bf16_supported", lambda including_emulation=True: True),
        patch("torch.cuda.amp.common.amp_definitely_not_available", lambda: False),  # else autocast turns itself off
        # By themselves they take all gradients at once only if these are plain tensors, which fake ones are not.
        patch("torch.nn.utils.get_total_norm", partial(nn.utils.get_total_norm, foreach=True)),
        patch("torch.nn.utils.clip_grads_with_norm_", partial(nn.utils.clip_grads_with_norm_, foreach=True)),
        # Made by NumPy.
        patch("esc_gpu.augment.mix.beta_quantiles", lambda alpha, device: torch.empty(4097, device=device)),
    ):
        yield


def faked(module: WaveformClassifier, mode: Any, device: str) -> WaveformClassifier:
    """A copy of a model with fake tensors on a device."""

    def fake(tensor: Tensor) -> Tensor:
        moved = mode.from_tensor(tensor).detach().to(device)
        return nn.Parameter(moved, tensor.requires_grad) if isinstance(tensor, nn.Parameter) else moved

    return copy.deepcopy(module, {id(tensor): fake(tensor) for tensor in (*module.parameters(), *module.buffers())})


def launch_table(result: dict[str, Any]) -> list[str]:
    """Phases down: launches, megabytes, and the microseconds of the memory of each card and of the host."""
    cards = result["cards"]
    columns = [f"µs of the memory, {card['name']}" for card in cards.values()]
    lines = heading("phase", "launches", "MB", *columns, "µs of the host")
    for row in result["rows"]:
        times = [number(row["memory_us"][card]) for card in cards]
        counts = (str(row["launches"]), number(row["bytes"] / 1e6))
        name = f"**{row['phase']}**" if row["phase"] == "step" else row["phase"]
        lines.append(line(name, *counts, *times, number(row["host_us"])))
    return [
        *lines,
        "",
        f"This is an estimate: nothing was run on a GPU. It describes a step of {result['batch_size']} clips with "
        f"{result['frontend']} and {result['backbone']} in bf16, counted from tensors without data. The bytes are "
        f"divided by the bandwidth of the data sheet. A launch is assumed to take {result['assumed_launch_us']:g} µs.",
    ]


if __name__ == "__main__":
    sys.exit(main())
