"""What is small as text and large in memory is refused; all else passes."""

import pytest
import yaml

from esc_gpu.core.nesting import MOST_LEVELS
from esc_gpu.core.yaml_limits import MOST_CHARACTERS, check_yaml, count_values
from esc_gpu.errors import EscGpuError

LAUGHS = "\n".join(["a0: &a0 [1]", *(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 9))])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[" * 50_000, "the YAML has more than 100 levels"),
        ("- " * 50_000, "the YAML has more than 100 levels"),
        (LAUGHS, "the YAML expands to more than 100,000 values"),
        ("a: &a {b: [*a]}", "a value of the config contains itself"),
        ("#" * (MOST_CHARACTERS + 1), "the YAML has 1,000,001 characters"),
    ],
    ids=["deep", "deep by lines", "anchors", "itself", "long"],
)
def test_what_is_too_large_is_refused(text, message):
    with pytest.raises(EscGpuError, match=f"^{message}.*; expected .*; simplify it$"):
        check_yaml(text)


@pytest.mark.parametrize("text", ["", "[1, 2", "*b", "\x1b", "\udcff", "[" * MOST_LEVELS + "]" * MOST_LEVELS])
def test_what_is_small_passes_even_where_it_is_no_yaml(text):
    check_yaml(text)


def test_values_are_counted_with_what_anchors_repeat():
    text = "a: &a [1, 2]\nb: &b x\nc: [*a, *a, *b]"
    assert count_values(yaml.parse(text)) == 4 + 3 + 1 + (1 + 3 + 3 + 1)
