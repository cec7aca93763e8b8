"""A model is not tested on recordings that it has learnt from, and a training says what it started from."""

import json
import shutil

import numpy as np
import pytest

from esc_gpu import EscGpuError, load_pipeline
from esc_gpu.cli.main import main
from esc_gpu.data.recordings.layouts import read_recordings
from esc_gpu.experiment.seen_recordings import are_known, check_start, is_of_a_run, seen_recordings
from esc_gpu.model import checkpoint
from tests.helpers.run_of_models import write_run
from tests.helpers.tiny import OPTIONS, parsed
from tests.helpers.undrawn import unplotted


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("seen")
    return folder, write_run(folder)


def test_each_fold_starts_from_the_model_that_left_it_out(made):
    folder, table = made
    recordings = read_recordings(None, "all", table)
    check_start(parsed("--model.weights", str(folder / "run")), recordings, [1, 2])
    one = parsed("--model.weights", str(folder / "run/fold1"))
    check_start(one, recordings, [1])
    with pytest.raises(
        EscGpuError, match="its model of fold 1 was trained on 12 of the recordings that fold 2 is test"
    ):
        check_start(one, recordings, [1, 2])
    for unknown in (folder / "run/fold1/model.safetensors", "hf-hub:somebody/model"):
        check_start(parsed("--model.weights", str(unknown)), recordings, [1, 2])


def test_other_folds_of_some_of_the_recordings_are_known_by_what_the_run_tested(made, tmp_path, monkeypatch):
    """Its predictions name the files of each fold."""
    folder, table = made
    shutil.copytree(folder / "run", tmp_path / "run")
    (tmp_path / "run/data.json").write_text('{"recordings": "others"}', encoding="utf-8")
    recordings = read_recordings(None, "all", table)
    names = sorted(recordings.filenames)

    class Results:
        filenames = names[:6]
        folds = np.array([1, 2] * 3)
        summary = {"data": {"clips": 6}}

    (tmp_path / "run/summary.json").touch()
    (tmp_path / "run/predictions.csv").touch()
    monkeypatch.setattr("esc_gpu.experiment.seen_recordings.read_run", lambda run: Results)
    tested = [recordings.filenames.index(name) for name in names]
    assert seen_recordings(tmp_path / "run/fold1", recordings, tested) == names[1:6:2]
    assert are_known(tmp_path / "run/fold1", recordings)
    Results.summary["data"]["clips"] = 7  # one is in a fold, or a split, that the run has not tested
    assert not are_known(tmp_path / "run/fold1", recordings)


def test_a_folder_of_no_run_tells_nothing(made, tmp_path):
    folder, table = made
    shutil.copytree(folder / "run/fold1", tmp_path / "fold1")
    assert is_of_a_run(folder / "run/fold1") and not is_of_a_run(tmp_path / "fold1")
    recordings = read_recordings(None, "all", table)
    assert seen_recordings(tmp_path / "fold1", recordings, range(24)) == []
    assert are_known(folder / "run/fold1", recordings) and not are_known(tmp_path / "fold1", recordings)


def test_a_training_from_a_run_says_so_wherever_its_model_goes(made, capfd):
    folder, table = made
    words = ["--data.table", str(table), "--data.cache_dir", str(folder / "cache"), "--train.warmup_epochs", "0"]
    words += ["--model.weights", str(folder / "run"), "--train.freeze", "backbone", "--output_dir", str(folder / "new")]
    with unplotted():
        assert main(["train", *OPTIONS, *words]) == 0
    before, after = (checkpoint.load(folder / run / "fold2").state_dict() for run in ("run", "new"))
    differing = {name for name, value in after.items() if not value.equal(before[name])}
    assert differing == {"backbone.fc.weight", "backbone.fc.bias"}
    training = json.loads((folder / "new/fold2/pipeline.json").read_text(encoding="utf-8"))["training"]
    assert training["start"] == {"name": "run", "recordings": "tones", "fold": 2, "normalization": True}
    assert training["freeze"] == "backbone"
    card = load_pipeline(folder / "new", 2).generate_model_card().content
    assert "started from the model run, trained on tones. Only its last layer was trained." in card
    assert "the normalisation is that of the model that the training started from." in " ".join(card.split())
    summary = json.loads((folder / "new/summary.json").read_text(encoding="utf-8"))
    assert summary["config"]["model"]["weights"] == str(folder / "run")
    wrong = [*words, "--overwrite", "true", "--model.weights", str(folder / "run/fold1")]
    assert main(["train", *OPTIONS, *wrong]) == 2
    assert "trained on 12 of the recordings that fold 2 is tested on" in capfd.readouterr().err
