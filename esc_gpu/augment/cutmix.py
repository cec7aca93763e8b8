"""CutMix with bands: some frames or bins of a clip are its partner's, and as much of its label."""

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from esc_gpu.augment.draws import Draws
from esc_gpu.augment.image import cells_inside
from esc_gpu.augment.mix import partners
from esc_gpu.augment.waveform import chosen


@dataclass(frozen=True)
class CutMix:
    """Takes cells of the image from the clip's partner.

    Args:
        partner: `(B,)` the clip's number in the batch.
        taken: `(B, 1, F, 1)` or `(B, 1, 1, N)` bool.
    """

    partner: Tensor
    taken: Tensor

    def __call__(self, image: Tensor) -> Tensor:
        """`(B, C, F, N)` → the same shape."""
        return torch.where(self.taken, image[self.partner], image)


def draw_cutmix(
    target: Tensor, image_size: tuple[int, int], probability: float, axis: Literal["time", "frequency"], draws: Draws
) -> tuple[CutMix, Tensor]:
    """Draw a band of whole frames or bins for a share of the clips, and mix their labels by its share of the image.

    The band comes from the clip's partner (see `partners` in mix.py). Each clip has its own band. Its width is
    uniform from 0 to the whole image, like the paper's Beta(1, 1), and its position is random.

    Args:
        target: `(B, K)` label distributions.
        image_size: `(F, N)`.
        probability: share of the clips that get a band.
        axis: "time" for a band of frames, "frequency" for one of bins.
        draws: the random numbers; their device is the image's and the target's.

    Source: Yun et al., "CutMix: Regularization Strategy to Train Strong Classifiers with Localizable Features" (ICCV
    2019), eq. 1, with bands for boxes.

    >>> from esc_gpu.augment import Draws, draw_cutmix
    >>> draws = Draws(torch.Generator().manual_seed(0))
    >>> cutmix, target = draw_cutmix(torch.eye(4), (64, 32), 0.5, "time", draws)
    >>> cutmix(torch.zeros(4, 1, 64, 32)).shape, target.shape
    (torch.Size([4, 1, 64, 32]), torch.Size([4, 4]))
    """
    n_clips = len(target)
    length = image_size[1] if axis == "time" else image_size[0]
    taken, share = draws.parameters(bands, (length, probability), n_clips, (), (), ())
    partner = partners(n_clips, target.device)
    mixed = torch.lerp(target, target[partner], share.to(target.dtype))
    return CutMix(partner, taken[:, None, None, :] if axis == "time" else taken[:, None, :, None]), mixed


def bands(length: int, probability: float, width: Tensor, choice: Tensor, start: Tensor) -> tuple[Tensor, Tensor]:
    """`(B, length)` bool, what each clip takes of its partner, and `(B, 1)` its share; nothing if not chosen."""
    (are_chosen,) = chosen(probability, choice)
    width = (width * (length + 1)).floor() * are_chosen
    start = (start * (length - width + 1)).floor()
    return cells_inside(start, width, length), (width / length)[:, None]
