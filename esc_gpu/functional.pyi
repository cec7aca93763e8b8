"""Front-ends as functions, with their options. Written by `python -m tools.type_stubs`: do not edit."""

from collections.abc import Mapping, Sequence
from typing import Any

from torch import Tensor

from esc_gpu.frontends.base import Frontend
from esc_gpu.frontends.functions import estimate_tuning as estimate_tuning
from esc_gpu.frontends.functions import resample as resample
from esc_gpu.frontends.scaling import power_to_db as power_to_db
from esc_gpu.frontends.scaling import power_to_magnitude as power_to_magnitude

def spectrogram(
    waveform: Tensor, *, backend: str = ..., scale: str = 'db', power: float = 2.0, log_offset: float = 0.0,
    top_db: float | None = 80.0, ref: float | str = 1.0, amin: float = 1e-10, n_fft: int = 2048,
    win_length: int | None = None, hop_length: int = 512, window: str | Sequence[Any] = 'hann',
    pad_mode: str = 'reflect', center: bool = True, preemphasis: float = 0.0, preemphasis_start: str = 'zero',
    sample_rate: int = 44100, input_sample_rate: int | None = None, pad_short: bool = False,
    trainable_stft: bool = False,
) -> Tensor: ...

def logmel(
    waveform: Tensor, *, backend: str = ..., scale: str = 'db', power: float = 2.0, log_offset: float = 0.0,
    top_db: float | None = 80.0, ref: float | str = 1.0, amin: float = 1e-10, n_mels: int = 128, fmin: float = 0.0,
    fmax: float | None = None, mel_scale: str = 'slaney', norm: str | None = 'slaney', n_fft: int = 2048,
    win_length: int | None = None, hop_length: int = 512, window: str | Sequence[Any] = 'hann',
    pad_mode: str = 'reflect', center: bool = True, preemphasis: float = 0.0, preemphasis_start: str = 'zero',
    sample_rate: int = 44100, input_sample_rate: int | None = None, pad_short: bool = False,
    trainable_stft: bool = False, trainable_mel: bool = False,
) -> Tensor: ...

def mfcc(
    waveform: Tensor, *, backend: str = ..., n_mfcc: int = 40, log: str = 'db', dct_type: int = 2,
    dct_norm: str | None = 'ortho', lifter: float = 0.0, power: float = 2.0, log_offset: float = 0.0,
    top_db: float | None = 80.0, ref: float | str = 1.0, amin: float = 1e-10, n_mels: int = 128, fmin: float = 0.0,
    fmax: float | None = None, mel_scale: str = 'slaney', norm: str | None = 'slaney', n_fft: int = 2048,
    win_length: int | None = None, hop_length: int = 512, window: str | Sequence[Any] = 'hann',
    pad_mode: str = 'reflect', center: bool = True, preemphasis: float = 0.0, preemphasis_start: str = 'zero',
    sample_rate: int = 44100, input_sample_rate: int | None = None, pad_short: bool = False,
    trainable_stft: bool = False, trainable_mel: bool = False,
) -> Tensor: ...

def lfcc(
    waveform: Tensor, *, backend: str = ..., n_lfcc: int = 40, n_filters: int = 128, fmin: float = 0.0,
    fmax: float | None = None, log: str = 'db', dct_type: int = 2, dct_norm: str | None = 'ortho', lifter: float = 0.0,
    power: float = 2.0, log_offset: float = 0.0, top_db: float | None = 80.0, ref: float | str = 1.0,
    amin: float = 1e-10, n_fft: int = 2048, win_length: int | None = None, hop_length: int = 512,
    window: str | Sequence[Any] = 'hann', pad_mode: str = 'reflect', center: bool = True, preemphasis: float = 0.0,
    preemphasis_start: str = 'zero', sample_rate: int = 44100, input_sample_rate: int | None = None,
    pad_short: bool = False,
) -> Tensor: ...

def kaldi_fbank(
    waveform: Tensor, *, backend: str = ..., mel_power: float = 2.0, log: str | None = 'ln',
    log_floor: float = 1.1920928955078125e-07, log_offset: float = 0.0, win_length: int | None = None,
    hop_length: int | None = None, n_fft: int | None = None, window: str = 'povey', periodic: bool = False,
    snip_edges: bool = True, preemphasis: float = 0.97, remove_dc: bool = True, input_scale: float = 32768.0,
    n_mels: int = 23, fmin: float = 20.0, fmax: float | None = None, use_energy: bool = False, raw_energy: bool = True,
    energy_floor: float = 0.0, htk_compat: bool = False, sample_rate: int = 44100,
    input_sample_rate: int | None = None, pad_short: bool = False,
) -> Tensor: ...

def kaldi_mfcc(
    waveform: Tensor, *, backend: str = ..., n_mfcc: int = 13, lifter: float = 22.0, use_energy: bool = True,
    win_length: int | None = None, hop_length: int | None = None, n_fft: int | None = None, window: str = 'povey',
    periodic: bool = False, snip_edges: bool = True, preemphasis: float = 0.97, remove_dc: bool = True,
    input_scale: float = 32768.0, n_mels: int = 23, fmin: float = 20.0, fmax: float | None = None,
    raw_energy: bool = True, energy_floor: float = 0.0, htk_compat: bool = False, sample_rate: int = 44100,
    input_sample_rate: int | None = None, pad_short: bool = False,
) -> Tensor: ...

def gammatone(
    waveform: Tensor, *, backend: str = ..., scale: str = 'db', power: float = 2.0, log_offset: float = 0.0,
    top_db: float | None = 80.0, ref: float | str = 1.0, amin: float = 1e-10, n_bins: int = 64, fmin: float = 50.0,
    fmax: float | None = None, n_fft: int = 2048, win_length: int | None = None, hop_length: int = 512,
    window: str | Sequence[Any] = 'hann', pad_mode: str = 'reflect', center: bool = True, preemphasis: float = 0.0,
    preemphasis_start: str = 'zero', sample_rate: int = 44100, input_sample_rate: int | None = None,
    pad_short: bool = False,
) -> Tensor: ...

def gfcc(
    waveform: Tensor, *, backend: str = ..., n_gfcc: int = 40, log: str = 'db', dct_type: int = 2,
    dct_norm: str | None = 'ortho', lifter: float = 0.0, power: float = 2.0, log_offset: float = 0.0,
    top_db: float | None = 80.0, ref: float | str = 1.0, amin: float = 1e-10, n_bins: int = 64, fmin: float = 50.0,
    fmax: float | None = None, n_fft: int = 2048, win_length: int | None = None, hop_length: int = 512,
    window: str | Sequence[Any] = 'hann', pad_mode: str = 'reflect', center: bool = True, preemphasis: float = 0.0,
    preemphasis_start: str = 'zero', sample_rate: int = 44100, input_sample_rate: int | None = None,
    pad_short: bool = False,
) -> Tensor: ...

def cqt(
    waveform: Tensor, *, backend: str = ..., scale: str = 'db', power: float = 2.0, log_offset: float = 0.0,
    top_db: float | None = 80.0, ref: float | str = 1.0, amin: float = 1e-10, hop_length: int = 512,
    fmin: float = 32.70319566257483, n_bins: int = 84, bins_per_octave: int = 12, tuning: float = 0.0,
    filter_scale: float = 1.0, kernels: str = 'brown', window: str | Sequence[Any] = 'hann', pad_mode: str = 'reflect',
    sample_rate: int = 44100, input_sample_rate: int | None = None, pad_short: bool = False, trainable: bool = False,
) -> Tensor: ...

def vqt(
    waveform: Tensor, *, backend: str = ..., gamma: float | None = None, scale: str = 'db', power: float = 2.0,
    log_offset: float = 0.0, top_db: float | None = 80.0, ref: float | str = 1.0, amin: float = 1e-10,
    hop_length: int = 512, fmin: float = 32.70319566257483, n_bins: int = 84, bins_per_octave: int = 12,
    tuning: float = 0.0, filter_scale: float = 1.0, kernels: str = 'brown', window: str | Sequence[Any] = 'hann',
    pad_mode: str = 'reflect', sample_rate: int = 44100, input_sample_rate: int | None = None, pad_short: bool = False,
) -> Tensor: ...

def chroma(
    waveform: Tensor, *, backend: str = ..., n_chroma: int = 12, tuning: float | None = 0.0, ctroct: float = 5.0,
    octwidth: float | None = 2.0, norm: str | None = 'max', n_fft: int = 2048, win_length: int | None = None,
    hop_length: int = 512, window: str | Sequence[Any] = 'hann', pad_mode: str = 'reflect', center: bool = True,
    preemphasis: float = 0.0, preemphasis_start: str = 'zero', sample_rate: int = 44100,
    input_sample_rate: int | None = None, pad_short: bool = False,
) -> Tensor: ...

def chroma_cqt(
    waveform: Tensor, *, backend: str = ..., n_chroma: int = 12, norm: str | None = 'max', top_db: float | None = 80.0,
    n_bins: int = 252, bins_per_octave: int = 36, hop_length: int = 512, fmin: float = 32.70319566257483,
    tuning: float = 0.0, filter_scale: float = 1.0, kernels: str = 'brown', window: str | Sequence[Any] = 'hann',
    pad_mode: str = 'reflect', sample_rate: int = 44100, input_sample_rate: int | None = None, pad_short: bool = False,
) -> Tensor: ...

def pcen(
    waveform: Tensor, *, backend: str = ..., gain: float = 0.98, bias: float = 2.0, power: float = 0.5,
    time_constant: float = 0.4, eps: float = 1e-06, mel_power: float = 1.0, input_scale: float = 2147483648.0,
    trainable: bool = False, n_mels: int = 128, fmin: float = 0.0, fmax: float | None = None,
    mel_scale: str = 'slaney', norm: str | None = 'slaney', n_fft: int = 2048, win_length: int | None = None,
    hop_length: int = 512, window: str | Sequence[Any] = 'hann', pad_mode: str = 'reflect', center: bool = True,
    preemphasis: float = 0.0, preemphasis_start: str = 'zero', sample_rate: int = 44100,
    input_sample_rate: int | None = None, pad_short: bool = False,
) -> Tensor: ...

def spectral_centroid(
    waveform: Tensor, *, backend: str = ..., n_fft: int = 2048, win_length: int | None = None, hop_length: int = 512,
    window: str | Sequence[Any] = 'hann', pad_mode: str = 'reflect', center: bool = True, preemphasis: float = 0.0,
    preemphasis_start: str = 'zero', sample_rate: int = 44100, input_sample_rate: int | None = None,
    pad_short: bool = False,
) -> Tensor: ...

def spectral_bandwidth(
    waveform: Tensor, *, backend: str = ..., p: float = 2.0, norm: bool = True, n_fft: int = 2048,
    win_length: int | None = None, hop_length: int = 512, window: str | Sequence[Any] = 'hann',
    pad_mode: str = 'reflect', center: bool = True, preemphasis: float = 0.0, preemphasis_start: str = 'zero',
    sample_rate: int = 44100, input_sample_rate: int | None = None, pad_short: bool = False,
) -> Tensor: ...

def spectral_rolloff(
    waveform: Tensor, *, backend: str = ..., roll_percent: float = 0.85, power: float = 1.0, n_fft: int = 2048,
    win_length: int | None = None, hop_length: int = 512, window: str | Sequence[Any] = 'hann',
    pad_mode: str = 'reflect', center: bool = True, preemphasis: float = 0.0, preemphasis_start: str = 'zero',
    sample_rate: int = 44100, input_sample_rate: int | None = None, pad_short: bool = False,
) -> Tensor: ...

def spectral_flatness(
    waveform: Tensor, *, backend: str = ..., amin: float = 1e-10, power: float = 2.0, n_fft: int = 2048,
    win_length: int | None = None, hop_length: int = 512, window: str | Sequence[Any] = 'hann',
    pad_mode: str = 'reflect', center: bool = True, preemphasis: float = 0.0, preemphasis_start: str = 'zero',
    sample_rate: int = 44100, input_sample_rate: int | None = None, pad_short: bool = False,
) -> Tensor: ...

def spectral_contrast(
    waveform: Tensor, *, backend: str = ..., n_bands: int = 6, fmin: float = 200.0, quantile: float = 0.02,
    linear: bool = False, n_fft: int = 2048, win_length: int | None = None, hop_length: int = 512,
    window: str | Sequence[Any] = 'hann', pad_mode: str = 'reflect', center: bool = True, preemphasis: float = 0.0,
    preemphasis_start: str = 'zero', sample_rate: int = 44100, input_sample_rate: int | None = None,
    pad_short: bool = False,
) -> Tensor: ...

def zero_crossing_rate(
    waveform: Tensor, *, backend: str = ..., frame_length: int = 2048, hop_length: int = 512, center: bool = True,
    sample_rate: int = 44100, input_sample_rate: int | None = None, pad_short: bool = False,
) -> Tensor: ...

def rms(
    waveform: Tensor, *, backend: str = ..., pad_mode: str = 'constant', frame_length: int = 2048,
    hop_length: int = 512, center: bool = True, sample_rate: int = 44100, input_sample_rate: int | None = None,
    pad_short: bool = False,
) -> Tensor: ...

def delta(
    waveform: Tensor, *, backend: str = ..., member: Frontend | Mapping[str, Any] | str | None = None, width: int = 9,
    order: int = 2, mode: str = 'interp', sample_rate: int = 44100, input_sample_rate: int | None = None,
    pad_short: bool = False,
) -> Tensor: ...

def stack(
    waveform: Tensor, *, backend: str = ..., members: Sequence[Frontend | Mapping[str, Any] | str] = (),
    n_bins: int | None = None, sample_rate: int = 44100, input_sample_rate: int | None = None, pad_short: bool = False,
) -> Tensor: ...

def model_input(
    waveform: Tensor, *, backend: str = ..., member: Frontend | Mapping[str, Any] | str | None = None,
    clip_seconds: float | None = None, fill: str = 'zeros', image_frames: int | None = None,
    max_range: float | None = None, mean: float = 0.0, std: float = 1.0, sample_rate: int = 44100,
    input_sample_rate: int | None = None, pad_short: bool = False,
) -> Tensor: ...
