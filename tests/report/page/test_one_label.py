"""The sections of runs with one class a clip."""

from types import SimpleNamespace

import pytest

from esc_gpu.report.page.one_label import calibration, compared, confusion, references, shaded


def test_a_run_stands_among_the_published_accuracies_in_their_order():
    published = [{"name": "best", "accuracy": 0.9, "source": "a"}, {"name": "least", "accuracy": 0.4, "source": "b"}]
    rows = compared({"accuracy": 0.5, "references": published, "protocol": {"epochs": "7"}})
    assert [row["name"] for row in rows] == ["least", "this run", "best"] and rows[1]["epochs"] == "7"
    assert compared({"accuracy": 0.5, "references": []}) == []
    assert references(SimpleNamespace(assessment={"references": []})) is None


def test_a_cell_has_its_share_of_the_true_class_and_a_shade():
    nothing = (0, 0, 0)
    assert shaded([[1, 3, 0], [0, 0, 0], [0, 0, 1]]) == [
        [(1, 0.25, 3), (3, 0.75, 8), nothing],
        [nothing] * 3,
        [nothing, nothing, (1, 1, 10)],
    ]


@pytest.mark.parametrize(("num_classes", "is_dense"), [(20, False), (21, True)])
def test_a_matrix_of_many_classes_is_small(num_classes, is_dense):
    report = SimpleNamespace(assessment={"confusion_matrix": [[0] * num_classes] * num_classes})
    assert confusion(report)["is_dense"] == is_dense


def test_shares_have_a_tick_every_twenty_percent():
    for axis in calibration(None).values():
        assert (axis.low, axis.high) == (0, 100) and [tick.text for tick in axis.ticks] == [
            "0",
            "20",
            "40",
            "60",
            "80",
            "100",
        ]
