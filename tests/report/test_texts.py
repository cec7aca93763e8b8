"""What the report says of a run is true of it."""

import pytest

from esc_gpu import create_frontend
from esc_gpu.evaluation.finished_run import read_run
from esc_gpu.evaluation.task_assessment import assess_runs
from esc_gpu.report.tables import percent, percent_range
from esc_gpu.report.texts import facts, headlines, option_tables, protocol, start_of
from tests.helpers.several_labels_runs import write_several


@pytest.mark.parametrize(
    ("validation", "said", "unsaid"),
    [
        (False, "a model that was trained on all other folds", "validated"),
        (True, "a model that has seen neither it nor the next fold", "Nothing was selected"),
    ],
)
@pytest.mark.parametrize(("ema_decay", "weights"), [(0, "those after the last step"), (0.999, "the last 1,000 steps")])
def test_the_protocol_is_that_of_the_run(validation, said, unsaid, ema_decay, weights):
    config = {"train": {"epochs": 30, "batch_size": 16, "lr": 1e-3, "ema_decay": ema_decay}}
    for folds, subject in ([1], "Fold 1 is"), ([1, 3], "Each of the folds 1, 3 is"):
        text = protocol({"validation": validation, "folds": [{"fold": fold} for fold in folds]}, config)
        assert text.startswith(subject) and said in text and unsaid not in text and weights in text


def test_the_protocol_of_a_run_of_an_earlier_version_has_no_averaged_weights():
    config = {"train": {"epochs": 30, "batch_size": 16, "lr": 1e-3}}
    assert "those after the last step" in protocol({"validation": False, "folds": [{"fold": 1}]}, config)


def test_what_a_run_started_from_is_said():
    config = {"model": {"pretrained": False, "weights": None}, "train": {"epochs": 2, "batch_size": 16, "lr": 1e-3}}
    assessment = {"validation": False, "folds": [{"fold": 1}]}
    assert start_of(config) == "from scratch" and "started from" not in protocol(assessment, config)
    config["model"]["weights"], config["train"]["freeze"] = "/home/me/runs/esc10", "backbone"
    assert start_of(config) == "pre-trained (esc10), backbone frozen"
    assert "training folds, or from the model that the training started from." in protocol(assessment, config)


def test_every_option_of_a_front_end_has_its_meaning():
    spec = create_frontend("stack", members=["logmel", "rms"]).spec
    tables = option_tables(spec)
    assert [table.title for table in tables] == ["stack", "logmel", "rms"]
    rows = {option: (value, meaning) for option, value, meaning in tables[1].rows}
    assert rows["backend"] == ("native", "the library that computes the features") and rows["pad_short"][0] == "no"
    for _, meaning in rows.values():
        assert meaning and not meaning.endswith(".")
    assert rows["n_mels"][1] != rows["fmin"][1]


def test_the_facts_tell_what_was_tested_from_what_there_is():
    config = {
        "data": {"clip_seconds": 5.0, "sample_rate": 44100},
        "model": {"backbone": "resnet18", "pretrained": False, "weights": None},
        "train": {"epochs": 2},
    }
    summary = {
        "data": {"recordings": "esc10", "subset": "all", "clips": 400, "classes": 10},
        "frontend": {"name": "logmel", "backend": "native"},
        "environment": {"date": "", "python": "3.11", "versions": {}, "cuda": None, "gpu": None, "cpu": "", "cores": 2},
        **{"processes": 1, "mixed_precision": "no", "seconds": 14.2},
    }
    folds = [{"fold": 1}, {"fold": 2}]
    said = dict(facts(summary, config, {"clips": 160, "folds": folds, "validation": False}))
    clips = "clips of 5 s at 44,100 Hz"
    assert said["recordings"] == f"esc10: 400 recordings, 10 classes; 160 of them are tested, in folds 1, 2; {clips}"
    assert said["training"] == "2 epochs for each fold, 14 s in total, one process"
    said = dict(facts(summary, config, {"clips": 400, "folds": folds[:1], "validation": True}))
    assert said["recordings"] == f"esc10: 400 recordings, 10 classes; all are validated, in fold 1; {clips}"


def test_the_headlines_of_several_labels_are_of_the_average_precision(tmp_path):
    found = assess_runs([read_run(write_several(tmp_path / "run"))], 20)
    numbers = {number.label: number for number in headlines(found)}
    assert [*numbers][:3] == ["mAP (macro)", "95 % interval", "AP (micro)"]
    assert numbers["95 % interval"].value == percent_range(found["intervals"]["map"]) + " %"
    assert f"of the mAP of all clips ({percent(found['map'])} %)" in numbers["95 % interval"].detail
    assert numbers["mAP of the prior"].value == percent(found["prior"]["map"]) + " %"
    config = {"train": {"epochs": 3, "batch_size": 16, "lr": 1e-3}}
    assert "its mAP during training is drawn but not used" in protocol(found, config)
