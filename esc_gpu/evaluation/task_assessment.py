"""Every metric of finished runs, by their task."""

from collections.abc import Sequence
from typing import Any

from esc_gpu.core.task import MULTI_LABEL
from esc_gpu.evaluation.assessment import assess_seeds
from esc_gpu.evaluation.bootstrap import RESAMPLES, SEED
from esc_gpu.evaluation.finished_run import RunResults
from esc_gpu.evaluation.multi_label_assessment import assess_several_labels


def assess_runs(
    runs: Sequence[RunResults], n_bootstrap: int = RESAMPLES, seed: int = SEED, validated: RunResults | None = None
) -> dict[str, Any]:
    """`assess_seeds` of runs with one class a clip, `assess_several_labels` of others.

    Raises:
        EscGpuError: as of these, and for a run to choose thresholds by where no threshold is needed.
    """
    if runs[0].task == MULTI_LABEL:
        return assess_several_labels(runs, n_bootstrap, seed, validated)
    runs[0].check_threshold_needed(validated)
    return assess_seeds(runs, n_bootstrap, seed)
