"""Kaldi's own code, as kaldi-native-fbank has it: one clip at a time, in float32."""

from collections.abc import Mapping

import kaldi_native_fbank
import numpy as np

from esc_gpu.frontends.base import Frontend


def features(kind: str, samples: np.ndarray, rate: int, options: Mapping[str, object]) -> np.ndarray:
    """`(F, N)` of `(T,)` samples as 16-bit integers have them.

    Args:
        kind: "fbank" or "mfcc".
        samples: the clip.
        rate: its sample rate.
        options: any of Kaldi's, of its frames and mel bands as well; without noise unless it is among them.
    """
    chosen = kaldi_native_fbank.FbankOptions() if kind == "fbank" else kaldi_native_fbank.MfccOptions()
    for name, value in {"samp_freq": rate, "dither": 0.0, **options}.items():
        (part,) = (part for part in (chosen, chosen.frame_opts, chosen.mel_opts) if hasattr(part, name))
        setattr(part, name, value)
    computer = (kaldi_native_fbank.OnlineFbank if kind == "fbank" else kaldi_native_fbank.OnlineMfcc)(chosen)
    computer.accept_waveform(rate, samples.tolist())
    computer.input_finished()
    return np.stack([computer.get_frame(n) for n in range(computer.num_frames_ready)], axis=1)


def of_frontend(frontend: Frontend, clip: np.ndarray) -> np.ndarray:
    """`(F, N)` of a clip with full scale at ±1 and the options of a `kaldi_fbank` or `kaldi_mfcc` in Kaldi's words."""
    options = {
        "window_type": frontend.window,
        "snip_edges": frontend.snip_edges,
        "preemph_coeff": frontend.preemphasis,
        "remove_dc_offset": frontend.remove_dc,
        "num_bins": frontend.n_mels,
        "low_freq": frontend.fmin,
        "high_freq": frontend.fmax,
        "use_energy": frontend.use_energy,
        "raw_energy": frontend.raw_energy,
        "energy_floor": frontend.energy_floor,
        "htk_compat": frontend.htk_compat,
    }
    if frontend.name == "kaldi_fbank":
        options |= {"use_power": frontend.mel_power == 2, "use_log_fbank": frontend.log is not None}
    else:
        options |= {"num_ceps": frontend.n_mfcc, "cepstral_lifter": frontend.lifter}
    kind = frontend.name.removeprefix("kaldi_")
    return features(kind, frontend.input_scale * clip, frontend.sample_rate, options)
