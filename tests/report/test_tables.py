"""Tables in text and Markdown, their numbers, and the summary of a run."""

import re

import numpy as np
import pytest
import torch

from esc_gpu.evaluation.metrics import evaluate, scores
from esc_gpu.report import format_summary
from esc_gpu.report.tables import (
    Table,
    format_markdown,
    format_text,
    mean_and_spread,
    numbered,
    p_value,
    percent,
    percent_range,
    readable,
)

FOLD = {"accuracy": 0.5, "macro_f1": 0.4, "top3_accuracy": 0.75, "clips": 8, "seconds": 12.3}
TABLE = Table("Title", ["name", "value"], [["long name", "1.00"], ["b|c", "-10.00"]], ["A note.", "Another."])


def test_text_sets_numbers_to_the_right():
    assert format_text([TABLE, TABLE]) == "\n\n".join(
        ["Title\n  name        value\n  long name    1.00\n  b|c        -10.00\n  A note.\n  Another."] * 2
    )


def test_markdown():
    assert format_markdown("Heading", [TABLE]) == (
        "# Heading\n\n## Title\n\n| name | value |\n| --- | ---: |\n| long name | 1.00 |\n| b\\|c | -10.00 |\n\n"
        "A note.\n\nAnother.\n"
    )


def test_a_class_is_shown_without_underscores_unless_two_would_be_shown_alike():
    assert readable(["sea_waves", "rain"]) == {"sea_waves": "sea waves", "rain": "rain"}
    names = ["a_b", "a b", "c_d"]
    assert list(readable(names).values()) == ["a_b", "a b", "c d"] and list(readable(names)) == names


def test_names_have_no_meaning_to_markdown():
    evil = "<script>alert(1)</script> `a|b` ![x](http://a.b)"
    text = format_markdown(evil, [Table("Title", [evil, "value"], [[evil, "1"]], [evil])])
    bare = re.sub(r"\\[\\`*_{}\[\]<>#|~$^&@]", "", text)
    assert text.count("alert(1)") == 4 and not re.search(r"[<>`\[\]]", bare)
    assert [line.count("|") for line in bare.splitlines() if line.startswith("|")] == [3, 3, 3]


@pytest.mark.parametrize(("right", "clips", "text"), [(103, 160, "64.38"), (129, 160, "80.63"), (1, 3, "33.33")])
def test_a_share_of_clips_is_one_text_wherever_it_comes_from(right, clips, text):
    """Also where it is half way between two: by two folds, and as earlier versions kept it."""
    folds = [(right // 2) / (clips / 2), (right - right // 2) / (clips / 2)]
    labels = torch.zeros(clips, dtype=torch.int64)
    probabilities = torch.eye(2)[(torch.arange(clips) >= right).long()]
    for share in (right / clips, float(np.float32(right / clips)), sum(folds) / 2):
        assert percent(share) == text
    assert percent(scores(probabilities, labels)["accuracy"]) == text
    assert percent(evaluate(probabilities, labels)["accuracy"]) == text


def test_numbers():
    assert percent(0.0005, 1) == "0.1" and percent(-1e-9) == "0.00" and percent(0.0125, 1, "+") == "+1.3"
    assert percent_range({"low": 0.0149, "high": 1.0}) == "1.5 to 100.0"
    assert percent_range({"low": -0.02, "high": 0.5}, sign="+") == "-2.0 to +50.0"
    assert mean_and_spread({"mean": 0.5, "std": None}) == "50.00"
    assert mean_and_spread({"mean": 0.5, "std": 0.0123}) == "50.00 ± 1.23"
    assert [p_value(p) for p in (1.0, 0.0001, 0.00009, 0.04504)] == ["1.0000", "0.0001", "<0.0001", "0.0450"]


def test_folds_are_numbered_and_splits_named():
    found = [numbered("fold", folds) for folds in ([4], [1, 2], ["test"])]
    assert found == ["fold 4", "folds 1, 2", "the test split"]


# The summary of a run


def test_the_table_has_a_line_a_fold_then_mean_and_spread():
    spread = {name: {"mean": 0.5, "std": 0.0123} for name in ("accuracy", "macro_f1", "top3_accuracy")}
    folds = [{"fold": 1, **FOLD}, {"fold": 2, **FOLD}]
    lines = format_summary({"folds": folds, "overall": {"clips": 16, **spread}, "seconds": 25}).splitlines()
    assert [line.split()[0] for line in lines] == ["fold", "1", "2", "mean", "std"]
    assert lines[1].split() == ["1", "8", "50.00", "40.00", "75.00", "12"]
    assert lines[1] == "     1      8     50.00     40.00     75.00        12" and lines[3].split()[1] == "16"
    assert lines[4].split() == ["std", "1.23", "1.23", "1.23"]


def test_the_balanced_accuracy_stands_beside_the_accuracy_where_classes_are_unequal():
    means = {name: {"mean": 0.5, "std": 0.1} for name in ("accuracy", "balanced_accuracy", "macro_f1", "top3_accuracy")}
    folds = [{"fold": 1, **FOLD, "balanced_accuracy": 0.3}, {"fold": 2, **FOLD}]  # the second has as many of each class
    lines = format_summary({"folds": folds, "overall": {"clips": 16, **means}, "seconds": 25}).splitlines()
    assert lines[0].split() == ["fold", "clips", "accuracy", "balanced", "macro-F1", "top-3", "seconds"]
    assert [line.split()[3] for line in lines[1:3]] == ["30.00", "50.00"]


def test_one_fold_has_no_spread():
    means = {name: {"mean": 0.5, "std": None} for name in ("accuracy", "macro_f1", "top3_accuracy")}
    text = format_summary({"folds": [{"fold": 3, **FOLD}], "overall": {"clips": 8, **means}, "seconds": 12})
    assert "std" not in text
