"""The features of VGGish, by the file that defines them."""

from benchmarks.exactness.peer_checks.checks import Check, Function, no_such, parameters
from benchmarks.peers.presets import torchvggish_mel_features

BANDS = {"num_mel_bins": 64, "lower_edge_hertz": 125.0, "upper_edge_hertz": 3800.0, "log_offset": 0.01}
OURS = {
    "window": "hanning",
    "periodic": True,
    "preemphasis": 0.0,
    "remove_dc": False,
    "input_scale": 1.0,
    "mel_power": 1.0,
    "log_floor": 0.0,
    "n_mels": 64,
    "fmin": 125.0,
    "fmax": 3800.0,
    "log_offset": 0.01,
}


def frames(rate: int) -> dict[str, object]:
    """Their lengths, which TensorFlow rounds and Kaldi cuts."""
    return {"win_length": round(0.025 * rate), "hop_length": round(0.01 * rate)}


def checks() -> list[Check]:
    """Those of this module."""
    define = torchvggish_mel_features()
    mel = Function(
        "mel_features.log_mel_spectrogram",
        lambda clip, rate, **options: define.log_mel_spectrogram(clip, audio_sample_rate=rate, **options).T,
        "kaldi_fbank",
        (BANDS, OURS),
        parameters(define.log_mel_spectrogram, *parameters(define.spectrogram_to_mel_matrix)),
        ("data", "audio_sample_rate", "num_spectrogram_bins"),
    )

    def with_frames(**ours: object) -> object:
        return lambda rate: frames(rate) | ours

    return [
        mel.as_ours({}, frames),
        *[mel.as_ours({"log_offset": offset}, with_frames(log_offset=offset)) for offset in (0.001, 1.0)],
        *[mel.as_ours({"num_mel_bins": n}, with_frames(n_mels=n)) for n in (20, 40)],
        mel.as_ours({"lower_edge_hertz": 60.0, "upper_edge_hertz": 3000.0}, with_frames(fmin=60.0, fmax=3000.0)),
        mel.as_ours({"window_length_secs": 0.05}, lambda rate: frames(rate) | {"win_length": round(0.05 * rate)}),
        mel.as_ours({"hop_length_secs": 0.02}, lambda rate: frames(rate) | {"hop_length": round(0.02 * rate)}),
        *no_such("a front-end gives the frames of a clip, and cuts no examples", "vggish_input.waveform_to_examples"),
    ]
