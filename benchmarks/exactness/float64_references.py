"""The front-ends in float64 NumPy, by librosa or as directly as their definitions: what errors are measured against."""

from collections.abc import Callable

import librosa
import numpy as np
import scipy.interpolate

from benchmarks.exactness.constant_q_references import constant_q_power
from benchmarks.exactness.kaldi_references import kaldi_fbank, kaldi_mfcc
from benchmarks.peers.librosa_options import (
    CHROMA_NORMS,
    mel_options,
    numpy_mode,
    pcen_options,
    stft_options,
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
        waveform = waveform[:, frontend.n_dropped :]
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
    if frontend.mel_scale == "kaldi":
        return kaldi_bank(frontend) @ stft_power(frontend, clip) ** (power / 2)
    # The filter bank is float32 unless told otherwise.
    return librosa.feature.melspectrogram(y=clip, power=power, dtype=np.float64, **mel_options(frontend))


def kaldi_bank(frontend: Frontend) -> np.ndarray:
    """`(n_mels, n_fft // 2 + 1)`: triangles over `1127 ln(1 + f / 700)`, of peak 1 or of height 2 / width in Hz."""
    ends = 1127 * np.log1p(np.array([frontend.fmin, frontend.fmax]) / 700)
    edges = np.linspace(*ends, frontend.n_mels + 2)
    bins = 1127 * np.log1p(np.arange(frontend.n_fft // 2 + 1) * frontend.sample_rate / frontend.n_fft / 700)
    bank = [np.interp(bins, edges[k : k + 3], [0, 1, 0], left=0, right=0) for k in range(frontend.n_mels)]
    hz = 700 * np.expm1(edges / 1127)
    heights = 2 / (hz[2:] - hz[:-2]) if frontend.norm == "slaney" else np.ones(frontend.n_mels)
    return np.stack(bank) * heights[:, None]


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


# ---- what is made of them


def scaled(power_of: Reference) -> Reference:
    """The power in the front-end's scale."""

    def features(frontend: Frontend, clip: np.ndarray) -> np.ndarray:
        power = power_of(frontend, clip)
        if frontend.scale in ("power", "magnitude"):
            return power if frontend.scale == "power" else np.sqrt(power)
        return logarithm(frontend, power)

    return features


def of_frames(power_of: Reference) -> Reference:
    """Where the levels are those of the frames' spectra, and not of bands of them."""
    return scaled(lambda frontend, clip: power_of(frontend, clip) ** (frontend.band_exponent / 2))


def logarithm(frontend: Frontend, power: np.ndarray) -> np.ndarray:
    """The logarithm of the power, of the kind that the front-end's scale says."""
    if frontend.scale == "log1p":
        return np.log1p(power)
    amin = np.finfo(np.float64).tiny if frontend.log_offset else frontend.amin
    power = power + frontend.log_offset
    if frontend.scale == "db":
        ref = np.max if frontend.ref == "max" else frontend.ref
        return librosa.power_to_db(power, ref=ref, amin=amin, top_db=frontend.top_db)
    return {"ln": np.log, "log10": np.log10}[frontend.scale](np.maximum(power, amin))


def cepstrum(power_of: Reference) -> Reference:
    """The DCT of the logarithm of the power."""

    def features(frontend: Frontend, clip: np.ndarray) -> np.ndarray:
        levels = logarithm(frontend, power_of(frontend, clip))
        options = {"n_mfcc": frontend.n_coefficients, "lifter": frontend.lifter}
        return librosa.feature.mfcc(S=levels, dct_type=frontend.dct_type, norm=frontend.dct_norm, **options)

    return features


def pcen(frontend: Frontend, clip: np.ndarray) -> np.ndarray:
    """`(n_mels, N)`."""
    energy = frontend.input_scale * mel_energy(frontend, clip, frontend.mel_power)
    return librosa.pcen(energy, **pcen_options(frontend))


def chroma(frontend: Frontend, clip: np.ndarray) -> np.ndarray:
    """`(n_chroma, N)`."""
    options = {name: getattr(frontend, name) for name in ("n_fft", "n_chroma", "tuning", "ctroct", "octwidth")}
    return librosa.feature.chroma_stft(
        S=stft_power(frontend, clip),
        sr=frontend.sample_rate,
        norm=CHROMA_NORMS[frontend.norm],
        dtype=np.float64,
        **options,
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
    "spectrogram": of_frames(stft_power),
    "logmel": scaled(mel_energy),
    "mfcc": cepstrum(mel_energy),
    "lfcc": cepstrum(linear_power),
    "kaldi_fbank": kaldi_fbank,
    "kaldi_mfcc": kaldi_mfcc,
    "gammatone": scaled(gammatone_power),
    "gfcc": cepstrum(gammatone_power),
    "cqt": of_frames(constant_q_power),
    "vqt": of_frames(constant_q_power),
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
