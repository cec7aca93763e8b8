"""The comparison of features: from arguments to result file, table and plot; stopped, gone on with, and refused."""

import json

import pytest

from benchmarks.accuracy import cost as accuracy_cost
from benchmarks.accuracy import study as accuracy
from esc_gpu.evaluation.finished_run import read_run
from esc_gpu.experiment import cross_validation as experiment
from esc_gpu.training import loop as training
from tests.helpers.tiny import RATE, write_tones
from tools.doc_tables import table

RECIPE = f"""
data: {{sample_rate: {RATE}, clip_seconds: 1}}
model: {{backbone: test_resnet}}
train: {{threads: 1, epochs: 2, batch_size: 8, mixed_precision: "no", eval_every: 2}}
"""
PLAN = """
kind: comparison
recipe: {folder}/recipe.yaml
rows:
  log-mel: {{config: {folder}/logmel.yaml}}
  MFCC + Δ: {{config: {folder}/logmel.yaml, frontend.name: mfcc, frontend.n_mfcc: 13}}
"""
ABLATION = """
kind: ablation
recipe: [{folder}/logmel.yaml, {folder}/recipe.yaml]
rows:
  nothing:
  gains: {{augment.gain_db: 0}}
"""
VARIANTS = """
kind: variants
recipe: [{folder}/logmel.yaml, {folder}/recipe.yaml]
rows:
  as it is:
  frequency: {{model.coordinates: frequency}}
"""


pytestmark = pytest.mark.usefixtures("blank_pictures")


@pytest.fixture(scope="module")
def tones(tmp_path_factory):
    """Recordings in three folds, and plans for them."""
    folder = tmp_path_factory.mktemp("tones")
    write_tones(folder, n_folds=3, per_class=3)
    (folder / "recipe.yaml").write_text(RECIPE, encoding="utf-8")
    (folder / "logmel.yaml").write_text(
        "frontend: {name: logmel, n_fft: 256, hop_length: 256, n_mels: 16}\n", encoding="utf-8"
    )
    (folder / "features.yaml").write_text(PLAN.format(folder=folder), encoding="utf-8")
    (folder / "parts.yaml").write_text(ABLATION.format(folder=folder), encoding="utf-8")
    (folder / "channels.yaml").write_text(VARIANTS.format(folder=folder), encoding="utf-8")
    return folder


def words(tones, work, plan="features", *options):
    recordings = ["--data.table", tones / "tones.csv", "--data.cache_dir", tones / "cache"]
    places = ["--work", work, "--output", work / "results"]
    return [str(word) for word in (tones / f"{plan}.yaml", *recordings, *places, *options)]


def result_of(work):
    (file,) = (work / "results").glob("*.json")
    return file, json.loads(file.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def whole(tones, tmp_path_factory):
    """The folder of a benchmark of two rows, a seed and a fold."""
    work = tmp_path_factory.mktemp("whole") / "work"
    assert accuracy.main(words(tones, work, "features", "--seeds", "3", "--folds", "1")) == 0
    return work


def apart_from_time(result):
    """What two benchmarks of the same have in common."""
    for entry in [*result["rows"], *(fold for run in result["runs"] for fold in run["folds"])]:
        for name in ("seconds", "epoch_seconds"):
            entry.pop(name, None)
    return {name: value for name, value in result.items() if name not in ("cost", "environment")}


def test_from_arguments_to_table_and_plot(tones, whole):
    file, result = result_of(whole)
    assert file.name.startswith("accuracy-features-tones") and "-work-" in file.name
    assert file.with_suffix(".png").read_bytes()[1:4] == b"PNG"
    assert str(tones.parent) not in file.read_text(encoding="utf-8")
    assert result["benchmark"] == "accuracy" and result["complete"] is True
    protocol = {"epochs": 2, "folds": [1], "seeds": [3], "checkpoint": "last", "validation": False}
    assert result["protocol"] == protocol | {"mixed_precision": "no"}
    cells = [(run["row"], run["seed"]) for run in result["runs"]]
    assert cells == [("log-mel", 3), ("MFCC + Δ", 3)]
    assert result["clips"] == sorted(result["clips"]) and len(result["clips"]) == 9
    for run in result["runs"]:
        trained = read_run(whole / run["row"] / f"seed{run['seed']}")
        right = dict(zip(trained.filenames, trained.predictions == trained.labels, strict=True))
        assert run["right"] == "".join("1" if right[name] else "0" for name in result["clips"])
        for fold, stated in zip(run["folds"], trained.summary["folds"], strict=True):
            assert {name: stated[name] for name in ("fold", "clips", "seconds")}.items() <= fold.items()
            assert fold["accuracy"] == pytest.approx(stated["accuracy"])
            assert fold["macro_f1"] == pytest.approx(stated["macro_f1"])
    reference, other = result["rows"]
    assert reference["name"] == result["reference"] == "log-mel" and reference["against_reference"] is None
    assert other["against_reference"]["difference"] == pytest.approx(other["accuracy"] - reference["accuracy"])
    assert reference["frontend_options"]["n_mels"] == 16 and other["frontend"] == "mfcc"
    assert reference["epoch_seconds"] > 0  # of the first epoch, which is not evaluated


def test_the_front_ends_are_timed(whole):
    cost = result_of(whole)[1]["cost"]
    assert [row["name"] for row in cost["rows"]] == ["log-mel", "MFCC + Δ"]
    for row in cost["rows"]:
        assert row["clip_seconds"] == 1
        assert 0 < row["us_per_clip"]["min"] <= row["us_per_clip"]["median"] <= row["us_per_clip"]["max"]
    assert cost["batch"] == 16 and cost["environment"]["threads"] == 1


def test_the_table_of_a_comparison(whole):
    file, result = result_of(whole)
    lines = table(file.name, file.parent).splitlines()
    assert lines[0] == "| front-end | µs a clip | accuracy | seeds (± std) | difference to log-mel | p (Holm) |"
    assert lines[2].startswith("| log-mel |") and lines[2].endswith("| – | – |")
    assert lines[3].startswith("| MFCC + Δ |") and " to " in lines[3] and "| 1 | " in lines[3]
    assert "2 epochs, the last checkpoint, fold 1, seed 3." in lines[5]
    assert "resamples of 9 files" in lines[5] and "batches of 16 clips of 1 s" in lines[5]


def test_stopped_and_gone_on_with_it_is_the_same(tones, whole, tmp_path, monkeypatch, capsys):
    command = words(tones, tmp_path, "features", "--seeds", "3", "--folds", "1", "--no-cost")
    steps = []

    def stopping(step):
        def train_step(*arguments):
            steps.append(0)
            if len(steps) == 8:  # in the second epoch of the second run
                raise KeyboardInterrupt
            return step(*arguments)

        return train_step

    with monkeypatch.context() as patch:
        patch.setattr(training, "train_step", stopping(training.train_step))
        assert accuracy.main(command) == 130
    assert (
        len((tmp_path / "MFCC + Δ" / "seed3" / "fold1" / "metrics.jsonl").read_text(encoding="utf-8").splitlines()) == 1
    )
    file, result = result_of(tmp_path)
    assert result["complete"] is False and [row["name"] for row in result["rows"]] == ["log-mel"]
    assert "**Not complete:**" in table(file.name, file.parent)
    (tmp_path / accuracy.WRITTEN).write_text(
        "accuracy-features-2001-02-03.json\n", encoding="utf-8"
    )  # as if begun on another day
    file = file.rename(file.with_name("accuracy-features-2001-02-03.json"))

    assert accuracy.main(command) == 0
    assert f"written: {file}" in capsys.readouterr().out
    gone_on = result_of(tmp_path)[1]
    assert gone_on["cost"] is None and apart_from_time(gone_on) == apart_from_time(result_of(whole)[1])
    for name in ("log-mel/seed3", "MFCC + Δ/seed3"):
        path = f"{name}/predictions.csv"
        assert (tmp_path / path).read_bytes() == (whole / path).read_bytes()


def no_training(config):
    raise AssertionError(f"{config.output_dir} is trained again")


def test_what_is_finished_is_not_trained_or_timed_again(tones, whole, monkeypatch):
    monkeypatch.setattr(experiment, "run", no_training)
    monkeypatch.setattr(accuracy_cost, "measure", no_training)
    before = result_of(whole)[1]
    assert accuracy.main(words(tones, whole, "features", "--seeds", "3", "--folds", "1")) == 0
    assert result_of(whole)[1] == before


def test_the_cost_alone_is_measured_into_the_same_file(tones, whole, monkeypatch):
    monkeypatch.setattr(experiment, "run", no_training)
    before = result_of(whole)
    command = words(tones, whole, "features", "--seeds", "3", "--folds", "1", "--cost-only")
    assert accuracy.main(command) == 0
    after = result_of(whole)
    assert after[0] == before[0] and after[1]["cost"]["rows"] != before[1]["cost"]["rows"]
    assert apart_from_time(after[1]) == apart_from_time(before[1])


def test_runs_with_other_options_are_refused(tones, whole, capsys):
    options = ["--seeds", "3", "--folds", "1", "--train.lr", "0.01"]
    before = result_of(whole)
    assert accuracy.main(words(tones, whole, "features", *options)) == 2
    message = capsys.readouterr().err.splitlines()[-1]
    assert message.startswith("error: row log-mel, seed 3: the run to resume had another config: train.lr was 0.001")
    assert result_of(whole) == before


def test_an_ablation_on_validation_folds(tones, tmp_path):
    assert accuracy.main(words(tones, tmp_path, "parts", "--validate", "--folds", "1", "--train.epochs", "1")) == 0
    file, result = result_of(tmp_path)
    assert "-validation-" in file.name and file.with_suffix(".png").is_file()
    assert result["protocol"]["validation"] is True and result["protocol"]["epochs"] == 1
    assert result["rows"][1]["options"] == {"augment.gain_db": 0.0} and result["cost"] is None
    lines = table(file.name, file.parent).splitlines()
    assert lines[0] == "| without | accuracy | loss | effect | p (Holm) |"
    (fold,) = result["runs"][0]["folds"]
    assert lines[2].split(" | ")[2] == f"{fold['loss']:.3f}" and 1 / 20 <= fold["temperature"] <= 20
    assert lines[2].startswith("| nothing |") and lines[3].startswith("| gains |")
    assert lines[5].startswith("**Validation, no test results:**")


def test_of_variants_a_step_is_timed(tones, tmp_path, monkeypatch):
    command = words(tones, tmp_path, "channels", "--folds", "1")
    assert accuracy.main(command) == 0
    file, result = result_of(tmp_path)
    assert file.with_suffix(".png").is_file() and result["cost"]["of_steps"] is True
    assert [row["model"]["coordinates"] for row in result["cost"]["rows"]] == ["none", "frequency"]
    monkeypatch.setattr(accuracy_cost, "measure", no_training)
    assert accuracy.main(command) == 0  # what was timed is not timed again
    lines = table(file.name, file.parent).splitlines()
    assert lines[0] == "| variant | µs a clip | accuracy | seeds (± std) | difference to as it is | p (Holm) |"
    assert lines[2].startswith("| as it is |") and lines[3].startswith("| frequency |")
    assert "frequency also has model.coordinates=frequency." in lines[5]
    assert "forward and backward of the whole model, batches of 16 clips of 1 s" in lines[5]


def test_a_run_that_fails_ends_the_benchmark_with_its_row(tones, tmp_path, capsys):
    (tmp_path / "nothing" / "seed0").mkdir(parents=True)
    (tmp_path / "nothing" / "seed0" / "notes.txt").write_text("mine", encoding="utf-8")
    assert accuracy.main(words(tones, tmp_path, "parts", "--folds", "1")) == 2
    error = capsys.readouterr().err.splitlines()[-1]
    assert error.startswith("error: row nothing, seed 0: ") and "something other than a run" in error
    assert not list((tmp_path / "results").iterdir())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--seeds", "1", "1"], "--seeds is [1, 1]"),
        (["--seeds", "-1"], "--seeds is [-1]"),
        (["--cost-only"], "has no finished run; train first"),
        (["--cost-only", "--no-cost"], "give it without --no-cost"),
        (["--train.seed", "3"], "give --seeds"),
        (["--output_dir=runs/x"], "give --work"),
        (["--train.epoch", "3"], "did you mean 'train.epochs'"),
        (["--folds", "7"], "fold 7 does not exist"),
        (["--frontend.n_mfcc", "13"], "row log-mel"),
        (["--data.table", "none.csv"], "none.csv"),
    ],
)
def test_what_cannot_be_run_is_one_line(tones, tmp_path, capsys, options, message):
    assert accuracy.main([*words(tones, tmp_path / "work", "features"), *options]) == 2
    error = capsys.readouterr().err
    assert error.splitlines()[-1].startswith("error: ") and error.count("error: ") == 1
    assert message in error.splitlines()[-1]
    assert not list((tmp_path / "work").rglob("config.yaml"))


def test_a_folder_that_cannot_be_made_is_refused(tones, tmp_path, capsys):
    (tmp_path / "file").write_text("", encoding="utf-8")
    assert accuracy.main(words(tones, tmp_path / "file" / "work")) == 2
    assert "cannot make the folder" in capsys.readouterr().err


def test_an_ablation_has_no_cost(tones, tmp_path, capsys):
    assert accuracy.main(words(tones, tmp_path, "parts", "--cost-only")) == 2
    assert "--cost-only measures a comparison or variants, not an ablation" in capsys.readouterr().err
