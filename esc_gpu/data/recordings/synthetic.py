"""Ten environmental sounds made by procedure, in the layout of ESC-50: the data used when a user has none.

The classes come in families that share their spectrum on average and differ in time: noise that is steady
(rain), swells over seconds (sea waves) or throbs many times a second (helicopter); clicks that are regular
(clock) or not (fire); tones that last (engine), glide up and down (siren), come in bursts (dog), in even
pulses (crickets) or at random (birds). Every recording has a random equaliser, background and level, so a
model has to listen to the time structure.
"""

import csv
import glob
import json
import os
import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from scipy import fft
from scipy.io import wavfile
from scipy.signal import oaconvolve
from tqdm import tqdm

from esc_gpu.core.files import PARTIAL, lock
from esc_gpu.errors import EscGpuError

SAMPLE_RATE = 22050  # Hz
SECONDS = 5
N = SAMPLE_RATE * SECONDS
FOLDS = 5
MADE_BY = "esc_gpu.data.synthetic"  # in every set that was ever written, wherever this module lives
VERSION = 1  # raise it when any sound changes: folders made by another version are rebuilt
COLUMNS = ["filename", "fold", "target", "category", "esc10", "src_file", "take"]

# Single precision halves the time; only phases, which count many cycles, need more.
TIME = (np.arange(N) / SAMPLE_RATE).astype(np.float32)  # s
FREQ = fft.rfftfreq(N, 1 / SAMPLE_RATE).astype(np.float32)  # Hz
DEEP = 30 * SECONDS  # bins of the spectrum under 30 Hz, which no microphone here hears
OCTAVE = np.log2(np.maximum(FREQ, 20) / 1000)  # octaves above 1 kHz


# Building blocks


def between(rng, low, high):
    """A random number between two positive limits, every octave equally likely (as the ear counts)."""
    return low * (high / low) ** rng.random()


def unit(x):
    """The same sound, or spectrum, with an RMS of one."""
    return x / np.sqrt(np.mean(np.square(np.abs(x))))


def noise_spectrum(rng, slope):
    """Spectrum of five seconds of noise that changes by `slope` dB an octave."""
    white = rng.random(2 * FREQ.size, dtype=np.float32) - 0.5  # many bins add up to a Gaussian sample
    spectrum = white.view(np.complex64) * np.exp2(OCTAVE * (slope / 6.02))
    spectrum[:DEEP] = 0
    return spectrum


def noise(rng, slope):
    """Five seconds of coloured noise, RMS one."""
    return unit(fft.irfft(noise_spectrum(rng, slope), N))


def tone(rng, pitch, harmonics, slope):
    """Harmonic sound that follows `pitch` (Hz, one value a sample); harmonics change by `slope` dB an octave.

    One cycle is drawn into a table: looking it up plays any number of harmonics for the price of one.
    """
    k = np.arange(1, max(1, min(harmonics, int(0.45 * SAMPLE_RATE / np.max(pitch)))) + 1)  # none may alias
    strength = k ** (slope / 6.02) * np.exp(0.5 * rng.standard_normal(k.size))
    cycle = unit(fft.irfft(np.r_[0, strength * np.exp(2j * np.pi * rng.random(k.size))], 4096))
    turns = np.cumsum(pitch, dtype=np.float64) * (4096 / SAMPLE_RATE)
    return cycle.astype(np.float32)[turns.astype(np.int64) & 4095]


def pulses(phase, sharpness):
    """Envelope that swells to one and back to zero with each turn of `phase` (in cycles)."""
    return (0.5 - 0.5 * np.cos(2 * np.pi * phase)) ** sharpness


def place(events):
    """A clip of silence with short sounds added at their onsets: pairs (onset in s, sound)."""
    clip = np.zeros(N, np.float32)
    for onset, sound in events:
        part = clip[int(onset * SAMPLE_RATE) :][: len(sound)]
        part += sound[: len(part)]
    return clip


def click(rng, pitch, decay):
    """A knock on something small: a snap and four resonances about `pitch` Hz that ring for `decay` s."""
    t = TIME[: int(6 * decay * SAMPLE_RATE)]
    modes, phases = rng.random((2, 4, 1), dtype=np.float32)
    ring = np.sin(2 * np.pi * (pitch * (0.5 + 1.5 * modes) * t + phases)).sum(0)
    return (ring + rng.standard_normal(t.size, dtype=np.float32)) * np.exp(-t / decay)


# The sounds: each takes a generator and the time axis (s) and returns five seconds at any level


def dog(rng, t):
    """Barks, one to four in a bout: the pitch jumps up and falls, some breath in it."""
    pitch, slope, gap = between(rng, 180, 900), rng.uniform(-9, 0), between(rng, 0.25, 0.6)
    events, onset = [], rng.uniform(0, 0.8)
    while onset < SECONDS:
        for _ in range(rng.integers(1, 5)):
            x = np.linspace(0, 1, int(between(rng, 0.1, 0.3) * SAMPLE_RATE))
            voice = tone(rng, pitch * (0.8 + 0.7 * x**0.4 * (1 - x)), 24, slope)
            breath = 0.4 * rng.standard_normal(x.size)
            events.append((onset, (voice + breath) * pulses(x**0.6, 0.7) * between(rng, 0.5, 1)))
            onset += gap * between(rng, 0.8, 1.25)
        onset += between(rng, 0.4, 3)
    return place(events)


def rain(rng, t):
    """Steady hiss of drops that no one can count, and some hundred close ones."""
    drops = np.zeros(N, np.float32)
    drops[rng.integers(0, N, rng.integers(100, 1500))] = 1
    near = oaconvolve(drops, click(rng, between(rng, 1000, 5000), 0.002))[:N]
    return noise(rng, rng.uniform(-5, 3)) + between(rng, 0.1, 0.5) * unit(near)


def sea_waves(rng, t):
    """Noise that swells over seconds; the crest hisses brighter than the wave that carries it."""
    phase = rng.random() + between(rng, 0.18, 0.36) * t
    phase = phase + 0.12 * np.sin(2 * np.pi * phase)  # slow to rise, quick to break
    swell = 0.03 + pulses(phase, rng.uniform(1, 3))
    slope = rng.uniform(-6, 0)
    return noise(rng, slope) * swell + 0.5 * noise(rng, slope + 6) * swell**2


def helicopter(rng, t):
    """Noise chopped by the rotor blades 10 to 20 times a second, over a low thump."""
    phase = rng.random() + between(rng, 10, 20) * t
    chop = 0.1 + pulses(phase, rng.uniform(1, 4))
    thump = tone(rng, np.full(N, between(rng, 40, 90), np.float32), 4, -6)
    passing = np.exp(0.5 * np.sin(2 * np.pi * (rng.random() + rng.uniform(0.02, 0.1) * t)))
    return (noise(rng, rng.uniform(-6, 3)) + rng.uniform(0, 0.7) * thump) * chop * passing


def clock_tick(rng, t):
    """The same click at even steps, tick and tock in turn."""
    step, pitch, decay = 1 / between(rng, 1.5, 6), between(rng, 1200, 5000), between(rng, 0.003, 0.015)
    tick, tock = click(rng, pitch, decay), click(rng, pitch * between(rng, 0.8, 1.25), decay)
    onsets = np.arange(rng.random() * step, SECONDS, step)
    return place((onset, (tick, tock)[i % 2] * between(rng, 0.8, 1)) for i, onset in enumerate(onsets))


def crackling_fire(rng, t):
    """Clicks of all sizes at random moments."""
    pitch, decay, events = between(rng, 700, 3500), between(rng, 0.002, 0.012), []
    kinds = [click(rng, pitch * between(rng, 0.6, 1.6), decay) for _ in range(12)]
    for onset in rng.uniform(0, SECONDS, rng.integers(40, 200)):
        events.append((onset, kinds[rng.integers(12)] * between(rng, 0.03, 1)))
    return unit(place(events)) + between(rng, 0.1, 0.5) * noise(rng, rng.uniform(-9, -3))


def engine(rng, t):
    """A harmonic stack that lasts, its speed wandering a little, with some noise."""
    wander = 1 + 0.04 * np.sin(2 * np.pi * (rng.random() + between(rng, 0.1, 1) * t))
    return tone(rng, between(rng, 70, 350) * wander, 60, rng.uniform(-8, 0)) + 0.1 * noise(rng, rng.uniform(-6, 0))


def siren(rng, t):
    """A tone that glides up and down: the slow wail, the quick yelp, or two tones in turn."""
    kind = rng.integers(3)
    turn = rng.random() + between(rng, *[(0.2, 0.5), (2, 5), (0.6, 1.2)][kind]) * t
    glide = pulses(turn, 1) if kind < 2 else (turn % 1 < 0.5).astype(np.float32)
    low = between(rng, 400, 1600)
    return tone(rng, low * between(rng, 1.3, 2.5) ** glide, 6, rng.uniform(-15, -6))


def crickets(rng, t):
    """Up to three insects, each on its own pitch: even chirps of a few pulses, or an endless trill."""
    clip = np.zeros(N, np.float32)
    for _ in range(rng.integers(1, 4)):
        trill, chirp = rng.random() < 0.25, pulses(rng.random() + between(rng, 1, 4) * t, 1)
        gate = 1 if trill else np.clip(5 * (chirp - rng.uniform(0.4, 0.8)), 0, 1)  # soft edges: no clicks
        pitch = np.full(N, between(rng, 2200, 6000), np.float32)
        clip += tone(rng, pitch, 2, -12) * pulses(between(rng, 15, 30) * t, 1) * gate * between(rng, 0.2, 1)
    return clip


def chirping_birds(rng, t):
    """Short whistles at random moments, each gliding its own way."""
    centre, events = between(rng, 1800, 4500), []
    for onset in rng.uniform(0, SECONDS, rng.integers(5, 30)):
        x = np.linspace(0, 1, int(between(rng, 0.04, 0.25) * SAMPLE_RATE))
        pitch = centre * between(rng, 0.7, 1.4) * between(rng, 0.65, 1.5) ** (x + 0.3 * np.sin(6 * x))
        events.append((onset, tone(rng, pitch, 2, -12) * pulses(x, 1) * between(rng, 0.2, 1)))
    return place(events)


SOUNDS = {  # name: (target, function), with the numbers and names of ESC-50
    "dog": (0, dog),
    "rain": (10, rain),
    "sea_waves": (11, sea_waves),
    "crackling_fire": (12, crackling_fire),
    "crickets": (13, crickets),
    "chirping_birds": (14, chirping_birds),
    "clock_tick": (38, clock_tick),
    "helicopter": (40, helicopter),
    "siren": (42, siren),
    "engine": (44, engine),
}
ESC10 = {"dog", "rain", "sea_waves", "crackling_fire", "clock_tick", "helicopter"}  # those of ESC-10 here


# From a sound to a clip


def record(rng, sound):
    """The sound as some microphone in some place has it: a random equaliser over random background noise."""
    knots = np.linspace(-5.7, 3.5, 9)  # octaves from 1 kHz: 20 Hz to 11 kHz
    curve = np.interp(OCTAVE, knots, rng.uniform(-2.5, 2.5) * knots + rng.normal(0, 3, 9))  # dB
    heard = fft.rfft(sound) * np.exp2(curve.astype(np.float32) / 6.02)
    heard[:DEEP] = 0
    behind = noise_spectrum(rng, rng.uniform(-9, 1))
    snr = rng.uniform(10, 35)  # dB
    return fft.irfft(unit(heard) + unit(behind) * 10 ** (-snr / 20), N)


def make_clip(seed, category, number):
    """Clip `number` of a category as 16-bit samples; it depends on these three only."""
    target, sound = SOUNDS[category]
    rng = np.random.default_rng([seed, target, 0, number])
    scene = np.random.default_rng([seed, target, 1, source_of(number)])  # takes share place and microphone
    clip = record(scene, sound(rng, TIME))
    if rng.random() < 0.25:  # a short recording padded with silence, as ESC-50 has them
        clip *= np.clip((rng.uniform(2.5, 4.7) - TIME) / 0.02, 0, 1)
    clip *= 10 ** (rng.uniform(-21, -1) / 20) / np.abs(clip).max()
    return np.round(clip * 32767).astype(np.int16)


# The folder


def source_of(number):
    """Number of the source recording in its class: a fold's clips are takes A and B of one source each."""
    return number // (2 * FOLDS) * FOLDS + number % FOLDS


def clip_table(clips_per_class):
    """The rows of esc50.csv in ESC-50's order (by file name), each followed by the clip's number."""
    rows = []
    for category, (target, _) in SOUNDS.items():
        for number in range(clips_per_class):
            fold, take = number % FOLDS + 1, "AB"[number // FOLDS % 2]
            source = 100_000 + 50 * source_of(number) + target  # 50 classes: no two share a source
            filename = f"{fold}-{source}-{take}-{target}.wav"
            rows.append([filename, fold, target, category, category in ESC10, source, take, number])
    return sorted(rows)


def holds_set(root, wanted):
    """Whether `root` holds all of the set `wanted`; EscGpuError if it holds a file that is not of a set."""
    try:
        found = json.loads((root / "meta" / "synthetic.json").read_text())
        ours = {f"audio/{row[0]}" for row in clip_table(found["clips_per_class"])}
        ours |= {"meta/esc50.csv", "meta/synthetic.json"} if found["made_by"] == MADE_BY else set()
    except (OSError, ValueError, TypeError, KeyError):
        found, ours = None, set()
    sizes = {p.relative_to(root).as_posix(): p.stat().st_size for p in root.rglob("*") if not p.is_dir()}
    if found == wanted and all(sizes.get(f, 0) > (2 * N if f.endswith("wav") else 0) for f in ours):
        return True
    if strange := sorted(sizes.keys() - ours):
        raise EscGpuError(
            f"{root} holds {strange[0]}, no part of the synthetic sounds; expected a new or empty folder or "
            "an earlier set: choose another folder or move that file away"
        )
    return False


def write_set(folder, wanted, progress):
    """Write the complete set into a new folder."""
    (folder / "audio").mkdir(parents=True)
    (folder / "meta").mkdir()
    rows = clip_table(wanted["clips_per_class"])
    for row in tqdm(rows, "synthetic sounds", unit="clip", disable=not progress):
        clip = make_clip(wanted["seed"], category=row[3], number=row[-1])
        wavfile.write(folder / "audio" / row[0], SAMPLE_RATE, clip)
    with open(folder / "meta" / "esc50.csv", "w", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([COLUMNS, *(row[:-1] for row in rows)])
    (folder / "meta" / "synthetic.json").write_text(json.dumps(wanted, indent=2) + "\n")


@contextmanager
def held(folder, prefix):
    """Inside the block no other process makes a set in `folder`, and nothing of one that was killed is there."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        if lock(handle):
            for left in folder.glob(glob.escape(prefix) + "*"):
                shutil.rmtree(left)
        yield
    finally:
        os.close(handle)


def write_synthetic(root: str | Path, *, seed: int = 0, clips_per_class: int = 40, progress=True) -> Path:
    """Write ten classes of synthetic sounds into the folder `root` in ESC-50's layout and return its path.

    Files: ``meta/esc50.csv`` with ESC-50's columns and class numbers, ``audio/*.wav`` (mono, 16 bits,
    22,050 Hz, 5 s), and ``meta/synthetic.json``, which records the settings. The `clips_per_class` clips of
    a class are spread evenly over five folds; the takes of one source recording stay in one fold. Equal
    seeds give equal files, byte for byte (on one machine). Does nothing if `root` holds this very set; a set
    of other settings is replaced. The set is made beside `root` and renamed, so that `root` is never half
    full. Of several processes that call this at once one makes it, and the others wait.

    Raises EscGpuError if `seed` is not an integer from 0 on, if `clips_per_class` is not a positive multiple
    of 5, or if `root` cannot be written or holds a file that this function did not put there.
    """
    if not isinstance(seed, int) or seed < 0:
        raise EscGpuError(f"seed is {seed!r}, expected an integer from 0 on: give one, such as 0")
    if not isinstance(clips_per_class, int) or clips_per_class < 1 or clips_per_class % FOLDS:
        raise EscGpuError(
            f"clips_per_class is {clips_per_class!r}, expected a positive multiple of {FOLDS} (the clips are "
            "spread evenly over the folds): give one, such as 40"
        )
    wanted = {"made_by": MADE_BY, "version": VERSION, "seed": seed, "clips_per_class": clips_per_class}
    root = Path(root).resolve()
    prefix = f"{PARTIAL}{root.name}-"
    try:
        root.parent.mkdir(parents=True, exist_ok=True)
        with held(root.parent, prefix):
            root.mkdir(exist_ok=True)
            if not holds_set(root, wanted):
                with tempfile.TemporaryDirectory(prefix=prefix, dir=root.parent) as beside:
                    write_set(Path(beside) / "new", wanted, progress)
                    root.rename(Path(beside) / "old")  # goes when the temporary folder goes
                    (Path(beside) / "new").rename(root)
    except OSError as error:
        raise EscGpuError(f"cannot write {root} ({error}): choose a folder that can be written") from error
    return root
