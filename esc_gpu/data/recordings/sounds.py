"""Ten environmental sounds made by procedure, and the microphone that hears them.

The classes come in families that share their spectrum on average and differ in time: noise that is steady
(rain), swells over seconds (sea waves) or throbs many times a second (helicopter); clicks that are regular
(clock) or not (fire); tones that last (engine), glide up and down (siren), come in bursts (dog), in even
pulses (crickets) or at random (birds). Every recording has a random equaliser, background and level, so a
model has to listen to the time structure.
"""

import numpy as np
from scipy import fft

SAMPLE_RATE = 22050  # Hz
SECONDS = 5
N = SAMPLE_RATE * SECONDS

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
    from scipy.signal import oaconvolve  # here: it takes a second to load, which only who makes the sounds has to wait

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


# From a sound to what is heard of it


def record(rng, sound):
    """The sound as some microphone in some place has it: a random equaliser over random background noise."""
    knots = np.linspace(-5.7, 3.5, 9)  # octaves from 1 kHz: 20 Hz to 11 kHz
    curve = np.interp(OCTAVE, knots, rng.uniform(-2.5, 2.5) * knots + rng.normal(0, 3, 9))  # dB
    heard = fft.rfft(sound) * np.exp2(curve.astype(np.float32) / 6.02)
    heard[:DEEP] = 0
    behind = noise_spectrum(rng, rng.uniform(-9, 1))
    snr = rng.uniform(10, 35)  # dB
    return fft.irfft(unit(heard) + unit(behind) * 10 ** (-snr / 20), N)
