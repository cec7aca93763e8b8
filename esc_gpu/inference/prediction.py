"""What a pipeline says of a recording, as plain data."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np


@dataclass(frozen=True)
class Segment:
    """A part of a recording with one likeliest class; the probability is its mean over the part's windows."""

    start_seconds: float
    end_seconds: float
    class_name: str
    probability: float


@dataclass(frozen=True, eq=False)
class Prediction:
    """The answer for one recording.

    Attributes:
        path: of the recording; None for a waveform.
        class_names: of the K classes.
        duration_seconds: of the recording.
        clip_seconds: length of a window.
        starts_seconds: `(W,)` where the windows begin, ascending.
        window_probabilities: `(W, K)` float32.
    """

    path: Path | None
    class_names: list[str]
    duration_seconds: float
    clip_seconds: float
    starts_seconds: np.ndarray
    window_probabilities: np.ndarray

    @cached_property
    def probabilities(self) -> np.ndarray:
        """`(K,)` float64, the mean over the windows."""
        probabilities: np.ndarray = self.window_probabilities.mean(axis=0, dtype=np.float64)
        return probabilities

    def top(self, k: int = 3) -> list[tuple[str, float]]:
        """The `k` likeliest classes, or all where there are fewer, and their probabilities."""
        order = np.argsort(-self.probabilities, kind="stable")[:k]
        return [(self.class_names[label], float(self.probabilities[label])) for label in order]

    @property
    def edges_seconds(self) -> np.ndarray:
        """`(W + 1,)` where one window gives way to the next, halfway between their middles, and both ends."""
        middles = self.starts_seconds + self.clip_seconds / 2
        end = min(self.starts_seconds[-1] + self.clip_seconds, self.duration_seconds)
        return np.concatenate([[0.0], (middles[:-1] + middles[1:]) / 2, [end]])

    def timeline(self, threshold: float = 0.0, min_seconds: float = 0.0) -> list[Segment]:
        """What is heard when: consecutive windows with the same likeliest class as one segment.

        Segments shorter than `min_seconds` are left out. Between two of the same class a gap shorter than that is
        closed. Of these, segments whose probability is under `threshold` are left out. By default nothing is, and the
        segments go from the recording's beginning to its end.

        Args:
            threshold: a probability, 0 to 1.
            min_seconds: a duration in s, 0 or more.
        """
        labels, edges = self.window_probabilities.argmax(axis=1), self.edges_seconds
        bounds = [0, *(np.flatnonzero(np.diff(labels)) + 1).tolist(), len(labels)]
        spans: list[tuple[int, int]] = []  # of windows
        for first, end in zip(bounds, bounds[1:], strict=False):
            if edges[end] - edges[first] < min_seconds:
                continue
            if spans and labels[spans[-1][0]] == labels[first] and edges[first] - edges[spans[-1][1]] < min_seconds:
                first = spans.pop()[0]
            spans.append((first, end))
        segments = []
        for first, end in spans:
            label = labels[first]
            probability = float(self.window_probabilities[first:end, label].mean(dtype=np.float64))
            if probability >= threshold:
                segments.append(Segment(float(edges[first]), float(edges[end]), self.class_names[label], probability))
        return segments
