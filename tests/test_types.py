"""The package's types are right, and say what is right and wrong to those who import it."""

import configparser
import os
import re
import subprocess
import sys

import pytest

import esc_gpu
from esc_gpu import frontends, functional
from tests.helpers.paths import REPOSITORY

pytest.importorskip("mypy", reason="mypy is not installed: pip install 'esc_gpu[test]'")

NAMES = [
    *(f"esc_gpu.{name}" for name in esc_gpu.__all__ if name != "functional"),
    *(f"esc_gpu.frontends.{name}" for name in frontends.__all__),
    *(f"esc_gpu.functional.{name}" for name in functional.__all__),
]
SNIPPET = """\
import torch

import esc_gpu
from esc_gpu import WaveformClassifier, create_frontend, load, load_pipeline
from esc_gpu.frontends import CQT, LogMel
from esc_gpu.functional import logmel, power_to_db, resample

waveform = torch.zeros(2, 44100)
frontend = create_frontend("logmel", sample_rate=44100, n_mels=64)
model = WaveformClassifier(frontend, 10, "resnet18", backbone_options={"drop_rate": 0.1})
model.fit_normalization(waveform)
likeliest: torch.Tensor = model(waveform).argmax(dim=1)
shape: tuple[int, int, int] = frontend.output_shape(44100)
features: torch.Tensor = power_to_db(logmel(resample(waveform, 44100, 22050), scale="power"))
bins: int = create_frontend("cqt", "native", sample_rate=44100, bins_per_octave=24).bins_per_octave
octaves: torch.Tensor = CQT(sample_rate=44100, n_bins=48)(waveform)
any_name = create_frontend(input(), "auto", sample_rate=44100).spec
pipeline = load_pipeline("runs/demo", fold=1, device=torch.device("cpu"))
name, probability = pipeline.classify("recording.wav").top(3)[0]
print(name.upper(), round(probability, 2), pipeline(waveform).softmax(dim=1), load("runs/demo/fold1")(waveform))

model("recording.wav")  # wrong
pipeline(44100)  # wrong
frontend(waveform).top_k  # wrong
create_frontend(44100)  # wrong
LogMel(sample_rate=44100, n_mel=64)  # wrong
LogMel(n_mels="many")  # wrong
logmel(waveform, n_mel=64)  # wrong
esc_gpu.functional.mfcc(waveform, top_db="none")  # wrong
WaveformClassifier(frontend, classes=10)  # wrong
model.frontend = "logmel"; model.backbone_name = 3  # wrong
pipeline.classify("recording.wav").top(3)[0][1].upper()  # wrong
power_to_db([1.0, 2.0])  # wrong
esc_gpu.load_model("runs/demo")  # wrong
"""


def mypy(*arguments, folder=REPOSITORY):
    """What mypy says, by the project's options; what it has seen before it keeps in the repository."""
    options = ["--config-file", str(REPOSITORY / "pyproject.toml"), "--cache-dir", str(REPOSITORY / ".mypy_cache")]
    command = [sys.executable, "-m", "mypy", *options, "--no-error-summary", *arguments]
    environment = {**os.environ, "MYPYPATH": str(REPOSITORY)}  # an editable installation is not seen
    result = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=280)
    assert result.returncode in (0, 1), result.stderr  # 2: it could not look
    return result.stdout


def test_the_package_passes():
    assert mypy() == ""


@pytest.fixture(scope="module")
def said(tmp_path_factory):
    """What mypy says of a user's code, and which types it finds for the public names."""
    folder = tmp_path_factory.mktemp("user")
    (folder / "snippet.py").write_text(SNIPPET, encoding="utf-8")
    lines = ["import esc_gpu", "import esc_gpu.frontends", *(f"reveal_type({name})" for name in NAMES)]
    (folder / "names.py").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return mypy("snippet.py", "names.py", folder=folder)


def test_a_users_mistakes_are_found_and_nothing_else(said):
    found = {int(line) for line in re.findall(r"^snippet\.py:(\d+): error", said, re.MULTILINE)}
    wrong = {number for number, line in enumerate(SNIPPET.splitlines(), start=1) if line.endswith("# wrong")}
    assert found == wrong and len(wrong) >= 13, said


def test_every_public_name_has_a_type(said):
    revealed = re.findall(r"^names\.py:\d+: note: Revealed type is \"(.*)\"", said, re.MULTILINE)
    assert len(revealed) == len(NAMES)
    assert all(type_.startswith(("def (", "Overload(def (")) for type_ in revealed), dict(
        zip(NAMES, revealed, strict=True)
    )


def test_the_types_are_shipped():
    config = configparser.ConfigParser()
    config.read(REPOSITORY / "setup.cfg")
    assert (REPOSITORY / "esc_gpu" / "py.typed").is_file()
    assert "py.typed" in config["options.package_data"]["esc_gpu"]
