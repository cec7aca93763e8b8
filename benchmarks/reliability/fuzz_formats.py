"""Audio in every format, of which it is known what samples a decoder must give."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile

LOSSLESS = {  # bits of the formats that keep every sample; 0: floating point
    **{("WAV", subtype): bits for subtype, bits in (("PCM_U8", 8), ("PCM_16", 16), ("PCM_24", 24), ("PCM_32", 32))},
    **{(name, "PCM_16"): 16 for name in ("WAVEX", "W64", "RF64", "AIFF", "AU", "CAF", "FLAC")},
    **{(name, "PCM_24"): 24 for name in ("WAVEX", "W64", "RF64", "AIFF", "AU", "CAF", "FLAC")},
    **{(name, "PCM_S8"): 8 for name in ("AIFF", "AU", "FLAC")},
    **{(name, "FLOAT"): 0 for name in ("WAV", "W64", "RF64", "AIFF", "AU", "CAF")},
    **{(name, "DOUBLE"): 0 for name in ("WAV", "W64", "AIFF", "AU")},
}
LOSSY = [
    *(("WAV", "ULAW"), ("WAV", "ALAW"), ("WAV", "IMA_ADPCM"), ("WAV", "MS_ADPCM"), ("AU", "ULAW")),
    *(("OGG", "VORBIS"), ("OGG", "OPUS"), ("MP3", "MPEG_LAYER_III")),
]
LOSSY = [(name, subtype) for name, subtype in LOSSY if soundfile.check_format(name, subtype)]
CHUNKED = ("WAV", "WAVEX", "W64", "RF64", "AIFF", "AU")  # whose header has the length, and what follows does not matter
SUFFIXES = {"WAVEX": "wav", "RF64": "wav", "OGG": "ogg", "AIFF": "aiff"}
RATES = (8000, 11025, 16000, 22050, 32000, 44100, 48000, 96000, 192_000)
CODEC_RATES = {"OPUS": (8000, 12000, 16000, 24000, 48000), "MPEG_LAYER_III": (8000, 16000, 22050, 32000, 44100, 48000)}
MAX_CHANNELS = {"MPEG_LAYER_III": 2, "IMA_ADPCM": 2, "MS_ADPCM": 2}
ALL = [*LOSSLESS, *LOSSY]
IN_CHUNKS = [pair for pair in LOSSLESS if pair[0] in CHUNKED]


@dataclass(frozen=True, eq=False)
class Audio:
    """What was written, and the mean of its channels `(frames,)` as the file has it, full scale at ±1."""

    path: Path
    format: str
    subtype: str
    rate: int
    channels: int
    mono: np.ndarray
    is_exact: bool

    @property
    def what(self) -> str:
        return f"{self.format} {self.subtype}, {self.rate} Hz, {self.channels} channels, {len(self.mono)} frames"


def write_audio(
    generator: np.random.Generator, stem: Path, formats: list[tuple[str, str]], n_frames: int | None = None
) -> Audio:
    """Tones in noise in one of the formats."""
    name, subtype = formats[generator.integers(len(formats))]
    rate = int(generator.choice(CODEC_RATES.get(subtype, RATES)))
    if subtype not in CODEC_RATES and generator.random() < 0.2:
        rate = int(generator.integers(8000, 192_000))
        rate -= rate % 10 if name == "FLAC" else 0  # it has no others from 65536 Hz on
    channels = int(generator.integers(1, MAX_CHANNELS.get(subtype, 8) + 1)) if generator.random() < 0.7 else 1
    is_codec = name in ("OGG", "MP3")
    if n_frames is None:  # of a codec more, or all of it is one page, or all is decoded from its beginning
        n_frames = int(rate * generator.uniform(0.02, 4.0 if is_codec else 0.6))
    time = np.arange(n_frames)[:, None] / rate
    tones = np.sin(2 * np.pi * generator.uniform(100, rate / 5, channels) * time)
    samples = generator.uniform(0.1, 0.7) * tones + generator.choice((1e-3, 0.2)) * generator.uniform(
        -1, 1, (n_frames, channels)
    )
    bits = LOSSLESS.get((name, subtype))
    if bits:
        steps = np.rint(samples * 2 ** (bits - 1)).clip(-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
        samples, written = steps / 2 ** (bits - 1), (steps * 2 ** (32 - bits)).astype(np.int32)
    else:
        samples = samples.astype(np.float32).astype(np.float64)
        written = samples
    path = stem.with_suffix(f".{SUFFIXES.get(name, name.lower())}")
    level = float(generator.random()) if is_codec else None
    soundfile.write(path, written, rate, subtype, format=name, compression_level=level)
    without_its_time(path)
    if bits is None and n_frames:
        samples = soundfile.read(path, always_2d=True)[0]
    if (name, subtype, channels) == ("AIFF", "PCM_S8", 1) and n_frames % 2:
        samples = np.pad(samples, ((0, 1), (0, 0)))  # libsndfile writes a byte to pad it, and counts that as a sample
    is_exact = bits is not None and 0 < bits <= 16 and channels == 1
    return Audio(path, name, subtype, rate, channels, samples.mean(axis=1), is_exact)


def without_its_time(path: Path) -> None:
    """Sets the second at which libsndfile wrote it, which it notes of floating-point samples, to 0."""
    content = path.read_bytes()
    chunk = content.find(b"PEAK", 0, 256)
    if chunk >= 0:  # identifier, size and version of the chunk are before it: 4 bytes each
        path.write_bytes(content[: chunk + 12] + bytes(4) + content[chunk + 16 :])
