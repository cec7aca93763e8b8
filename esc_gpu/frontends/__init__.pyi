"""Front-ends by name, with their options. Written by `python -m tools.type_stubs`: do not edit."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, overload

from esc_gpu.frontends.base import Frontend as Frontend
from esc_gpu.frontends import cepstral as _cepstral
from esc_gpu.frontends import chroma as _chroma
from esc_gpu.frontends import cqt as _cqt
from esc_gpu.frontends import delta as _delta
from esc_gpu.frontends import gammatone as _gammatone
from esc_gpu.frontends import kaldi as _kaldi
from esc_gpu.frontends import mel as _mel
from esc_gpu.frontends import model_input as _model_input
from esc_gpu.frontends import pcen as _pcen
from esc_gpu.frontends import spectral as _spectral
from esc_gpu.frontends import spectral_contrast as _spectral_contrast
from esc_gpu.frontends import spectrogram as _spectrogram
from esc_gpu.frontends import stack as _stack
from esc_gpu.frontends import temporal as _temporal
from esc_gpu.frontends.presets import list_presets as list_presets
from esc_gpu.frontends.registry import list_backends as list_backends
from esc_gpu.frontends.registry import list_frontends as list_frontends

class Spectrogram(_spectrogram.Spectrogram):
    def __init__(
        self, *, scale: str = 'db', power: float = 2.0, log_offset: float = 0.0, top_db: float | None = 80.0,
        ref: float | str = 1.0, amin: float = 1e-10, n_fft: int = 2048, win_length: int | None = None,
        hop_length: int = 512, window: str | Sequence[Any] = 'hann', pad_mode: str = 'reflect', center: bool = True,
        preemphasis: float = 0.0, preemphasis_start: str = 'zero', sample_rate: int = 44100,
        input_sample_rate: int | None = None, pad_short: bool = False,
    ) -> None: ...

class LogMel(_mel.LogMel):
    def __init__(
        self, *, scale: str = 'db', power: float = 2.0, log_offset: float = 0.0, top_db: float | None = 80.0,
        ref: float | str = 1.0, amin: float = 1e-10, n_mels: int = 128, fmin: float = 0.0, fmax: float | None = None,
        mel_scale: str = 'slaney', norm: str | None = 'slaney', n_fft: int = 2048, win_length: int | None = None,
        hop_length: int = 512, window: str | Sequence[Any] = 'hann', pad_mode: str = 'reflect', center: bool = True,
        preemphasis: float = 0.0, preemphasis_start: str = 'zero', sample_rate: int = 44100,
        input_sample_rate: int | None = None, pad_short: bool = False,
    ) -> None: ...

class MFCC(_cepstral.MFCC):
    def __init__(
        self, *, n_mfcc: int = 40, log: str = 'db', dct_type: int = 2, dct_norm: str | None = 'ortho',
        lifter: float = 0.0, power: float = 2.0, log_offset: float = 0.0, top_db: float | None = 80.0,
        ref: float | str = 1.0, amin: float = 1e-10, n_mels: int = 128, fmin: float = 0.0, fmax: float | None = None,
        mel_scale: str = 'slaney', norm: str | None = 'slaney', n_fft: int = 2048, win_length: int | None = None,
        hop_length: int = 512, window: str | Sequence[Any] = 'hann', pad_mode: str = 'reflect', center: bool = True,
        preemphasis: float = 0.0, preemphasis_start: str = 'zero', sample_rate: int = 44100,
        input_sample_rate: int | None = None, pad_short: bool = False,
    ) -> None: ...

class LFCC(_cepstral.LFCC):
    def __init__(
        self, *, n_lfcc: int = 40, n_filters: int = 128, fmin: float = 0.0, fmax: float | None = None, log: str = 'db',
        dct_type: int = 2, dct_norm: str | None = 'ortho', lifter: float = 0.0, power: float = 2.0,
        log_offset: float = 0.0, top_db: float | None = 80.0, ref: float | str = 1.0, amin: float = 1e-10,
        n_fft: int = 2048, win_length: int | None = None, hop_length: int = 512, window: str | Sequence[Any] = 'hann',
        pad_mode: str = 'reflect', center: bool = True, preemphasis: float = 0.0, preemphasis_start: str = 'zero',
        sample_rate: int = 44100, input_sample_rate: int | None = None, pad_short: bool = False,
    ) -> None: ...

class KaldiFbank(_kaldi.KaldiFbank):
    def __init__(
        self, *, mel_power: float = 2.0, log: str | None = 'ln', log_floor: float = 1.1920928955078125e-07,
        log_offset: float = 0.0, win_length: int | None = None, hop_length: int | None = None,
        n_fft: int | None = None, window: str = 'povey', periodic: bool = False, snip_edges: bool = True,
        preemphasis: float = 0.97, remove_dc: bool = True, input_scale: float = 32768.0, n_mels: int = 23,
        fmin: float = 20.0, fmax: float | None = None, use_energy: bool = False, raw_energy: bool = True,
        energy_floor: float = 0.0, htk_compat: bool = False, sample_rate: int = 44100,
        input_sample_rate: int | None = None, pad_short: bool = False,
    ) -> None: ...

class KaldiMFCC(_kaldi.KaldiMFCC):
    def __init__(
        self, *, n_mfcc: int = 13, lifter: float = 22.0, use_energy: bool = True, win_length: int | None = None,
        hop_length: int | None = None, n_fft: int | None = None, window: str = 'povey', periodic: bool = False,
        snip_edges: bool = True, preemphasis: float = 0.97, remove_dc: bool = True, input_scale: float = 32768.0,
        n_mels: int = 23, fmin: float = 20.0, fmax: float | None = None, raw_energy: bool = True,
        energy_floor: float = 0.0, htk_compat: bool = False, sample_rate: int = 44100,
        input_sample_rate: int | None = None, pad_short: bool = False,
    ) -> None: ...

class Gammatone(_gammatone.Gammatone):
    def __init__(
        self, *, scale: str = 'db', power: float = 2.0, log_offset: float = 0.0, top_db: float | None = 80.0,
        ref: float | str = 1.0, amin: float = 1e-10, n_bins: int = 64, fmin: float = 50.0, fmax: float | None = None,
        n_fft: int = 2048, win_length: int | None = None, hop_length: int = 512, window: str | Sequence[Any] = 'hann',
        pad_mode: str = 'reflect', center: bool = True, preemphasis: float = 0.0, preemphasis_start: str = 'zero',
        sample_rate: int = 44100, input_sample_rate: int | None = None, pad_short: bool = False,
    ) -> None: ...

class GFCC(_cepstral.GFCC):
    def __init__(
        self, *, n_gfcc: int = 40, log: str = 'db', dct_type: int = 2, dct_norm: str | None = 'ortho',
        lifter: float = 0.0, power: float = 2.0, log_offset: float = 0.0, top_db: float | None = 80.0,
        ref: float | str = 1.0, amin: float = 1e-10, n_bins: int = 64, fmin: float = 50.0, fmax: float | None = None,
        n_fft: int = 2048, win_length: int | None = None, hop_length: int = 512, window: str | Sequence[Any] = 'hann',
        pad_mode: str = 'reflect', center: bool = True, preemphasis: float = 0.0, preemphasis_start: str = 'zero',
        sample_rate: int = 44100, input_sample_rate: int | None = None, pad_short: bool = False,
    ) -> None: ...

class CQT(_cqt.CQT):
    def __init__(
        self, *, scale: str = 'db', power: float = 2.0, log_offset: float = 0.0, top_db: float | None = 80.0,
        ref: float | str = 1.0, amin: float = 1e-10, hop_length: int = 512, fmin: float = 32.70319566257483,
        n_bins: int = 84, bins_per_octave: int = 12, tuning: float = 0.0, filter_scale: float = 1.0,
        kernels: str = 'brown', window: str | Sequence[Any] = 'hann', pad_mode: str = 'reflect',
        sample_rate: int = 44100, input_sample_rate: int | None = None, pad_short: bool = False,
    ) -> None: ...

class VQT(_cqt.VQT):
    def __init__(
        self, *, gamma: float | None = None, scale: str = 'db', power: float = 2.0, log_offset: float = 0.0,
        top_db: float | None = 80.0, ref: float | str = 1.0, amin: float = 1e-10, hop_length: int = 512,
        fmin: float = 32.70319566257483, n_bins: int = 84, bins_per_octave: int = 12, tuning: float = 0.0,
        filter_scale: float = 1.0, kernels: str = 'brown', window: str | Sequence[Any] = 'hann',
        pad_mode: str = 'reflect', sample_rate: int = 44100, input_sample_rate: int | None = None,
        pad_short: bool = False,
    ) -> None: ...

class Chroma(_chroma.Chroma):
    def __init__(
        self, *, n_chroma: int = 12, tuning: float | None = 0.0, ctroct: float = 5.0, octwidth: float | None = 2.0,
        norm: str | None = 'max', n_fft: int = 2048, win_length: int | None = None, hop_length: int = 512,
        window: str | Sequence[Any] = 'hann', pad_mode: str = 'reflect', center: bool = True, preemphasis: float = 0.0,
        preemphasis_start: str = 'zero', sample_rate: int = 44100, input_sample_rate: int | None = None,
        pad_short: bool = False,
    ) -> None: ...

class ChromaCQT(_chroma.ChromaCQT):
    def __init__(
        self, *, n_chroma: int = 12, norm: str | None = 'max', top_db: float | None = 80.0, n_bins: int = 252,
        bins_per_octave: int = 36, hop_length: int = 512, fmin: float = 32.70319566257483, tuning: float = 0.0,
        filter_scale: float = 1.0, kernels: str = 'brown', window: str | Sequence[Any] = 'hann',
        pad_mode: str = 'reflect', sample_rate: int = 44100, input_sample_rate: int | None = None,
        pad_short: bool = False,
    ) -> None: ...

class PCEN(_pcen.PCEN):
    def __init__(
        self, *, gain: float = 0.98, bias: float = 2.0, power: float = 0.5, time_constant: float = 0.4,
        eps: float = 1e-06, mel_power: float = 1.0, input_scale: float = 2147483648.0, trainable: bool = False,
        n_mels: int = 128, fmin: float = 0.0, fmax: float | None = None, mel_scale: str = 'slaney',
        norm: str | None = 'slaney', n_fft: int = 2048, win_length: int | None = None, hop_length: int = 512,
        window: str | Sequence[Any] = 'hann', pad_mode: str = 'reflect', center: bool = True, preemphasis: float = 0.0,
        preemphasis_start: str = 'zero', sample_rate: int = 44100, input_sample_rate: int | None = None,
        pad_short: bool = False,
    ) -> None: ...

class SpectralCentroid(_spectral.SpectralCentroid):
    def __init__(
        self, *, n_fft: int = 2048, win_length: int | None = None, hop_length: int = 512,
        window: str | Sequence[Any] = 'hann', pad_mode: str = 'reflect', center: bool = True, preemphasis: float = 0.0,
        preemphasis_start: str = 'zero', sample_rate: int = 44100, input_sample_rate: int | None = None,
        pad_short: bool = False,
    ) -> None: ...

class SpectralBandwidth(_spectral.SpectralBandwidth):
    def __init__(
        self, *, p: float = 2.0, norm: bool = True, n_fft: int = 2048, win_length: int | None = None,
        hop_length: int = 512, window: str | Sequence[Any] = 'hann', pad_mode: str = 'reflect', center: bool = True,
        preemphasis: float = 0.0, preemphasis_start: str = 'zero', sample_rate: int = 44100,
        input_sample_rate: int | None = None, pad_short: bool = False,
    ) -> None: ...

class SpectralRolloff(_spectral.SpectralRolloff):
    def __init__(
        self, *, roll_percent: float = 0.85, power: float = 1.0, n_fft: int = 2048, win_length: int | None = None,
        hop_length: int = 512, window: str | Sequence[Any] = 'hann', pad_mode: str = 'reflect', center: bool = True,
        preemphasis: float = 0.0, preemphasis_start: str = 'zero', sample_rate: int = 44100,
        input_sample_rate: int | None = None, pad_short: bool = False,
    ) -> None: ...

class SpectralFlatness(_spectral.SpectralFlatness):
    def __init__(
        self, *, amin: float = 1e-10, power: float = 2.0, n_fft: int = 2048, win_length: int | None = None,
        hop_length: int = 512, window: str | Sequence[Any] = 'hann', pad_mode: str = 'reflect', center: bool = True,
        preemphasis: float = 0.0, preemphasis_start: str = 'zero', sample_rate: int = 44100,
        input_sample_rate: int | None = None, pad_short: bool = False,
    ) -> None: ...

class SpectralContrast(_spectral_contrast.SpectralContrast):
    def __init__(
        self, *, n_bands: int = 6, fmin: float = 200.0, quantile: float = 0.02, linear: bool = False,
        n_fft: int = 2048, win_length: int | None = None, hop_length: int = 512, window: str | Sequence[Any] = 'hann',
        pad_mode: str = 'reflect', center: bool = True, preemphasis: float = 0.0, preemphasis_start: str = 'zero',
        sample_rate: int = 44100, input_sample_rate: int | None = None, pad_short: bool = False,
    ) -> None: ...

class ZeroCrossingRate(_temporal.ZeroCrossingRate):
    def __init__(
        self, *, frame_length: int = 2048, hop_length: int = 512, center: bool = True, sample_rate: int = 44100,
        input_sample_rate: int | None = None, pad_short: bool = False,
    ) -> None: ...

class RMS(_temporal.RMS):
    def __init__(
        self, *, pad_mode: str = 'constant', frame_length: int = 2048, hop_length: int = 512, center: bool = True,
        sample_rate: int = 44100, input_sample_rate: int | None = None, pad_short: bool = False,
    ) -> None: ...

class Delta(_delta.Delta):
    def __init__(
        self, *, member: Frontend | Mapping[str, Any] | str | None = None, width: int = 9, order: int = 2,
        mode: str = 'interp', sample_rate: int = 44100, input_sample_rate: int | None = None, pad_short: bool = False,
    ) -> None: ...

class Stack(_stack.Stack):
    def __init__(
        self, *, members: Sequence[Frontend | Mapping[str, Any] | str] = (), n_bins: int | None = None,
        sample_rate: int = 44100, input_sample_rate: int | None = None, pad_short: bool = False,
    ) -> None: ...

class ModelInput(_model_input.ModelInput):
    def __init__(
        self, *, member: Frontend | Mapping[str, Any] | str | None = None, clip_seconds: float | None = None,
        fill: str = 'zeros', image_frames: int | None = None, max_range: float | None = None, mean: float = 0.0,
        std: float = 1.0, sample_rate: int = 44100, input_sample_rate: int | None = None, pad_short: bool = False,
    ) -> None: ...

@overload
def create_frontend(
    name: Literal["spectrogram"], backend: Literal["auto", "native", "torchaudio", "nnaudio"] = ..., *,
    scale: str = 'db', power: float = 2.0, log_offset: float = 0.0, top_db: float | None = 80.0,
    ref: float | str = 1.0, amin: float = 1e-10, n_fft: int = 2048, win_length: int | None = None,
    hop_length: int = 512, window: str | Sequence[Any] = 'hann', pad_mode: str = 'reflect', center: bool = True,
    preemphasis: float = 0.0, preemphasis_start: str = 'zero', sample_rate: int = 44100,
    input_sample_rate: int | None = None, pad_short: bool = False, trainable_stft: bool = False,
) -> Spectrogram: ...

@overload
def create_frontend(
    name: Literal["logmel"], backend: Literal["auto", "native", "torchaudio", "nnaudio"] = ..., *, scale: str = 'db',
    power: float = 2.0, log_offset: float = 0.0, top_db: float | None = 80.0, ref: float | str = 1.0,
    amin: float = 1e-10, n_mels: int = 128, fmin: float = 0.0, fmax: float | None = None, mel_scale: str = 'slaney',
    norm: str | None = 'slaney', n_fft: int = 2048, win_length: int | None = None, hop_length: int = 512,
    window: str | Sequence[Any] = 'hann', pad_mode: str = 'reflect', center: bool = True, preemphasis: float = 0.0,
    preemphasis_start: str = 'zero', sample_rate: int = 44100, input_sample_rate: int | None = None,
    pad_short: bool = False, trainable_stft: bool = False, trainable_mel: bool = False,
) -> LogMel: ...

@overload
def create_frontend(
    name: Literal["mfcc"], backend: Literal["auto", "native", "torchaudio", "nnaudio"] = ..., *, n_mfcc: int = 40,
    log: str = 'db', dct_type: int = 2, dct_norm: str | None = 'ortho', lifter: float = 0.0, power: float = 2.0,
    log_offset: float = 0.0, top_db: float | None = 80.0, ref: float | str = 1.0, amin: float = 1e-10,
    n_mels: int = 128, fmin: float = 0.0, fmax: float | None = None, mel_scale: str = 'slaney',
    norm: str | None = 'slaney', n_fft: int = 2048, win_length: int | None = None, hop_length: int = 512,
    window: str | Sequence[Any] = 'hann', pad_mode: str = 'reflect', center: bool = True, preemphasis: float = 0.0,
    preemphasis_start: str = 'zero', sample_rate: int = 44100, input_sample_rate: int | None = None,
    pad_short: bool = False, trainable_stft: bool = False, trainable_mel: bool = False,
) -> MFCC: ...

@overload
def create_frontend(
    name: Literal["lfcc"], backend: Literal["auto", "native", "torchaudio"] = ..., *, n_lfcc: int = 40,
    n_filters: int = 128, fmin: float = 0.0, fmax: float | None = None, log: str = 'db', dct_type: int = 2,
    dct_norm: str | None = 'ortho', lifter: float = 0.0, power: float = 2.0, log_offset: float = 0.0,
    top_db: float | None = 80.0, ref: float | str = 1.0, amin: float = 1e-10, n_fft: int = 2048,
    win_length: int | None = None, hop_length: int = 512, window: str | Sequence[Any] = 'hann',
    pad_mode: str = 'reflect', center: bool = True, preemphasis: float = 0.0, preemphasis_start: str = 'zero',
    sample_rate: int = 44100, input_sample_rate: int | None = None, pad_short: bool = False,
) -> LFCC: ...

@overload
def create_frontend(
    name: Literal["kaldi_fbank"], backend: Literal["auto", "native"] = ..., *, mel_power: float = 2.0,
    log: str | None = 'ln', log_floor: float = 1.1920928955078125e-07, log_offset: float = 0.0,
    win_length: int | None = None, hop_length: int | None = None, n_fft: int | None = None, window: str = 'povey',
    periodic: bool = False, snip_edges: bool = True, preemphasis: float = 0.97, remove_dc: bool = True,
    input_scale: float = 32768.0, n_mels: int = 23, fmin: float = 20.0, fmax: float | None = None,
    use_energy: bool = False, raw_energy: bool = True, energy_floor: float = 0.0, htk_compat: bool = False,
    sample_rate: int = 44100, input_sample_rate: int | None = None, pad_short: bool = False,
) -> KaldiFbank: ...

@overload
def create_frontend(
    name: Literal["kaldi_mfcc"], backend: Literal["auto", "native"] = ..., *, n_mfcc: int = 13, lifter: float = 22.0,
    use_energy: bool = True, win_length: int | None = None, hop_length: int | None = None, n_fft: int | None = None,
    window: str = 'povey', periodic: bool = False, snip_edges: bool = True, preemphasis: float = 0.97,
    remove_dc: bool = True, input_scale: float = 32768.0, n_mels: int = 23, fmin: float = 20.0,
    fmax: float | None = None, raw_energy: bool = True, energy_floor: float = 0.0, htk_compat: bool = False,
    sample_rate: int = 44100, input_sample_rate: int | None = None, pad_short: bool = False,
) -> KaldiMFCC: ...

@overload
def create_frontend(
    name: Literal["gammatone"], backend: Literal["auto", "native"] = ..., *, scale: str = 'db', power: float = 2.0,
    log_offset: float = 0.0, top_db: float | None = 80.0, ref: float | str = 1.0, amin: float = 1e-10,
    n_bins: int = 64, fmin: float = 50.0, fmax: float | None = None, n_fft: int = 2048, win_length: int | None = None,
    hop_length: int = 512, window: str | Sequence[Any] = 'hann', pad_mode: str = 'reflect', center: bool = True,
    preemphasis: float = 0.0, preemphasis_start: str = 'zero', sample_rate: int = 44100,
    input_sample_rate: int | None = None, pad_short: bool = False,
) -> Gammatone: ...

@overload
def create_frontend(
    name: Literal["gfcc"], backend: Literal["auto", "native"] = ..., *, n_gfcc: int = 40, log: str = 'db',
    dct_type: int = 2, dct_norm: str | None = 'ortho', lifter: float = 0.0, power: float = 2.0,
    log_offset: float = 0.0, top_db: float | None = 80.0, ref: float | str = 1.0, amin: float = 1e-10,
    n_bins: int = 64, fmin: float = 50.0, fmax: float | None = None, n_fft: int = 2048, win_length: int | None = None,
    hop_length: int = 512, window: str | Sequence[Any] = 'hann', pad_mode: str = 'reflect', center: bool = True,
    preemphasis: float = 0.0, preemphasis_start: str = 'zero', sample_rate: int = 44100,
    input_sample_rate: int | None = None, pad_short: bool = False,
) -> GFCC: ...

@overload
def create_frontend(
    name: Literal["cqt"], backend: Literal["auto", "native", "nnaudio"] = ..., *, scale: str = 'db',
    power: float = 2.0, log_offset: float = 0.0, top_db: float | None = 80.0, ref: float | str = 1.0,
    amin: float = 1e-10, hop_length: int = 512, fmin: float = 32.70319566257483, n_bins: int = 84,
    bins_per_octave: int = 12, tuning: float = 0.0, filter_scale: float = 1.0, kernels: str = 'brown',
    window: str | Sequence[Any] = 'hann', pad_mode: str = 'reflect', sample_rate: int = 44100,
    input_sample_rate: int | None = None, pad_short: bool = False, trainable: bool = False,
) -> CQT: ...

@overload
def create_frontend(
    name: Literal["vqt"], backend: Literal["auto", "native"] = ..., *, gamma: float | None = None, scale: str = 'db',
    power: float = 2.0, log_offset: float = 0.0, top_db: float | None = 80.0, ref: float | str = 1.0,
    amin: float = 1e-10, hop_length: int = 512, fmin: float = 32.70319566257483, n_bins: int = 84,
    bins_per_octave: int = 12, tuning: float = 0.0, filter_scale: float = 1.0, kernels: str = 'brown',
    window: str | Sequence[Any] = 'hann', pad_mode: str = 'reflect', sample_rate: int = 44100,
    input_sample_rate: int | None = None, pad_short: bool = False,
) -> VQT: ...

@overload
def create_frontend(
    name: Literal["chroma"], backend: Literal["auto", "native"] = ..., *, n_chroma: int = 12,
    tuning: float | None = 0.0, ctroct: float = 5.0, octwidth: float | None = 2.0, norm: str | None = 'max',
    n_fft: int = 2048, win_length: int | None = None, hop_length: int = 512, window: str | Sequence[Any] = 'hann',
    pad_mode: str = 'reflect', center: bool = True, preemphasis: float = 0.0, preemphasis_start: str = 'zero',
    sample_rate: int = 44100, input_sample_rate: int | None = None, pad_short: bool = False,
) -> Chroma: ...

@overload
def create_frontend(
    name: Literal["chroma_cqt"], backend: Literal["auto", "native"] = ..., *, n_chroma: int = 12,
    norm: str | None = 'max', top_db: float | None = 80.0, n_bins: int = 252, bins_per_octave: int = 36,
    hop_length: int = 512, fmin: float = 32.70319566257483, tuning: float = 0.0, filter_scale: float = 1.0,
    kernels: str = 'brown', window: str | Sequence[Any] = 'hann', pad_mode: str = 'reflect', sample_rate: int = 44100,
    input_sample_rate: int | None = None, pad_short: bool = False,
) -> ChromaCQT: ...

@overload
def create_frontend(
    name: Literal["pcen"], backend: Literal["auto", "native"] = ..., *, gain: float = 0.98, bias: float = 2.0,
    power: float = 0.5, time_constant: float = 0.4, eps: float = 1e-06, mel_power: float = 1.0,
    input_scale: float = 2147483648.0, trainable: bool = False, n_mels: int = 128, fmin: float = 0.0,
    fmax: float | None = None, mel_scale: str = 'slaney', norm: str | None = 'slaney', n_fft: int = 2048,
    win_length: int | None = None, hop_length: int = 512, window: str | Sequence[Any] = 'hann',
    pad_mode: str = 'reflect', center: bool = True, preemphasis: float = 0.0, preemphasis_start: str = 'zero',
    sample_rate: int = 44100, input_sample_rate: int | None = None, pad_short: bool = False,
) -> PCEN: ...

@overload
def create_frontend(
    name: Literal["spectral_centroid"], backend: Literal["auto", "native"] = ..., *, n_fft: int = 2048,
    win_length: int | None = None, hop_length: int = 512, window: str | Sequence[Any] = 'hann',
    pad_mode: str = 'reflect', center: bool = True, preemphasis: float = 0.0, preemphasis_start: str = 'zero',
    sample_rate: int = 44100, input_sample_rate: int | None = None, pad_short: bool = False,
) -> SpectralCentroid: ...

@overload
def create_frontend(
    name: Literal["spectral_bandwidth"], backend: Literal["auto", "native"] = ..., *, p: float = 2.0,
    norm: bool = True, n_fft: int = 2048, win_length: int | None = None, hop_length: int = 512,
    window: str | Sequence[Any] = 'hann', pad_mode: str = 'reflect', center: bool = True, preemphasis: float = 0.0,
    preemphasis_start: str = 'zero', sample_rate: int = 44100, input_sample_rate: int | None = None,
    pad_short: bool = False,
) -> SpectralBandwidth: ...

@overload
def create_frontend(
    name: Literal["spectral_rolloff"], backend: Literal["auto", "native"] = ..., *, roll_percent: float = 0.85,
    power: float = 1.0, n_fft: int = 2048, win_length: int | None = None, hop_length: int = 512,
    window: str | Sequence[Any] = 'hann', pad_mode: str = 'reflect', center: bool = True, preemphasis: float = 0.0,
    preemphasis_start: str = 'zero', sample_rate: int = 44100, input_sample_rate: int | None = None,
    pad_short: bool = False,
) -> SpectralRolloff: ...

@overload
def create_frontend(
    name: Literal["spectral_flatness"], backend: Literal["auto", "native"] = ..., *, amin: float = 1e-10,
    power: float = 2.0, n_fft: int = 2048, win_length: int | None = None, hop_length: int = 512,
    window: str | Sequence[Any] = 'hann', pad_mode: str = 'reflect', center: bool = True, preemphasis: float = 0.0,
    preemphasis_start: str = 'zero', sample_rate: int = 44100, input_sample_rate: int | None = None,
    pad_short: bool = False,
) -> SpectralFlatness: ...

@overload
def create_frontend(
    name: Literal["spectral_contrast"], backend: Literal["auto", "native"] = ..., *, n_bands: int = 6,
    fmin: float = 200.0, quantile: float = 0.02, linear: bool = False, n_fft: int = 2048,
    win_length: int | None = None, hop_length: int = 512, window: str | Sequence[Any] = 'hann',
    pad_mode: str = 'reflect', center: bool = True, preemphasis: float = 0.0, preemphasis_start: str = 'zero',
    sample_rate: int = 44100, input_sample_rate: int | None = None, pad_short: bool = False,
) -> SpectralContrast: ...

@overload
def create_frontend(
    name: Literal["zero_crossing_rate"], backend: Literal["auto", "native"] = ..., *, frame_length: int = 2048,
    hop_length: int = 512, center: bool = True, sample_rate: int = 44100, input_sample_rate: int | None = None,
    pad_short: bool = False,
) -> ZeroCrossingRate: ...

@overload
def create_frontend(
    name: Literal["rms"], backend: Literal["auto", "native"] = ..., *, pad_mode: str = 'constant',
    frame_length: int = 2048, hop_length: int = 512, center: bool = True, sample_rate: int = 44100,
    input_sample_rate: int | None = None, pad_short: bool = False,
) -> RMS: ...

@overload
def create_frontend(
    name: Literal["delta"], backend: Literal["auto", "native"] = ..., *,
    member: Frontend | Mapping[str, Any] | str | None = None, width: int = 9, order: int = 2, mode: str = 'interp',
    sample_rate: int = 44100, input_sample_rate: int | None = None, pad_short: bool = False,
) -> Delta: ...

@overload
def create_frontend(
    name: Literal["stack"], backend: Literal["auto", "native"] = ..., *,
    members: Sequence[Frontend | Mapping[str, Any] | str] = (), n_bins: int | None = None, sample_rate: int = 44100,
    input_sample_rate: int | None = None, pad_short: bool = False,
) -> Stack: ...

@overload
def create_frontend(
    name: Literal["model_input"], backend: Literal["auto", "native"] = ..., *,
    member: Frontend | Mapping[str, Any] | str | None = None, clip_seconds: float | None = None, fill: str = 'zeros',
    image_frames: int | None = None, max_range: float | None = None, mean: float = 0.0, std: float = 1.0,
    sample_rate: int = 44100, input_sample_rate: int | None = None, pad_short: bool = False,
) -> ModelInput: ...

@overload
def create_frontend(
    name: Literal["melspectrogram"], backend: Literal["auto", "native", "torchaudio", "nnaudio"] = ..., *,
    scale: str = 'db', power: float = 2.0, log_offset: float = 0.0, top_db: float | None = 80.0,
    ref: float | str = 1.0, amin: float = 1e-10, n_mels: int = 128, fmin: float = 0.0, fmax: float | None = None,
    mel_scale: str = 'slaney', norm: str | None = 'slaney', n_fft: int = 2048, win_length: int | None = None,
    hop_length: int = 512, window: str | Sequence[Any] = 'hann', pad_mode: str = 'reflect', center: bool = True,
    preemphasis: float = 0.0, preemphasis_start: str = 'zero', sample_rate: int = 44100,
    input_sample_rate: int | None = None, pad_short: bool = False, trainable_stft: bool = False,
    trainable_mel: bool = False,
) -> LogMel: ...

@overload
def create_frontend(
    name: Literal["ast"], backend: Literal["auto", "native"] = ..., *,
    member: Frontend | Mapping[str, Any] | str | None = None, clip_seconds: float | None = None, fill: str = 'zeros',
    image_frames: int | None = None, max_range: float | None = None, mean: float = 0.0, std: float = 1.0,
    sample_rate: int = 44100, input_sample_rate: int | None = None, pad_short: bool = False,
) -> ModelInput: ...

@overload
def create_frontend(
    name: Literal["beats"], backend: Literal["auto", "native"] = ..., *,
    member: Frontend | Mapping[str, Any] | str | None = None, clip_seconds: float | None = None, fill: str = 'zeros',
    image_frames: int | None = None, max_range: float | None = None, mean: float = 0.0, std: float = 1.0,
    sample_rate: int = 44100, input_sample_rate: int | None = None, pad_short: bool = False,
) -> ModelInput: ...

@overload
def create_frontend(
    name: Literal["clap"], backend: Literal["auto", "native"] = ..., *,
    member: Frontend | Mapping[str, Any] | str | None = None, clip_seconds: float | None = None, fill: str = 'zeros',
    image_frames: int | None = None, max_range: float | None = None, mean: float = 0.0, std: float = 1.0,
    sample_rate: int = 44100, input_sample_rate: int | None = None, pad_short: bool = False,
) -> ModelInput: ...

@overload
def create_frontend(
    name: Literal["efficientat"], backend: Literal["auto", "native"] = ..., *,
    member: Frontend | Mapping[str, Any] | str | None = None, clip_seconds: float | None = None, fill: str = 'zeros',
    image_frames: int | None = None, max_range: float | None = None, mean: float = 0.0, std: float = 1.0,
    sample_rate: int = 44100, input_sample_rate: int | None = None, pad_short: bool = False,
) -> ModelInput: ...

@overload
def create_frontend(
    name: Literal["panns"], backend: Literal["auto", "native"] = ..., *,
    member: Frontend | Mapping[str, Any] | str | None = None, clip_seconds: float | None = None, fill: str = 'zeros',
    image_frames: int | None = None, max_range: float | None = None, mean: float = 0.0, std: float = 1.0,
    sample_rate: int = 44100, input_sample_rate: int | None = None, pad_short: bool = False,
) -> ModelInput: ...

@overload
def create_frontend(
    name: Literal["passt"], backend: Literal["auto", "native"] = ..., *,
    member: Frontend | Mapping[str, Any] | str | None = None, clip_seconds: float | None = None, fill: str = 'zeros',
    image_frames: int | None = None, max_range: float | None = None, mean: float = 0.0, std: float = 1.0,
    sample_rate: int = 44100, input_sample_rate: int | None = None, pad_short: bool = False,
) -> ModelInput: ...

@overload
def create_frontend(
    name: Literal["vggish"], backend: Literal["auto", "native"] = ..., *,
    member: Frontend | Mapping[str, Any] | str | None = None, clip_seconds: float | None = None, fill: str = 'zeros',
    image_frames: int | None = None, max_range: float | None = None, mean: float = 0.0, std: float = 1.0,
    sample_rate: int = 44100, input_sample_rate: int | None = None, pad_short: bool = False,
) -> ModelInput: ...

@overload
def create_frontend(
    name: Literal["whisper"], backend: Literal["auto", "native"] = ..., *,
    member: Frontend | Mapping[str, Any] | str | None = None, clip_seconds: float | None = None, fill: str = 'zeros',
    image_frames: int | None = None, max_range: float | None = None, mean: float = 0.0, std: float = 1.0,
    sample_rate: int = 44100, input_sample_rate: int | None = None, pad_short: bool = False,
) -> ModelInput: ...

@overload
def create_frontend(
    name: Literal["whisper_large_v3"], backend: Literal["auto", "native"] = ..., *,
    member: Frontend | Mapping[str, Any] | str | None = None, clip_seconds: float | None = None, fill: str = 'zeros',
    image_frames: int | None = None, max_range: float | None = None, mean: float = 0.0, std: float = 1.0,
    sample_rate: int = 44100, input_sample_rate: int | None = None, pad_short: bool = False,
) -> ModelInput: ...

@overload
def create_frontend(
    name: Literal["yamnet"], backend: Literal["auto", "native"] = ..., *,
    member: Frontend | Mapping[str, Any] | str | None = None, clip_seconds: float | None = None, fill: str = 'zeros',
    image_frames: int | None = None, max_range: float | None = None, mean: float = 0.0, std: float = 1.0,
    sample_rate: int = 44100, input_sample_rate: int | None = None, pad_short: bool = False,
) -> ModelInput: ...

@overload
def create_frontend(name: str, backend: str = ..., **options: Any) -> Frontend: ...
