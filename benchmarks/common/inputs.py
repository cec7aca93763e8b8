"""What the front-ends are measured on: the options, the recordings and the synthetic signals."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from esc_gpu import create_frontend
from esc_gpu.core.full_scale import FULL_SCALE
from esc_gpu.data.recordings.layouts.esc50 import read_esc50
from esc_gpu.data.recordings.synthetic import write_synthetic
from esc_gpu.data.store.build import open_store

SAMPLE_RATE = 44100
CLIP_SECONDS = 5.0
STACKED = "logmel", "mfcc", "cqt"


def default_options(name: str) -> dict[str, object]:
    """Options of a front-end: none, but for those that are made of others."""
    if name in ("delta", "model_input"):
        return {"member": {"name": "logmel"}}
    if name == "stack":
        return {"members": [{"name": member} for member in STACKED]}
    return {}


def linear_options(name: str) -> dict[str, object]:
    """`default_options` in power instead of decibels, in which errors are stated."""
    options = default_options(name)
    if name in ("delta", "model_input"):
        return {"member": linear_member(options["member"])}
    if name == "stack":
        return {"members": [linear_member(member) for member in options["members"]]}
    has_scale = "scale" in create_frontend(name, "native").options
    return {"scale": "power"} if has_scale else {}


def linear_member(member: Mapping[str, object]) -> dict[str, object]:
    """A member of another front-end, in power."""
    return {**member, **linear_options(member["name"])}


def read_clips(root: str | None, cache_dir: str, count: int) -> tuple[np.ndarray, str]:
    """`(count, T)` int16 at 44.1 kHz, spread over the classes, and what they are; the embedded ones without a root."""
    cache = Path(cache_dir).expanduser()
    recordings = read_esc50(root or write_synthetic(cache / "synthetic"))
    store = open_store(recordings.paths, sample_rate=SAMPLE_RATE, clip_seconds=CLIP_SECONDS, cache_dir=cache / "stores")
    chosen = np.linspace(0, store.n_clips - 1, count).astype(int)
    name = "embedded synthetic" if root is None else recordings.root.resolve().name
    return store.read(chosen), f"{count} clips of {CLIP_SECONDS:g} s at {SAMPLE_RATE / 1000:g} kHz: {name}"


def real_signal(root: str, cache_dir: str, count: int) -> np.ndarray:
    """`(count, T)` float32 of recordings, full scale at ±1."""
    clips, _ = read_clips(root, cache_dir, count)
    return clips.astype(np.float32) / FULL_SCALE


def synthetic_signals(seconds: float) -> dict[str, np.ndarray]:
    """`(1, T)` float32 each, full scale at ±1."""
    n_samples = round(seconds * SAMPLE_RATE)
    time = np.arange(n_samples) / SAMPLE_RATE
    clicks = np.zeros(n_samples)
    clicks[n_samples // 10 :: n_samples // 5] = 0.5
    signals = {
        "tone": 0.5 * np.sin(2 * np.pi * 440 * time),
        "clicks": clicks,
        "noise": np.random.default_rng(0).uniform(-0.5, 0.5, n_samples),
        "square": np.where(np.sin(2 * np.pi * 441 * time) >= 0, 1.0, -1.0),
        "silence": np.zeros(n_samples),
    }
    return {name: signal.astype(np.float32)[None] for name, signal in signals.items()}
