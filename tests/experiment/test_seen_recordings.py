"""A model is not tested on recordings that it has learnt from, and a training says what it started from."""

import json
import shutil

import numpy as np
import pytest

from esc_gpu import EscGpuError, load_pipeline
from esc_gpu.cli.main import main
from esc_gpu.data.recordings.layouts import read_recordings
from esc_gpu.data.store.recording_files import LocalFiles, digest_file
from esc_gpu.experiment.kept_recordings import content_of, contents_of, write_recordings
from esc_gpu.experiment.seen_recordings import are_known, check_start, is_of_a_run, seen_recordings
from esc_gpu.model import checkpoint
from tests.helpers.command import run_command
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
    seen = seen_recordings(tmp_path / "run/fold1", recordings, np.array(tested))
    assert seen == {name: name for name in names[1:6:2]}
    assert are_known(tmp_path / "run/fold1", recordings)
    Results.summary["data"]["clips"] = 7  # one is in a fold, or a split, that the run has not tested
    assert not are_known(tmp_path / "run/fold1", recordings)


def test_a_folder_of_no_run_tells_nothing(made, tmp_path):
    folder, table = made
    shutil.copytree(folder / "run/fold1", tmp_path / "fold1")
    assert is_of_a_run(folder / "run/fold1") and not is_of_a_run(tmp_path / "fold1")
    recordings = read_recordings(None, "all", table)
    assert seen_recordings(tmp_path / "fold1", recordings, np.arange(24)) == {}
    assert are_known(folder / "run/fold1", recordings) and not are_known(tmp_path / "fold1", recordings)


@pytest.fixture
def renamed(made, tmp_path):
    """The run with what it keeps of its recordings, and these under other names, the folds the other way round."""
    folder, table = made
    shutil.copytree(folder / "run", tmp_path / "run")
    recordings = read_recordings(None, "all", table)
    write_recordings(tmp_path / "run", recordings, contents_of(recordings.paths, {0}, LocalFiles()))
    (tmp_path / "others").mkdir()
    rows = ["path,label,fold"]
    for number, (path, fold) in enumerate(zip(recordings.paths, recordings.folds.tolist(), strict=True)):
        shutil.copy(path, tmp_path / "others" / f"take{number}.wav")
        rows.append(f"take{number}.wav,{'ab'[number % 2]},{3 - fold}")
    (tmp_path / "others/table.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    return tmp_path / "run", tmp_path / "others/table.csv"


def test_recordings_are_known_again_under_another_name(made, renamed):
    """Fold 1 of the others is fold 2 of the run, which the model of its fold 1 has learnt."""
    run, table = renamed
    recordings = read_recordings(None, "all", table)
    train, tested = recordings.split(1)

    def content(number):
        return content_of(digest_file(recordings.paths[number]))

    seen = seen_recordings(run / "fold1", recordings, tested, content)
    assert seen == {f"take{number}.wav": f"{number}.wav" for number in tested}
    # ... nor has it learnt those of its own fold; and the run has skipped the first recording
    assert seen_recordings(run / "fold1", recordings, train, content) == {} and 0 in train
    assert 0 not in {int(name[4:-4]) for name in seen_recordings(run / "fold2", recordings, train, content)}
    assert seen_recordings(run / "fold1", recordings, tested) == {} and are_known(run / "fold1", recordings)
    of_the_run = read_recordings(None, "all", made[1])
    (run / "data.json").write_text('{"recordings": "others"}', encoding="utf-8")
    names = {of_the_run.filenames[number] for number in of_the_run.split(2)[1]}
    assert seen_recordings(run / "fold1", of_the_run, np.arange(24)) == {name: name for name in names}
    (run / "recordings.csv").unlink()  # a run of before it was kept, that is not finished
    assert seen_recordings(run / "fold1", recordings, tested, content) == {}


def test_a_training_on_recordings_with_other_names_is_refused(renamed, capfd, tmp_path):
    run, table = renamed
    words = ["--data.table", str(table), "--data.cache_dir", str(tmp_path / "cache"), "--model.weights", str(run)]
    assert main(["train", *OPTIONS, *words, "--output_dir", str(tmp_path / "new")]) == 2
    said = capfd.readouterr().err
    assert "fold 1 was trained on 12 of the recordings that fold 1 is tested on, take" in said
    assert ".wav for one, there called " in said and not (tmp_path / "new").exists()
    words = ["probe", "--table", table, "--model", run, "--device", "cpu", "--bootstrap", "20"]
    status, _, errors = run_command(capfd, *words)
    assert status == 2 and "was trained on 12 of the recordings that fold 1 is tested on, take" in errors[-1]


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
