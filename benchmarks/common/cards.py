"""What public data sheets say of GPUs. Nothing here was measured."""

from dataclasses import dataclass

# Host time of an operation that is not in a graph: dispatcher, autograd and launch. No data sheet has it; it is
# assumed for all cards alike, for it is the host's: 3.5 to 5 ms for the 340 launches of a step in batches of 16.
ASSUMED_LAUNCH_US = 10.0


@dataclass(frozen=True)
class Card:
    """A GPU by its data sheet.

    Attributes:
        name: as its driver has it, in part.
        bandwidth_gb: of its memory, GB/s.
        source: the data sheet.
    """

    name: str
    bandwidth_gb: float
    source: str


CARDS = {
    "h200": Card("H200", 4800.0, "NVIDIA H200 Tensor Core GPU data sheet, SXM"),
    "h100": Card("H100", 3350.0, "NVIDIA H100 Tensor Core GPU data sheet, SXM"),
    "a100": Card("A100", 2039.0, "NVIDIA A100 Tensor Core GPU data sheet, 80 GB SXM"),
    "rtx-4090": Card("RTX 4090", 1008.0, "NVIDIA Ada GPU architecture white paper, GeForce RTX 4090"),
    "t4": Card("T4", 320.0, "NVIDIA T4 Tensor Core GPU data sheet"),
}


def card_of(device_name: str) -> Card | None:
    """The card that a driver calls so; None for one that is not known here."""
    words = f" {device_name.replace('-', ' ')} "
    return next((card for card in CARDS.values() if f" {card.name} " in words), None)
