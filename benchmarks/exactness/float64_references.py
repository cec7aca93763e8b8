"""The front-ends in float64 NumPy, by librosa or as directly as their definitions: what errors are measured against."""

from collections.abc import Callable

import librosa
import numpy as np
import scipy.interpolate

from benchmarks.exactness.kaldi_references import kaldi_fbank, kaldi_mfcc
from benchmarks.peers.librosa_options import (
    CHROMA_NORMS,
    mel_options,
    numpy_mode,
    pcen_options,
    stft_options,
    window_values,
)
from esc_gpu.errors import EscGpuError
from esc_gpu.frontends.base import Frontend

Reference = Callable[[Frontend, np.ndarray], np.ndarray]


def reference(frontend: Frontend, waveform: np.ndarray) -> np.ndarray:
    """`(B, T)` at the front-end's own sample rate → `(B, C, F, N)` float64, in the front-end's scale.

    Raises:
        EscGpuError: for a front-end that has no reference.
    """
    if frontend.name not in REFERENCES:
        raise EscGpuError(
            f"there is no float64 reference of {frontend.name}: add one to benchmarks/exactness/float64_references.py"
        )
    of_clip = REFERENCES[frontend.name]
    if frontend.emphasis:
        waveform = librosa.effects.preemphasis(np.asarray(waveform, np.float64), coef=frontend.emphasis, zi=[[0.0]])
    # One clip at a time: librosa takes top_db over all of an array.
    clips = [of_clip(frontend, clip) for clip in np.asarray(waveform, dtype=np.float64)]
    return np.stack([features if features.ndim == 3 else features[None] for features in clips])


# ---- bands of the power of an STFT


def stft_power(frontend: Frontend, clip: np.ndarray) -> np.ndarray:
    """`|STFT|²` `(n_fft // 2 + 1, N)`."""
    options = stft_options(frontend)
    if options["pad_mode"] == "wrap" and frontend.center:  # which librosa refuses
        half = frontend.n_fft // 2
        clip, options = np.pad(clip, half, mode="wrap"), options | {"center": False}
    return np.abs(librosa.stft(clip, **options)) ** 2


def raised(frontend: Frontend, clip: np.ndarray) -> np.ndarray:
    """`|STFT| ** power` `(n_fft // 2 + 1, N)`."""
    return stft_power(frontend, clip) ** (frontend.band_exponent / 2)


def mel_energy(frontend: Frontend, clip: np.ndarray, power: float | None = None) -> np.ndarray:
    """`(n_mels, N)` mel spectrogram of powers (`power=2`) or of magnitudes (`power=1`); None for the front-end's."""
    power = frontend.band_exponent if power is None else power
    # The filter bank is float32 unless told otherwise.
    return librosa.feature.melspectrogram(y=clip, power=power, dtype=np.float64, **mel_options(frontend))


def linear_power(frontend: Frontend, clip: np.ndarray) -> np.ndarray:
    """`(n_filters, N)`: triangles of peak 1 between frequencies evenly spaced in Hz, as torchaudio's."""
    edges = np.linspace(frontend.fmin, frontend.fmax, frontend.n_filters + 2)
    bins = np.arange(frontend.n_fft // 2 + 1) * frontend.sample_rate / frontend.n_fft
    bank = [np.interp(bins, edges[k : k + 3], [0, 1, 0], left=0, right=0) for k in range(frontend.n_filters)]
    return np.stack(bank) @ raised(frontend, clip)


def gammatone_power(frontend: Frontend, clip: np.ndarray) -> np.ndarray:
    """`(n_bins, N)`: the power that fourth-order gammatone filters, one ERB wide, pass at each FFT bin."""
    erb_rates = 21.4 * np.log10(1 + 0.00437 * np.array([frontend.fmin, frontend.fmax]))
    rates = np.linspace(*erb_rates, frontend.n_bins + 2)[1:-1]
    centres = (10 ** (rates / 21.4) - 1) / 0.00437
    bank = [gammatone_response(centre, frontend.n_fft, frontend.sample_rate) for centre in centres]
    return np.stack(bank) @ raised(frontend, clip)


def gammatone_response(centre: float, n_fft: int, sample_rate: int) -> np.ndarray:
    """`(n_fft // 2 + 1,)` squared magnitude response, 1 at `centre` Hz, by the filter's sampled impulse response.

    Source: Patterson et al. (1987); the ERB of Glasberg & Moore (1990), eq. 3.
    """
    erb = 24.7 * (4.37 * centre / 1000 + 1)
    # After a second the narrowest filter, 25 Hz wide, has decayed by more than 1000 dB.
    seconds = np.arange(n_fft * -(-sample_rate // n_fft)) / sample_rate
    impulse_response = seconds**3 * np.exp(-2 * np.pi * 1.019 * erb * seconds) * np.cos(2 * np.pi * centre * seconds)
    at_centre = impulse_response @ np.exp(-2j * np.pi * centre * seconds)
    # Folded to n_fft samples, its FFT has just the bins of the STFT's.
    return np.abs(np.fft.rfft(impulse_response.reshape(-1, n_fft).sum(axis=0)) / at_centre) ** 2


# ---- constant-Q and variable-Q transform


def constant_q_power(frontend: Frontend, clip: np.ndarray) -> np.ndarray:
    """`|CQT|²` or `|VQT|²` `(n_bins, N)`: each kernel's conjugate times the samples around each frame."""
    alpha = 2 ** (1 / frontend.bins_per_octave) - 1
    gamma = 0.0
    if frontend.name == "vqt":
        gamma = 24.7 * alpha / 0.108 if frontend.gamma is None else frontend.gamma
    centres = frontend.fmin * 2.0 ** (np.arange(frontend.n_bins) / frontend.bins_per_octave)
    lengths = np.ceil(frontend.filter_scale * frontend.sample_rate / (alpha * centres + gamma)).astype(int)
    pad = lengths.max()
    padded = np.pad(clip, pad, mode=numpy_mode(frontend))
    frames = pad + np.arange(0, len(clip) + 1, frontend.hop_length)
    rows = []
    for first in range(0, frontend.n_bins, frontend.bins_per_octave):  # its kernels are of similar length
        octave = range(first, min(first + frontend.bins_per_octave, frontend.n_bins))
        longest = lengths[first]
        kernels = np.zeros((longest, len(octave)), dtype=np.complex128)
        for column, k in enumerate(octave):
            start = -(-longest // 2) - -(-lengths[k] // 2)
            kernels[start : start + lengths[k], column] = tone_kernel(frontend, centres[k], lengths[k])
        windows = np.lib.stride_tricks.sliding_window_view(padded, longest)[frames - -(-longest // 2)]
        rows.append((windows @ kernels.real) ** 2 + (windows @ kernels.imag) ** 2)
    return np.concatenate(rows, axis=1).T


def tone_kernel(frontend: Frontend, frequency: float, length: int) -> np.ndarray:
    """`(length,)` complex: a windowed tone whose magnitudes sum to `sqrt(length)`, centred on its middle sample."""
    seconds = (np.arange(length) - np.ceil(length / 2)) / frontend.sample_rate
    window = window_values(frontend.window, length)
    return window * np.exp(2j * np.pi * frequency * seconds) * (np.sqrt(length) / np.abs(window).sum())


# ---- what is made of them


def scaled(power_of: Reference) -> Reference:
    """The power in the front-end's scale."""

    def features(frontend: Frontend, clip: np.ndarray) -> np.ndarray:
        power = power_of(frontend, clip)
        if frontend.scale == "db":
            return decibels(frontend, power)
        return power if frontend.scale == "power" else np.sqrt(power)

    return features


def decibels(frontend: Frontend, power: np.ndarray) -> np.ndarray:
    """The power in dB."""
    ref = np.max if frontend.ref == "max" else frontend.ref
    return librosa.power_to_db(power, ref=ref, amin=frontend.amin, top_db=frontend.top_db)


def cepstrum(power_of: Reference) -> Reference:
    """The DCT of the power in dB."""

    def features(frontend: Frontend, clip: np.ndarray) -> np.ndarray:
        db = decibels(frontend, power_of(frontend, clip))
        options = {"n_mfcc": frontend.n_coefficients, "lifter": frontend.lifter}
        return librosa.feature.mfcc(S=db, dct_type=frontend.dct_type, norm=frontend.dct_norm, **options)

    return features


def pcen(frontend: Frontend, clip: np.ndarray) -> np.ndarray:
    """`(n_mels, N)`."""
    energy = frontend.input_scale * mel_energy(frontend, clip, frontend.mel_power)
    return librosa.pcen(energy, **pcen_options(frontend))


def chroma(frontend: Frontend, clip: np.ndarray) -> np.ndarray:
    """`(n_chroma, N)`."""
    return librosa.feature.chroma_stft(
        S=stft_power(frontend, clip),
        sr=frontend.sample_rate,
        n_fft=frontend.n_fft,
        norm=CHROMA_NORMS[frontend.norm],
        tuning=frontend.tuning,
        n_chroma=frontend.n_chroma,
        dtype=np.float64,
    )


def chroma_cqt(frontend: Frontend, clip: np.ndarray) -> np.ndarray:
    """`(n_chroma, N)`; frames `top_db` under the loudest class are not normalised."""
    classes = librosa.feature.chroma_cqt(
        C=np.sqrt(constant_q_power(frontend, clip)),
        fmin=frontend.fmin,
        norm=None,
        n_chroma=frontend.n_chroma,
        bins_per_octave=frontend.bins_per_octave,
    )
    threshold = None if frontend.top_db is None else max(1e-12, classes.max() * 10 ** (-frontend.top_db / 20))
    return librosa.util.normalize(classes, norm=CHROMA_NORMS[frontend.norm], axis=0, threshold=threshold)


def descriptor(describe: Callable[..., np.ndarray], *names: str, rate: bool = True) -> Reference:
    """A descriptor of librosa's of an STFT, which takes the front-end's options `names`."""

    def features(frontend: Frontend, clip: np.ndarray) -> np.ndarray:
        options = {name: frontend.options[name] for name in names} | stft_options(frontend)
        return describe(y=clip, **options, **({"sr": frontend.sample_rate} if rate else {}))

    return features


def rolloff(frontend: Frontend, clip: np.ndarray) -> np.ndarray:
    """`(1, N)`."""
    magnitudes = stft_power(frontend, clip) ** (frontend.exponent / 2)
    options = {"n_fft": frontend.n_fft, "roll_percent": frontend.roll_percent}
    return librosa.feature.spectral_rolloff(S=magnitudes, sr=frontend.sample_rate, **options)


def zero_crossing_rate(frontend: Frontend, clip: np.ndarray) -> np.ndarray:
    """`(1, N)`."""
    return librosa.feature.zero_crossing_rate(
        clip, frame_length=frontend.frame_length, hop_length=frontend.hop_length, center=frontend.center
    )


def rms(frontend: Frontend, clip: np.ndarray) -> np.ndarray:
    """`(1, N)`."""
    return librosa.feature.rms(
        y=clip,
        frame_length=frontend.frame_length,
        hop_length=frontend.hop_length,
        center=frontend.center,
        pad_mode=numpy_mode(frontend),
        dtype=np.float64,
    )


# ---- front-ends of other front-ends


def delta(frontend: Frontend, clip: np.ndarray) -> np.ndarray:
    """`(C * (order + 1), F, N)`: the member's features, then their derivatives."""
    image = reference(frontend.layer, clip[None])[0]
    options = {"width": frontend.width, "mode": frontend.mode}
    orders = range(1, frontend.order + 1)
    return np.concatenate([image, *(librosa.feature.delta(image, order=k, **options) for k in orders)])


def stack(frontend: Frontend, clip: np.ndarray) -> np.ndarray:
    """`(sum of C, F, N)`: the members on one grid, interpolated linearly from end to end."""
    images = [reference(layer, clip[None])[0] for layer in frontend.layers]
    n_frames = max(image.shape[-1] for image in images)
    return np.concatenate([interpolate(interpolate(image, 1, frontend.n_bins), 2, n_frames) for image in images])


def model_input(frontend: Frontend, clip: np.ndarray) -> np.ndarray:
    """`(C, F, N)`: of the fitted clip, the member's features: fitted, limited and normalised."""
    if frontend.clip_seconds is not None:
        n_samples = round(frontend.clip_seconds * frontend.sample_rate)
        if frontend.fill == "repeat":
            clip = np.tile(clip, max(1, n_samples // len(clip)))
        clip = np.pad(clip, (0, max(0, n_samples - len(clip))))[:n_samples]
    image = reference(frontend.layer, clip[None])[0][..., : frontend.image_frames]
    if frontend.max_range is not None:
        image = np.maximum(image, image.max() - frontend.max_range)
    missing = max(0, (frontend.image_frames or 0) - image.shape[-1])
    return (np.pad(image, ((0, 0), (0, 0), (0, missing))) - frontend.mean) / frontend.std


def interpolate(image: np.ndarray, axis: int, size: int) -> np.ndarray:
    """`image` with `size` points on `axis`, the first and the last one kept."""
    if image.shape[axis] == 1:
        return np.repeat(image, size, axis=axis)
    points = np.linspace(0, 1, image.shape[axis])
    return scipy.interpolate.make_interp_spline(points, image, k=1, axis=axis)(np.linspace(0, 1, size))


REFERENCES: dict[str, Reference] = {
    "spectrogram": scaled(stft_power),
    "logmel": scaled(mel_energy),
    "mfcc": cepstrum(mel_energy),
    "lfcc": cepstrum(linear_power),
    "kaldi_fbank": kaldi_fbank,
    "kaldi_mfcc": kaldi_mfcc,
    "gammatone": scaled(gammatone_power),
    "gfcc": cepstrum(gammatone_power),
    "cqt": scaled(constant_q_power),
    "vqt": scaled(constant_q_power),
    "chroma": chroma,
    "chroma_cqt": chroma_cqt,
    "pcen": pcen,
    "spectral_centroid": descriptor(librosa.feature.spectral_centroid),
    "spectral_bandwidth": descriptor(librosa.feature.spectral_bandwidth, "p", "norm"),
    "spectral_rolloff": rolloff,
    "spectral_flatness": descriptor(librosa.feature.spectral_flatness, "amin", "power", rate=False),
    "spectral_contrast": descriptor(librosa.feature.spectral_contrast, "n_bands", "fmin", "quantile", "linear"),
    "zero_crossing_rate": zero_crossing_rate,
    "rms": rms,
    "delta": delta,
    "stack": stack,
    "model_input": model_input,
}
