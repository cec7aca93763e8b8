"""The metrics of a run by its task."""

import pytest

from esc_gpu import EscGpuError
from esc_gpu.evaluation.finished_run import read_run
from esc_gpu.evaluation.task_assessment import assess_runs
from tests.helpers.made_up_runs import write_run
from tests.helpers.several_labels_runs import write_several


def test_each_task_has_its_metrics(tmp_path):
    one, several = read_run(write_run(tmp_path / "one")), read_run(write_several(tmp_path / "several"))
    assert "confusion_matrix" in assess_runs([one], 20) and "prior" in assess_runs([several], 20)
    with pytest.raises(EscGpuError, match="--validated chooses a threshold, which a run with one class a clip does"):
        assess_runs([one], 20, validated=several)
