"""What the sections of every task are made of."""

from esc_gpu.report.page.section import percentages


def test_curves_of_the_accuracy_are_in_percent():
    histories = {2: [{"epoch": 1, "loss": 0.5}, {"epoch": 2, "loss": 0.25, "test_accuracy": 0.75}]}
    found = percentages(histories, "test_accuracy")
    assert found == {2: [{"epoch": 1, "loss": 0.5}, {"epoch": 2, "loss": 0.25, "test_accuracy": 75.0}]}
