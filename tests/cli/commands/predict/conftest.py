"""A run with recordings, and the command in their folder."""

import pytest
import torch

from esc_gpu.cli.main import main
from esc_gpu.model import checkpoint
from tests.helpers.predicted import NAMES, STRANGE
from tests.helpers.tiny import write_tone
from tests.helpers.trained_model import FRONTENDS, trained


@pytest.fixture(scope="module")
def workspace(tmp_path_factory):
    """A run of two folds, and recordings: a short one, a long one, and more in a folder."""
    folder = tmp_path_factory.mktemp("predict")
    for fold in (2, 3):
        (folder / "run" / f"fold{fold}").mkdir(parents=True)
        model = trained(FRONTENDS["logmel"])[0]
        with torch.no_grad():
            model.backbone.fc.bias[fold - 1] += 5  # each fold's model prefers a class of its own
        checkpoint.save(
            folder / "run" / f"fold{fold}", model, NAMES, clip_seconds=1.0, training={"fold": fold, "licence": None}
        )
    (folder / "sounds" / "deeper").mkdir(parents=True)
    write_tone(folder / "short.wav", 300, 0.8, 1)
    write_tone(folder / "long.flac", 900, 3.3, 2)
    for name in ("b.WAV", "deeper/a.flac", STRANGE):
        write_tone(folder / "sounds" / name, 1900, 1.0, 3)
    write_tone(folder / "sounds" / ".hidden.wav", 1900, 1.0, 3)
    (folder / "sounds" / "notes.txt").write_text("no audio", encoding="utf-8")
    (folder / "damaged.wav").write_text("no audio at all", encoding="utf-8")
    return folder


@pytest.fixture
def predict(workspace, monkeypatch, capsys):
    """The command in the workspace, by its arguments: exit status, standard output, standard error."""
    monkeypatch.chdir(workspace)

    def run(*arguments, model="run"):
        status = main(["predict", *map(str, arguments), "--model", str(model)])
        output = capsys.readouterr()
        return status, output.out, output.err

    return run
