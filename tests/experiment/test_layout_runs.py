"""Whole runs on folders of classes: in folders of splits, and with folds that are made."""

import json

import pytest

from esc_gpu.cli.commands.export import find_test_clips
from esc_gpu.cli.main import main
from esc_gpu.config.checks import check_config
from esc_gpu.config.parse import parse_run
from esc_gpu.core.run_layout import RECORDINGS
from esc_gpu.errors import EscGpuError
from esc_gpu.evaluation.assessment import assess_seeds
from esc_gpu.evaluation.finished_run import read_run
from esc_gpu.experiment.run_clips import open_run_clips
from esc_gpu.inference.pipeline import load_pipeline
from esc_gpu.report import texts
from esc_gpu.report.evaluation_tables import describe_evaluation, evaluation_tables
from tests.helpers.csv_tables import predictions
from tests.helpers.tiny import FREQUENCIES, OPTIONS, write_tone

pytestmark = pytest.mark.usefixtures("blank_pictures")

SPLITS = {"train": 4, "val": 2, "test": 2}  # recordings of a class


def write_folders(root, parts):
    """So many tones of each class in the folders of the parts."""
    for at, (part, per_class) in enumerate(parts.items()):
        for label, frequency in FREQUENCIES.items():
            (root / part / label).mkdir(parents=True)
            for number in range(per_class):
                write_tone(root / part / label / f"{number}.wav", frequency, 1.0, seed=10 * at + number)
    return root


def options(root, *others):
    cache = root.parent / "cache"
    return [*OPTIONS, "--train.epochs", "1", "--data.root", str(root), "--data.cache_dir", str(cache), *others]


def arguments(root, output, *others):
    return options(root, "--output_dir", str(output), *others)


@pytest.fixture(scope="module")
def split_run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("splits")
    root = write_folders(folder / "tones", SPLITS)
    assert main(["train", *arguments(root, folder / "test")]) == 0
    assert main(["train", *arguments(root, folder / "validated", "--validate", "true")]) == 0
    return folder


@pytest.fixture(scope="module")
def made_run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("made")
    root = write_folders(folder / "tones", {"": 4})
    assert main(["train", *arguments(root, folder / "run", "--data.n_folds", "2")]) == 0
    return folder / "run"


def test_splits_are_trained_on_once_and_tested_once(split_run):
    rows = predictions(split_run / "test")
    assert {row["fold"] for row in rows} == {"test"} and len(rows) == 6
    assert {row["filename"].partition("/")[0] for row in rows} == {"test"}
    (fold,) = json.loads((split_run / "test" / "summary.json").read_text(encoding="utf-8"))["folds"]
    assert fold["fold"] == "test" and fold["clips"] == 6
    assert {row["filename"].partition("/")[0] for row in predictions(split_run / "validated")} == {"val"}


def test_validation_and_test_are_two_looks_at_one_model(split_run):
    tested, validated = (load_pipeline(split_run / run).model.state_dict() for run in ("test", "validated"))
    assert all(bool((tested[name] == validated[name]).all()) for name in tested)


def test_a_split_is_called_so_in_reports(split_run):
    run = read_run(split_run / "test")
    assessment = assess_seeds([run], n_bootstrap=10)
    assert "6 clips of 3 classes, the test split, seed 0" in describe_evaluation(assessment)
    assert texts.protocol(assessment, run.config).startswith(
        "The test split is evaluated with a model that was trained on the train split."
    )
    assert "Test split" in [table.title for table in evaluation_tables(assessment)]
    assert texts.headlines(assessment)[0].detail == "of the test split"
    facts = dict(texts.facts(run.summary, run.config, assessment))
    assert "are tested, in the test split" in facts["recordings"] and "fold" not in facts["training"]


def test_the_test_clips_of_a_split_are_found_again(split_run):
    run = read_run(split_run / "test")
    clips = open_run_clips(run, progress=False)
    assert [path.relative_to(split_run / "tones").as_posix() for path in clips.paths] == list(run.filenames)
    assert find_test_clips(split_run / "test" / "fold-test") == clips.paths


def test_splits_have_no_numbers(split_run, capsys):
    assert main(["train", *arguments(split_run / "tones", split_run / "no", "--folds", "1")]) == 2
    assert "error: folds is 1, but the recordings have the splits train, validation, test" in capsys.readouterr().err


def test_prepare_says_what_it_found_and_how_it_splits(split_run, capsys):
    assert main(["prepare", *options(split_run / "tones")]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "24 clips, 3 classes, in" in said and "by the layout folders" in said
    assert (
        "trained once, on the train split, and evaluated on the test split. The validation split is left out." in said
    )
    assert "class train validation test all high 4 2 2 8" in said and "all 12 6 6 24" in said


def test_a_run_keeps_the_folds_that_were_made(made_run):
    table, (kept,) = made_run / RECORDINGS, (made_run.parent / "cache" / "tables").iterdir()
    rows, hashes = zip(*(line.rsplit(",", 1) for line in table.read_text(encoding="utf-8").splitlines()), strict=True)
    assert "\n".join([*rows, ""]) == kept.read_text(encoding="utf-8") and hashes[0] == "content"
    kept.write_text("path,label,fold\n", encoding="utf-8")  # whatever happens to it
    run = read_run(made_run)
    assert run.fold_numbers == [1, 2] and len(open_run_clips(run, progress=False).paths) == 12
    assert len(find_test_clips(made_run / "fold1")) == 6


def test_one_fold_is_none():
    with pytest.raises(EscGpuError, match="data.n_folds must be 2 or more, got 1: correct it"):
        check_config(parse_run(["--data.n_folds", "1"], "train.py"))
