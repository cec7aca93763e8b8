"""A pipeline to export, and Python that uses its files where packages are missing."""

import subprocess
import sys

import pytest
import torch
from torch import nn

from esc_gpu import WaveformClassifier, create_frontend
from esc_gpu.inference.export import open_onnx, open_torch
from esc_gpu.inference.pipeline import Pipeline
from tests.helpers.tiny import RATE

NAMES = ['c"d', "Hühner", "a, b"]  # not in their order
LOGMEL = {"name": "logmel", "n_fft": 256, "hop_length": 256, "n_mels": 16}
OPEN = {"onnx": open_onnx, "torch": open_torch}
each_format = pytest.mark.parametrize("format", OPEN)


def tones(n=5, seconds=1.0):
    """`(n, T)` float32, each of another pitch and loudness."""
    generator = torch.Generator().manual_seed(0)
    time = torch.arange(round(RATE * seconds)) / RATE
    pitch, gain = 100 * 2 ** (torch.arange(n)[:, None] * 4.5 / n), torch.logspace(-2, 0, n)[:, None]
    return gain * (0.5 * torch.sin(2 * torch.pi * pitch * time) + 0.1 * torch.randn(n, len(time), generator=generator))


def make_pipeline(options=LOGMEL, seconds=1.0, with_resnet=True):
    """A pipeline whose front-end has learnt what it can learn, and whose logits differ by about 1 from clip to clip.

    Without a ResNet, one convolution is its backbone: tracing takes a third of the time.
    """
    torch.manual_seed(0)
    model = WaveformClassifier(create_frontend(**{"sample_rate": RATE, **options}), len(NAMES), "test_resnet").eval()
    head, clips = model.backbone.get_classifier(), tones(seconds=seconds)
    if not with_resnet:
        layers = nn.Conv2d(model.frontend.n_channels, 8, 5, stride=3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten()
        head = nn.Linear(8, len(NAMES))
        model.backbone = nn.Sequential(*layers, head)
    with torch.no_grad():
        for parameter in model.frontend.parameters():
            parameter *= 1 + 0.1 * torch.rand(parameter.shape)
        model.fit_normalization(clips)
        head.weight /= model(clips).std(0)[:, None]
        head.bias -= model(clips).mean(0)
        assert model(clips).std(0).min() > 0.5
    return Pipeline(model, NAMES, seconds, {"licence": "CC BY 3.0", "fold": 1})


WITHOUT = """
import sys
class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {blocked}:
            raise ModuleNotFoundError(f"no module {{name}}")
sys.meta_path.insert(0, Blocker())
for name in {blocked}:
    try:
        __import__(name)
    except ModuleNotFoundError:
        continue
    raise SystemExit(f"{{name}} is not blocked")
"""


def execute(code, folder, *blocked):
    """Standard output of Python code that is run in `folder`, where the `blocked` packages cannot be imported."""
    code = WITHOUT.format(blocked=blocked) + code
    done = subprocess.run([sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stderr
    return done.stdout
