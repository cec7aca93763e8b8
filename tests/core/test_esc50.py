"""The classes of ESC-50 by their targets, as its table numbers them."""

import csv

import pytest

from esc_gpu.core.esc50 import CATEGORIES, COLUMNS, ESC10, ESC50, TABLE, category_of


@pytest.mark.parametrize(
    ("target", "name", "category"),
    [
        (0, "dog", "Animals"),
        (19, "thunderstorm", "Natural soundscapes & water sounds"),
        (20, "crying_baby", "Human, non-speech sounds"),
        (38, "clock_tick", "Interior/domestic sounds"),
        (49, "hand_saw", "Exterior/urban noises"),
    ],
)
def test_a_target_has_its_class_and_category(target, name, category):
    assert ESC50[target] == name and category_of(target) == category and name in CATEGORIES[category]


@pytest.mark.parametrize("target", [-1, 50])
def test_another_target_has_no_category_of_its_own(target):
    assert category_of(target) == "Other"


def test_the_real_table_is_as_said_here(esc10_root):
    with open(esc10_root / TABLE, newline="", encoding="utf-8") as lines:
        reader = csv.DictReader(lines)
        assert set(COLUMNS) <= set(reader.fieldnames)
        classes = {(int(row["target"]), row["category"]) for row in reader if row["esc10"] == "True"}
    assert classes == {(ESC50.index(name), name) for name in ESC10}
