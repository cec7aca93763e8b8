"""Published results stand beside runs on the same classes, and beside no others."""

from esc_gpu.core.esc50 import ESC10, ESC50
from esc_gpu.data.recordings.esc50 import read_esc50
from esc_gpu.evaluation.published import PUBLISHED, references


def test_references_are_those_of_the_classes():
    assert references(ESC10, False) and references(sorted(ESC50), False)
    for name, classes in (("ESC-10", ESC10), ("ESC-50", ESC50)):
        found = references(classes, synthetic=False)
        assert [(entry["name"], entry["accuracy"], entry["source"]) for entry in found] == list(PUBLISHED[name])
        assert [entry["accuracy"] for entry in found] == sorted(entry["accuracy"] for entry in found)
        assert references(classes, synthetic=True) == []
        assert references(sorted(classes)[1:], synthetic=False) == []
    assert len(ESC10) == 10 and len(ESC50) == 50


def test_the_classes_are_those_of_the_recordings(esc10_root):
    assert set(read_esc50(esc10_root).class_names) == set(ESC10)
