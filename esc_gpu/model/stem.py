"""The beginning of a timm backbone, made to fit spectrograms: their bins and frames are not height and width."""

from collections.abc import Sequence
from dataclasses import dataclass

from torch import nn

from esc_gpu.core.checks import check_bool
from esc_gpu.errors import EscGpuError

LARGEST = 64  # of a stride and of a kernel's side


@dataclass(frozen=True)
class Stem:
    """What is changed at the beginning of a backbone; as it stands, nothing.

    Args:
        stride: of the first convolution over (bins, frames), each 1 to 64; None keeps the backbone's.
        kernel: size of the first convolution over (bins, frames), each 1 to 64; None keeps the backbone's.
        pool: False removes the max pooling behind it.

    Raises:
        EscGpuError: for anything else.
    """

    stride: Sequence[int] | None = None
    kernel: Sequence[int] | None = None
    pool: bool = True

    def __post_init__(self) -> None:
        for name, pair in ("stem_stride", self.stride), ("stem_kernel", self.kernel):
            if pair is not None and not is_pair(pair):
                raise EscGpuError(
                    f"model.{name} is [bins, frames], two whole numbers from 1 to {LARGEST}, or null, got {pair!r}"
                )
        check_bool("model.stem_pool", self.pool)

    def change(self, backbone: nn.Module, name: str) -> None:
        """Make the changes in a model of timm, called `name`.

        A convolution whose kernel keeps its size keeps its weights. Another is padded by half its size, as the kernels
        of a ResNet are, and initialised like them: normal, with a variance of 2 over the fan-out (He et al. 2015).

        Raises:
            EscGpuError: for a backbone without a first convolution or max pooling to change.
        """
        if self.stride is not None:
            for convolution in first_convolutions(backbone, name, "stem_stride"):
                convolution.stride = tuple(self.stride)
        if self.kernel is not None:
            for convolution in first_convolutions(backbone, name, "stem_kernel"):
                if convolution.kernel_size != tuple(self.kernel):
                    resize(convolution, (self.kernel[0], self.kernel[1]), name)
        if not self.pool:
            if not isinstance(getattr(backbone, "maxpool", None), nn.Module):
                raise EscGpuError(
                    f"model.stem_pool=false removes a max pooling, {name} has none behind its stem: leave it true, "
                    "or choose a ResNet"
                )
            backbone.maxpool = nn.Identity()


def is_pair(value: object) -> bool:
    """Whether it is two whole numbers in range."""
    return (
        isinstance(value, (list, tuple))
        and len(value) == 2
        and all(type(number) is int and 1 <= number <= LARGEST for number in value)
    )


def first_convolutions(backbone: nn.Module, name: str, option: str) -> list[nn.Conv2d]:
    """What timm's description of the backbone calls its first convolution; one for each of several branches."""
    named = (getattr(backbone, "pretrained_cfg", None) or {}).get("first_conv") or ()
    modules = dict(backbone.named_modules())
    found = [
        # With timm's option stem_type it is the first of several.
        next((part for part in modules[path].modules() if isinstance(part, nn.Conv2d)), None)
        for path in ([named] if isinstance(named, str) else named)
        if path in modules
    ]
    convolutions = [part for part in found if part is not None]
    if not found or len(convolutions) < len(found):
        raise EscGpuError(
            f"model.{option}: timm does not name a first convolution of {name}: leave the option null, or choose "
            "another backbone"
        )
    return convolutions


def resize(convolution: nn.Conv2d, kernel: tuple[int, int], name: str) -> None:
    """Give the convolution new weights of another size."""
    if type(convolution) is not nn.Conv2d:  # one that standardises its weights or pads by itself has more to change
        raise EscGpuError(
            f"model.stem_kernel: the first convolution of {name} is a {type(convolution).__name__}, which has a fixed "
            "size: leave it null, or choose another backbone, such as resnet18"
        )
    weight = convolution.weight.new_empty(*convolution.weight.shape[:2], *kernel)
    convolution.weight = nn.Parameter(nn.init.kaiming_normal_(weight, mode="fan_out", nonlinearity="relu"))
    convolution.kernel_size = kernel
    convolution.padding = tuple(size // 2 for size in kernel)
