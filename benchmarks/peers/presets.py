"""The inputs of known models by the code that defines them, clip by clip as there: what the presets are held to."""

import contextlib
import importlib.metadata
import importlib.util
import io
import warnings
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np
import torch

from esc_gpu.frontends.presets import PRESETS

# `(B, T)` float32 at the preset's rate → `(B, C, F, N)`.
Extractor = Callable[[np.ndarray], np.ndarray]


def ast() -> Extractor:
    from transformers import ASTFeatureExtractor

    extractor = ASTFeatureExtractor()

    def extract(clips: np.ndarray) -> np.ndarray:
        features = extractor(list(clips), sampling_rate=16000, return_tensors="np")["input_values"]
        return features.transpose(0, 2, 1)[:, None]

    return extract


def whisper(n_mels: int) -> Extractor:
    from transformers import WhisperFeatureExtractor

    extractor = WhisperFeatureExtractor(feature_size=n_mels)
    return lambda clips: extractor(list(clips), sampling_rate=16000, return_tensors="np")["input_features"][:, None]


def clap() -> Extractor:
    from transformers import ClapFeatureExtractor

    # As the preprocessor_config.json of laion/clap-htsat-unfused.
    extractor = ClapFeatureExtractor(truncation="rand_trunc", frequency_min=50, frequency_max=14000)

    def extract(clips: np.ndarray) -> np.ndarray:
        features = extractor(list(clips), sampling_rate=48000, return_tensors="np")["input_features"]
        return features.transpose(0, 1, 3, 2)

    return extract


def beats() -> Extractor:
    import torchaudio.compliance.kaldi as kaldi

    def extract(clips: np.ndarray) -> np.ndarray:  # as BEATs.preprocess
        banks = [
            kaldi.fbank(clip[None] * 2**15, num_mel_bins=128, sample_frequency=16000, frame_length=25, frame_shift=10)
            for clip in torch.from_numpy(clips)
        ]
        return ((torch.stack(banks) - 15.41663) / (2 * 6.55582)).transpose(1, 2)[:, None].numpy()

    return extract


def efficientat() -> Extractor:
    import torchaudio.compliance.kaldi as kaldi

    warping = {"vtln_low": 100.0, "vtln_high": -500.0, "vtln_warp_factor": 1.0}
    bank, _ = kaldi.get_mel_banks(128, 1024, 32000, 0.0, 15000.0, **warping)
    bank = torch.nn.functional.pad(bank, (0, 1))
    window, kernel = torch.hann_window(800, periodic=False), torch.tensor([[[-0.97, 1.0]]])

    def extract(clips: np.ndarray) -> np.ndarray:  # as AugmentMelSTFT of models/preprocess.py, in evaluation
        emphasised = torch.nn.functional.conv1d(torch.from_numpy(clips)[:, None], kernel)[:, 0]
        spectrum = torch.stft(emphasised, 1024, 320, 800, window=window, center=True, return_complex=True)
        power = spectrum.real.square() + spectrum.imag.square()
        return (((bank @ power + 1e-5).log() + 4.5) / 5.0)[:, None].numpy()

    return extract


def passt() -> Extractor:
    preprocess = module_of("hear21passt", "models/preprocess.py")
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):  # it prints its highest frequency
        warnings.simplefilter("ignore")
        layer = preprocess.AugmentMelSTFT(fmin_aug_range=10, fmax_aug_range=2000).eval()  # as get_basic_model

    def extract(clips: np.ndarray) -> np.ndarray:
        with torch.no_grad(), warnings.catch_warnings():  # of torch's functions that have other names by now
            warnings.simplefilter("ignore")
            return layer(torch.from_numpy(clips))[:, None].numpy()

    return extract


def panns() -> Extractor:
    from torchlibrosa import stft

    layers = torch.nn.Sequential(
        stft.Spectrogram(n_fft=1024, hop_length=320, win_length=1024, window="hann"),
        stft.LogmelFilterBank(sr=32000, n_fft=1024, n_mels=64, fmin=50, fmax=14000, ref=1.0, amin=1e-10, top_db=None),
    ).eval()

    def extract(clips: np.ndarray) -> np.ndarray:
        with torch.no_grad():
            return layers(torch.from_numpy(clips)).transpose(-1, -2).numpy()

    return extract


def vggish(log_offset: float) -> Extractor:
    mel_features = torchvggish_mel_features()
    bands = {"num_mel_bins": 64, "lower_edge_hertz": 125.0, "upper_edge_hertz": 7500.0}

    def of_clip(clip: np.ndarray) -> np.ndarray:
        return mel_features.log_mel_spectrogram(clip, audio_sample_rate=16000, log_offset=log_offset, **bands).T

    return lambda clips: np.stack([of_clip(clip) for clip in clips])[:, None]


def torchvggish_mel_features() -> ModuleType:
    return module_of("torchvggish", "mel_features.py")


def module_of(package: str, path: str) -> ModuleType:
    """The one file of a package that defines the features; the package itself imports what is not needed for them."""
    found = importlib.util.find_spec(package)
    if found is None or found.origin is None:
        raise ModuleNotFoundError(f"No module named {package!r}", name=package)
    spec = importlib.util.spec_from_file_location(f"{package}_features", Path(found.origin).parent / path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


# The package, and what makes an extractor of it.
EXTRACTORS: dict[str, tuple[str, Callable[[], Extractor]]] = {
    "ast": ("transformers", ast),
    "beats": ("torchaudio", beats),
    "clap": ("transformers", clap),
    "efficientat": ("torchaudio", efficientat),
    "panns": ("torchlibrosa", panns),
    "passt": ("hear21passt", passt),
    "vggish": ("torchvggish", lambda: vggish(0.01)),
    "whisper": ("transformers", lambda: whisper(80)),
    "whisper_large_v3": ("transformers", lambda: whisper(128)),
    "yamnet": ("torchvggish", lambda: vggish(0.001)),
}


def version_of(package: str) -> str:
    """The installed version of a package, or "" where none says it, as of an unpacked folder."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return ""


def hard_clips(name: str, n_clips: int = 2, seconds: float = 1.2) -> np.ndarray:
    """`(n_clips, T)` float32 at the preset's rate: noise that swells by 40 dB, a tone over it, then silence."""
    rate = PRESETS[name].sample_rate
    n_samples = round(seconds * rate)
    noise = np.random.default_rng(7).uniform(-1, 1, (n_clips, n_samples))
    swelling = noise * np.logspace(-2, 0, n_samples)
    tone = 0.3 * np.sin(2 * np.pi * 440 / rate * np.arange(n_samples))
    clips = np.where(np.arange(n_samples) < n_samples // 2, swelling, tone + 0.6 * swelling)
    clips[:, 9 * n_samples // 10 :] = 0.0
    return clips.astype(np.float32)
