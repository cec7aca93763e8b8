"""What a config is refused for when all of it is known."""

import pytest

from esc_gpu.config.checks import check_config
from esc_gpu.config.parse import parse_run
from tests.helpers.one_line import refusal


@pytest.mark.parametrize(
    ("word", "name"), [("{no: 2.0}", "False"), ("{1: 2.0}", "1"), ("{dog: 1.0, null: 2.0}", "None")]
)
def test_names_that_yaml_takes_for_something_else_are_to_be_quoted(word, name):
    """Speech Commands has the classes yes, no, on and off."""
    message = refusal(check_config, parse_run(["--train.class_weights", word], "esc-gpu train"))
    assert f"train.class_weights has the name {name}, because" in message and '{"no": 2.0}' in message
    check_config(parse_run(["--train.class_weights", '{"no": 2.0}'], "esc-gpu train"))
