"""The interface of HEAR, the Holistic Evaluation of Audio Representations, for a trained pipeline.

    hear-validator esc_gpu.inference.hear --model runs/logmel

Source: https://hearbenchmark.com/hear-api.html (Turian et al., HEAR: Holistic Evaluation of Audio Representations,
NeurIPS 2021 competition track).
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from esc_gpu.errors import EscGpuError
from esc_gpu.inference.pipeline import Pipeline, load_pipeline
from esc_gpu.inference.predict import reporting_memory

HOP_MS = 500.0  # between timestamps; each embedding sees a whole clip around it
BATCH = 32  # windows at once


class HearModel(torch.nn.Module):
    """A pipeline with what HEAR asks a model for.

    Attributes:
        sample_rate: of the audio that it takes, in Hz.
        scene_embedding_size, timestamp_embedding_size: D.
    """

    def __init__(self, pipeline: Pipeline):
        super().__init__()
        self.pipeline = pipeline
        self.sample_rate = pipeline.sample_rate
        silence = torch.zeros(1, pipeline.n_samples)
        self.scene_embedding_size = self.timestamp_embedding_size = pipeline.embed(silence).shape[1]

    def forward(self, audio: Tensor) -> Tensor:
        """`get_scene_embeddings`."""
        return get_scene_embeddings(audio, self)


def load_model(model_file_path: str = "") -> HearModel:
    """The model of a run, of a fold or on the hub, as `load_pipeline` finds it, on the CPU.

    Raises:
        EscGpuError: without a path, and for what `load_pipeline` refuses.
    """
    if not model_file_path:
        raise EscGpuError("no model is given; expected the folder of a run, such as runs/logmel; add it as --model")
    return HearModel(load_pipeline(model_file_path))


def get_scene_embeddings(audio: Tensor, model: HearModel) -> Tensor:
    """`(n, samples)` float in [-1, 1] at `model.sample_rate` → `(n, D)` float32: the mean over windows of a clip.

    Neighbouring windows share half of their length or more, and the last one ends with the audio; shorter audio is
    padded with silence.
    """
    length = model.pipeline.n_samples
    audio = F.pad(_checked(audio), (0, max(0, length - audio.shape[1])))
    n_windows = 1 + math.ceil((audio.shape[1] - length) / (length / 2))
    starts = torch.linspace(0, audio.shape[1] - length, n_windows).round().int().tolist()
    return _embed(audio, starts, model).mean(dim=1)


def get_timestamp_embeddings(audio: Tensor, model: HearModel) -> tuple[Tensor, Tensor]:
    """`(n, samples)` as above → `(n, t, D)` float32 and their timestamps `(n, t)` in ms, every HOP_MS from 0 on.

    Each is the embedding of a clip with the timestamp in its middle; before and after the audio is silence.
    """
    length, rate = model.pipeline.n_samples, model.sample_rate
    audio = _checked(audio)
    milliseconds = torch.arange(0, 1000 * audio.shape[1] / rate, HOP_MS)
    starts = (milliseconds * rate / 1000).round().int().tolist()
    embeddings = _embed(F.pad(audio, (length // 2, length)), starts, model)
    return embeddings, milliseconds.expand(len(audio), -1).to(audio.device)


def _checked(audio: Tensor) -> Tensor:
    if audio.ndim != 2 or not audio.is_floating_point() or not audio.shape[1]:
        raise EscGpuError(f"audio is {tuple(audio.shape)} {audio.dtype}; expected (sounds, samples) float; convert it")
    return audio


def _embed(audio: Tensor, starts: list[int], model: HearModel) -> Tensor:
    """`(n, windows, D)` of the clips that start at these samples, on the audio's device."""
    pipeline = model.pipeline
    clips = [sound[start : start + pipeline.n_samples] for sound in audio for start in starts]
    parts = []
    for first in range(0, len(clips), BATCH):
        batch = torch.stack(clips[first : first + BATCH])
        with reporting_memory(pipeline.device, len(batch)):
            parts.append(pipeline.embed(batch).to(audio.device))
    return torch.cat(parts).reshape(len(audio), len(starts), -1)
