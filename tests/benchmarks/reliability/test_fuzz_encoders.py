"""Files of other programs: each is what it says, and what libsndfile alone makes of some of them is found out."""

import numpy as np
import pytest
import soundfile

from benchmarks.reliability.fuzz_audio import Decoder, judge
from benchmarks.reliability.fuzz_encoders import MAKES, without_information
from benchmarks.reliability.fuzz_files import told


@pytest.fixture
def decoder():
    decoder = Decoder()
    yield decoder
    decoder.end()


def test_every_one_is_decoded_or_refused_as_it_must_be(tmp_path, monkeypatch, decoder):
    monkeypatch.setenv("PATH", str(tmp_path))  # without ffmpeg
    for number, make in enumerate(MAKES):
        generator = np.random.default_rng(number)
        audio, what, must_decode = make(generator, tmp_path / str(number))
        file = told(generator, "of other programs", audio, what, may_refuse=not must_decode, may_decode=must_decode)
        outcome = judge(file, decoder(file))
        assert outcome["failure"] is None and (outcome["refusal"] is None) is must_decode, what


def test_the_length_that_nothing_says_is_that_of_all_frames(tmp_path):
    audio, _, _ = without_information(np.random.default_rng(0), tmp_path / "a")
    assert len(audio.mono) % 576 == 0 and len(audio.mono) != soundfile.info(audio.path).frames
