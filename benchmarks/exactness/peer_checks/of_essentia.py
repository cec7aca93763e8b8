"""essentia's algorithms on the frames within a clip, in float32."""

from collections.abc import Callable

import essentia
import essentia.standard as es
import numpy as np

from benchmarks.exactness.peer_checks.checks import Check, Function, no_such

SIZE, HOP = 512, 128
STFT = {"n_fft": SIZE, "hop_length": HOP, "center": False}
MEL = {"numberBands": 30, "warpingFormula": "slaneyMel", "weighting": "linear", "normalize": "unit_tri"}
SINGLE = "the frames within the clip; it computes in float32"
FLAT = f"{SINGLE}; of a spectrum in float64 its flatness is ours to 3e-6"
PLUMBING = "inputSize", "sampleRate", "size"
Frame = Callable[[np.ndarray], object]


def of_frames(clip: np.ndarray, describe: Frame) -> np.ndarray:
    """`describe` of the frames that lie within a clip, `(F, N)`."""
    samples, n_frames = clip.astype(np.float32), (len(clip) - SIZE) // HOP + 1
    frames = es.FrameGenerator(samples, frameSize=SIZE, hopSize=HOP, startFromZero=True)
    return np.array([np.atleast_1d(describe(frame)) for frame in list(frames)[:n_frames]]).T


def spectra(describe: Frame, **window: object) -> Frame:
    """`describe` of the magnitudes of a frame."""
    options = {"type": "hann", "normalized": False, "zeroPhase": False, "symmetric": False, "size": SIZE, **window}
    windowed, spectrum = es.Windowing(**options), es.Spectrum(size=SIZE)
    return lambda frame: describe(spectrum(windowed(frame)))


def algorithm(name: str, frontend: str, call: Callable[..., np.ndarray], *options: dict, **more: object) -> Function:
    """An algorithm of essentia's, and all of its parameters."""
    known = tuple(getattr(es, name)().parameterNames())
    more = {"tolerance": 1e-4, "note": SINGLE, "plumbing": PLUMBING} | more
    return Function(f"essentia.{name}", call, frontend, options or ({}, STFT), known, **more)


def window_checks() -> list[Check]:
    window = algorithm(
        "Windowing",
        "spectrogram",
        lambda clip, rate, **options: of_frames(clip, spectra(lambda spectrum: spectrum, **options)),
        {},
        STFT | {"scale": "magnitude"},
    )
    names = {"hann": "hann", "square": "boxcar"}
    harris = ("blackmanharris62", "blackmanharris70", "blackmanharris74", "blackmanharris92")

    def values(**options: object) -> np.ndarray:
        windowed = es.Windowing(**{"normalized": False, "zeroPhase": False, "size": SIZE, **options})
        return windowed(np.ones(SIZE, np.float32)).astype(np.float64)

    rounded = {"type": "hamming", "constantsDecimals": 2}
    checks = [window.as_ours({"type": theirs}, {"window": ours}) for theirs, ours in names.items()]
    checks += [window.as_ours({"type": kind}, {"window": values(type=kind, symmetric=False)}) for kind in harris]
    return [
        *checks,
        window.as_ours({"symmetric": True}, {"window": "hann_symmetric"}),
        window.as_ours(rounded, {"window": "hamming"}),
        window.as_ours({"type": "triangular"}, {"window": values(type="triangular", symmetric=False)}),
        window.as_ours({"type": "hannnsgcq"}, {"window": values(type="hannnsgcq", symmetric=False)}),
        window.as_ours({"normalized": True}, {"window": values(normalized=True, symmetric=False)}),
        window.as_ours({"zeroPhase": True}, {}),
        window.as_ours({"splitPadding": True}, {}),
        window.lacks("a window stands in the middle of its frame", zeroPadding=512),
    ]


def mel_checks() -> list[Check]:
    def bands(clip: np.ndarray, rate: int, **options: object) -> np.ndarray:
        limits = {"highFrequencyBound": rate / 2, "sampleRate": rate, "inputSize": SIZE // 2 + 1}
        return of_frames(clip, spectra(es.MelBands(**limits | options)))

    mel = algorithm("MelBands", "melspectrogram", bands, MEL, STFT | {"n_mels": 30})
    sums = "bands have equal areas, or equal peaks"
    return [
        mel.same(),
        *[mel.as_ours({"numberBands": n}, {"n_mels": n}) for n in (10, 20)],
        mel.as_ours({"lowFrequencyBound": 100.0, "highFrequencyBound": 3500.0}, {"fmin": 100.0, "fmax": 3500.0}),
        mel.as_ours({"normalize": "unit_max"}, {"norm": None}),
        mel.as_ours({"type": "magnitude"}, {"power": 1.0}),
        mel.as_ours({"warpingFormula": "htkMel"}, {"mel_scale": "htk"}),
        mel.as_ours({"warpingFormula": "htkMel", "normalize": "unit_max"}, {"mel_scale": "htk", "norm": None}),
        mel.as_ours(
            {"warpingFormula": "htkMel", "weighting": "warping", "normalize": "unit_max"},
            {"mel_scale": "kaldi", "norm": None},
        ),
        mel.lacks("triangles that are straight over mel are those of HTK's scale", weighting="warping"),
        mel.lacks(sums, normalize="unit_sum"),
        mel.lacks("log1p is natural", log=True),
    ]


def cepstral_checks() -> list[Check]:
    def cepstra(clip: np.ndarray, rate: int, **options: object) -> np.ndarray:
        limits = {"highFrequencyBound": rate / 2, "sampleRate": rate, "inputSize": SIZE // 2 + 1}
        mfcc = es.MFCC(**limits | options)
        return of_frames(clip, spectra(lambda spectrum: mfcc(spectrum)[1]))

    base = {"logType": "dbpow", "silenceThreshold": 1e-10, "numberCoefficients": 13, **MEL}
    mfcc = algorithm("MFCC", "mfcc", cepstra, base, STFT | {"n_mels": 30, "n_mfcc": 13, "top_db": None})
    return [
        mfcc.same(),
        *[mfcc.as_ours({"numberCoefficients": n}, {"n_mfcc": n}) for n in (1, 30)],
        mfcc.as_ours({"logType": "log"}, {"log": "ln"}),
        mfcc.as_ours({"silenceThreshold": 1e-3}, {"amin": 1e-3}),
        mfcc.as_ours({"numberBands": 20}, {"n_mels": 20}),
        mfcc.as_ours({"lowFrequencyBound": 100.0, "highFrequencyBound": 3500.0}, {"fmin": 100.0, "fmax": 3500.0}),
        mfcc.as_ours({"normalize": "unit_max"}, {"norm": None}),
        mfcc.as_ours({"type": "magnitude"}, {"power": 1.0}),
        mfcc.as_ours({"warpingFormula": "htkMel"}, {"mel_scale": "htk"}),
        mfcc.as_ours(
            {"warpingFormula": "htkMel", "weighting": "warping", "normalize": "unit_max"},
            {"mel_scale": "kaldi", "norm": None},
        ),
        mfcc.lacks("bands have equal areas, or equal peaks", normalize="unit_sum"),
        mfcc.lacks("decibels are 10 times the logarithm of the bands, and not 20 times", logType="dbamp"),
        mfcc.lacks("the cosine transform is of a logarithm", logType="natural"),
        mfcc.lacks("its type 3 is a type 2 with coefficient 0 times the root of 2, as HTK has it", dctType=3),
        mfcc.lacks("a lifter is librosa's in mfcc, and HTK's in kaldi_mfcc", liftering=22),
    ]


def descriptor_checks() -> list[Check]:
    def centroid(clip: np.ndarray, rate: int, **options: object) -> np.ndarray:
        return of_frames(clip, spectra(es.Centroid(range=rate / 2, **options)))

    def rolloff(clip: np.ndarray, rate: int, **options: object) -> np.ndarray:
        return of_frames(clip, spectra(es.RollOff(sampleRate=rate, **options)))

    def flatness(clip: np.ndarray, rate: int) -> np.ndarray:
        describe = es.Flatness()
        return of_frames(clip, spectra(lambda s: describe(np.maximum(s**2, np.float32(1e-10)))))

    def spread(clip: np.ndarray, rate: int) -> np.ndarray:
        moments = es.CentralMoments(range=rate / 2)
        return of_frames(clip, spectra(lambda s: np.sqrt(moments(s)[2])))

    frames = {"frame_length": SIZE, "hop_length": HOP, "center": False}
    ours = algorithm("RollOff", "spectral_rolloff", rolloff, {}, STFT | {"power": 2.0})
    crossings = algorithm(
        "ZeroCrossingRate",
        "zero_crossing_rate",
        lambda clip, rate, **options: of_frames(clip, es.ZeroCrossingRate(**options)),
        {},
        frames,
    )
    middle = algorithm("Centroid", "spectral_centroid", centroid, plumbing=(*PLUMBING, "range"))
    moments = algorithm("CentralMoments", "spectral_bandwidth", spread, plumbing=(*PLUMBING, "range"))
    return [
        middle.same(),
        moments.same(),
        moments.lacks("deviations are without signs, and to the power of 1/p", moment=3),
        moments.lacks("a spectrum is a distribution over frequencies", mode="sample"),
        ours.same(),
        *[ours.as_ours({"cutoff": share}, {"roll_percent": share}) for share in (0.5, 0.95)],
        algorithm("Flatness", "spectral_flatness", flatness, tolerance=1e-3, note=FLAT).same(),
        crossings.lacks("zeros are positive here, and negative there"),
        crossings.lacks("samples within 1e-10 of 0 are zeros, whatever the level", threshold=0.1),
        algorithm("RMS", "rms", lambda clip, rate: of_frames(clip, es.RMS()), {}, frames).same(),
    ]


def checks() -> list[Check]:
    """Those of this module."""
    essentia.log.infoActive = essentia.log.warningActive = False
    return [
        *window_checks(),
        *mel_checks(),
        *cepstral_checks(),
        *descriptor_checks(),
        *no_such("the gammatone bands are another approximation", "essentia.ERBBands", "essentia.GFCC"),
        *no_such("the contrast is another one, without octaves", "essentia.SpectralContrast"),
        *no_such(
            "there is no such front-end",
            "essentia.BarkBands",
            "essentia.BFCC",
            "essentia.TriangularBands",
            "essentia.HPCP",
            "essentia.NSGConstantQ",
            "essentia.ConstantQ",
            "essentia.Chromagram",
            "essentia.LogSpectrum",
        ),
    ]
