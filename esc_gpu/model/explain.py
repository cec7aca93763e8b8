"""How a trained model sees a clip: its embedding, and the parts of the features that support a class."""

from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from esc_gpu.errors import EscGpuError
from esc_gpu.model.classifier import WaveformClassifier
from esc_gpu.model.modes import evaluating


def embed(model: WaveformClassifier, waveforms: Tensor) -> Tensor:
    """Waveforms `(B, T)` → embeddings `(B, D)` float32: what the last linear layer turns into logits.

    The clips are taken as they are, whatever the model's `test_shifts`. The model is used in evaluation mode and left
    as it was.
    """
    return embed_and_classify(model, waveforms)[0]


def embed_and_classify(model: WaveformClassifier, waveforms: Tensor) -> tuple[Tensor, Tensor]:
    """Waveforms `(B, T)` → embeddings `(B, D)`, see `embed`, and the model's logits `(B, K)`, both float32.

    The logits are of the same pass through the backbone, but for a model with `test_shifts`: they are its mean then.
    """
    with evaluating(model), torch.no_grad():
        embeddings, logits = both_outputs(model, waveforms)
        return embeddings.float(), logits.float()


def both_outputs(model: WaveformClassifier, waveforms: Tensor) -> tuple[Tensor, Tensor]:
    """`embed_and_classify` of a model that is in evaluation mode, as a graph can have it."""
    backbone: Any = model.backbone
    maps = backbone.forward_features(model.image(waveforms))
    embeddings = backbone.forward_head(maps, pre_logits=True)
    return embeddings, backbone.forward_head(maps) if model.test_shifts == 1 else model(waveforms)


def grad_cam(model: WaveformClassifier, waveforms: Tensor, classes: Tensor | Sequence[int]) -> Tensor:
    """Show which parts of the features support a class: Grad-CAM over the front-end's bins and frames of a clip.

    The maps `A_k` that the backbone ends with are added up, each weighted by the mean over its cells of the
    gradient of the class's logit; what is negative becomes 0 (Selvaraju et al., Grad-CAM, ICCV 2017, equations 1
    and 2). The sum is scaled to a maximum of 1, and interpolated bilinearly from the cells to the features.

    Args:
        model: any with a convolutional backbone; used in evaluation mode and left as it was.
        waveforms: `(B, T)` int16 or float.
        classes: `(B,)` the class of each clip that is to be explained, 0 to K-1.

    Returns:
        `(B, F, N)` float32 in `[0, 1]`; all 0 if nothing supports the class.

    Raises:
        EscGpuError: for another number of classes than of clips, a class that there is not, and a backbone whose
            last features are no maps, as a transformer's.
    """
    classes = torch.as_tensor(classes, dtype=torch.int64, device=waveforms.device)
    if classes.shape != waveforms.shape[:1]:
        raise EscGpuError(
            f"grad_cam takes one class for each clip, got {tuple(classes.shape)} for {len(waveforms)} clips: "
            "give (B,) classes for (B, T) waveforms"
        )
    if not ((classes >= 0) & (classes < model.num_classes)).all():
        raise EscGpuError(f"grad_cam's classes are 0 to {model.num_classes - 1}, got {classes.tolist()}: correct them")
    with evaluating(model), torch.no_grad():
        backbone: Any = model.backbone
        image = model.image(waveforms)
        maps = backbone.forward_features(image)
        check_maps(model, maps)
        with torch.enable_grad():  # through the head alone: no parameter's gradient is touched
            maps.requires_grad_()
            logits = backbone.forward_head(maps).gather(1, classes[:, None])
            (gradients,) = torch.autograd.grad(logits.sum(), maps)
        maps, weights = maps.detach().float(), gradients.float().mean(dim=(2, 3), keepdim=True)
        cam = (weights * maps).sum(dim=1, keepdim=True).relu()
        peak = cam.amax(dim=(2, 3), keepdim=True)
        cam = torch.where(peak > 0, cam / peak, 0)
        return F.interpolate(cam, size=image.shape[-2:], mode="bilinear", align_corners=False)[:, 0]


def map_cells(model: WaveformClassifier, n_samples: int) -> tuple[int, int]:
    """Height and width of the maps that the backbone ends with for clips of `n_samples`: how fine `grad_cam` can be.

    Raises:
        EscGpuError: for a backbone whose last features are no maps.
    """
    with evaluating(model), torch.no_grad():
        silence = torch.zeros(1, n_samples, device=model.frontend.precision.device)
        backbone: Any = model.backbone
        maps = backbone.forward_features(model.image(silence))
        check_maps(model, maps)
        return maps.shape[2], maps.shape[3]


def check_maps(model: WaveformClassifier, maps: Tensor) -> None:
    """Refuse what is not `(B, D, height, width)` with the D channels of the backbone."""
    if maps.ndim != 4 or maps.shape[1] != model.backbone.num_features:
        raise EscGpuError(
            f"Grad-CAM needs a backbone that ends with maps (B, {model.backbone.num_features}, height, width), "
            f"{model.backbone_name} ends with {tuple(maps.shape)}: use a convolutional one, such as resnet18"
        )
