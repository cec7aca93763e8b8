"""How deep each tensor of a backbone lies, as timm groups them: for rates by layer, and for freezing stages."""

from timm.models import group_parameters
from timm.optim import param_groups_layer_decay
from torch import nn

from esc_gpu.errors import EscGpuError
from esc_gpu.model.head import head_layers


def head_parameters(backbone: nn.Module) -> set[str]:
    """The names of what timm calls the backbone's classifier, its last layer."""
    ids = {id(parameter) for layer in head_layers(backbone) for parameter in layer.parameters()}
    return {name for name, parameter in backbone.named_parameters() if id(parameter) in ids}


def stages(backbone: nn.Module, name: str) -> dict[str, int]:
    """The stage of each parameter: 0 for the stem, 1 to S for the stages; what follows the last one is S + 1.

    Of a transformer each block is a stage.

    Args:
        backbone: of timm.
        name: timm's, for messages.

    Raises:
        EscGpuError: for a backbone that timm has no stages of.
    """
    check_grouped(backbone, name, "train.freeze=stages", "train.freeze backbone")
    matcher = backbone.group_matcher(coarse=True)  # type: ignore[operator]  # timm's
    depths: dict[str, int] = group_parameters(backbone, matcher, reverse=True)
    return depths


def layer_scales(backbone: nn.Module, name: str, decay: float) -> dict[str, float]:
    """The factor on the learning rate of each parameter that learns: `decay` to the power of the layers above it.

    Source: Bao et al., BEiT, ICLR 2022; timm's `param_groups_layer_decay`, which knows each backbone's layers.

    Args:
        backbone: of timm.
        name: timm's, for messages.
        decay: above 0, to 1.

    Raises:
        EscGpuError: for a backbone that timm has no layers of.
    """
    check_grouped(backbone, name, "train.layer_decay", "train.layer_decay 1")
    groups = param_groups_layer_decay(backbone, layer_decay=decay)
    scales = {id(parameter): group["lr_scale"] for group in groups for parameter in group["params"]}
    return {key: scales[id(weight)] for key, weight in backbone.named_parameters() if id(weight) in scales}


def check_grouped(backbone: nn.Module, name: str, option: str, instead: str) -> None:
    """Refuse a backbone whose layers timm has no order of."""
    if not hasattr(backbone, "group_matcher"):
        raise EscGpuError(
            f"{option} needs the order of the layers of {name}, which timm does not have: set {instead}, or choose "
            "another model.backbone"
        )
