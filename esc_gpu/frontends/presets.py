"""The inputs of known audio models, as options of our front-ends: `create_frontend("ast")`.

Nothing heavy is imported.
"""

import copy
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Preset:
    """What one model takes.

    Attributes:
        name: for `create_frontend`.
        sample_rate: samples per second of the waveforms that the model was trained on.
        clip_seconds: length of the clips that the model was trained on.
        shape: (C, F, N) of such a clip's features.
        takes: the axes in the order in which the model takes them; our features are (batch, channel, bin, frame).
        source: the model, and whose code defines its input.
        checked: what the features were compared with, to 1e-4 of the largest value that the model sees.
        options: those of the front-end "model_input".
    """

    name: str
    sample_rate: int
    clip_seconds: float
    shape: tuple[int, int, int]
    takes: str
    source: str
    checked: str
    options: dict[str, Any]

    @property
    def spec(self) -> dict[str, Any]:
        """What to change for an input of your own, as `create_frontend(**spec)`."""
        return {"name": "model_input", "sample_rate": self.sample_rate, **copy.deepcopy(self.options)}


def _whisper(n_mels: int) -> dict[str, Any]:
    # (log10 + 4) / 4 of Whisper is (dB + 40) / 40 of ours, and its range of 8 is 80 dB.
    member = {"name": "logmel", "sample_rate": 16000, "n_fft": 400, "hop_length": 160, "n_mels": n_mels, "top_db": None}
    fixed = {"clip_seconds": 30.0, "image_frames": 3000}
    return {"member": member, **fixed, "max_range": 80.0, "mean": -40.0, "std": 40.0}


def _vggish(log_offset: float) -> dict[str, Any]:
    prepared = {"window": "hanning", "periodic": True, "preemphasis": 0.0, "remove_dc": False, "input_scale": 1.0}
    bands = {"n_mels": 64, "fmin": 125.0, "fmax": 7500.0, "mel_power": 1.0, "log_floor": 0.0, "log_offset": log_offset}
    return {"member": {"name": "kaldi_fbank", "sample_rate": 16000, **prepared, **bands}}


def _augment_mel_stft() -> dict[str, Any]:
    # AugmentMelSTFT outside of training: its highest frequency is half the rate less half of fmax_aug_range=2000.
    prepared = {"preemphasis": 0.97, "preemphasis_start": "drop", "win_length": 800, "window": "hann_symmetric"}
    bands = {"n_mels": 128, "fmax": 15000.0, "mel_scale": "kaldi", "norm": None, "scale": "ln", "log_offset": 1e-5}
    member = {"name": "logmel", "sample_rate": 32000, "n_fft": 1024, "hop_length": 320, **prepared, **bands}
    return {"member": member, "mean": -4.5, "std": 5.0}


_AS_OURS = "batch, channel, bin, frame"
_BIN_FIRST = "batch, bin, frame"
_FRAME_FIRST = "batch, frame, bin"
_ONE_CHANNEL = "batch, channel, frame, bin"
PRESETS = {
    preset.name: preset
    for preset in (
        Preset(
            "ast",
            16000,
            10.24,
            (1, 128, 1024),
            _FRAME_FIRST,
            "Audio Spectrogram Transformer (Gong et al. 2021), its AudioSet checkpoints; transformers",
            "ASTFeatureExtractor of transformers 5.24, with torchaudio 2.11",
            {
                "member": {
                    "name": "kaldi_fbank",
                    "sample_rate": 16000,
                    "n_mels": 128,
                    "window": "hanning",
                    "input_scale": 1.0,
                },
                "image_frames": 1024,
                "mean": -4.2677393,
                "std": 2 * 4.5689974,
            },
        ),
        Preset(
            "beats",
            16000,
            10.0,
            (1, 128, 998),
            _FRAME_FIRST,
            "BEATs (Chen et al. 2023); BEATs.preprocess of microsoft/unilm",
            "torchaudio.compliance.kaldi.fbank 2.11, called and normalised as BEATs.preprocess does (mean 15.41663, "
            "deviation 6.55582, twice: beats/BEATs.py)",
            {
                "member": {"name": "kaldi_fbank", "sample_rate": 16000, "n_mels": 128},
                "mean": 15.41663,
                "std": 2 * 6.55582,
            },
        ),
        Preset(
            "clap",
            48000,
            10.0,
            (1, 64, 1001),
            _ONE_CHANNEL,
            "CLAP (Wu et al. 2023), laion/clap-htsat-unfused; transformers",
            "ClapFeatureExtractor of transformers 5.24, truncation='rand_trunc', frequency_min=50, frequency_max=14000 "
            "(as repeated from the preprocessor_config.json of LAION's checkpoints by programs that use them)",
            {
                "member": {
                    "name": "logmel",
                    "sample_rate": 48000,
                    "n_fft": 1024,
                    "hop_length": 480,
                    "n_mels": 64,
                    "fmin": 50.0,
                    "fmax": 14000.0,
                    "top_db": None,
                },
                "clip_seconds": 10.0,
                "fill": "repeat",
            },
        ),
        Preset(
            "efficientat",
            32000,
            10.0,
            (1, 128, 1000),
            _AS_OURS,
            "EfficientAT (Schmid et al. 2023), mn and dymn; AugmentMelSTFT of fschmid56/EfficientAT",
            "torch.stft and torchaudio.compliance.kaldi.get_mel_banks 2.11, called as its AugmentMelSTFT does in "
            "evaluation (models/preprocess.py)",
            _augment_mel_stft(),
        ),
        Preset(
            "panns",
            32000,
            10.0,
            (1, 64, 1001),
            _ONE_CHANNEL,
            "PANNs (Kong et al. 2020), Cnn14; torchlibrosa",
            "Spectrogram and LogmelFilterBank of torchlibrosa 0.1.0",
            {
                "member": {
                    "name": "logmel",
                    "sample_rate": 32000,
                    "n_fft": 1024,
                    "hop_length": 320,
                    "n_mels": 64,
                    "fmin": 50.0,
                    "fmax": 14000.0,
                    "top_db": None,
                }
            },
        ),
        Preset(
            "passt",
            32000,
            10.0,
            (1, 128, 1000),
            _AS_OURS,
            "PaSST (Koutini et al. 2022); get_basic_model of hear21passt",
            "AugmentMelSTFT of hear21passt 0.0.26 in evaluation, fmax_aug_range=2000 as in its get_basic_model",
            _augment_mel_stft(),
        ),
        Preset(
            "vggish",
            16000,
            0.975,
            (1, 64, 96),
            _ONE_CHANNEL,
            "VGGish (Hershey et al. 2017); tensorflow/models, audioset/vggish/mel_features.py",
            "mel_features of torchvggish 0.2, which is that file",
            _vggish(0.01),
        ),
        Preset(
            "whisper",
            16000,
            30.0,
            (1, 80, 3000),
            _BIN_FIRST,
            "Whisper (Radford et al. 2022), up to large-v2; transformers",
            "WhisperFeatureExtractor of transformers 5.24",
            _whisper(80),
        ),
        Preset(
            "whisper_large_v3",
            16000,
            30.0,
            (1, 128, 3000),
            _BIN_FIRST,
            "Whisper large-v3 and turbo; transformers",
            "WhisperFeatureExtractor of transformers 5.24, feature_size=128",
            _whisper(128),
        ),
        Preset(
            "yamnet",
            16000,
            0.975,
            (1, 64, 96),
            _FRAME_FIRST,
            "YAMNet; tensorflow/models, audioset/yamnet/features.py",
            "mel_features of torchvggish 0.2, whose log mel bands YAMNet's are, with its offset of 0.001",
            _vggish(0.001),
        ),
    )
}


def list_presets() -> list[Preset]:
    """The models whose input `create_frontend` makes by their name.

    >>> from esc_gpu import list_presets
    >>> [(preset.name, preset.sample_rate, preset.shape) for preset in list_presets()][0]
    ('ast', 16000, (1, 128, 1024))
    """
    return list(PRESETS.values())
