"""transformers' spectrogram, and its extractors of known models."""

import numpy as np
import torch
from transformers import ASTFeatureExtractor, ClapFeatureExtractor, WhisperFeatureExtractor
from transformers.audio_utils import mel_filter_bank, spectrogram, window_function

from benchmarks.exactness.peer_checks.checks import Check, Function, default_dtype, parameters

LENGTH, HOP = 512, 128
OURS = {"n_fft": LENGTH, "hop_length": HOP}
BANK = "norm", "mel_scale", "triangularize_in_mel_space", "num_mel_filters", "min_frequency", "max_frequency"
MEL = {"num_mel_filters": 40, "norm": "slaney", "mel_scale": "slaney", "power": 2.0}
KALDI = {"name": "kaldi_fbank", "win_length": LENGTH, "hop_length": HOP, "n_fft": LENGTH, "input_scale": 1.0}
KALDI |= {"window": "hanning", "periodic": True, "fmin": 0.0, "n_mels": 40, "preemphasis": 0.0, "remove_dc": False}


def features(clip: np.ndarray, rate: int, **options: object) -> np.ndarray:
    """`(F, N)`; the options of the spectrum, of its window (`name`, `periodic`) and of its mel bands."""
    bank = {name: options.pop(name) for name in BANK if name in options}
    window = {name: options.pop(name) for name in ("name", "periodic") if name in options}
    if bank:
        limits = {"min_frequency": 0.0, "max_frequency": rate / 2}
        options["mel_filters"] = mel_filter_bank(LENGTH // 2 + 1, sampling_rate=rate, **limits | bank)
    values = window_function(LENGTH, **window)
    return spectrogram(clip, values, LENGTH, HOP, **{"dtype": np.float64} | options)


def spectrum_checks() -> list[Check]:
    spectrum = Function(
        "transformers.audio_utils.spectrogram",
        features,
        "spectrogram",
        ({}, OURS | {"scale": "magnitude"}),
        (*parameters(spectrogram), "name", "periodic"),
        ("waveform", "window", "frame_length", "hop_length", "mel_filters", "dtype"),
    )
    mel = Function(
        "transformers.audio_utils.mel_filter_bank",
        features,
        "logmel",
        (MEL, OURS | {"n_mels": 40, "scale": "power"}),
        parameters(mel_filter_bank),
        ("num_frequency_bins", "sampling_rate", "dtype"),
    )
    of_spectrum = mel_levels(
        Function("transformers.audio_utils.spectrogram", features, "logmel", (MEL, OURS | {"n_mels": 40}))
    )
    beyond = "what stands beyond a clip is made of it, or is zeros; this is neither of what pad_mode has"
    no_filters = "mel_filters, of which numbers are not taken: the bands are those of n_mels, mel_scale and norm"
    return [
        spectrum.same(),
        spectrum.as_ours({"power": 2.0}, {"scale": "power"}),
        spectrum.as_ours({"power": 3.0}, {"scale": "power", "power": 3.0}),
        spectrum.lacks("the features have no phase", power=None),
        *spectrum.each("pad_mode", "reflect", "constant", "edge", "wrap"),
        spectrum.lacks(beyond, pad_mode="symmetric"),
        spectrum.same(center=False),
        spectrum.as_ours({"periodic": False}, {"window": "hann_symmetric"}),
        spectrum.as_ours({"name": "hamming"}, {"window": "hamming"}),
        spectrum.as_ours({"name": "boxcar"}, {"window": "boxcar"}),
        spectrum.as_ours({"name": "povey"}, {"window": "povey_periodic"}),
        spectrum.as_ours({"name": "povey", "periodic": False}, {"window": "povey"}),
        spectrum.lacks("the upper half of the bins mirrors the lower", onesided=False),
        spectrum.lacks("a window stands in the middle of its frame", fft_length=1024),
        spectrum.lacks("no noise is added", dither=1.0),
        spectrum.lacks(no_filters, mel_filters="others"),
        *of_spectrum,
        mel.same(),
        mel.as_ours({"num_mel_filters": 20}, {"n_mels": 20}),
        mel.as_ours({"min_frequency": 100.0, "max_frequency": 3500.0}, {"fmin": 100.0, "fmax": 3500.0}),
        mel.as_ours({"norm": None}, {"norm": None}),
        mel.as_ours({"mel_scale": "htk"}, {"mel_scale": "htk"}),
        mel.as_ours({"mel_scale": "htk", "norm": None}, {"mel_scale": "htk", "norm": None}),
        mel.as_ours(
            {"mel_scale": "kaldi", "norm": None, "triangularize_in_mel_space": True},
            {"mel_scale": "kaldi", "norm": None},
        ),
        mel.as_ours({"mel_scale": "kaldi", "norm": None}, {"mel_scale": "htk", "norm": None}),
    ]


def mel_levels(level: Function) -> list[Check]:
    """Logarithms of the bands, and frames that are prepared as Kaldi's are."""
    power = {"scale": "power"}
    kaldi = {"center": False, "norm": None, "mel_scale": "kaldi", "triangularize_in_mel_space": True}
    of_kaldi = Function(level.name, features, "kaldi_fbank", (MEL | kaldi, KALDI | {"log": None}))
    decibels = {"log_mel": "dB"}
    return [
        level.as_ours({"mel_floor": 1e-3, "log_mel": "log"}, {"scale": "ln", "amin": 1e-3}),
        level.as_ours({"log_mel": "log"}, {"scale": "ln"}),
        level.as_ours({"log_mel": "log10"}, {"scale": "log10"}),
        level.as_ours(decibels, {"top_db": None}),
        level.as_ours(decibels | {"db_range": 60.0}, {"top_db": 60.0}),
        level.as_ours(decibels | {"reference": 0.3}, {"ref": 0.3, "top_db": None}),
        level.as_ours(decibels | {"min_value": 1e-3}, {"amin": 1e-3, "top_db": None}),
        level.as_ours({"power": 1.0}, power | {"power": 1.0}),
        of_kaldi.same(),
        of_kaldi.as_ours({"preemphasis": 0.97}, {"preemphasis": 0.97}),
        of_kaldi.as_ours({"remove_dc_offset": True}, {"remove_dc": True}),
        of_kaldi.as_ours(
            {"preemphasis": 0.97, "remove_dc_offset": True, "log_mel": "log"},
            {"preemphasis": 0.97, "remove_dc": True, "log": "ln", "log_floor": 1e-10},
        ),
    ]


def extractor(kind: type, name: str, ours: dict, rate: int, options: tuple[dict, dict], *plumbing: str) -> Function:
    """What an extractor makes of one clip, `(F, N)`."""

    def of_clip(clip: np.ndarray, rate: int, transposed: bool, **arguments: object) -> np.ndarray:
        with default_dtype(torch.float32):
            made = kind(**arguments)(clip.astype(np.float32), sampling_rate=rate, return_tensors="np")
        values = made["input_values" if "input_values" in made else "input_features"]
        image = values.reshape(values.shape[-2:])
        return image.T if transposed else image

    known = tuple(p for p in parameters(kind.__init__) if p != "self")
    hidden = ("padding_value", "return_attention_mask", "sampling_rate", "transposed", *plumbing)
    return Function(
        f"transformers.{kind.__name__}",
        of_clip,
        ours["name"],
        (options[0], {k: v for k, v in ours.items() if k != "sample_rate"} | options[1]),
        known,
        hidden,
        tolerance=1e-4,
        rates=(rate,),
        note="the preset, to the tolerance of presets; the model's input is float32",
    )


def model_checks() -> list[Check]:
    from esc_gpu.frontends.presets import PRESETS

    ast = extractor(ASTFeatureExtractor, "ast", PRESETS["ast"].spec, 16000, ({"transposed": True}, {}), "feature_size")
    whisper = extractor(WhisperFeatureExtractor, "whisper", PRESETS["whisper"].spec, 16000, ({"transposed": False}, {}))
    clap_options = {"transposed": True, "truncation": "rand_trunc", "frequency_min": 50, "frequency_max": 14000}
    clap = extractor(ClapFeatureExtractor, "clap", PRESETS["clap"].spec, 48000, (clap_options, {}), "top_db")

    def member(function: Function, **options: object) -> dict[str, object]:
        return {"member": {**function.options[1]["member"], **options}}

    return [
        ast.same(),
        ast.as_ours({"num_mel_bins": 64}, member(ast, n_mels=64)),
        ast.as_ours({"max_length": 512}, {"image_frames": 512}),
        ast.as_ours({"do_normalize": False}, {"mean": 0.0, "std": 1.0}),
        ast.as_ours({"mean": -5.0, "std": 3.0}, {"mean": -5.0, "std": 6.0}),
        whisper.same(),
        whisper.as_ours({"feature_size": 128}, member(whisper, n_mels=128)),
        whisper.as_ours({"chunk_length": 10}, {"clip_seconds": 10.0, "image_frames": 1000}),
        whisper.as_ours({"hop_length": 320}, member(whisper, hop_length=320) | {"image_frames": 1500}),
        whisper.as_ours({"n_fft": 512}, member(whisper, n_fft=512)),
        whisper.lacks("no noise is added", dither=1.0),
        clap.same(),
        clap.as_ours({"feature_size": 128}, member(clap, n_mels=128)),
        clap.as_ours({"frequency_min": 0, "frequency_max": 20000}, member(clap, fmin=0.0, fmax=20000.0)),
        clap.as_ours({"hop_length": 240}, member(clap, hop_length=240)),
        clap.as_ours({"fft_window_size": 2048}, member(clap, n_fft=2048)),
        clap.as_ours({"max_length_s": 3}, {"clip_seconds": 3.0}),
        clap.as_ours({"padding": "pad"}, {"fill": "zeros"}),
        clap.lacks("a clip is filled with whole repetitions, then zeros", padding="repeat"),
        clap.lacks("a long clip's four views are not made", truncation="fusion"),
    ]


def checks() -> list[Check]:
    """Those of this module."""
    return [*spectrum_checks(), *model_checks()]
