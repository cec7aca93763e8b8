"""The feeds bring the same clips, and one that does not is caught."""

import dataclasses

import numpy as np
import pytest

from benchmarks.speed.feeds.agreement import check_feed
from benchmarks.speed.feeds.base import KINDS, Feed
from benchmarks.speed.feeds.registry import create_feed
from esc_gpu import EscGpuError, create_frontend
from tests.helpers.backends import needs
from tests.helpers.feed_material import ORDER


@pytest.mark.parametrize(
    "letter", [pytest.param(letter, marks=needs("torchaudio" if letter == "b" else None)) for letter in KINDS]
)
def test_a_right_feed_passes(material, letter):
    assert check_feed(letter, create_feed(letter, material), material, ORDER) < 0.01


class Wrong(Feed):
    """The resident feed, with its batches changed."""

    def __init__(self, material, change):
        self.feed, self.change = create_feed("f", material), change

    def batches(self, index_batches, augmented=False):
        yield from list(self.feed.batches(self.change(index_batches)))


def test_one_batch_again_and_again_is_caught(material):
    wrong = Wrong(material, lambda batches: [batches[0]] * len(batches))
    with pytest.raises(EscGpuError, match="feed c .* gives labels|feed c .* differs by"):
        check_feed("c", wrong, material, ORDER)


def test_an_order_with_clips_twice_is_caught(material):
    with pytest.raises(EscGpuError, match="some of them twice"):
        check_feed("f", create_feed("f", material), material, [ORDER[0], ORDER[0]])


@pytest.mark.parametrize("letter", "af")
def test_other_features_are_caught(material, letter):
    other = dataclasses.replace(material, frontend=create_frontend(**{**material.frontend.spec, "fmax": 9000.0}))
    wrong = create_feed("a", other)
    with pytest.raises(EscGpuError, match="differs by"):
        check_feed(letter, wrong, material, ORDER)


def test_other_clips_within_wide_limits_are_caught(material, monkeypatch):
    monkeypatch.setitem(check_feed.__globals__["LIBRARY_LIMIT"], "logmel", 10.0)
    alike = dataclasses.replace(material, labels=np.zeros_like(material.labels))
    wrong = Wrong(alike, lambda batches: [np.roll(batch, 1) for batch in batches])
    with pytest.raises(EscGpuError, match="no nearer to its clips"):
        check_feed("a", wrong, alike, ORDER)


def test_wrong_labels_are_caught(material):
    relabelled = dataclasses.replace(material, labels=material.labels[::-1].copy())
    with pytest.raises(EscGpuError, match="gives labels"):
        check_feed("h", create_feed("h", relabelled), material, ORDER)


def test_augmentation_that_does_nothing_is_caught(material):
    with pytest.raises(EscGpuError, match="same features with augmentation"):
        check_feed("a", create_feed("f", material), material, ORDER)
