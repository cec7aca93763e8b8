"""What a clip's label is: one class, or any number of classes. The names of both tasks, and labels as text.

Wherever labels are, one class a clip is `(n,)` int64, and several are `(n, K)` bool, as in scikit-learn.
"""

import re
from collections.abc import Iterable, Sequence

import numpy as np

SINGLE_LABEL, MULTI_LABEL = "single_label", "multi_label"
BAR = "|"  # between the labels of a clip, in tables and in results
COMMA = re.compile(r",(?=\S)")  # as in FSD50K; a comma before a space is of a name, as of AudioSet's "Whip, crack"
THRESHOLD = 0.5  # probability from which a class counts as present, where no other one is given


def task_of(labels: np.ndarray) -> str:
    """The task that labels `(n,)` or `(n, K)` are of."""
    return MULTI_LABEL if labels.ndim == 2 else SINGLE_LABEL


def label_separator(texts: Iterable[str]) -> re.Pattern[str] | None:
    """What stands between the labels of a clip in these texts: bars, else commas without a space; None for neither."""
    texts = list(texts)
    if any(BAR in text for text in texts):
        return re.compile(re.escape(BAR))
    return COMMA if any(COMMA.search(text) for text in texts) else None


def label_text(labels: np.ndarray, class_names: Sequence[str]) -> str:
    """The labels of a clip as text: the class of an integer `()`, the classes of `(K,)` bool with bars between."""
    if labels.ndim == 0:
        return class_names[int(labels)]
    return BAR.join(class_names[label] for label in np.flatnonzero(labels).tolist())


def labels_of(texts: Sequence[str], class_names: Sequence[str], task: str) -> np.ndarray:
    """The labels `(n,)` int64 or `(n, K)` bool that `label_text` wrote.

    Raises:
        KeyError: for a class that is none of `class_names`.
    """
    label_of = {name: label for label, name in enumerate(class_names)}
    if task == SINGLE_LABEL:
        return np.array([label_of[text] for text in texts], dtype=np.int64)
    labels = np.zeros((len(texts), len(class_names)), dtype=bool)
    for row, text in zip(labels, texts, strict=True):
        row[[label_of[name] for name in text.split(BAR) if text]] = True
    return labels
