"""Sound as it comes is classified as the recording of it."""

import gc
import tracemalloc
from typing import ClassVar

import numpy as np
import pytest
import soundfile
import torch

from esc_gpu.frontends.framing import FrameCutter
from esc_gpu.inference.listen import cut_blocks, listen
from esc_gpu.inference.predict import predict_file
from esc_gpu.inference.timeline import Timeline
from tests.helpers.one_line import refusal
from tests.helpers.tiny import RATE
from tests.helpers.trained_model import NAMES


class Cheap:
    """As much of a pipeline as is asked of one: the loudest third of a clip is its class."""

    sample_rate, n_samples, class_names, channel = RATE, RATE, NAMES, "mix"
    device = torch.device("cpu")
    task = "single_label"

    def probabilities(self, logits):
        return logits.softmax(dim=1)

    def __call__(self, clips):
        return clips[:, : RATE // 3 * 3].float().unflatten(1, (3, -1)).abs().mean(dim=-1) / 3000


def noise(seconds, seed=0):
    generator = np.random.default_rng(seed)
    return generator.uniform(-8000, 8000, round(seconds * RATE)).astype(np.int16)


@pytest.mark.parametrize("overlap", [0.0, 0.5, 0.9])
@pytest.mark.parametrize("seconds", [0.3, 1.0, 1.04, 1.05, 1.06, 1.2, 1.5, 7.37])
def test_the_windows_are_those_of_the_recording(seconds, overlap, tmp_path):
    samples = noise(seconds)
    soundfile.write(tmp_path / "clip.wav", samples, RATE)
    expected = predict_file(Cheap(), tmp_path / "clip.wav", overlap)
    for n_blocks in (1, 7, 400):
        timeline = Timeline(NAMES, 1.0, 0.3, 0.6)
        heard = list(listen(Cheap(), np.array_split(samples, n_blocks), timeline, overlap, batch_size=4))
        assert [window.start_seconds for window in heard] == pytest.approx(expected.starts_seconds.tolist())
        found = np.stack([window.probabilities for window in heard])
        np.testing.assert_allclose(found, expected.window_probabilities, atol=1e-6)
        assert heard[-1].end_seconds <= len(samples) / RATE
        # The command knows of no other length.
        segments = [part for window in heard for part in window.segments] + timeline.end(heard[-1].end_seconds)
        assert segments == expected.timeline(0.3, 0.6)


def test_a_window_is_answered_as_soon_as_it_is_complete():
    given = 0

    def blocks():
        nonlocal given
        for block in np.array_split(noise(5), 50):
            given += len(block)
            yield block

    for window in listen(Cheap(), blocks(), Timeline(NAMES, 1.0)):
        assert 0 <= given / RATE - window.end_seconds < 0.1 + 1e-9


def test_windows_move_by_a_sample_or_more_and_32_of_them_come_at_once():
    windows = list(cut_blocks([np.arange(6, dtype=np.int16)], 4, 0.95, 32))
    assert [starts for starts, _, _ in windows] == [[0, 1, 2]]
    assert windows[0][2].tolist() == [[0, 1, 2, 3], [1, 2, 3, 4], [2, 3, 4, 5]]

    class Counted(Cheap):
        sizes: ClassVar[list[int]] = []

        def __call__(self, clips):
            self.sizes.append(len(clips))
            return super().__call__(clips)

    list(listen(Counted(), [noise(34)], Timeline(NAMES, 1.0), 0.0))
    assert Counted.sizes == [32, 2]


def test_a_sound_may_be_one_sample():
    (window,) = listen(Cheap(), [np.ones(1, np.int16)], Timeline(NAMES, 1.0))
    assert (window.start_seconds, window.end_seconds) == (0.0, 1 / RATE)


def test_no_sound_and_wrong_options_are_refused():
    def call(blocks, **options):
        return refusal(lambda: list(listen(Cheap(), blocks, Timeline(NAMES, 1.0), **options)))

    assert call([]).startswith("there was no sound") and call([np.empty(0, np.int16)]).startswith("there was no sound")
    assert call([], overlap=1.0).startswith("overlap is 1.0; expected")


def test_ten_minutes_need_no_more_memory_than_two(monkeypatch):
    """Of numpy and Python, and the samples that torch keeps."""
    block, kept, sizes = noise(0.5), [], {}
    monkeypatch.setattr(FrameCutter, "__init__", watched(FrameCutter.__init__, kept))
    timeline = Timeline(NAMES, 1.0, min_seconds=2.0)
    tracemalloc.start()
    try:
        for window in listen(Cheap(), (np.roll(block, n) for n in range(1200)), timeline):
            if window.start_seconds in (120, 590):
                gc.collect()
                traced = tracemalloc.get_traced_memory()[0]
                sizes[window.start_seconds] = traced, kept[0].kept.untyped_storage().nbytes()
    finally:
        tracemalloc.stop()
    (traced_before, before), (traced_after, after) = sizes.values()
    assert 2 * RATE <= after == before < 10 * RATE
    assert traced_after < traced_before + 20_000  # a block has 8,000


def watched(init, made):
    """An `__init__` that keeps what it makes."""

    def keeping(self, *arguments):
        made.append(self)
        init(self, *arguments)

    return keeping
