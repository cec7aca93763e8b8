"""Damaged and odd audio files, each made anew from its number and a seed."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
import soxr

from benchmarks.reliability.fuzz_encoders import write_otherwise
from benchmarks.reliability.fuzz_formats import ALL, IN_CHUNKS, LOSSLESS, Audio, without_its_time, write_audio

NAMES = (
    *("a b.wav", "naïve café.wav", "雨.wav", "👩‍🚒.wav", "new\nline.wav", "-rf.wav", "--help", "%s%n.wav", "$(id).wav"),
    *("'\".wav", ".wav", "a.wav.", "x" * 251 + ".wav", "tab\t.wav", "\u202egnp.wav", "no utf-8 \udcff.wav", "a\\b.wav"),
    *("*?.wav", "no suffix"),
)
HUGE = (0, 1, 0x7F, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFE, 0xFFFFFFFF)


@dataclass(frozen=True, eq=False)
class FuzzFile:
    """A file, how to decode it, and what must come of it.

    Attributes:
        kind: the class of damage or oddity.
        path: of the file.
        what: what was done to it.
        sample_rate: Hz, to decode at.
        start: sample of a second clip, at that rate.
        reference: `(samples,)` float64 at that rate, full scale at ±1, what any clip must hold; None where the file
            does not say.
        tolerance: largest difference of a sample from it, in steps of int16.
        may_refuse, may_decode: whether each would be right.
        may_lack: samples of the reference that may be silent at its end.
    """

    kind: str
    path: Path
    what: str
    sample_rate: int
    start: int
    reference: np.ndarray | None = None
    tolerance: float = 1.0
    may_refuse: bool = True
    may_decode: bool = True
    may_lack: int = 0


def make(number: int, seed: int, folder: Path) -> FuzzFile:
    """File `number` of this seed, in `folder`."""
    generator = np.random.default_rng([seed, number])
    kind = list(KINDS)[number % len(KINDS)]
    return KINDS[kind](generator, kind, folder / str(number))


def told(
    generator: np.random.Generator, kind: str, audio: Audio, what: str = "", at_its_rate: bool = False, **expected
) -> FuzzFile:
    """The file with its samples as reference, to be decoded at its own rate or, at times, another."""
    sample_rate, reference = audio.rate, audio.mono
    if not at_its_rate and generator.random() < 0.3:
        sample_rate = int(generator.choice((16000, 22050, 44100)))
    if sample_rate != audio.rate and len(reference):
        length = (2 * len(reference) * sample_rate + audio.rate) // (2 * audio.rate)  # soxr rounds half either way
        padded = np.pad(reference, (0, -(-audio.rate // sample_rate)))
        reference = soxr.resample(padded, audio.rate, sample_rate, "HQ")[:length]
    tolerance = 0.0 if audio.is_exact and sample_rate == audio.rate else 1.0
    if audio.subtype == "OPUS":  # whose decoder never forgets all that was before the clip, or else misses it
        tolerance = 600.0
    start = int(generator.integers(max(1, len(reference))))
    what = f"{audio.what}; {what}" if what else audio.what
    return FuzzFile(kind, audio.path, what, sample_rate, start, reference, **{"tolerance": tolerance, **expected})


def untold(audio: Audio, kind: str, what: str, generator: np.random.Generator) -> FuzzFile:
    """The file, with nothing known of its samples."""
    start = int(generator.integers(max(1, len(audio.mono))))
    return FuzzFile(kind, audio.path, f"{audio.what}; {what}", audio.rate, start)


def undamaged(generator: np.random.Generator, kind: str, stem: Path) -> FuzzFile:
    return told(generator, kind, write_audio(generator, stem, ALL), may_refuse=False)


def oddly_named(generator: np.random.Generator, kind: str, stem: Path) -> FuzzFile:
    audio = write_audio(generator, stem, ALL)
    stem.mkdir()
    name = NAMES[generator.integers(len(NAMES))]
    path = stem / name
    audio.path.rename(path)
    return told(generator, kind, Audio(**{**vars(audio), "path": path}), repr(name), may_refuse=False)


def truncated(generator: np.random.Generator, kind: str, stem: Path) -> FuzzFile:
    """Where the header has the length, no more may be lost than a header's bytes without a word."""
    audio = write_audio(generator, stem, ALL)
    size = audio.path.stat().st_size
    cut = int(generator.integers(1, size))
    os.truncate(audio.path, cut)
    what = f"cut at byte {cut} of {size}"
    if (audio.format, audio.subtype) not in IN_CHUNKS:
        return untold(audio, kind, what, generator)
    return told(generator, kind, audio, what, at_its_rate=True, may_lack=1 + 128 // audio.channels)


def flipped(generator: np.random.Generator, kind: str, stem: Path) -> FuzzFile:
    """FLAC has checksums of its samples: either they are right or it is refused."""
    audio = write_audio(generator, stem, [*ALL, ("FLAC", "PCM_16"), ("FLAC", "PCM_24")])
    content = bytearray(audio.path.read_bytes())
    first = flac_audio(content) if audio.format == "FLAC" else 0
    places = generator.integers(first, len(content), generator.integers(1, 20))
    for place in places:
        content[place] ^= int(generator.integers(1, 256))
    audio.path.write_bytes(content)
    what = f"bytes {sorted(places.tolist())} flipped"
    if audio.format == "FLAC":
        return told(generator, kind, audio, what, at_its_rate=True)
    return untold(audio, kind, what, generator)


def flac_audio(content: bytearray) -> int:
    """Where the blocks of metadata end."""
    place, is_last = 4, False
    while not is_last:
        is_last = bool(content[place] & 0x80)
        place += 4 + int.from_bytes(content[place + 1 : place + 4], "big")
    return place


def wrong_header(generator: np.random.Generator, kind: str, stem: Path) -> FuzzFile:
    audio = write_audio(generator, stem, ALL)
    content = bytearray(audio.path.read_bytes())
    place, length = int(generator.integers(64)), int(generator.integers(1, 17))
    content[place : place + length] = generator.bytes(len(content[place : place + length]))
    audio.path.write_bytes(content)
    return untold(audio, kind, f"{length} random bytes at {place}", generator)


def huge_claim(generator: np.random.Generator, kind: str, stem: Path) -> FuzzFile:
    """Lengths, rates and numbers of channels among the first 64 bytes."""
    audio = write_audio(generator, stem, ALL)
    content = bytearray(audio.path.read_bytes())
    changes = []
    for _ in range(generator.integers(1, 4)):
        place, value = 2 * int(generator.integers(2, 32)), HUGE[generator.integers(len(HUGE))]
        size = int(generator.choice((2, 4)))
        order = "big" if audio.format in ("AIFF", "AU", "CAF", "FLAC") else "little"
        content[place : place + size] = (value % 256**size).to_bytes(size, order)
        changes.append(f"{value:#x} at {place}")
    audio.path.write_bytes(content)
    return untold(audio, kind, ", ".join(changes), generator)


def without_samples(generator: np.random.Generator, kind: str, stem: Path) -> FuzzFile:
    audio = write_audio(generator, stem, ALL, n_frames=0)
    return FuzzFile(kind, audio.path, audio.what, audio.rate, 0, may_decode=False)


def not_finite(generator: np.random.Generator, kind: str, stem: Path) -> FuzzFile:
    """A clip with such a sample is refused, and one without is right."""
    audio = write_audio(generator, stem, [pair for pair, bits in LOSSLESS.items() if not bits])
    samples = soundfile.read(audio.path, always_2d=True)[0]
    place = int(generator.integers(len(samples)))
    value = float(generator.choice((np.nan, np.inf, -np.inf)))
    samples[place, generator.integers(audio.channels)] = value
    soundfile.write(audio.path, samples, audio.rate, audio.subtype, format=audio.format)
    without_its_time(audio.path)
    spoilt = Audio(**{**vars(audio), "mono": samples.mean(axis=1)})
    return told(generator, kind, spoilt, f"{value} at frame {place}", at_its_rate=True)


def of_a_stream(generator: np.random.Generator, kind: str, stem: Path) -> FuzzFile:
    """A WAV written before its length was known, as to a pipe."""
    audio = write_audio(generator, stem, [pair for pair in LOSSLESS if pair[0] == "WAV"])
    content = bytearray(audio.path.read_bytes())
    value = int(generator.choice((0xFFFFFFFF, 0x7FFFFFFF, 0x7FFFF000, 0x80000000)))
    place = content.index(b"data") + 4
    del content[place + 4 + int.from_bytes(content[place : place + 4], "little") :]  # the byte that pads it
    content[4:8] = content[place : place + 4] = value.to_bytes(4, "little")
    audio.path.write_bytes(content)
    return told(generator, kind, audio, f"{value:#x} as length", may_refuse=False)


def with_a_tail(generator: np.random.Generator, kind: str, stem: Path) -> FuzzFile:
    """More bytes behind the audio."""
    audio = write_audio(generator, stem, IN_CHUNKS)
    tail = [b"TAG" + bytes(125), generator.bytes(generator.integers(1, 5000)), audio.path.read_bytes(), bytes(1000)]
    chosen = int(generator.integers(len(tail)))
    with open(audio.path, "ab") as file:
        file.write(tail[chosen])
    return told(generator, kind, audio, f"tail {chosen} of {len(tail[chosen])} bytes")


def of_others(generator: np.random.Generator, kind: str, stem: Path) -> FuzzFile:
    audio, what, must_decode = write_otherwise(generator, stem)
    return told(generator, kind, audio, what, may_refuse=not must_decode, may_decode=must_decode)


def no_audio(generator: np.random.Generator, kind: str, stem: Path) -> FuzzFile:
    contents = {
        "nothing": b"",
        "text": b"path,label,fold\na.wav,dog,1\n" * int(generator.integers(1, 500)),
        "a page": b"<!DOCTYPE html><html><body>404 Not Found</body></html>\n",
        "zeros": bytes(int(generator.integers(1, 10_000))),
        "noise": generator.bytes(int(generator.integers(1, 10_000))),
        "a picture": b"\x89PNG\r\n\x1a\n" + generator.bytes(1000),
        "an archive": b"PK\x03\x04" + generator.bytes(1000),
        "the first bytes of a WAV": b"RIFF\x24\x00\x00\x00WAVEfmt "[: int(generator.integers(1, 17))],
    }
    what = list(contents)[generator.integers(len(contents))]
    suffix = ("wav", "flac", "ogg", "mp3", "aiff", "au", "gsm", "vox", "raw", "w64", "txt")[generator.integers(11)]
    path = stem.with_suffix(f".{suffix}")
    path.write_bytes(contents[what])
    return FuzzFile(kind, path, f"{what} as .{suffix}", 16000, 0, may_decode=False)


def no_regular_file(generator: np.random.Generator, kind: str, stem: Path) -> FuzzFile:
    path = stem.with_suffix(".wav")
    makes: dict[str, Callable[[], None]] = {
        "a pipe": lambda: os.mkfifo(path),
        "a folder": path.mkdir,
        "a link to itself": lambda: path.symlink_to(path.name),
        "a link to nothing": lambda: path.symlink_to("nothing"),
        "an endless device": lambda: path.symlink_to("/dev/zero"),
        "an empty device": lambda: path.symlink_to("/dev/null"),
        "not there": lambda: None,
    }
    what = list(makes)[generator.integers(len(makes))]
    makes[what]()
    return FuzzFile(kind, path, what, 16000, 0, may_decode=False)


KINDS: dict[str, Callable[[np.random.Generator, str, Path], FuzzFile]] = {
    "undamaged": undamaged,
    "oddly named": oddly_named,
    "header of a stream": of_a_stream,
    "bytes behind the audio": with_a_tail,
    "cut short": truncated,
    "flipped bytes": flipped,
    "random bytes in the header": wrong_header,
    "huge claims in the header": huge_claim,
    "NaN or Inf": not_finite,
    "no samples": without_samples,
    "no audio": no_audio,
    "no regular file": no_regular_file,
    "of other programs": of_others,
}
