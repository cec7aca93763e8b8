"""librosa's descriptors of frames and spectra, PCEN and derivatives."""

import librosa
import numpy as np
import scipy.ndimage  # noqa: F401  # librosa loads its parts late

from benchmarks.exactness.peer_checks.checks import Check, Function, parameters
from benchmarks.exactness.peer_checks.of_librosa import BASE, INPUTS, UNKNOWN_PAD, framing, given

FRAMES = {"frame_length": 512, "hop_length": 128}
FREQUENCIES = "the bins are those of the Fourier transform"
PARTS = {"n_fft": 512, "hop_length": 128, "n_mels": 40}


def of_spectrum(name: str, *plumbing: str) -> Function:
    """A descriptor of a spectrum, `librosa.feature.NAME`."""
    describe = getattr(librosa.feature, name)
    with_rate = "sr" in parameters(describe)

    def features(y: np.ndarray, sr: int, **options: object) -> np.ndarray:
        return describe(y=y, **options, **({"sr": sr} if with_rate else {}))

    return Function(f"librosa.feature.{name}", features, name, BASE, parameters(describe), (*INPUTS, *plumbing))


def spectral_checks() -> list[Check]:
    centroid, bandwidth, rolloff, flatness, contrast = map(
        of_spectrum,
        ("spectral_centroid", "spectral_bandwidth", "spectral_rolloff", "spectral_flatness", "spectral_contrast"),
    )
    checks = []
    for function in (centroid, bandwidth, rolloff, flatness, contrast):
        four = {"n_bands": 4} if function is contrast else {}
        function = Function(**{**vars(function), "options": ({**BASE[0], **four}, {**BASE[1], **four})})
        checks += [function.same(), *framing(function), *given(function, S="magnitudes")]
        if "freq" in function.parameters:
            checks.append(function.lacks(FREQUENCIES, freq="others"))
    return [
        *checks,
        *bandwidth.each("p", 1.0, 3.5, 0.5),
        bandwidth.same(norm=False),
        bandwidth.same(norm=False, p=1.0),
        bandwidth.lacks("the centroid is the frame's own", centroid="another"),
        *rolloff.each("roll_percent", 0.01, 0.5, 0.99),
        *flatness.each("amin", 1e-6, 1e-3),
        *flatness.each("power", 1.0, 0.5),
        contrast.same(n_bands=3, fmin=300.0),
        contrast.same(n_bands=2, quantile=0.3),
        contrast.same(n_bands=4, linear=True),
    ]


def frame_checks() -> list[Check]:
    rms = Function(
        "librosa.feature.rms",
        lambda y, sr, **options: librosa.feature.rms(y=y, dtype=np.float64, **options),
        "rms",
        (FRAMES, FRAMES),
        parameters(librosa.feature.rms),
        INPUTS,
    )
    crossings = Function(
        "librosa.feature.zero_crossing_rate",
        lambda y, sr, **options: librosa.feature.zero_crossing_rate(y, **options),
        "zero_crossing_rate",
        (FRAMES, FRAMES),
        parameters(librosa.feature.zero_crossing_rate, "threshold", "ref_magnitude", "pad", "zero_pos"),
        INPUTS,
    )
    checks = []
    for function in (rms, crossings):
        checks += [function.same(), function.same(frame_length=401), function.same(hop_length=300)]
        checks += [function.same(center=False), function.same(center=False, frame_length=401)]
    return [
        *checks,
        *rms.each("pad_mode", "constant", "reflect", "edge", "wrap"),
        *[rms.lacks(UNKNOWN_PAD, pad_mode=mode) for mode in ("symmetric", "linear_ramp", "mean")],
        *given(rms, S="magnitudes"),
        crossings.same(),
        crossings.lacks("samples within 1e-10 of 0 are zeros, whatever the level", threshold=0.1),
        crossings.lacks("samples within 1e-10 of 0 are zeros, whatever the level", ref_magnitude=np.max),
        crossings.lacks("zeros are positive", zero_pos=False),
        crossings.lacks("a frame's first sample counts only with the one before it", pad=True),
    ]


def pcen_checks() -> list[Check]:
    def of_mel(y: np.ndarray, sr: int, mel_power: float = 1.0, scale: float = 2.0**31, **options: object) -> np.ndarray:
        energy = librosa.feature.melspectrogram(y=y, sr=sr, power=mel_power, dtype=np.float64, **PARTS)
        return librosa.pcen(scale * energy, sr=sr, hop_length=PARTS["hop_length"], **options)

    pcen = Function(
        "librosa.pcen",
        of_mel,
        "pcen",
        ({}, PARTS | {"pad_mode": "constant"}),
        parameters(librosa.pcen),
        (*INPUTS, "S", "hop_length", "return_zf", "max_axis"),
    )

    def time_constant(rate: int) -> dict[str, object]:
        return {"time_constant": float(np.sqrt(1 - 0.2) / 0.2 * PARTS["hop_length"] / rate)}

    return [
        pcen.same(),
        *pcen.each("gain", 0.6, 1.0),
        *pcen.each("bias", 10.0, 0.5),
        *pcen.each("power", 0.25, 1.0),
        *pcen.each("time_constant", 0.06, 1.5),
        *pcen.each("eps", 1e-3, 1.0),
        pcen.as_ours({"scale": 1000.0}, {"input_scale": 1000.0}),
        pcen.as_ours({"mel_power": 2.0, "scale": 1.0}, {"mel_power": 2.0, "input_scale": 1.0}),
        pcen.as_ours({"b": 0.2}, time_constant),
        pcen.lacks("the root's logarithmic limit is not there", power=0),
        pcen.lacks("the bias is above 0", bias=0),
        pcen.lacks("the energy is smoothed along time, and not along bands", max_size=3),
        pcen.lacks("the gain is that of the band's own energy", ref="another's"),
        pcen.lacks("the smoothing of a clip begins with its first frame", zi="another state"),
    ]


def delta_checks() -> list[Check]:
    def of_decibels(y: np.ndarray, sr: int, **options: object) -> np.ndarray:
        mel = librosa.feature.melspectrogram(y=y, sr=sr, dtype=np.float64, **PARTS)
        return librosa.feature.delta(librosa.power_to_db(mel), **options)

    member = {"member": {"name": "logmel", **PARTS, "pad_mode": "constant"}, "order": 1}
    delta = Function(
        "librosa.feature.delta",
        of_decibels,
        "delta",
        ({}, member),
        parameters(librosa.feature.delta, "cval", "polyorder"),
        ("data",),
    )
    return [
        delta.same(),
        *delta.each("width", 3, 5, 7),
        delta.same(order=2),
        *delta.each("mode", "interp", "nearest", "mirror", "constant", "wrap"),
        *[delta.same(mode=mode, order=2, width=5) for mode in ("interp", "nearest", "mirror", "constant", "wrap")],
        delta.lacks("derivatives are the first and the second", order=3),
        delta.lacks("beyond the ends of mode='constant' stand zeros", cval=1.0),
        delta.lacks("the polynomial's degree is the derivative's", polyorder=3),
        delta.lacks("derivatives are along time", axis=0),
    ]


def checks() -> list[Check]:
    """Those of this module."""
    return [*spectral_checks(), *frame_checks(), *pcen_checks(), *delta_checks()]
