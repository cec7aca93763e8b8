"""Two small models and some sounds, good and bad, for the demo and its page."""

import numpy as np
import soundfile
import torch

from esc_gpu import create_frontend
from esc_gpu.inference.pipeline import Pipeline
from esc_gpu.model.classifier import WaveformClassifier
from tests.helpers.tiny import FREQUENCIES, RATE, write_tone

# What is said of each file that is no sound for the demo.
BAD = {
    "text.wav": "text.wav: Format not recognised",
    "empty.wav": "empty.wav: ",
    "endless.wav": "endless.wav: lasts 10:01.0 min; expected up to 10 min; choose another file",
    "missing.wav": "missing.wav: No such file",
}


def make_pipeline(rate=RATE, name="logmel", **options):
    torch.manual_seed(0)
    frontend = create_frontend(name, sample_rate=rate, n_fft=256, hop_length=256, **options)
    model = WaveformClassifier(frontend, 3, "test_resnet")
    model.fit_normalization(0.1 * torch.randn(4, rate))
    return Pipeline(model, ["high_tone", "low", "middle"], clip_seconds=1.0)


def make_models():
    """Two models that take clips of 1 s, at two sample rates."""
    return {"logmel": make_pipeline(n_mels=16), "mfcc": make_pipeline(16000, "mfcc", n_mels=16, n_mfcc=8)}


def write_sounds(folder):
    """Files of the names in BAD, and two sounds."""
    write_tone(folder / "short.wav", FREQUENCIES["low"], 0.6, 0)
    write_tone(folder / "long.wav", FREQUENCIES["high"], 12.5, 1)
    (folder / "text.wav").write_text("no sound at all\n" * 40, encoding="utf-8")
    (folder / "empty.wav").write_bytes(b"")
    soundfile.write(folder / "endless.wav", np.zeros(1000 * 601, dtype=np.int16), 1000, subtype="PCM_U8")
    return folder
