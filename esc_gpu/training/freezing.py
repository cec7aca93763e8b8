"""The parts of a model that a training leaves as they are: their weights, and the statistics of their batch norms."""

from collections.abc import Sequence

from torch import nn

from esc_gpu.errors import EscGpuError
from esc_gpu.model.classifier import WaveformClassifier
from esc_gpu.model.depth import head_parameters, stages


def freeze(model: WaveformClassifier, what: str, n_stages: int) -> list[nn.Module]:
    """Have the model learn nothing from its front-end up to a point.

    Args:
        model: with the layers that it is trained with; its frozen parameters do not require a gradient afterwards.
        what: "none"; "frontend"; "stages", the front-end, the stem and the first `n_stages` of the backbone's stages;
            or "backbone", everything but the last layer.
        n_stages: 1 or more.

    Returns:
        The modules that have nothing but frozen parameters. Whoever puts the model into training mode puts these back
        into evaluation mode by `keep_frozen`: batch norms use the statistics that they have, and do not change them.

    Raises:
        EscGpuError: for more stages than there are, and a backbone whose stages timm does not know.
    """
    frozen = frozen_names(model, what, n_stages)
    if what == "none":
        return []
    for name, parameter in model.named_parameters():
        if name in frozen:
            parameter.requires_grad_(False)
    return [model.frontend, *(part for path, part in model.backbone.named_modules() if _is_frozen(path, part, frozen))]


def frozen_names(model: WaveformClassifier, what: str, n_stages: int) -> set[str]:
    """The names of the parameters that `freeze` freezes; arguments and errors are its."""
    if what == "none":
        return set()
    frozen = {f"frontend.{name}" for name, _ in model.frontend.named_parameters()}
    if what == "stages":
        depths = stages(model.backbone, model.backbone_name)
        last = max(depths.values())  # the head, and what of the backbone is behind the stages
        if n_stages >= last:
            raise EscGpuError(
                f"train.frozen_stages is {n_stages}, and {model.backbone_name} has {last - 1} stages: lower it, or set "
                "train.freeze backbone"
            )
        return frozen | {f"backbone.{name}" for name, depth in depths.items() if depth <= n_stages}
    if what == "backbone":
        learning = head_parameters(model.backbone)
        return frozen | {f"backbone.{name}" for name, _ in model.backbone.named_parameters() if name not in learning}
    return frozen


def idle_freeze(model: WaveformClassifier, what: str) -> list[str]:
    """A sentence where `what` of `freeze` is the front-end alone, and that learns nothing as it is."""
    if what != "frontend" or any(parameter.requires_grad for parameter in model.frontend.parameters()):
        return []
    return ["train.freeze=frontend has no effect, because the front-end has nothing that is trained: leave it out"]


def keep_frozen(parts: Sequence[nn.Module]) -> None:
    """Put the parts of `freeze` into evaluation mode again, after the model was put into training mode."""
    for part in parts:
        part.eval()


def _is_frozen(path: str, part: nn.Module, frozen: set[str]) -> bool:
    prefix = f"backbone.{path}." if path else "backbone."
    names = [prefix + name for name, _ in part.named_parameters()]
    return bool(names) and frozen.issuperset(names)
