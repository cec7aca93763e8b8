"""The weights averaged over the steps of a training, which often classify better than the last ones."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from torch import Size, Tensor
from torch.optim.swa_utils import get_ema_multi_avg_fn

from esc_gpu.errors import EscGpuError
from esc_gpu.model.classifier import WaveformClassifier
from esc_gpu.training.tensor_lists import copy_all, move_towards


class WeightAverage:
    """Exponential moving average of what a model learns: Polyak averaging, with a decay that warms up.

    Averaged are the parameters that require a gradient, and the backbone's floating-point buffers, such as batch norm's
    running statistics. Its integer buffers, counts of batches, are the model's own at any time.

        average ← d · average + (1 - d) · value   with   d = min(decay, (1 + step) / (10 + step)),   step = 0, 1, ...

    The initial weights are forgotten early however slow the decay.
    Source: Polyak & Juditsky, Acceleration of stochastic approximation by averaging, SIAM J. Control Optim. 30 (1992);
    the warm-up is TensorFlow's (tf.train.ExponentialMovingAverage).

    Args:
        model: the classifier itself, not what DDP makes of it, on its device and with the layers that it is trained
            with: its tensors are kept and changed in place.
        decay: 0 (the last weights) to below 1; about 1 / (1 - decay) steps are averaged.

    Raises:
        EscGpuError: for a decay out of range.
    """

    def __init__(self, model: WaveformClassifier, decay: float):
        if not 0 <= decay < 1:
            raise EscGpuError(
                f"the decay of averaged weights must be 0 to below 1, got {decay}: 0.999 averages 1000 steps"
            )
        self.decay = decay
        self.step = 0
        learnt: dict[str, Tensor] = {name: value for name, value in model.named_parameters() if value.requires_grad}
        buffers = {f"backbone.{name}": value for name, value in model.backbone.named_buffers()}
        learnt |= {name: value for name, value in buffers.items() if value.is_floating_point()}
        self.values = [value.detach() for value in learnt.values()]  # of the model: they share its memory
        self.averages = {name: value.detach().clone() for name, value in learnt.items()}

    def update(self, was_taken: Tensor | None = None) -> None:
        """Take in the model's values after a step of the optimiser. Nothing waits for the device.

        Where `was_taken` `()` bool says that the optimiser left the step out, the averages stay; the warm-up goes on,
        as that of the learning rate does.
        """
        decay = min(self.decay, (1 + self.step) / (10 + self.step))
        if was_taken is None:
            get_ema_multi_avg_fn(decay)(list(self.averages.values()), self.values, self.step)
        else:
            move_towards(list(self.averages.values()), self.values, (1 - decay) * was_taken.float())
        self.step += 1

    def copy_to_model(self) -> None:
        """Give the model the averaged values for good."""
        copy_all(list(self.averages.values()), self.values)

    @contextmanager
    def swapped(self) -> Iterator[None]:
        """The model with the averaged values inside the block, to be evaluated; afterwards with its own again."""
        own = [value.clone() for value in self.values]
        try:
            self.copy_to_model()
            yield
        finally:
            copy_all(own, self.values)

    def state_dict(self) -> dict[str, Any]:
        """What resuming needs, as numbers and the tensors themselves, by the model's names."""
        return {"step": self.step, "averages": dict(self.averages)}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from a `state_dict`.

        Raises:
            EscGpuError: for that of another model.
        """
        averages = state["averages"]
        if shapes(averages) != shapes(self.averages):
            raise EscGpuError("the averaged weights are of another model: resume the run with its own config")
        self.step = state["step"]
        copy_all([averages[name] for name in self.averages], list(self.averages.values()))


def shapes(tensors: Mapping[str, Tensor]) -> dict[str, Size]:
    """Of each tensor, by its name."""
    return {name: tensor.shape for name, tensor in tensors.items()}
