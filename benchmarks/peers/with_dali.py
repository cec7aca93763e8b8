"""NVIDIA DALI's operators in a pipeline, on a batch `(B, T)` of the CPU or a CUDA device."""

from collections.abc import Callable

import scipy.signal
import torch
from nvidia.dali import Pipeline, fn, math
from torch import Tensor, nn

from esc_gpu.frontends.base import Frontend

Node = object  # what DALI's operators take and give
CLIPS = "clips"


class DaliGraph(nn.Module):
    """A pipeline of DALI, built for the device and the number of clips that come.

    Args:
        build: the node of the clips → the node of the features `(F, N)`.
    """

    def __init__(self, build: Callable[[Node], Node]):
        super().__init__()
        self.build = build
        self.built: dict[tuple[torch.device, int], Pipeline] = {}

    def forward(self, waveform: Tensor) -> Tensor:
        key = waveform.device, len(waveform)
        if key not in self.built:
            self.built[key] = self.pipeline(*key)
        pipeline = self.built[key]
        # Of a tensor DALI asks for CUDA's stream, wherever it is.
        pipeline.feed_input(CLIPS, waveform if waveform.is_cuda else waveform.numpy())
        (features,) = pipeline.run()
        return torch.from_dlpack(features.as_tensor())

    def pipeline(self, device: torch.device, n_clips: int) -> Pipeline:
        """One that takes each batch when it is fed, and computes none ahead."""
        on_gpu = device.type == "cuda"
        made = Pipeline(
            batch_size=n_clips,
            num_threads=torch.get_num_threads(),
            device_id=(device.index or 0) if on_gpu else None,
            prefetch_queue_depth=1,
        )
        with made:
            made.set_outputs(self.build(fn.external_source(name=CLIPS, device="gpu" if on_gpu else "cpu")))
        made.build()
        return made


def power(frontend: Frontend, clips: Node) -> Node:
    """`(F, N)`. Left to itself, DALI takes a Hann window that is neither periodic nor symmetric."""
    window = scipy.signal.get_window(frontend.window, frontend.win_length)
    return fn.spectrogram(
        clips,
        nfft=frontend.n_fft,
        window_length=frontend.win_length,
        window_step=frontend.hop_length,
        window_fn=window.tolist(),
        power=2,
    )


def scaled(frontend: Frontend, node: Node) -> Node:
    """The power in the front-end's scale, "db" or "power"; DALI's own range below a clip's maximum makes that 0 dB."""
    if frontend.scale != "db":
        return node
    decibels = fn.to_decibels(node, multiplier=10.0, reference=1.0, cutoff_db=-100.0)
    if frontend.top_db is None:
        return decibels
    return math.max(decibels, fn.reductions.max(decibels) - frontend.top_db)


def mel(frontend: Frontend, clips: Node) -> Node:
    """Mel bands of the power."""
    return fn.mel_filter_bank(
        power(frontend, clips),
        sample_rate=float(frontend.sample_rate),
        nfilter=frontend.n_mels,
        freq_low=float(frontend.fmin),
        freq_high=float(frontend.fmax),
        mel_formula=frontend.mel_scale,
        normalize=frontend.norm == "slaney",
    )


def spectrogram(frontend: Frontend) -> nn.Module:
    return DaliGraph(lambda clips: scaled(frontend, power(frontend, clips)))


def logmel(frontend: Frontend) -> nn.Module:
    return DaliGraph(lambda clips: scaled(frontend, mel(frontend, clips)))
