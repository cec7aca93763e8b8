"""librosa's functions on a whole batch `(B, T)` of NumPy float32, which they all take."""

from collections.abc import Callable

import librosa
import numpy as np

from benchmarks.peers.librosa_options import CHROMA_NORMS, cqt_options, mel_options, pcen_options, stft_options
from esc_gpu.frontends.base import Frontend

Call = Callable[[np.ndarray], np.ndarray]


def decibels(power: np.ndarray, top_db: float | None) -> np.ndarray:
    """`power_to_db` clip by clip: of a batch, librosa would take `top_db` under the loudest clip."""
    return np.stack([librosa.power_to_db(clip, top_db=top_db) for clip in power])


def rescale(power: np.ndarray, frontend: Frontend) -> np.ndarray:
    """The power in the front-end's scale."""
    if frontend.scale == "db":
        return decibels(power, frontend.top_db)
    return power if frontend.scale == "power" else np.sqrt(power)


def spectrogram(frontend: Frontend) -> Call:
    options = stft_options(frontend)
    return lambda batch: rescale(np.abs(librosa.stft(batch, **options)) ** 2, frontend)


def logmel(frontend: Frontend) -> Call:
    options = mel_options(frontend)
    return lambda batch: rescale(librosa.feature.melspectrogram(y=batch, **options), frontend)


def mfcc(frontend: Frontend) -> Call:
    options = mel_options(frontend)

    def call(batch: np.ndarray) -> np.ndarray:
        db = decibels(librosa.feature.melspectrogram(y=batch, **options), frontend.top_db)
        return librosa.feature.mfcc(S=db, n_mfcc=frontend.n_mfcc)

    return call


def cqt(frontend: Frontend) -> Call:
    options = cqt_options(frontend)
    return lambda batch: rescale(np.abs(librosa.cqt(batch, **options)) ** 2, frontend)


def vqt(frontend: Frontend) -> Call:
    options = cqt_options(frontend) | {"gamma": frontend.gamma}
    return lambda batch: rescale(np.abs(librosa.vqt(batch, **options)) ** 2, frontend)


def chroma(frontend: Frontend) -> Call:
    # With tuning=None librosa would estimate it, clip by clip, which takes longer than the feature.
    options = stft_options(frontend) | {
        "sr": frontend.sample_rate,
        "tuning": frontend.tuning,
        "n_chroma": frontend.n_chroma,
        "norm": CHROMA_NORMS[frontend.norm],
    }
    return lambda batch: librosa.feature.chroma_stft(y=batch, **options)


def chroma_cqt(frontend: Frontend) -> Call:
    transform = cqt_options(frontend)
    options = {
        "fmin": frontend.fmin,
        "bins_per_octave": frontend.bins_per_octave,
        "n_chroma": frontend.n_chroma,
        "norm": CHROMA_NORMS[frontend.norm],
    }
    # chroma_cqt(y=...) cannot pad by reflection.
    return lambda batch: librosa.feature.chroma_cqt(C=np.abs(librosa.cqt(batch, **transform)), **options)


def pcen(frontend: Frontend) -> Call:
    mel, options = mel_options(frontend) | {"power": frontend.mel_power}, pcen_options(frontend)
    return lambda batch: librosa.pcen(librosa.feature.melspectrogram(y=batch, **mel) * frontend.input_scale, **options)


def spectral_centroid(frontend: Frontend) -> Call:
    options = stft_options(frontend) | {"sr": frontend.sample_rate}
    return lambda batch: librosa.feature.spectral_centroid(y=batch, **options)


def spectral_bandwidth(frontend: Frontend) -> Call:
    options = stft_options(frontend) | {"sr": frontend.sample_rate, "p": frontend.p}
    return lambda batch: librosa.feature.spectral_bandwidth(y=batch, **options)


def spectral_rolloff(frontend: Frontend) -> Call:
    options = stft_options(frontend) | {"sr": frontend.sample_rate, "roll_percent": frontend.roll_percent}
    return lambda batch: librosa.feature.spectral_rolloff(y=batch, **options)


def spectral_flatness(frontend: Frontend) -> Call:
    options = stft_options(frontend) | {"amin": frontend.amin, "power": frontend.options["power"]}
    return lambda batch: librosa.feature.spectral_flatness(y=batch, **options)


def spectral_contrast(frontend: Frontend) -> Call:
    names = "n_bands", "fmin", "quantile"
    options = stft_options(frontend) | {name: getattr(frontend, name) for name in names}
    options["sr"] = frontend.sample_rate
    # Clip by clip: it takes 80 dB under the loudest of all it is given.
    return lambda batch: np.stack([librosa.feature.spectral_contrast(y=clip, **options) for clip in batch])


def zero_crossing_rate(frontend: Frontend) -> Call:
    options = {"frame_length": frontend.frame_length, "hop_length": frontend.hop_length}
    return lambda batch: librosa.feature.zero_crossing_rate(batch, **options)


def rms(frontend: Frontend) -> Call:
    names = "frame_length", "hop_length", "pad_mode"
    options = {name: getattr(frontend, name) for name in names}
    return lambda batch: librosa.feature.rms(y=batch, **options)


def delta(frontend: Frontend) -> Call:
    member = logmel(frontend.layer)
    orders = range(1, frontend.order + 1)

    def call(batch: np.ndarray) -> np.ndarray:
        image = member(batch)
        deltas = [librosa.feature.delta(image, width=frontend.width, order=order) for order in orders]
        return np.stack([image, *deltas], axis=1)

    return call
