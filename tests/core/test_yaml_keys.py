"""A key of YAML that stands twice is refused: its readers take the last and say nothing."""

import pytest
import yaml

from esc_gpu.core.yaml_limits import check_yaml
from tests.helpers.one_line import refusal


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "train:\n  epochs: 3\n  lr: 1\n  epochs: 4\n",
            "epochs appears twice in one section of the YAML, in lines 2 and 4",
        ),
        (
            "train: {lr: 1}\ndata: {}\ntrain: {lr: 2}\n",
            "train appears twice in one section of the YAML, in lines 1 and 3",
        ),
        ("members: [{name: cqt, name: mfcc}]", "name appears twice in one section of the YAML, in lines 1 and 1"),
    ],
)
def test_a_key_that_stands_twice_is_named_with_its_lines(text, said):
    yaml.safe_load(text)
    assert said in refusal(check_yaml, text)


@pytest.mark.parametrize(
    "text",
    ["", "a", "- a\n- a\n", "a: {x: 1}\nb: {x: 1}\n", "a: &x {k: 1}\nb: *x\nc: {<<: *x, l: 1}\n", "? [a]\n: 1\n"],
)
def test_the_same_key_in_two_sections_is_none(text):
    check_yaml(text)
