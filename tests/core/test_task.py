"""Labels as text: what divides several, and what is written is read again."""

import numpy as np
import pytest

from esc_gpu.core.task import MULTI_LABEL, SINGLE_LABEL, label_separator, label_text, labels_of, task_of

NAMES = ["dog", "rain", "Whip, crack"]


@pytest.mark.parametrize(
    ("texts", "parts"),
    [
        (["dog|rain", "a,b"], ["dog", "rain"]),  # bars come first, and commas are of names then
        (["dog,rain", "Whip, crack"], ["dog", "rain"]),
        (["Whip, crack", "dog"], None),
        (["dog", "rain"], None),
    ],
)
def test_bars_divide_labels_and_so_do_commas_without_a_space(texts, parts):
    separator = label_separator(texts)
    assert (separator.split(texts[0]) if separator else None) == parts


def test_labels_are_read_as_they_were_written():
    several = np.array([[True, False, True], [False, False, False], [False, True, False]])
    texts = [label_text(row, NAMES) for row in several]
    assert texts == ["dog|Whip, crack", "", "rain"]
    assert np.array_equal(labels_of(texts, NAMES, MULTI_LABEL), several)
    one = np.array([2, 0])
    assert [label_text(label, NAMES) for label in one] == ["Whip, crack", "dog"]
    assert np.array_equal(labels_of(["Whip, crack", "dog"], NAMES, SINGLE_LABEL), one)
    assert (task_of(one), task_of(several)) == (SINGLE_LABEL, MULTI_LABEL)
    with pytest.raises(KeyError):
        labels_of(["dog|cat"], NAMES, MULTI_LABEL)
