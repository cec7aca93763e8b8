"""What the outputs of a model mean: the probabilities of its logits, by the task that it was trained for."""

from typing import Protocol

import torch
from torch import Tensor

from esc_gpu.core.task import MULTI_LABEL, SINGLE_LABEL


class Outputs(Protocol):
    """Between logits and probabilities `(..., K)`."""

    function: str  # its name, for documents

    def probabilities(self, logits: Tensor) -> Tensor:
        """The probability of each class."""
        ...

    def logits(self, probabilities: Tensor) -> Tensor:
        """Finite logits with these probabilities."""
        ...

    def answers(self, logits: Tensor) -> Tensor:
        """What is decided for each clip `(n, ...)`: equal rows are the same answer."""
        ...


class OneOfAll:
    """One class a clip: the probabilities add up to 1."""

    function = "softmax"

    def probabilities(self, logits: Tensor) -> Tensor:
        return logits.softmax(dim=-1)

    def logits(self, probabilities: Tensor) -> Tensor:
        # A class that no window thinks possible: the floor keeps the loss finite.
        return probabilities.clamp_min(torch.finfo(probabilities.dtype).tiny).log()

    def answers(self, logits: Tensor) -> Tensor:
        return logits.argmax(dim=-1, keepdim=True)


class EachAlone:
    """Any number of classes a clip: the probability of each, whatever those of the others are."""

    function = "sigmoid"

    def probabilities(self, logits: Tensor) -> Tensor:
        return logits.sigmoid()

    def logits(self, probabilities: Tensor) -> Tensor:
        return probabilities.logit(eps=torch.finfo(probabilities.dtype).eps)

    def answers(self, logits: Tensor) -> Tensor:
        return logits >= 0  # a probability of 0.5 or more


ONE_OF_ALL: Outputs = OneOfAll()
OUTPUTS: dict[str, Outputs] = {SINGLE_LABEL: ONE_OF_ALL, MULTI_LABEL: EachAlone()}
