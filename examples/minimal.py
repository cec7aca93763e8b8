"""One front-end, one timm model, one plain loop: a file to copy.

    python examples/minimal.py ESC-50 --fold 1

The folder is in ESC-50's layout: `meta/esc50.csv`, and clips of one sample rate in `audio/`. One fold is the test, the
others train. For augmentation, checkpoints and reports see `esc-gpu train`.
"""

import argparse
import csv
from collections.abc import Sequence
from pathlib import Path

import soundfile
import timm
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from esc_gpu import create_frontend


def read_clips(folder: Path) -> tuple[Tensor, Tensor, Tensor, int]:
    """Clips `(B, T)` int16, all as long as the first, their labels and folds `(B,)`, and their sample rate."""
    with open(folder / "meta" / "esc50.csv", newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    first = soundfile.info(folder / "audio" / rows[0]["filename"])
    clips = torch.zeros(len(rows), first.frames, dtype=torch.int16)
    for clip, row in zip(clips, rows, strict=True):
        path = folder / "audio" / row["filename"]
        samples, sample_rate = soundfile.read(path, frames=first.frames, dtype="int16", always_2d=True)
        if sample_rate != first.samplerate:
            raise SystemExit(f"{path} is at {sample_rate} Hz, the first clip at {first.samplerate} Hz: resample one")
        clip[: len(samples)] = torch.from_numpy(samples[:, 0])
    labels, folds = (torch.tensor([int(row[column]) for row in rows]) for column in ("target", "fold"))
    return clips, labels, folds, first.samplerate


def train(model: nn.Module, clips: Tensor, labels: Tensor, epochs: int, batch_size: int) -> None:
    """Cross-entropy and AdamW over one cycle of the learning rate; each batch is shifted round a circle."""
    n_batches = max(1, len(clips) // batch_size)
    optimizer = torch.optim.AdamW(model.parameters(), weight_decay=0.05)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=2e-3, total_steps=epochs * n_batches)
    model.train()
    for _ in range(epochs):
        for batch in torch.randperm(len(clips)).to(clips.device).tensor_split(n_batches):
            shifted = clips[batch].roll(int(torch.randint(clips.shape[1], ())), dims=1)
            loss = F.cross_entropy(model(shifted), labels[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()


@torch.inference_mode()
def accuracy(model: nn.Module, clips: Tensor, labels: Tensor) -> float:
    """Share of the clips whose own class has the largest logit."""
    model.eval()
    predictions = torch.cat([model(batch).argmax(dim=1) for batch in clips.split(32)])
    return (predictions == labels).float().mean().item()


def main(arguments: Sequence[str] | None = None) -> float:
    parser = argparse.ArgumentParser(description="train on all folds of ESC-50 but one, test on that one")
    parser.add_argument("folder", type=Path, help="with meta/esc50.csv and audio/")
    parser.add_argument("--fold", type=int, default=1, help="the test fold")
    parser.add_argument("--epochs", type=int, default=30)
    parser.add_argument("--batch_size", type=int, default=32)
    parser.add_argument("--backbone", default="resnet18", help="an image model of timm")
    options = parser.parse_args(arguments)
    torch.manual_seed(0)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    clips, labels, folds, sample_rate = read_clips(options.folder)
    test = folds == options.fold
    if test.all() or not test.any():
        parser.error(f"--fold {options.fold} leaves nothing to train or test on: the folds are {set(folds.tolist())}")
    clips, labels = clips.to(device), labels.to(device)
    frontend = create_frontend("logmel", sample_rate=sample_rate, n_mels=64, hop_length=1024)
    normalize = nn.BatchNorm2d(frontend.n_channels, affine=False, momentum=None)
    backbone = timm.create_model(options.backbone, in_chans=frontend.n_channels, num_classes=int(labels.max()) + 1)
    model = nn.Sequential(frontend, normalize, backbone).to(device)
    train(model, clips[~test], labels[~test], options.epochs, options.batch_size)
    share = accuracy(model, clips[test], labels[test])
    print(f"test accuracy of fold {options.fold}: {100 * share:.1f} %")
    return share


if __name__ == "__main__":
    main()
