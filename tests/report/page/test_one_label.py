"""The sections of runs with one class a clip."""

from esc_gpu.report.page.one_label import compared


def test_a_run_stands_among_the_published_accuracies_in_their_order():
    published = [{"name": "best", "accuracy": 0.9, "source": "a"}, {"name": "least", "accuracy": 0.4, "source": "b"}]
    rows = compared({"accuracy": 0.5, "references": published, "protocol": {"epochs": "7"}})
    assert [row["name"] for row in rows] == ["least", "this run", "best"] and rows[1]["epochs"] == "7"
    assert compared({"accuracy": 0.5, "references": []}) == []
