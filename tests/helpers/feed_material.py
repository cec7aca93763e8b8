"""A dozen clips and their log-mel, which the benchmark's feeds bring to a model."""

import torch

from benchmarks.speed.feeds.base import Material
from benchmarks.speed.feeds.precompute import precompute
from benchmarks.speed.throughput import clip_order
from esc_gpu import create_frontend
from esc_gpu.config.schema import DataConfig, RunConfig
from esc_gpu.data.recordings.layouts.esc50 import read_esc50
from esc_gpu.data.store.build import open_store

CPU = torch.device("cpu")
RATE, SECONDS = 22050, 1.0
ORDER = clip_order(12, 4, 3, seed=0)


def make_material(root, work):
    recordings = read_esc50(root)
    paths = recordings.paths[::4][:12]
    frontend = create_frontend("logmel", sample_rate=RATE, n_mels=32, hop_length=512)
    store = open_store(paths, sample_rate=RATE, clip_seconds=SECONDS, cache_dir=work / "stores", progress=False)
    return Material(
        config=RunConfig(data=DataConfig(sample_rate=RATE, clip_seconds=SECONDS)),
        device=CPU,
        paths=paths,
        labels=recordings.labels[::4][:12],
        n_samples=store.n_samples,
        frontend=frontend,
        store=store,
        precomputed=precompute(paths, RATE, store.n_samples, frontend, CPU, work / "features"),
    )
