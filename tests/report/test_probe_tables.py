"""The tables of a probe of embeddings, by hand."""

from esc_gpu.report.evaluation_tables import METRICS
from esc_gpu.report.probe_tables import describe_probe, probe_tables
from esc_gpu.report.several_labels_tables import METRICS as SEVERAL

BOOTSTRAP = {"resamples": 1000, "units": 40, "unit": "recording"}


def result_of(task, scores, score):
    def probe(value):
        return {**dict.fromkeys(scores, value), "intervals": {score: {"low": value - 0.1, "high": value + 0.1}}}

    folds = [{"fold": 3, "clips": 8, "logistic_regression": 0.75, "nearest_neighbours": 0.5}]
    probes = {"logistic_regression": probe(0.75), "nearest_neighbours": probe(0.5)}
    return {"task": task, "model": "net", "clips": 1, "classes": 4, "folds": folds, "bootstrap": BOOTSTRAP, **probes}


def test_a_probe_of_one_class_a_clip():
    result = result_of("single_label", METRICS, "accuracy")
    assert describe_probe(result) == "net: embeddings of 1 clip of 4 classes, 1 fold"
    over_all, by_fold = probe_tables(result)
    assert list(over_all.rows) == [
        ["logistic regression", *["75.00"] * len(METRICS), "65.0 to 85.0"],
        ["nearest neighbours", *["50.00"] * len(METRICS), "40.0 to 60.0"],
    ]
    assert over_all.notes[0] == "95 % interval of the accuracy: bootstrap, 1,000 resamples of 40 recordings"
    assert len(over_all.notes) == 2 and list(over_all.columns) == ["probe", *METRICS.values(), "95 % interval"]
    assert (by_fold.title, by_fold.rows) == ("Accuracy by fold", [["3", "8", "75.00", "50.00"]])


def test_a_probe_of_several_labels_has_a_prior():
    over_all, by_fold = probe_tables(result_of("multi_label", SEVERAL, "map") | {"prior": {"map": 0.25}})
    assert "interval of the mAP" in over_all.notes[0] and over_all.notes[-1].endswith("has a mAP of 25.00.")
    assert len(over_all.notes) == 4 and by_fold.title == "mAP by fold"
