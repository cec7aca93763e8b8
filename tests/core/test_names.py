"""Names that look alike are one name, and none holds what cannot be seen."""

import unicodedata

import pytest

from esc_gpu.core.names import check_names, fault_of, find_below, in_one_form, look_of
from tests.helpers.one_line import refusal

NFC, NFD = "vögel", "vo\u0308gel"


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (NFD, NFC),
        (" sea\u00a0waves\t", "sea waves"),  # as copied from a page
        ("sea \u2009 waves", "sea waves"),
        ("a_b", "a_b"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("sea\nwaves", "sea\nwaves"),  # for `fault_of` to refuse
    ],
)
def test_what_looks_the_same_is_in_one_form(text, name):
    assert in_one_form(text) == name == in_one_form(name)


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("", "is blank"),
        ("\u200d", "is blank"),
        ("sea\nwaves", "has a control character (U+000A)"),
        ("a\u2028b", "has a control character (U+2028)"),
        ("dog\u200b", "has a character that cannot be seen (U+200B)"),
        ("\u200fdog", "has a character that cannot be seen (U+200F)"),
        ("dog\u3164", "has a character that cannot be seen (U+3164)"),
        ("\ud800", "has a character that cannot be seen (U+D800)"),
        ("👩\u200d🚒", ""),
        ("می\u200cخواهم", ""),
        ("a b <c>, 'd'", ""),
        ("\U0001fae9", ""),  # an emoji that an older Python does not know
    ],
)
def test_a_name_that_is_none_says_why(name, fault):
    assert fault_of(name) == fault


def test_joiners_alone_tell_no_names_apart():
    assert look_of("do\u200dg") == look_of("dog") and look_of("☀\ufe0f") == look_of("☀")
    assert look_of("dog") != look_of("Dog")
    assert "class name 'do\\u200dg' looks like 'dog'" in refusal(check_names, ["dog", "cat", "do\u200dg"])
    assert "class name 'dog' is there twice" in refusal(check_names, ["dog", "cat", "dog"])
    assert "class name 'a\\u200fb' has a character that cannot be seen (U+200F)" in refusal(check_names, ["a\u200fb"])
    check_names(["dog", "Dog", "👩\u200d🚒"])


def test_a_file_is_found_by_either_form_of_its_name(tmp_path):
    """In a folder and a file, each of another form than asked for; not where there is none."""
    (tmp_path / NFD).mkdir()
    (tmp_path / NFD / f"{NFC}.wav").touch()
    for form in ("NFC", "NFD"):
        asked = unicodedata.normalize(form, f"{NFC}/{NFC}.wav")
        assert (tmp_path / find_below(tmp_path, asked)).is_file()
    assert find_below(tmp_path, f"{NFC}/x.wav") is None and find_below(tmp_path, "x.wav") is None
