"""A run that is gone on with: by the same recordings only, and finished when all its folds are."""

import shutil

import pytest

from esc_gpu.cli.main import main
from esc_gpu.errors import EscGpuError
from esc_gpu.experiment import cross_validation as experiment
from tests.helpers.one_line import error_line, refusal
from tests.helpers.tiny import OPTIONS, parsed, write_tones
from tests.helpers.tiny_run import train_tones

pytestmark = pytest.mark.usefixtures("blank_pictures")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """With a finished run of the first of two folds, its recordings and their store."""
    folder = tmp_path_factory.mktemp("trained")
    train_tones(folder, "--folds", "1")
    return folder


@pytest.fixture
def run(folder, tmp_path):
    """A copy of the run, and how to start it again."""
    output = shutil.copytree(folder / "run", tmp_path / "run")
    data = ["--data.table", str(folder / "tones" / "tones.csv"), "--data.cache_dir", str(folder / "cache")]
    return output, ["train", *OPTIONS, *data, "--output_dir", str(output), "--resume"]


def test_it_is_refused_with_other_folds_and_with_other_audio(run, folder, capfd):
    output, again = run
    table, audio = folder / "tones" / "tones.csv", folder / "tones" / "0.wav"
    for file, content, differs in (
        (table, table.read_bytes().replace(b"0.wav,high,1", b"0.wav,high,2"), "its files, classes, folds or sources"),
        (audio, (folder / "tones" / "6.wav").read_bytes(), "the audio, or what of it can be decoded"),
    ):
        before = file.read_bytes()
        file.write_bytes(content)
        status = main([*again, "--folds", "[1,2]"])
        file.write_bytes(before)
        line = error_line(capfd.readouterr().err)
        assert status == 2 and f"the run to resume had other recordings ({differs}): " in line
    assert not (output / "fold2").exists()
    assert main([*again, "--folds", "1"]) == 0


@pytest.mark.parametrize(
    ("folds", "target"), [("[1,2]", "train_together"), ("[1,2]", "join_predictions"), ("1", "join_predictions")]
)
def test_it_has_no_summary_of_other_folds_until_it_is_finished(run, monkeypatch, folds, target):
    output, again = run

    def fail(*arguments):
        raise EscGpuError("killed")

    monkeypatch.setattr(experiment, target, fail)
    assert (output / "summary.json").exists()
    assert main([*again, "--folds", folds]) == 2
    assert not (output / "summary.json").exists()
    monkeypatch.undo()
    assert main([*again, "--folds", folds]) == 0
    assert (output / "summary.json").exists()


def test_what_is_no_fold_s_metrics_is_one_line(tmp_path):
    (tmp_path / "metrics.json").write_text('{"fold": 1}', encoding="utf-8")
    assert "metrics.json does not hold the metrics of a fold" in refusal(
        experiment.finished_metrics, tmp_path, "single_label"
    )


def test_the_names_of_new_folds_are_on_the_disk_before_they_are_trained(run, monkeypatch):
    output, again = run
    synchronised, train_together = [], experiment.train_together

    def train(*arguments):
        assert synchronised == [output] and (output / "fold2").is_dir()
        return train_together(*arguments)

    monkeypatch.setattr(experiment, "synchronize", synchronised.append)
    monkeypatch.setattr(experiment, "train_together", train)
    assert main([*again, "--folds", "2"]) == 0 and synchronised


def test_validation_without_a_class_to_train_on_is_refused_before_anything_is_decoded(tmp_path, capfd):
    table = write_tones(tmp_path / "tones", n_folds=3, per_class=1)
    table.write_text(
        "".join(
            row for row in table.read_text(encoding="utf-8").splitlines(keepends=True) if not row.startswith("6.wav")
        ),
        encoding="utf-8",
    )
    arguments = [*OPTIONS, "--data.table", str(table), "--data.cache_dir", str(tmp_path / "cache"), "--validate"]
    assert main(["train", *arguments, "--output_dir", str(tmp_path / "run"), "--folds", "1"]) == 2
    assert "class 'high' has no recording to train on when fold 1 is used for validation" in capfd.readouterr().err
    assert not (tmp_path / "run").exists() and not (tmp_path / "cache").exists()


def test_what_the_training_would_refuse_is_refused_before_the_decoding(tmp_path):
    data = ["--data.table", str(write_tones(tmp_path / "tones", per_class=1)), "--data.cache_dir", str(tmp_path / "c")]
    for options, message in (
        (["--frontend.fmax", "4001"], "fmax"),
        (["--model.options", "{global_pool: no_such}"], "test_resnet"),
        (["--folds", "3"], "fold 3 does not exist"),
        (["--train.class_weights", "{fish: 2.0}"], "names the class 'fish', which there is not"),
    ):
        config = parsed(*data, *options)
        assert message in refusal(experiment.prepare, config) == refusal(experiment.run, config)
    assert not (tmp_path / "c").exists()
