"""Sentences for wrong front-end options."""

import pytest

from esc_gpu.core.checks import MOST, check_int, nearest
from tests.helpers.one_line import refusal


@pytest.mark.parametrize(
    ("value", "high", "said"),
    [
        (0, None, "must be an integer at least 1, got 0"),
        (True, None, "must be an integer at least 1, got True"),
        (MOST + 1, None, f"must be an integer from 1 to {MOST}, got {MOST + 1}"),
        (10**30, None, f"must be an integer from 1 to {MOST}, got {10**30}"),
        (9, 8, "must be an integer from 1 to 8, got 9"),
    ],
)
def test_integers_out_of_range(value, high, said):
    assert refusal(check_int, "hop_length", value, 1, high) == f"hop_length {said}"
    check_int("hop_length", 1, 1, high)
    check_int("hop_length", high or MOST, 1, high)


def test_a_choice_in_other_letters_is_the_nearest():
    assert nearest("AST", ["mfcc", "ast"]) == "; did you mean 'ast'?"
    assert nearest("rnn", ["RMS", "ast"]) == nearest("ast", ["ast"]) == ""
    assert nearest("Fmax_", ["fmin", "Fmax"]) == "; did you mean 'Fmax'?"
