"""What the reports call things, by the task."""

from esc_gpu.evaluation.decisions import Decisions
from esc_gpu.report.words import ONE_LABEL, SEVERAL_LABELS, WORDS, words_of


def test_words_are_those_of_the_task():
    assert words_of({}) is ONE_LABEL and words_of({"task": "multi_label"}) is SEVERAL_LABELS
    for words in WORDS.values():
        assert words.score in words.headlines
        assert all(name in Decisions.__annotations__ or hasattr(Decisions, name) for name in words.columns.values())
