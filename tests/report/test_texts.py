"""What the report says of a run is true of it."""

import pytest

from esc_gpu import create_frontend
from esc_gpu.evaluation.finished_run import read_run
from esc_gpu.evaluation.task_assessment import assess_runs
from esc_gpu.report.contents import FrontendSummary
from esc_gpu.report.tables import percent, percent_range
from esc_gpu.report.texts import (
    facts,
    frontend_sentence,
    headlines,
    option_tables,
    option_text,
    protocol,
    start_of,
)
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
    assert start_of({"model": {"pretrained": True, "weights": None}, "train": {}}) == "pre-trained"
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
    found = {}
    for rate in (None, 8000):
        (table,) = option_tables({**create_frontend("rms").spec, "input_sample_rate": rate, "other": None})
        found[rate] = {option: (value, meaning) for option, value, meaning in table.rows}
    assert found[None]["other"] == ("none", "") and "input_sample_rate" not in found[None]
    assert found[8000]["input_sample_rate"][0] == "8000" and "name" not in found[8000]
    texts = [option_text(value) for value in (True, False, None, 1 / 3, 5)]
    assert texts == ["yes", "no", "none", "0.333333", "5"]


def test_what_a_front_end_makes_of_a_clip():
    summary = FrontendSummary({}, [], (1, 2, 3), 0.0101)
    assert frontend_sentence(summary, 8000, 1.5) == (
        "From a clip of 1.5 s (12,000 samples at 8,000 Hz), the front-end computes 1 image of 2 bins × 3 frames. "
        "The frames are 10.1 ms apart."
    )


@pytest.mark.parametrize(
    ("folds", "said"),
    [
        ([1, 2], "mean ± standard deviation of 2 folds"),
        ([3], "of a single fold"),
        (["test"], "of the test split"),
    ],
)
def test_the_headlines_say_what_they_are_of(folds, said):
    names = ["accuracy", "balanced_accuracy", "macro_f1", "top3_accuracy"]
    assessment = {
        "over_folds": {name: {"mean": 0.5, "std": 0.0125} for name in names},
        "per_class": [{"support": support} for support in (2, 2, 3)],
        "folds": [{"fold": fold} for fold in folds],
        "intervals": {"accuracy": {"low": 0.4, "high": 0.6}},
        **{"accuracy": 0.5, "bootstrap": {"unit": "recording"}},
    }
    numbers = headlines(assessment)
    labels = ["accuracy", "95 % interval", "balanced accuracy", "macro-F1", "top-3 accuracy"]
    assert [number.label for number in numbers] == labels and numbers[0][1:] == ("50.00 ± 1.25 %", said)
    interval = "confidence interval of the accuracy of all clips, from a bootstrap over recordings"
    assert numbers[1][1:] == ("40.0 to 60.0 %", interval)
    equal = headlines(assessment | {"per_class": assessment["per_class"][:2]})
    assert [number.label for number in equal] == [label for label in labels if label != "balanced accuracy"]


def test_the_protocol_of_a_split():
    config = {"train": {"epochs": 30, "batch_size": 16, "lr": 1e-3}}
    text = protocol({"validation": False, "folds": [{"fold": "test"}]}, config)
    assert text.startswith("The test split is evaluated with a model that was trained on the train split.")
    assert "the normalisation comes from the training recordings." in text
    assert text.endswith("Nothing was selected on the test split: its accuracy during training is drawn but not used.")
    text = protocol({"validation": True, "folds": [{"fold": "validation"}]}, config)
    assert text.endswith("It is there to choose options by: no result comes from a test.")


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
    summary["data"]["subset"], summary["processes"] = "esc10", 2
    said = dict(facts(summary, config, {"clips": 1, "folds": [{"fold": "test"}], "validation": False}))
    part = "10 classes; 1 of them is tested, in the test split; "
    assert said["recordings"] == f"esc10 (subset esc10): 400 recordings, {part}{clips}"
    assert said["training"] == "2 epochs, 14 s in total, 2 processes"
    summary["data"]["subset"], summary["processes"] = "all", 1
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
