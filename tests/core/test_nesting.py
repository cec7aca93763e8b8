"""The depth of plain values."""

from esc_gpu.core.nesting import MOST_LEVELS, is_too_deep


def test_depth_of_plain_values():
    value = 1
    for _ in range(MOST_LEVELS):
        value = {"a": [value], "b": 2}["a"]
    assert not is_too_deep(value) and is_too_deep({"a": value})
