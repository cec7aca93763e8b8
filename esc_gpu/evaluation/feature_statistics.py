"""How features differ between classes: mean and spread of each bin, without digital silence."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from esc_gpu.core.device import float64_device
from esc_gpu.core.progress import tqdm
from esc_gpu.errors import EscGpuError

if TYPE_CHECKING:
    from esc_gpu.data.store.read import Waveforms
    from esc_gpu.frontends import Frontend

BATCH = 16  # clips
CONSTANT = 1e-12  # a variance under this share of the mean square is rounding: the bin does not vary


@dataclass(frozen=True, eq=False)
class FeatureStatistics:
    """One front-end over all clips of K classes, all float64 but `frames`.

    Attributes:
        frames: (K,) int64, frames of each class that are no digital silence. Of several labels a clip, the frames of a
            clip are of each class that it has.
        means: (K, C, F), the mean over these frames of a class.
        spreads: (K, C, F), the standard deviation over them (divided by their number).
        clip_means: (clips, C, F), the mean over the frames of each clip.
        clip_spreads: (clips, C, F), the standard deviation over them.
        without: of several labels a clip, what `frames`, `means` and `spreads` are of the clips without each class;
            zeros for a class that all clips have.
    """

    frames: np.ndarray
    means: np.ndarray
    spreads: np.ndarray
    clip_means: np.ndarray
    clip_spreads: np.ndarray
    without: tuple[np.ndarray, np.ndarray, np.ndarray] | None = None

    @property
    def fisher(self) -> np.ndarray:
        """Fisher's ratio of each bin, (C, F): the variance between classes over that within them.

        `sum_k n_k (m_k - m)² / sum_k n_k s_k²` with the n_k frames of class k, their mean m_k and standard deviation
        s_k, and the mean m of all frames. 0 for a bin that does not vary, inf for one that varies between classes only.
        Of several labels a clip, the mean over the classes of the ratio of two groups: the clips with the class, and
        those without it; 0 where all clips have all classes.

        Source: Fisher (1936), "The use of multiple measurements in taxonomic problems"; the ratio for several
        classes as in Bishop (2006), "Pattern Recognition and Machine Learning", section 4.1.6.
        """
        if self.without is None:
            return fisher_ratio(self.frames, self.means, self.spreads)
        having = self.frames, self.means, self.spreads
        frames, means, spreads = map(lambda *groups: np.stack(groups, axis=1), having, self.without)
        told = frames.all(axis=1)  # a class that all clips have is not told from anything
        if not told.any():
            return np.zeros(self.means.shape[1:])
        return np.mean(list(map(fisher_ratio, frames[told], means[told], spreads[told])), axis=0)


def fisher_ratio(frames: np.ndarray, means: np.ndarray, spreads: np.ndarray) -> np.ndarray:
    """`FeatureStatistics.fisher` `(C, F)` of K groups: `(K,)` frames, `(K, C, F)` means and standard deviations."""
    weights = (frames / frames.sum())[:, None, None]
    mean = (weights * means).sum(axis=0)
    between = (weights * (means - mean) ** 2).sum(axis=0)
    within = (weights * spreads**2).sum(axis=0)
    floor = CONSTANT * (between + within + mean**2)
    ratio = np.divide(between, within, out=np.full_like(mean, np.inf), where=within > floor)
    return np.where(between > floor, ratio, 0.0)


def sounding_frames(waveforms: Tensor, frontend: "Frontend") -> Tensor:
    """`(B, T)` → `(B, N)` bool: the frames around whose centres, half a hop to either side, not all samples are 0.

    Recordings are often filled up with zeros, of which a feature says nothing. Of a clip of zeros it is all frames.
    """
    _, n_samples = waveforms.shape
    sums = F.pad((waveforms.cpu() != 0).cumsum(dim=1), (1, 0))
    steps = torch.arange(frontend.n_frames(n_samples)) * frontend.hop_seconds
    centres = (steps + frontend.first_seconds) * frontend.input_rate
    half = frontend.hop_seconds * frontend.input_rate / 2
    first, stop = (ends.long().clamp(0, n_samples) for ends in ((centres - half).floor(), (centres + half).ceil()))
    sounding = sums[:, stop] > sums[:, first]
    return sounding | ~sounding.any(dim=1, keepdim=True)


class RunningStatistics:
    """The sums of `FeatureStatistics`, in float64, batch by batch.

    Args:
        num_classes: K.
        n_clips: clips that will come.
        shape: (C, F) of the features.
    """

    def __init__(self, num_classes: int, n_clips: int, shape: tuple[int, int]):
        self.frames = np.zeros(num_classes, dtype=np.int64)
        self.sums = np.zeros((num_classes, *shape))
        self.squares = np.zeros((num_classes, *shape))
        self.without: list[np.ndarray] | None = None  # the same of the clips without each class
        self.clip_means = np.zeros((n_clips, *shape))
        self.clip_spreads = np.zeros((n_clips, *shape))

    def update(self, features: Tensor, labels: np.ndarray, clips: np.ndarray, sounding: Tensor | None = None) -> None:
        """Add the features `(B, C, F, N)` of the clips numbered `clips` `(B,)`, of the classes `labels`.

        These are `(B,)`, or `(B, K)` bool: the frames of a clip count for each class that it has, and those without the
        class apart. `sounding` `(B, N)` bool says which frames count, None that all do.
        """
        features = features.to(float64_device(features.device)).double()
        counts = np.full(len(labels), features.shape[-1])
        if sounding is not None:
            features = features * sounding.to(features)[:, None, None]
            counts = sounding.sum(dim=1).cpu().numpy()
        sums, squares = (part.sum(dim=-1).cpu().numpy() for part in (features, features.square()))
        totals, values = [self.frames, self.sums, self.squares], (counts, sums, squares)
        if labels.ndim == 2:
            if self.without is None:
                self.without = [np.zeros_like(total) for total in totals]
            for groups, are_of in ((totals, labels), (self.without, ~labels)):
                for number, value in enumerate(values):
                    groups[number] += np.tensordot(are_of.T.astype(value.dtype), value, axes=1)
        else:
            for number, value in enumerate(values):
                np.add.at(totals[number], labels, value)
        frames = counts[:, None, None]
        self.clip_means[clips] = sums / frames
        self.clip_spreads[clips] = np.sqrt((squares / frames - (sums / frames) ** 2).clip(0))

    def result(self) -> FeatureStatistics:
        """The statistics of all that came."""
        clips = self.clip_means.copy(), self.clip_spreads.copy()
        without = None if self.without is None else group_statistics(*self.without)
        return FeatureStatistics(*group_statistics(self.frames, self.sums, self.squares), *clips, without)


def group_statistics(
    frames: np.ndarray, sums: np.ndarray, squares: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Frames `(K,)`, means and standard deviations `(K, C, F)` of groups; zeros for one without frames."""
    counts = frames.clip(1)[:, None, None]
    means = sums / counts
    return frames.copy(), means, np.sqrt((squares / counts - means**2).clip(0))


def compute_statistics(
    waveforms: "Waveforms",
    labels: np.ndarray,
    num_classes: int,
    frontends: Mapping[str, "Frontend"],
    progress: bool,
) -> dict[str, FeatureStatistics]:
    """Statistics of every front-end over all clips without their digital silence, in one pass over them.

    Args:
        waveforms: the clips, as of `esc_gpu.data.store.build.open_store`.
        labels: (clips,) int64 in 0..num_classes-1, or of several labels a clip (clips, K) bool.
        frontends: layers that take the clips' sample rate, by name.
        progress: whether to show a bar.

    Raises:
        EscGpuError: for a class without clips, several labels that all clips have, and clips too short for a front-end.
    """
    is_there = labels.any(axis=0) if labels.ndim == 2 else np.bincount(labels, minlength=num_classes) > 0
    missing = set(np.flatnonzero(~is_there).tolist())
    if labels.all() and labels.ndim == 2:
        raise EscGpuError(
            "every clip has every class; expected clips without some, to compare them; choose other recordings"
        )
    if missing or num_classes < 2:
        what = f"class {min(missing)} has no clips" if missing else "there is one class only"
        raise EscGpuError(f"{what}; expected clips of two classes or more, to compare them; choose other recordings")
    running = {
        name: RunningStatistics(num_classes, waveforms.n_clips, frontend.output_shape(waveforms.n_samples)[:2])
        for name, frontend in frontends.items()
    }
    with tqdm(total=waveforms.n_clips, desc="features", unit="clip", disable=not progress) as bar, torch.no_grad():
        for clips in np.split(np.arange(waveforms.n_clips), range(BATCH, waveforms.n_clips, BATCH)):
            batch = torch.from_numpy(waveforms.read(clips))
            for name, frontend in frontends.items():
                sounding = sounding_frames(batch, frontend)
                running[name].update(frontend(batch), labels[clips], clips, sounding)
            bar.update(len(clips))
    return {name: sums.result() for name, sums in running.items()}
