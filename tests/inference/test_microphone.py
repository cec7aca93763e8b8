"""The microphone, by a stand-in for PortAudio's package."""

import sys
from contextlib import nullcontext
from types import ModuleType

import numpy as np
import pytest

from esc_gpu.errors import EscGpuWarning
from esc_gpu.inference import microphone
from tests.helpers.one_line import refusal


class PortAudioError(Exception):
    pass


@pytest.fixture
def sounddevice(monkeypatch):
    """A microphone of 8 kHz and two channels, which gives blocks with their numbers as samples."""
    module = ModuleType("sounddevice")
    module.PortAudioError, module.n_blocks, module.opened = PortAudioError, 3, []

    def check_input_settings(channels, dtype, samplerate):
        if channels > 2:
            raise PortAudioError("Invalid number of channels")

    class InputStream:
        def __init__(self, *, blocksize, callback, samplerate, channels, dtype):
            module.opened.append((samplerate, channels, dtype))
            self.give = lambda: [
                callback(np.full((blocksize, channels), number, np.int16), blocksize, None, None)
                for number in range(module.n_blocks)
            ]

        def __enter__(self):
            self.give()

        def __exit__(self, *_):
            module.opened.append("closed")

    module.query_devices = lambda kind: {"default_samplerate": 8000.0}
    module.check_input_settings, module.InputStream = check_input_settings, InputStream
    monkeypatch.setitem(sys.modules, "sounddevice", module)
    return module


def test_it_gives_blocks_until_it_is_closed(sounddevice):
    rate, blocks = microphone.record(None, 2, "mix")
    assert rate == 8000 and sounddevice.opened == []
    for number in range(3):
        np.testing.assert_array_equal(next(blocks), np.full(800, number / 32768, np.float32))
    blocks.close()
    assert sounddevice.opened == [(8000, 2, "int16"), "closed"]


@pytest.mark.filterwarnings("error")
def test_lost_sound_is_said_once(sounddevice):
    """A minute of it waits for the model."""
    for sounddevice.n_blocks, is_lost in ((600, False), (601, True)):
        _, blocks = microphone.record(100, 1, "mix")
        next(blocks)
        with pytest.warns(EscGpuWarning, match="sound was lost") if is_lost else nullcontext():
            next(blocks)
        next(blocks)
        blocks.close()


def test_what_is_not_there_is_one_line(sounddevice, monkeypatch):
    assert refusal(microphone.record, 8000, 3, "mix") == (
        "the microphone cannot be used (Invalid number of channels): connect one, or pipe sound in"
    )
    monkeypatch.setitem(sys.modules, "sounddevice", None)
    assert (
        refusal(microphone.record, 8000, 1, "mix") == 'the microphone needs sounddevice: pip install "esc_gpu[listen]"'
    )
