"""A trained model that a training starts from: where it lies, and what of it the new model takes."""

import json
import os
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import safetensors.torch

from esc_gpu.core.files import check_there, read_json
from esc_gpu.core.find_pipeline import HUB, find_pipeline, trained_folds
from esc_gpu.core.folds import Fold
from esc_gpu.core.names import in_one_form
from esc_gpu.core.run_layout import PIPELINE, WEIGHTS
from esc_gpu.errors import EscGpuError, EscGpuWarning
from esc_gpu.model import checkpoint
from esc_gpu.model.classifier import WaveformClassifier
from esc_gpu.model.head import keep_head_in_float32
from esc_gpu.model.hub import download_pipeline

OPTION = "model.weights"


@dataclass(frozen=True)
class TrainedStart:
    """What `model.weights` names.

    Attributes:
        name: as the user gave it.
        file: the weights.
        description: the content of the `pipeline.json` beside them; None for a file, of which nothing else is taken
            than the weights of its backbone.
    """

    name: str
    file: Path
    description: Mapping[str, Any] | None = None

    def give(self, model: WaveformClassifier, class_names: Sequence[str] = ()) -> None:
        """Give a model that was made with the weights what else goes with them.

        A trained pipeline gives the normalisation and the learnt kernels of its front-end, where the model has the same
        front-end. Its last layer goes where the classes are others, even as many of them.
        """
        if self.description is None:
            return
        trained = list(map(in_one_form, self.description["class_names"]))
        if class_names and len(trained) == model.num_classes and trained != list(class_names):
            backbone: Any = model.backbone
            backbone.reset_classifier(model.num_classes)
            keep_head_in_float32(backbone)
            self._say(f"was trained on other classes: {model.backbone_name} gets a new last layer")
        then, now = self.description["frontend"], json.loads(json.dumps(model.frontend.spec))
        differing = [key for key in {**then, **now} if then.get(key) != now.get(key)]
        differing += ["model.normalize"] if self.description["normalize"] != model.normalize else []
        if differing:
            self._say(
                f"was trained on other features, {', '.join(differing)} being different: only the weights of its "
                "backbone are used, and the normalisation is computed anew"
            )
        else:
            state = safetensors.torch.load_file(self.file)
            for part in ("frontend", "normalization"):
                own = {name.partition(".")[2]: value for name, value in state.items() if name.startswith(f"{part}.")}
                getattr(model, part).load_state_dict(own)
        model.start = {**self.summary(), "normalization": not differing}

    def _say(self, what: str) -> None:
        warnings.warn(EscGpuWarning(f"{self.name} {what}"), stacklevel=4)

    def summary(self) -> dict[str, Any]:
        """What is told of it wherever the new model goes: names and a licence, but no path of this machine."""
        training = (self.description or {}).get("training", {})
        known = {name: training.get(name) for name in ("recordings", "subset", "fold", "licence")}
        name = self.name if self.name.startswith(HUB) else Path(self.name).expanduser().resolve().name
        return {"name": name, **{key: value for key, value in known.items() if value is not None}}


def find_start(weights: str | Path, fold: Fold | None = None) -> TrainedStart:
    """What a training of a fold starts from.

    Args:
        weights: a file; the folder of a run, of a fold, or of a pipeline; or "hf-hub:USER/NAME", which is downloaded.
        fold: whose model is used of a run that has one of it; else the run's lowest fold.

    Raises:
        EscGpuError: for a file or folder that is not there or holds no pipeline, and what the hub refuses.
    """
    name = str(weights)
    if is_file(name):
        check_there(OPTION, name)
        return TrainedStart(name, Path(name))
    folder = start_folder(name, fold) or download_pipeline(name.removeprefix(HUB))
    description = {**checkpoint.DEFAULTS, **read_json(folder / PIPELINE)}
    try:
        checkpoint.check_description(description)
        description["frontend"]["name"], description["normalize"]
    except (KeyError, TypeError, ValueError) as error:
        raise EscGpuError(f"{folder / PIPELINE} does not describe a pipeline ({error}): save it again") from error
    return TrainedStart(name, folder / WEIGHTS, description)


def start_folder(weights: str, fold: Fold | None) -> Path | None:
    """The folder of the model that a training of a fold starts from; None for what is on the hub.

    Raises:
        EscGpuError: for a folder without a pipeline.
    """
    folds = trained_folds(Path(os.path.expanduser(weights)))
    return find_pipeline(weights, fold if fold in folds else None)


def is_file(weights: str) -> bool:
    """Whether it is to be a file, be it there or not: neither a folder nor on the hub."""
    return not (weights.startswith(HUB) or Path(os.path.expanduser(weights)).is_dir())
