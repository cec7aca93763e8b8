"""What is heard when: segments of windows that come one after another."""

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from esc_gpu.core.task import MULTI_LABEL, THRESHOLD


@dataclass(frozen=True)
class Segment:
    """A part of a recording in which a class is heard; the probability is its mean over the part's windows."""

    start_seconds: float
    end_seconds: float
    class_name: str
    probability: float


@dataclass
class _Span:
    """Consecutive windows: their class, their edges, and of all probabilities the sums and counts at both edges.

    The second edge is not known before the last of the windows is.
    """

    label: int
    start: float
    before: np.ndarray
    n_before: int
    end: float = field(init=False)
    behind: np.ndarray = field(init=False)
    n_behind: int = field(init=False)


class Timeline:
    """Segments of a recording whose windows come one after another; each is given out as soon as it cannot change.

    Consecutive windows with the same most probable class form a segment. Each window stands for the time around its
    middle, up to halfway to the middles of its neighbours. Segments shorter than `min_seconds` are left out. A gap
    shorter than that between two segments of the same class is closed. Of the resulting segments, those whose
    probability is below `threshold` are left out. What is kept does not grow with the length.

    Args:
        class_names: of the K classes.
        clip_seconds: length of a window.
        threshold: a probability, 0 to 1.
        min_seconds: a duration in s, 0 or more.
    """

    def __init__(self, class_names: list[str], clip_seconds: float, threshold: float = 0.0, min_seconds: float = 0.0):
        self.class_names = class_names
        self.clip_seconds = clip_seconds
        self.threshold = threshold
        self.min_seconds = min_seconds
        self.total = np.zeros(len(class_names))
        self.n_windows = 0
        self.last_start = 0.0
        self.open: _Span | None = None  # that of the last window
        self.waiting: _Span | None = None  # long enough, and another one may still follow it closely

    def add(self, start_seconds: float, probabilities: np.ndarray) -> list[Segment]:
        """The segments that are complete with a window `(K,)`, which begins later than those before it."""
        edge = 0.0 if self.open is None else (self.last_start + start_seconds + self.clip_seconds) / 2
        label, done = self._label(probabilities), []
        if self.open is None or label != self.open.label:
            done = self._close(edge)
            self.open = _Span(label, edge, self.total.copy(), self.n_windows)
        last = self.waiting
        if last is not None and edge - last.end >= self.min_seconds and not self._may_join(last, self.open):
            done += self._give_out()
        self.total += probabilities
        self.n_windows += 1
        self.last_start = start_seconds
        return done

    def end(self, duration_seconds: float) -> list[Segment]:
        """The last segments of a recording of this length."""
        return self._close(min(self.last_start + self.clip_seconds, duration_seconds)) + self._give_out()

    def _label(self, probabilities: np.ndarray) -> int:
        return int(probabilities.argmax())

    def _close(self, edge: float) -> list[Segment]:
        """End the span of the last window at `edge`."""
        span, self.open = self.open, None
        if span is None or edge - span.start < self.min_seconds:
            return []
        span.end, span.behind, span.n_behind = edge, self.total.copy(), self.n_windows
        if self.waiting is not None and self.waiting.label == span.label:  # after a longer gap it would wait no more
            span.start, span.before, span.n_before = self.waiting.start, self.waiting.before, self.waiting.n_before
            self.waiting = None
        done = self._give_out()
        self.waiting = span
        return done

    def _may_join(self, span: _Span, following: _Span) -> bool:
        return span.label == following.label and following.start - span.end < self.min_seconds

    def _give_out(self) -> list[Segment]:
        span, self.waiting = self.waiting, None
        if span is None:
            return []
        probability = float((span.behind - span.before)[span.label]) / (span.n_behind - span.n_before)
        if probability < self.threshold:
            return []
        return [Segment(span.start, span.end, self.class_names[span.label], probability)]


class _OneClass(Timeline):
    """Of a class that is heard or not, whatever else is heard: the second of two, of which the first is left out."""

    def __init__(self, name: str, clip_seconds: float, threshold: float, min_seconds: float):
        super().__init__(["", name], clip_seconds, 0.0, min_seconds)
        self.heard_from = threshold

    def _label(self, probabilities: np.ndarray) -> int:
        return int(probabilities[1] >= self.heard_from)

    def add_probability(self, start_seconds: float, probability: float) -> list[Segment]:
        return self._heard(self.add(start_seconds, np.array([0.0, probability])))

    def end(self, duration_seconds: float) -> list[Segment]:
        return self._heard(super().end(duration_seconds))

    def _heard(self, segments: list[Segment]) -> list[Segment]:
        return [segment for segment in segments if segment.class_name]


class OverlappingTimeline:
    """Segments of a recording in which several classes may be heard at once, from windows that come one after another.

    Each class has a timeline of its own: consecutive windows in which its probability is `threshold` or more form a
    segment. Segments shorter than `min_seconds` are left out, and a shorter gap between two segments of a class is
    closed. Each segment is given out as soon as it cannot change, so one that begins earlier may come later.

    Args:
        class_names, clip_seconds, min_seconds: as of `Timeline`.
        threshold: a probability, 0 to 1.
    """

    def __init__(self, class_names: list[str], clip_seconds: float, threshold: float, min_seconds: float = 0.0):
        self.clip_seconds = clip_seconds
        self.classes = [_OneClass(name, clip_seconds, threshold, min_seconds) for name in class_names]

    @property
    def n_windows(self) -> int:
        return self.classes[0].n_windows

    def add(self, start_seconds: float, probabilities: np.ndarray) -> list[Segment]:
        """The segments that are complete with a window `(K,)`, which begins later than those before it."""
        values = probabilities.tolist()
        return _by_time(
            part for label, one in enumerate(self.classes) for part in one.add_probability(start_seconds, values[label])
        )

    def end(self, duration_seconds: float) -> list[Segment]:
        """The last segments of a recording of this length."""
        return _by_time(part for one in self.classes for part in one.end(duration_seconds))


def create_timeline(
    task: str, class_names: list[str], clip_seconds: float, threshold: float | None = None, min_seconds: float = 0.0
) -> Timeline | OverlappingTimeline:
    """The timeline of a task; by default the threshold is 0, and 0.5 where several classes can be heard at once."""
    if task == MULTI_LABEL:
        heard_from = THRESHOLD if threshold is None else threshold
        return OverlappingTimeline(class_names, clip_seconds, heard_from, min_seconds)
    return Timeline(class_names, clip_seconds, threshold or 0.0, min_seconds)


def _by_time(segments: Iterable[Segment]) -> list[Segment]:
    return sorted(segments, key=lambda segment: segment.start_seconds)
