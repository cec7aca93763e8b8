"""A trained pipeline, and recordings for it."""

import numpy as np
import pytest
import soundfile
import torch

from esc_gpu import Pipeline
from tests.helpers.demo_material import make_models, write_sounds
from tests.helpers.tiny import FREQUENCIES, RATE, write_tone
from tests.helpers.trained_model import FRONTENDS, NAMES, trained
from tests.helpers.trained_pipeline import TRAINING


@pytest.fixture(scope="module")
def pipeline():
    return Pipeline(trained(FRONTENDS["logmel"])[0], NAMES, 1.0, TRAINING)


@pytest.fixture
def clips():
    return 0.1 * torch.randn(4, RATE, generator=torch.Generator().manual_seed(1))


@pytest.fixture(scope="module")
def changing(tmp_path_factory):
    """Seven seconds: each tone for a third of them, one after the other."""
    folder, parts = tmp_path_factory.mktemp("long"), []
    for frequency in FREQUENCIES.values():
        write_tone(folder / "part.wav", frequency, 7 / 3, 0)
        parts.append(soundfile.read(folder / "part.wav")[0])
    soundfile.write(folder / "changing.wav", np.concatenate(parts)[: 7 * RATE], RATE)
    return folder / "changing.wav"


@pytest.fixture(scope="module")
def models():
    return make_models()


@pytest.fixture(scope="module")
def sounds(tmp_path_factory):
    return write_sounds(tmp_path_factory.mktemp("sounds"))
