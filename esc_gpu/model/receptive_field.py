"""How much of the image one cell of a ResNet's last map sees, and a limit to it: kernels of 1 in its last blocks."""

from collections.abc import Iterator, Sequence
from typing import Any

from timm.models.resnet import BasicBlock, Bottleneck, ResNet
from torch import nn

from esc_gpu.errors import EscGpuError
from esc_gpu.model.stem import resize

LARGEST = 10_000
OPTION = "model.receptive_field"


def receptive_field(backbone: ResNet) -> tuple[int, int]:
    """Bins and frames of the image that a cell of the last map sees.

    Each layer widens the field by its kernel less 1, times the strides of the layers before it. The shortcuts see no
    more than the convolutions beside them.
    """
    field, step = [1, 1], [1, 1]
    for layer in (*stem_layers(backbone), *block_layers(backbone)):
        for axis in range(2):
            field[axis] += (side(layer.kernel_size, axis) - 1) * step[axis]
            step[axis] *= side(layer.stride, axis)
    return field[0], field[1]


def limit_receptive_field(backbone: nn.Module, name: str, limit: Sequence[int]) -> None:
    """Give convolutions kernels of 1, from the last one on, over bins or frames or both, until the field is small.

    They get new weights. Those with a stride keep their kernels, for with 1 they would skip cells, and so does the
    stem.

    Args:
        backbone: of timm, whose weights are the initial ones.
        name: timm's, for messages.
        limit: of (bins, frames), each 1 to 10,000.

    Raises:
        EscGpuError: for another limit, one that cannot be kept, and a backbone that is no plain ResNet.

    Source: Koutini et al., "The Receptive Field as a Regularizer in Deep Convolutional Neural Networks for Acoustic
    Scene Classification" (EUSIPCO 2019), section II.
    """
    if not (
        isinstance(limit, (list, tuple))
        and len(limit) == 2
        and all(type(number) is int and 1 <= number <= LARGEST for number in limit)
    ):
        raise EscGpuError(
            f"{OPTION} is [bins, frames], two whole numbers from 1 to {LARGEST:,}, or null, got {limit!r}"
        )
    if not (isinstance(backbone, ResNet) and all(map(is_plain, blocks(backbone)))):
        raise EscGpuError(
            f"{OPTION} shrinks the kernels of a ResNet without attention, anti-aliasing and dilations, which {name} is "
            "not: leave it null, or choose another backbone, such as resnet18"
        )
    for convolution in reversed([layer for layer in block_layers(backbone) if can_shrink(layer)]):
        field, kernel = receptive_field(backbone), convolution.kernel_size
        wanted = tuple(1 if field[axis] > limit[axis] else kernel[axis] for axis in range(2))
        if wanted != kernel:
            resize(convolution, (wanted[0], wanted[1]), name)
    smallest = receptive_field(backbone)
    if any(size > most for size, most in zip(smallest, limit, strict=True)):
        raise EscGpuError(
            f"{OPTION}={list(limit)} is too small for {name}, whose stem and strides alone see {list(smallest)}: raise "
            "it"
        )


def blocks(backbone: ResNet) -> Iterator[Any]:
    """The residual blocks, from the first to the last."""
    for stage in (backbone.layer1, backbone.layer2, backbone.layer3, backbone.layer4):
        yield from stage


def is_plain(block: Any) -> bool:
    """Whether nothing but convolutions of neighbouring cells looks at more than a cell in a block."""
    if not isinstance(block, (BasicBlock, Bottleneck)) or block.se is not None:
        return False
    convolutions = [layer for layer in block.modules() if isinstance(layer, nn.Conv2d)]
    return isinstance(block.aa, nn.Identity) and all(layer.dilation == (1, 1) for layer in convolutions)


def stem_layers(backbone: ResNet) -> list[Any]:
    """What has a kernel before the blocks, in order."""
    return [layer for part in (backbone.conv1, backbone.maxpool) for layer in part.modules() if has_kernel(layer)]


def block_layers(backbone: ResNet) -> list[Any]:
    """What has a kernel in the blocks, in order, without the shortcuts."""
    return [
        layer
        for block in blocks(backbone)
        for name, layer in block.named_modules()
        if has_kernel(layer) and not name.startswith("downsample")
    ]


def has_kernel(layer: nn.Module) -> bool:
    return isinstance(layer, (nn.Conv2d, nn.MaxPool2d))


def can_shrink(layer: Any) -> bool:
    """Whether each of its outputs has a cell of its own to be of."""
    return isinstance(layer, nn.Conv2d) and layer.stride == (1, 1)


def side(value: Any, axis: int) -> int:
    """Of a pair, or of one number for both axes."""
    return int(value[axis] if isinstance(value, tuple) else value)
