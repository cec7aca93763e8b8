"""Published accuracies on ESC-10 and ESC-50: means over the five official folds, unless it is people who listened."""

from collections.abc import Iterable
from typing import Any

from esc_gpu.core.esc50 import ESC10, ESC50

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


def references(class_names: Iterable[str], synthetic: bool) -> list[dict[str, Any]]:
    """What was published on the recordings with these classes, ascending: `name`, `accuracy` in `[0, 1]`, `source`.

    Empty unless the classes are all of ESC-10 or all of ESC-50 and the recordings are not the synthetic ones, some of
    whose classes have the same names.
    """
    known, found = {"ESC-10": set(ESC10), "ESC-50": set(ESC50)}, set(class_names)
    published = [PUBLISHED[name] for name, classes in known.items() if classes == found and not synthetic]
    return [
        {"name": name, "accuracy": accuracy, "source": source}
        for name, accuracy, source in (published[0] if published else ())
    ]
