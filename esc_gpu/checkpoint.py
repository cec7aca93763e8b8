"""A trained pipeline on disk: `model.safetensors` beside `pipeline.json`."""

from pathlib import Path

import safetensors.torch
import torch

from esc_gpu.errors import EscGpuError
from esc_gpu.files import read_json, replacing, write_json
from esc_gpu.frontends import create_frontend
from esc_gpu.model import WaveformClassifier

WEIGHTS, PIPELINE = "model.safetensors", "pipeline.json"


def save(folder: Path, model: WaveformClassifier, class_names: list[str]) -> None:
    """Write the weights and, last, what is needed to build the pipeline around them."""
    with replacing(folder / WEIGHTS) as temporary:
        state = {name: tensor.contiguous() for name, tensor in model.state_dict().items()}
        safetensors.torch.save_file(state, temporary)
    pipeline = {
        "frontend": model.frontend.spec,
        "backbone": model.backbone_name,
        "backbone_options": model.backbone_options,
        "normalize": model.normalize,
        "class_names": class_names,
    }
    write_json(folder / PIPELINE, pipeline)


def load(folder: str | Path, device: str | torch.device = "cpu") -> WaveformClassifier:
    """The pipeline of a trained fold (`runs/NAME/fold1`), ready to use: waveform `(B, T)` → logits `(B, K)`.

    The model is in evaluation mode and carries `class_names`.

    Raises:
        EscGpuError: for a folder without a checkpoint, or one whose parts do not fit.
    """
    folder = Path(folder)
    if not (folder / WEIGHTS).is_file():
        raise EscGpuError(f"{folder} holds no {WEIGHTS}: give the folder of a trained fold, such as runs/NAME/fold1")
    pipeline = read_json(folder / PIPELINE)
    class_names = pipeline["class_names"]
    model = WaveformClassifier(
        create_frontend(**pipeline["frontend"]),
        len(class_names),
        pipeline["backbone"],
        normalize=pipeline["normalize"],
        backbone_options=pipeline["backbone_options"],
    )
    try:
        model.load_state_dict(safetensors.torch.load_file(folder / WEIGHTS))
    except (RuntimeError, safetensors.SafetensorError) as error:
        raise EscGpuError(f"{folder / WEIGHTS} does not fit {PIPELINE} beside it: {error}") from error
    model.class_names = class_names
    return model.to(device).eval()
