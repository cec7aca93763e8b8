"""Every augmentation on a CUDA device that holds no data, each alone and all together."""

import pytest
import torch

from esc_gpu.augment import Draws
from esc_gpu.training.augmentation import augment
from tests.helpers.fake_cuda import CudaGenerator, fake_cuda, hindrances
from tests.helpers.tiny import RATE, parsed

NONE = {
    **{f"augment.{name}": 0 for name in ("shift_seconds", "gain_db", "mixup_alpha", "freq_masks", "time_masks")},
}
ALONE = {
    "shift": {"augment.shift_seconds": 0.1},
    "crop": {"augment.crop_seconds": 0.5},
    "speed": {"augment.speed": 0.1},
    "gain": {"augment.gain_db": 6},
    "polarity": {"augment.polarity_probability": 0.5},
    "equalizer": {"augment.equalizer_db": 6},
    "noise": {"augment.noise_probability": 0.5},
    "coloured noise": {"augment.noise_probability": 0.5, "augment.noise_exponent": "[0, 2]"},
    "between classes": {"augment.between_class_probability": 0.5},
    "mixup": {"augment.mixup_alpha": 0.3},
    "frequency warp": {"augment.freq_warp": 0.1},
    "time stretch": {"augment.time_stretch": 0.1},
    "filter": {"augment.filter_std": 0.1},
    "cutmix": {"augment.cutmix_probability": 0.5},
    "erase": {"augment.erase_probability": 0.5},
    "masks": {"augment.freq_masks": 2, "augment.time_masks": 2},
}
SOUND = {"augment.crop_seconds": 0.5, "augment.crop_from": "sound"}  # in the place of shift and crop
ALL = {name: value for options in ALONE.values() for name, value in options.items()}


def hindrances_of(options):
    words = [str(word) for name, value in (NONE | options).items() for word in (f"--{name}", value)]
    config = parsed(*words)
    with fake_cuda():
        waveform = torch.empty(8, RATE, dtype=torch.int16, device="cuda")
        target, draws = torch.empty(8, 3, device="cuda"), Draws(CudaGenerator())

        def call():
            clips, alter, labels = augment(config, (16, 32), waveform, target, draws)
            image = torch.empty(8, 2, 16, 32, device="cuda")
            image = image if alter is None else alter(image)
            assert {tensor.device.type for tensor in (clips, labels, image)} == {"cuda"}

        return hindrances(call)


@pytest.mark.parametrize("name", [*ALONE, "sound", "all"])
def test_it_neither_waits_nor_copies(name):
    assert hindrances_of((ALONE | {"sound": SOUND}).get(name, ALL)) == []


def test_none_is_left_out():
    """Each option of the section that switches something on is among them."""
    sections = {name.partition(".")[2] for name in ALL}
    off = {name: value for name, value in vars(parsed().augment).items() if isinstance(value, (int, float))}
    kinds = ("probability", "alpha", "_db", "seconds", "speed", "warp", "stretch", "std", "masks")
    assert {name for name in off if name.endswith(kinds)} <= sections


@pytest.mark.parametrize("fault", [lambda x: x.roll(int(x.sum()), 1), lambda x: x[x.abs().amax(1) > 0.5]])
def test_one_that_waits_is_found(monkeypatch, fault):
    monkeypatch.setattr("esc_gpu.training.augmentation.random_gain", lambda waveform, gain, draws: fault(waveform))
    assert hindrances_of(ALONE["gain"])
