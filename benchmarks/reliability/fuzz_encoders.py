"""Audio files as other programs than libsndfile write them, and containers that hold more than it reads."""

import contextlib
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import soundfile

from benchmarks.reliability.fuzz_formats import LOSSLESS, Audio, write_audio

MP3 = [("MP3", "MPEG_LAYER_III")]
OGG = [("OGG", "VORBIS"), ("OGG", "OPUS")]
ENDLESS = ("NIST", "VOC", "PAF", "SVX", "IRCAM", "MAT4", "MAT5", "PVF")  # formats whose end nothing tells
# By program: what it is called with between the names of a WAV and of what it makes, and the suffix of that.
FFMPEG_OPTIONS = [
    *((f"-c:a libmp3lame {rate} -write_xing {xing}", "mp3") for rate in ("-b:a 96k", "-q:a 6") for xing in (0, 1)),
    *(("-c:a mp2 -f mp2", "mp2"), ("-c:a libvorbis", "ogg"), ("-c:a flac", "flac"), ("-c:a pcm_s16be", "caf")),
    *(("-c:a pcm_s24le", "wav"), ("-c:a pcm_s16be", "aiff"), ("-c:a pcm_s16le", "w64")),
]
LAME_OPTIONS = [("-V6", "mp3"), ("-V6 -t", "mp3"), ("-b 96 --cbr", "mp3"), ("-b 96 --cbr -t", "mp3")]


def read_on(path: Path) -> np.ndarray:
    """The mean of the channels of an MPEG file without information, read from its beginning until the decoder ends.

    Zeros behind it make libsndfile's guess of the length large enough, or it would not read so far.
    """
    longer = path.with_name(f"{path.name}.longer")
    content = path.read_bytes()
    longer.write_bytes(content + bytes(10 * len(content)))
    length = 0
    with soundfile.SoundFile(longer) as file, contextlib.suppress(soundfile.LibsndfileError):  # of the zeros
        while block := len(file.read(576)):  # half a frame, or a whole one
            length += block
    samples = soundfile.read(longer, length, always_2d=True)[0]  # at once: soundfile seeks after each read
    longer.unlink()
    return samples.mean(axis=1)


def without_information(generator: np.random.Generator, stem: Path) -> tuple[Audio, str, bool]:
    audio = write_audio(generator, stem, MP3)
    content = audio.path.read_bytes()
    audio.path.write_bytes(content[content.index(content[:2], 4) :])
    return Audio(**{**vars(audio), "mono": read_on(audio.path)}), "without its Info frame", True


def joined(generator: np.random.Generator, stem: Path) -> tuple[Audio, str, bool]:
    audio = write_audio(generator, stem, [*MP3, *OGG])
    audio.path.write_bytes(2 * audio.path.read_bytes())
    return audio, "twice, one behind the other", False


def broken_off(generator: np.random.Generator, stem: Path) -> tuple[Audio, str, bool]:
    """By a quarter at least: more than the two frames by which encoders miscount."""
    audio = write_audio(generator, stem, MP3, n_frames=40_000)
    content = audio.path.read_bytes()
    audio.path.write_bytes(content[: int(len(content) * generator.uniform(0.25, 0.75))])
    return audio, "cut short behind its Info frame", False


def behind_a_tag(generator: np.random.Generator, stem: Path) -> tuple[Audio, str, bool]:
    audio = write_audio(generator, stem, [("FLAC", "PCM_16"), *OGG, *MP3])
    size = int(generator.integers(10, 300_000))
    sizes = bytes(size >> shift & 0x7F for shift in (21, 14, 7, 0))
    audio.path.write_bytes(b"ID3\x04\x00\x00" + sizes + bytes(size) + audio.path.read_bytes())
    return audio, f"behind {size} bytes of an ID3 tag", True


def behind_a_chunk(generator: np.random.Generator, stem: Path) -> tuple[Audio, str, bool]:
    audio = write_audio(generator, stem, [pair for pair in LOSSLESS if pair[0] == "CAF" and LOSSLESS[pair]])
    content, size = audio.path.read_bytes(), int(generator.integers(10, 300_000))
    place = content.index(b"free")
    chunk = b"uuid" + size.to_bytes(8, "big") + generator.bytes(size)
    audio.path.write_bytes(content[:place] + chunk + content[place:])
    return audio, f"behind {size} bytes of another chunk", True


def without_an_end(generator: np.random.Generator, stem: Path) -> tuple[Audio, str, bool]:
    audio = write_audio(generator, stem, [("WAV", "PCM_16")])
    name = ENDLESS[generator.integers(len(ENDLESS))]
    samples = soundfile.read(audio.path, always_2d=True)[0][:, 0]
    soundfile.write(audio.path, samples, audio.rate, "PCM_16", format=name)
    return audio, f"as {name}", False


def of_a_program(generator: np.random.Generator, stem: Path) -> tuple[Audio, str, bool]:
    """By ffmpeg or LAME; without either, as `without_information`."""
    programs = [name for name in ("ffmpeg", "lame") if shutil.which(name)]
    if not programs:
        return without_information(generator, stem)
    program = programs[generator.integers(len(programs))]
    choices = FFMPEG_OPTIONS if program == "ffmpeg" else LAME_OPTIONS
    options, suffix = choices[generator.integers(len(choices))]
    wav, path = stem.with_suffix(".source.wav"), stem.with_suffix(f".{suffix}")
    rate, channels = int(generator.choice((16000, 22050, 32000, 44100, 48000))), int(generator.integers(1, 3))
    samples = generator.uniform(-0.4, 0.4, (int(rate * generator.uniform(0.2, 4)), channels))
    samples *= np.linspace(1, 1e-3, len(samples))[:, None] ** generator.integers(0, 2)  # so that a bit rate varies
    soundfile.write(wav, samples, rate)
    words = ["-y", "-loglevel", "error", "-i", wav] if program == "ffmpeg" else ["--quiet"]
    subprocess.run([program, *words, *options.split(), *([] if program == "ffmpeg" else [wav]), path], check=True)
    wav.unlink()
    if suffix == "mp2" or "-write_xing 0" in options or "-t" in options.split():
        mono = read_on(path)
    else:
        mono = soundfile.read(path, always_2d=True)[0].mean(axis=1)
    info = soundfile.info(path)
    return Audio(path, info.format, info.subtype, rate, channels, mono, False), f"{program} {options}", True


MAKES: list[Callable[[np.random.Generator, Path], tuple[Audio, str, bool]]] = [
    *(without_information, joined, broken_off, behind_a_tag, behind_a_chunk, without_an_end, of_a_program)
]


def write_otherwise(generator: np.random.Generator, stem: Path) -> tuple[Audio, str, bool]:
    """A file with its samples, what is odd about it, and whether it has to be decoded; else it has to be refused."""
    return MAKES[generator.integers(len(MAKES))](generator, stem)
