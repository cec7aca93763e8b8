"""essentia's algorithms, clip by clip and frame by frame, as its Python users call them."""

from collections.abc import Callable, Iterator

import essentia
import essentia.standard as es
import numpy as np

from esc_gpu.frontends.base import Frontend

essentia.log.infoActive = False
Frame = Callable[[np.ndarray], object]
Call = Callable[[np.ndarray], np.ndarray]


def frame_by_frame(frontend: Frontend, size: int, describe: Frame) -> Call:
    """`describe` of each frame of each clip, `(B, F, N)`."""

    def frames(clip: np.ndarray) -> Iterator[np.ndarray]:
        return es.FrameGenerator(clip, frameSize=size, hopSize=frontend.hop_length, startFromZero=False)

    def call(batch: np.ndarray) -> np.ndarray:
        clips = [[np.atleast_1d(describe(frame)) for frame in frames(clip)] for clip in batch]
        # Its last frame is centred after the clip's end.
        return np.array(clips).transpose(0, 2, 1)[..., : frontend.n_frames(batch.shape[1])]

    return call


def of_spectrum(frontend: Frontend, describe: Frame) -> Call:
    """`describe` of the magnitudes of each frame."""
    window = es.Windowing(type=frontend.window, normalized=False, zeroPhase=False)
    spectrum = es.Spectrum(size=frontend.n_fft)
    return frame_by_frame(frontend, frontend.n_fft, lambda frame: describe(spectrum(window(frame))))


def mel_options(frontend: Frontend) -> dict[str, object]:
    """The options of the mel bands in essentia's words."""
    return {
        "inputSize": frontend.n_fft // 2 + 1,
        "numberBands": frontend.n_mels,
        "sampleRate": frontend.sample_rate,
        "lowFrequencyBound": frontend.fmin,
        "highFrequencyBound": frontend.fmax,
        "warpingFormula": "slaneyMel",
        "weighting": "linear",
        "normalize": "unit_tri" if frontend.norm == "slaney" else "unit_max",
        "type": "power",
    }


def logmel(frontend: Frontend) -> Call:
    power = of_spectrum(frontend, es.MelBands(**mel_options(frontend)))

    def call(batch: np.ndarray) -> np.ndarray:
        mel = power(batch)
        if frontend.scale == "power":
            return mel
        db = 10 * np.log10(np.maximum(mel, 1e-10))
        return np.maximum(db, db.max(axis=(1, 2), keepdims=True) - frontend.top_db)

    return call


def mfcc(frontend: Frontend) -> Call:
    options = {"numberCoefficients": frontend.n_mfcc, "logType": "dbpow", "silenceThreshold": 1e-10}
    algorithm = es.MFCC(**mel_options(frontend), **options)
    return of_spectrum(frontend, lambda spectrum: algorithm(spectrum)[1])


def gfcc(frontend: Frontend) -> Call:
    algorithm = es.GFCC(
        inputSize=frontend.n_fft // 2 + 1,
        numberBands=frontend.n_bins,
        numberCoefficients=frontend.n_gfcc,
        sampleRate=frontend.sample_rate,
        lowFrequencyBound=frontend.fmin,
        highFrequencyBound=frontend.fmax,
        logType="dbpow",
        silenceThreshold=1e-10,
    )
    return of_spectrum(frontend, lambda spectrum: algorithm(spectrum)[1])


def spectral_centroid(frontend: Frontend) -> Call:
    return of_spectrum(frontend, es.Centroid(range=frontend.sample_rate / 2))


def spectral_rolloff(frontend: Frontend) -> Call:
    return of_spectrum(frontend, es.RollOff(cutoff=frontend.roll_percent, sampleRate=frontend.sample_rate))


def spectral_flatness(frontend: Frontend) -> Call:
    flatness = es.Flatness()
    return of_spectrum(frontend, lambda spectrum: flatness(np.maximum(spectrum**2, np.float32(frontend.amin))))


def zero_crossing_rate(frontend: Frontend) -> Call:
    return frame_by_frame(frontend, frontend.frame_length, es.ZeroCrossingRate())


def rms(frontend: Frontend) -> Call:
    return frame_by_frame(frontend, frontend.frame_length, es.RMS())
