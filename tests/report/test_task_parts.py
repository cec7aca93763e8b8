"""The parts of the reports, by the task."""

from esc_gpu.evaluation import metrics, multi_label
from esc_gpu.report.page.render import SECTIONS
from esc_gpu.report.task_parts import TASK_PARTS


def test_each_task_has_its_list_and_no_picture_twice():
    assert TASK_PARTS.keys() == SECTIONS.keys() == {"single_label", "multi_label"}
    assert set(TASK_PARTS["single_label"].metrics) == set(metrics.SCORES)
    assert set(TASK_PARTS["multi_label"].metrics) == set(multi_label.SCORES)
    for parts in TASK_PARTS.values():
        names = [picture.name for picture in parts.pictures]
        assert len(set(names)) == len(names)
