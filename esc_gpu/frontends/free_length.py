"""Exported graphs for clips of any length: from how many samples on, and which front-ends have none."""

from torch import nn

from esc_gpu.frontends.base import Frontend
from esc_gpu.frontends.delta import samples_of_frames
from esc_gpu.frontends.model_input import ModelInput


def least_free(frontend: Frontend) -> int:
    """Samples of the shortest clip that a graph for clips of any length takes.

    It has a frame more than the shortest one that the layer takes: an exporter holds a size of 1 for a constant.

    >>> from esc_gpu import create_frontend
    >>> least_free(create_frontend("logmel", sample_rate=16000, n_fft=512, hop_length=160))
    320
    """
    least = samples_of_frames(frontend, frontend.n_frames(frontend.min_samples) + 1)
    inner = max((least_free(member) for member in members(frontend)), default=1)
    return max(least, inner if frontend.resample is None else frontend.resample.least_input(inner))


def fixed_length(frontend: Frontend) -> str | None:
    """Why a graph of the layer takes clips of one length only; None where it takes any."""
    if isinstance(frontend, ModelInput) and (frontend.clip_seconds, frontend.image_frames) != (None, None):
        option = "clip_seconds" if frontend.clip_seconds is not None else "image_frames"
        return f"{option} of {frontend.name} cuts longer clips and fills shorter ones, and a graph can do one of both"
    reasons = ((member.name, fixed_length(member)) for member in members(frontend))
    return next((f"its member {name}: {reason}" for name, reason in reasons if reason), None)


def members(frontend: Frontend) -> list[Frontend]:
    """The layers that a layer is made of, if it is made of others."""
    children: list[nn.Module] = []
    for child in frontend.children():
        children += child.children() if isinstance(child, nn.ModuleList) else [child]
    return [child for child in children if isinstance(child, Frontend)]
