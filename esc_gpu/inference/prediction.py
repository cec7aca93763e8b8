"""The prediction for a recording, as plain data."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from esc_gpu.core.task import MULTI_LABEL, SINGLE_LABEL, THRESHOLD
from esc_gpu.inference.timeline import Segment, create_timeline

__all__ = ["Prediction", "Segment"]

TOP = 3  # classes that are named where no number is given


@dataclass(frozen=True, eq=False)
class Prediction:
    """The prediction for one recording.

    Attributes:
        path: path of the recording; None for a waveform.
        class_names: names of the K classes.
        duration_seconds: duration of the recording.
        clip_seconds: length of a window.
        starts_seconds: `(W,)` starts of the windows, ascending.
        window_probabilities: `(W, K)` float32.
        task: "single_label", or "multi_label" where any number of classes can be heard at once.
    """

    path: Path | None
    class_names: list[str]
    duration_seconds: float
    clip_seconds: float
    starts_seconds: np.ndarray
    window_probabilities: np.ndarray
    task: str = SINGLE_LABEL

    @cached_property
    def probabilities(self) -> np.ndarray:
        """`(K,)` float64, the mean over the windows."""
        probabilities: np.ndarray = self.window_probabilities.mean(axis=0, dtype=np.float64)
        return probabilities

    def top(self, k: int = TOP) -> list[tuple[str, float]]:
        """The `k` likeliest classes, or all where there are fewer, and their probabilities."""
        order = np.argsort(-self.probabilities, kind="stable")[:k]
        return [(self.class_names[label], float(self.probabilities[label])) for label in order]

    def present(self, threshold: float = THRESHOLD) -> list[tuple[str, float]]:
        """The classes with a probability of `threshold` or more, the likeliest first; there may be none."""
        return [answer for answer in self.top(len(self.class_names)) if answer[1] >= threshold]

    def answers(self, top: int | None = None, threshold: float | None = None) -> list[tuple[str, float]]:
        """What is said of the recording: the `top` likeliest classes, by default 3.

        Where several classes can be heard at once, those that are `present` from `threshold` on, by default 0.5, and of
        these `top` at most.
        """
        if self.task == MULTI_LABEL:
            return self.present(THRESHOLD if threshold is None else threshold)[:top]
        return self.top(TOP if top is None else top)

    @property
    def edges_seconds(self) -> np.ndarray:
        """`(W + 1,)` where one window gives way to the next, halfway between their middles, and both ends."""
        middles = self.starts_seconds + self.clip_seconds / 2
        end = min(self.starts_seconds[-1] + self.clip_seconds, self.duration_seconds)
        return np.concatenate([[0.0], (middles[:-1] + middles[1:]) / 2, [end]])

    def timeline(self, threshold: float | None = None, min_seconds: float = 0.0) -> list[Segment]:
        """Segments of the recording: consecutive windows with the same most probable class form one segment.

        Segments shorter than `min_seconds` are left out, and shorter gaps between two segments of the same class are
        closed. Then segments whose probability is below `threshold` are left out. By default, nothing is left out,
        and the segments cover the whole recording.

        Where several classes can be heard at once, consecutive windows in which the probability of a class is
        `threshold` or more form one segment of it, and segments of several classes overlap. See
        `esc_gpu.inference.timeline`.

        Args:
            threshold: a probability, 0 to 1; by default 0, with several classes at once 0.5.
            min_seconds: a duration in s, 0 or more.
        """
        timeline = create_timeline(self.task, self.class_names, self.clip_seconds, threshold, min_seconds)
        starts = enumerate(self.starts_seconds.tolist())
        segments = [part for number, start in starts for part in timeline.add(start, self.window_probabilities[number])]
        segments += timeline.end(self.duration_seconds)
        return sorted(segments, key=lambda segment: segment.start_seconds)
