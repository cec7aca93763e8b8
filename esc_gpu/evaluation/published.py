"""Published accuracies on ESC-10 and ESC-50: means over the five official folds, unless it is people who listened."""

import hashlib
from collections.abc import Iterable
from pathlib import PurePosixPath
from typing import Any

from esc_gpu.core.esc50 import has_official_name
from esc_gpu.evaluation.finished_run import RunResults

HUMANS = "human listeners"
PICZAK = "Piczak, ESC: Dataset for Environmental Sound Classification, ACM Multimedia 2015"
PICZAK_CNN = "Piczak, Environmental Sound Classification with Convolutional Neural Networks, MLSP 2015"
TOKOZUME = "Tokozume, Ushiku & Harada, Learning from Between-class Examples for Deep Sound Recognition, ICLR 2018"
HUANG = "Huang & Alvarado Leanos, AclNet: Efficient End-to-End Audio Classification CNN, arXiv 1811.06669, 2018"
GUZHOV = (
    "Guzhov, Raue, Hees & Dengel, ESResNet: Environmental Sound Classification Based on Visual Domain Models, ICPR 2020"
)
ACDNET = (
    "Mohaimenuzzaman, Bergmeir, West & Meyer, Environmental Sound Classification on the Edge: A Pipeline for Deep "
    "Acoustic Networks on Extremely Resource-Constrained Devices, Pattern Recognition 2023"
)

PUBLISHED = {
    "ESC-10": (
        ("random forest on MFCCs", 0.727, PICZAK),
        ("EnvNet-v2", 0.858, TOKOZUME),
        ("EnvNet-v2, between-class", 0.894, TOKOZUME),
        ("EnvNet-v2, between-class, augmented", 0.914, TOKOZUME),
        (HUMANS, 0.957, PICZAK),
        ("ACDNet", 0.9665, ACDNET),
        ("ESResNet, ImageNet weights", 0.97, GUZHOV),
    ),
    "ESC-50": (
        ("random forest on MFCCs", 0.443, PICZAK),
        ("CNN on mel spectrograms", 0.645, PICZAK_CNN),
        ("EnvNet-v2", 0.744, TOKOZUME),
        (HUMANS, 0.813, PICZAK),
        ("EnvNet-v2, between-class, augmented", 0.849, TOKOZUME),
        ("AclNet", 0.8565, HUANG),
        ("ACDNet", 0.871, ACDNET),
        ("ESResNet, ImageNet weights", 0.915, GUZHOV),
    ),
}


# SHA-256 of the sorted names of all recordings, a line each, without endings: ESC-10 came as .ogg, ESC-50 as .wav.
OFFICIAL = {
    "0005d905e826de57baa4fdc21a3507bb728eec195e1b02dc9d30e74f9b668db9": "ESC-10",
    "111dcfff59c9ffac357e3286cb4dc5b4bc1584befee41b7aab7d28a136c63e63": "ESC-50",
}


def references(run: RunResults) -> list[dict[str, Any]]:
    """What was published on the recordings of a run, ascending: `name`, `accuracy` in `[0, 1]`, `source`.

    Empty for all but tests on the whole of ESC-10 or ESC-50, each recording in its official fold: the published
    accuracies speak of no others, whatever their classes are called.
    """
    published = () if run.is_validation else PUBLISHED.get(official_set(run), ())
    return [{"name": name, "accuracy": accuracy, "source": source} for name, accuracy, source in published]


def official_set(run: RunResults) -> str:
    """ESC-10 or ESC-50 where the test clips are all of its recordings, in their official folds and classes; else ""."""
    tested = {
        (name, fold, run.class_names[label])
        for name, fold, label in zip(run.filenames, run.folds.tolist(), run.labels.tolist(), strict=True)
    }
    found = OFFICIAL.get(digest(sorted(PurePosixPath(name).stem for name, _, _ in tested)), "")
    return found if all(has_official_name(*recording) for recording in tested) else ""


def digest(names: Iterable[str]) -> str:
    """SHA-256 of names, a line each."""
    return hashlib.sha256("\n".join(names).encode()).hexdigest()
