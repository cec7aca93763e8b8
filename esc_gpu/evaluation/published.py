"""Published accuracies on ESC-10 and ESC-50, and how each number was made.

They are means over the five official folds, unless it is people who listened.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import PurePosixPath
from typing import Any

from esc_gpu.core.esc50 import has_official_name
from esc_gpu.evaluation.finished_run import RunResults

UNKNOWN = "?"
NONE = "–"  # where a word has no meaning: a person has no epochs


@dataclass(frozen=True)
class Published:
    """One accuracy. A word that no source gives is `UNKNOWN`.

    Attributes:
        name: the model, or who listened.
        accuracy: in `[0, 1]`.
        source: the publication.
        outside_data: what the weights were trained on before.
        epochs: of each training.
        seeds: how many trainings of each fold were averaged.
        crops: how many crops of a test clip were averaged.
        selected: whether the reported epoch was chosen by its accuracy on the test fold: "yes" or "no". Other options
            may have been chosen there in any of them.
    """

    name: str
    accuracy: float
    source: str
    outside_data: str = "none"
    epochs: str = UNKNOWN
    seeds: str = UNKNOWN
    crops: str = UNKNOWN
    selected: str = UNKNOWN


HUMANS = "human listeners"
PICZAK = "Piczak, ESC: Dataset for Environmental Sound Classification, ACM Multimedia 2015"
PICZAK_CNN = "Piczak, Environmental Sound Classification with Convolutional Neural Networks, MLSP 2015"
TOKOZUME = "Tokozume, Ushiku & Harada, Learning from Between-class Examples for Deep Sound Recognition, ICLR 2018"
HUANG = "Huang & Alvarado Leanos, AclNet: Efficient End-to-End Audio Classification CNN, arXiv 1811.06669, 2018"
HARTQUIST = (
    "Hartquist, Fine-Tuning ResNet-18 for Audio Classification, Weights & Biases report, October 2020; its runs are "
    "public, and the standard deviation is 1.9 percentage points"
)
GAZNELI = (
    "Gazneli, Zimerman, Ridnik, Sharir & Noy, End-to-End Audio Strikes Back: Boosting Augmentations Towards An "
    "Efficient Audio Classification Network, arXiv 2204.11479, 2022; a user of its code reports 90.5 with the printed "
    "command"
)
GUZHOV = (
    "Guzhov, Raue, Hees & Dengel, ESResNet: Environmental Sound Classification Based on Visual Domain Models, ICPR 2020"
)
ACDNET = (
    "Mohaimenuzzaman, Bergmeir, West & Meyer, Environmental Sound Classification on the Edge: A Pipeline for Deep "
    "Acoustic Networks on Extremely Resource-Constrained Devices, Pattern Recognition 2023"
)

PEOPLE = {"epochs": NONE, "seeds": NONE, "crops": NONE, "selected": NONE}
FOREST = {"epochs": NONE, "selected": "no"}
# The code of EnvNet-v2 and of ACDNet averages ten crops of a test clip. The former stops at the last epoch; the code of
# ACDNet and that of EAT keep the epoch that is best on the test fold.
LAST, BEST = {"crops": "10", "selected": "no"}, {"crops": "10", "selected": "yes"}
IMAGENET = {"outside_data": "ImageNet"}
SEEDS = {"epochs": "80", "seeds": "5", "crops": "1", "selected": "no"}

PUBLISHED = {
    "ESC-10": (
        Published("random forest on MFCCs", 0.727, PICZAK, **FOREST),
        Published("EnvNet-v2", 0.858, TOKOZUME, epochs="600", **LAST),
        Published("EnvNet-v2, between-class", 0.894, TOKOZUME, epochs="1,200", **LAST),
        Published("EnvNet-v2, between-class, augmented", 0.914, TOKOZUME, epochs="1,200", **LAST),
        Published(HUMANS, 0.957, PICZAK, NONE, **PEOPLE),
        Published("ACDNet", 0.9665, ACDNET, epochs="2,000", **BEST),
        Published("ESResNet", 0.97, GUZHOV, epochs="300", **IMAGENET),
    ),
    "ESC-50": (
        Published("random forest on MFCCs", 0.443, PICZAK, **FOREST),
        Published("CNN on mel spectrograms", 0.645, PICZAK_CNN, selected="no"),
        Published("EnvNet-v2", 0.744, TOKOZUME, epochs="1,000", **LAST),
        Published(HUMANS, 0.813, PICZAK, NONE, **PEOPLE),
        Published("EnvNet-v2, between-class, augmented", 0.849, TOKOZUME, epochs="2,000", **LAST),
        Published("AclNet", 0.8565, HUANG),
        Published("ACDNet", 0.871, ACDNET, epochs="2,000", **BEST),
        Published("ResNet-18", 0.8954, HARTQUIST, **IMAGENET, **SEEDS),
        Published("DenseNet-161", 0.9147, HARTQUIST, **IMAGENET, **SEEDS),
        Published("ESResNet", 0.915, GUZHOV, epochs="300", **IMAGENET),
        Published("EAT-S", 0.9215, GAZNELI, epochs="3,500", selected="yes"),
    ),
}


# SHA-256 of the sorted names of all recordings, a line each, without endings: ESC-10 came as .ogg, ESC-50 as .wav.
OFFICIAL = {
    "0005d905e826de57baa4fdc21a3507bb728eec195e1b02dc9d30e74f9b668db9": "ESC-10",
    "111dcfff59c9ffac357e3286cb4dc5b4bc1584befee41b7aab7d28a136c63e63": "ESC-50",
}


def references(run: RunResults) -> list[dict[str, Any]]:
    """What was published on the recordings of a run, ascending: the attributes of each `Published`.

    Empty for all but tests on the whole of ESC-10 or ESC-50, each recording in its official fold: the published
    accuracies speak of no others, whatever their classes are called.
    """
    published = () if run.is_validation else PUBLISHED.get(official_set(run), ())
    return [asdict(entry) for entry in published]


def protocol(run: RunResults) -> dict[str, str]:
    """How a run's own accuracy was made, in the words of `Published`."""
    model, epochs = run.config["model"], run.config["train"]["epochs"]
    outside = "pretrained weights" if model["pretrained"] or model["weights"] is not None else "none"
    return {"outside_data": outside, "epochs": f"{epochs:,}", "seeds": "1", "crops": "1", "selected": "no"}


def official_set(run: RunResults) -> str:
    """ESC-10 or ESC-50 where the test clips are all of its recordings, in their official folds and classes; else ""."""
    folds, labels = run.folds.tolist(), run.labels.tolist()
    tested = {(name, folds[row], run.class_names[labels[row]]) for row, name in enumerate(run.filenames)}
    found = OFFICIAL.get(digest(sorted(PurePosixPath(name).stem for name, _, _ in tested)), "")
    return found if all(has_official_name(*recording) for recording in tested) else ""


def digest(names: Iterable[str]) -> str:
    """SHA-256 of names, a line each."""
    return hashlib.sha256("\n".join(names).encode()).hexdigest()
