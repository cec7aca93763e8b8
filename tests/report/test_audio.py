"""Clips as sound files: what a player decodes is what was put in."""

import io

import numpy as np
import pytest
import soundfile

from esc_gpu.report import audio
from esc_gpu.report.audio import encode_audio


def make_tone(rate):
    return np.rint(8000 * np.sin(2 * np.pi * 440 * np.arange(rate) / rate)).astype(np.int16)


@pytest.mark.skipif("MP3" not in soundfile.available_formats(), reason="this libsndfile writes no MP3")
@pytest.mark.parametrize(
    "rate", [*(8000, 11025, 12000), *(16000, 22050, 24000), *(32000, 44100, 48000)]
)  # MPEG 2.5, 2, 1
def test_mp3_is_small_and_sounds_the_same(rate):
    tone = make_tone(rate)
    data, media_type = encode_audio(tone, rate)
    decoded, decoded_rate = soundfile.read(io.BytesIO(data))
    assert (media_type, decoded_rate) == ("audio/mpeg", rate) and len(data) < tone.nbytes / 2
    assert len(decoded) / rate == pytest.approx(1, abs=0.1)
    spectrum = np.abs(np.fft.rfft(decoded[:rate]))
    assert spectrum.argmax() == pytest.approx(440, abs=2)
    assert decoded[:rate].std() == pytest.approx(tone.std() / 32768, rel=0.1)


@pytest.mark.skipif("MP3" not in soundfile.available_formats(), reason="this libsndfile writes no MP3")
def test_mp3_is_compressed_as_much_as_is_said(monkeypatch):
    asked = []
    monkeypatch.setattr(soundfile, "write", lambda *_, **options: asked.append(options))
    encode_audio(make_tone(8000), 8000)
    assert [(options["format"], options["compression_level"]) for options in asked] == [("MP3", 0.6)]


def check_wav(rate):
    tone = make_tone(rate)
    data, media_type = encode_audio(tone, rate)
    decoded, decoded_rate = soundfile.read(io.BytesIO(data), dtype="int16")
    assert (media_type, decoded_rate) == ("audio/wav", rate) and np.array_equal(decoded, tone)


def test_a_rate_that_mp3_lacks_is_wav():
    check_wav(10000)


def test_without_an_encoder_it_is_wav(monkeypatch):
    monkeypatch.setattr(audio, "MP3_RATES", ())
    check_wav(44100)
