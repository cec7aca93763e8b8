"""Clips as sound files in memory, for a player in the page."""

import io
from typing import NamedTuple

import numpy as np

MP3_RATES = (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000)  # Hz, all that the format has
QUALITY = 0.6  # of libsndfile's compression_level: about 60 kbit/s for speech-like sounds at 44.1 kHz


class Audio(NamedTuple):
    """A sound file and its media type."""

    data: bytes
    media_type: str


def encode_audio(waveform: np.ndarray, sample_rate: int) -> Audio:
    """A clip `(T,)` int16 at `sample_rate` (Hz) as MP3, or as WAV where libsndfile or the format cannot."""
    import soundfile

    file = io.BytesIO()
    if "MP3" in soundfile.available_formats() and sample_rate in MP3_RATES:
        options = {"format": "MP3", "subtype": "MPEG_LAYER_III", "bitrate_mode": "VARIABLE"}
        soundfile.write(file, waveform, sample_rate, compression_level=QUALITY, **options)
        return Audio(file.getvalue(), "audio/mpeg")
    soundfile.write(file, waveform, sample_rate, format="WAV")
    return Audio(file.getvalue(), "audio/wav")
