"""What the reports of a run are made of."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from esc_gpu.core.folds import Fold
from esc_gpu.evaluation.decisions import Decisions, decide
from esc_gpu.evaluation.feature_statistics import FeatureStatistics
from esc_gpu.evaluation.finished_run import RunResults
from esc_gpu.frontends.axes import ChannelAxis
from esc_gpu.frontends.images import FeatureImage
from esc_gpu.report.audio import Audio


@dataclass(frozen=True, eq=False)
class Clip:
    """A clip to look at and to listen to.

    Attributes:
        row: of `predictions.csv`.
        start_seconds: where in its recording the clip begins.
        features: what the front-end makes of it.
        audio: the clip as a sound file, or None.
    """

    row: int
    start_seconds: float
    features: FeatureImage
    audio: Audio | None


@dataclass(frozen=True, eq=False)
class Example(Clip):
    """A clip of a class: its `waveform` `(T,)`, full scale at ±1, and its `inputs`, the normalised features."""

    waveform: np.ndarray
    inputs: FeatureImage


@dataclass(frozen=True, eq=False)
class Mistake(Clip):
    """A clip with a class that is missed or wrongly heard.

    `heat`: Grad-CAM `(F, N)` for the classes of `esc_gpu.evaluation.decisions.Decisions.surest`, or empty.
    """

    heat: dict[str, np.ndarray]


@dataclass(frozen=True, eq=False)
class FoldMap:
    """The test clips of a fold in the plane: `rows` `(n,)` of `predictions.csv`, `points` `(n, 2)` in `[0, 1]`."""

    fold: Fold
    rows: np.ndarray
    points: np.ndarray


@dataclass(frozen=True, eq=False)
class FrontendSummary:
    """The front-end: its `spec`, the axis of each channel, `(C, F, N)` that it makes, and s between frames."""

    spec: dict[str, Any]
    axes: list[ChannelAxis]
    shape: tuple[int, int, int]
    hop_seconds: float


@dataclass(frozen=True, eq=False)
class RunReport:
    """What the pages of a run are made of.

    Attributes:
        run: its results.
        assessment: its metrics, by `esc_gpu.evaluation.task_assessment.assess_runs`.
        sample_rate, clip_seconds: of its clips.
        frontend: of its models.
        labels: of the K' classes that have clips, ascending.
        statistics: of their features; its `clip_means` are those of the rows of `predictions.csv`.
        examples: a clip of each of these classes: the first of those with the fewest labels.
        maps: of each fold.
        mistakes: the surest first.
        n_mistakes: all of the run, of which `mistakes` may be a part.
        heat_cells: height and width of the maps that Grad-CAM adds up, or None.
        no_heat: why it cannot explain the models, or None.
    """

    run: RunResults
    assessment: dict[str, Any]
    sample_rate: int
    clip_seconds: float
    frontend: FrontendSummary
    labels: list[int]
    statistics: FeatureStatistics
    examples: list[Example]
    maps: list[FoldMap]
    mistakes: list[Mistake]
    n_mistakes: int
    heat_cells: tuple[int, int] | None
    no_heat: str | None

    @cached_property
    def decisions(self) -> Decisions:
        """Which classes the run says that its clips have."""
        return decide(self.run, self.assessment)
