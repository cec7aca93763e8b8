"""All that a report shows of a run: its numbers, and what its models make of its recordings."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from sklearn.manifold import TSNE
from torch import Tensor

from esc_gpu.core.device import best_device
from esc_gpu.core.folds import Fold
from esc_gpu.core.progress import tqdm
from esc_gpu.core.run_layout import PREDICTIONS, WEIGHTS
from esc_gpu.core.waveform import to_float
from esc_gpu.errors import EscGpuError
from esc_gpu.evaluation.decisions import Decisions, decide
from esc_gpu.evaluation.feature_statistics import RunningStatistics, sounding_frames
from esc_gpu.evaluation.finished_run import RunResults
from esc_gpu.evaluation.task_assessment import assess_runs
from esc_gpu.experiment.run_clips import RunClips, open_run_clips
from esc_gpu.frontends import Frontend
from esc_gpu.frontends.images import FeatureImage, feature_image
from esc_gpu.model import checkpoint
from esc_gpu.model.classifier import WaveformClassifier
from esc_gpu.model.explain import embed_and_classify, grad_cam, map_cells
from esc_gpu.model.outputs import OUTPUTS
from esc_gpu.report.audio import encode_audio
from esc_gpu.report.contents import Example, FoldMap, FrontendSummary, Mistake, RunReport

PERPLEXITY = 30.0  # of t-SNE, where a fold has clips enough
# Training may have been in bfloat16, which moves a probability by some thousandths.
LARGEST_DIFFERENCE = 0.1


@dataclass(frozen=True, eq=False)
class Seen:
    """What a fold's model makes of the recordings that it is tested on; of several windows, their means.

    Attributes:
        rows: `(n,)` of `predictions.csv`, ascending.
        embeddings: `(n, D)`.
        probabilities: `(n, K)`.
        clips: `(windows,)` the numbers of all their windows.
        window_probabilities: `(windows, K)`.
    """

    rows: np.ndarray
    embeddings: np.ndarray
    probabilities: np.ndarray
    clips: np.ndarray
    window_probabilities: np.ndarray


def collect(
    run: RunResults,
    root: str | Path | None = None,
    *,
    audio: bool = True,
    n_mistakes: int | None = None,
    progress: bool = True,
    validated: RunResults | None = None,
) -> RunReport:
    """Everything that a report shows of a run.

    Args:
        run: as `read_run` gives it.
        root: folder of its recordings, where they are not in the place that its config names.
        audio: whether clips come with a sound file.
        n_mistakes: the most mistakes to explain, 0 or more; None for all.
        progress: show a bar.
        validated: a run to choose thresholds by, as of `esc_gpu.evaluation.task_assessment.assess_runs`.

    Raises:
        EscGpuError: for recordings or models that are missing, or not those of the run; and as of `assess_runs`.
    """
    if n_mistakes is not None and n_mistakes < 0:
        raise EscGpuError(f"mistakes is {n_mistakes}; expected 0 or more; correct it, or leave it out for all")
    run.check_reported()  # what is missing is said before the work
    for fold in run.fold_numbers:
        run.history(fold)
        if not (run.fold_folder(fold) / WEIGHTS).is_file():
            raise EscGpuError(f"{run.fold_folder(fold)} has no {WEIGHTS}: train the run again")
    assessment = assess_runs([run], validated=validated)
    clips = open_run_clips(run, root, progress)
    decisions = decide(run, assessment)
    labels = np.flatnonzero(run.has_class.any(axis=0))
    firsts = example_rows(run, labels)
    shown = np.unique(firsts)  # a clip may be the example of several classes
    listed = decisions.mistakes[:n_mistakes]
    models = {fold: checkpoint.load(run.fold_folder(fold), best_device()) for fold in run.fold_numbers}
    model = models[run.fold_numbers[0]]
    heat_cells, no_heat = try_heat(model, clips.n_samples)
    frontend = describe_frontend(model.frontend, clips.n_samples)
    statistics = RunningStatistics(len(labels), len(clips.windows.start), frontend.shape[:2])
    maps, examples, mistakes = [], {}, {}
    total = len(clips.windows.start) + len(shown) + len(listed)
    with tqdm(desc="clips", total=total, unit="clip", disable=not progress) as bar:
        for fold, model in models.items():
            seen = look_at(model, clips, run, fold, statistics, bar)
            check_predictions(run, fold, seen)
            maps.append(FoldMap(fold, seen.rows, map_to_plane(seen.embeddings)))
            for row in np.intersect1d(shown, seen.rows).tolist():
                examples[row] = show_example(model, clips, row, audio)
                bar.update()
            for row in np.intersect1d(listed, seen.rows).tolist():
                mistakes[row] = show_mistake(model, clips, decisions, row, seen, audio, with_heat=no_heat is None)
                bar.update()
    return RunReport(
        run=run,
        assessment=assessment,
        sample_rate=clips.sample_rate,
        clip_seconds=clips.clip_seconds,
        frontend=frontend,
        labels=labels.tolist(),
        statistics=statistics.result(),
        examples=[examples[row] for row in firsts.tolist()],
        maps=maps,
        mistakes=[mistakes[row] for row in listed.tolist()],
        n_mistakes=len(decisions.mistakes),
        heat_cells=heat_cells,
        no_heat=no_heat,
    )


def example_rows(run: RunResults, labels: np.ndarray) -> np.ndarray:
    """For each of these classes the first recording that has it, of those with the fewest labels."""
    n_labels = run.has_class.sum(axis=1)
    rows = []
    for label in labels.tolist():
        mine = np.flatnonzero(run.has_class[:, label])
        rows.append(mine[n_labels[mine].argmin()])
    return np.array(rows, dtype=np.int64)


def renumbered(run: RunResults) -> np.ndarray:
    """The labels of the run, `(n,)` or `(n, K')`, counting the K' classes that have clips."""
    labels = np.flatnonzero(run.has_class.any(axis=0))
    return run.labels[:, labels] if run.labels.ndim == 2 else np.searchsorted(labels, run.labels)


def describe_frontend(frontend: Frontend, n_samples: int) -> FrontendSummary:
    return FrontendSummary(
        frontend.spec, frontend.channel_axes(), frontend.output_shape(n_samples), frontend.hop_seconds
    )


def try_heat(model: WaveformClassifier, n_samples: int) -> tuple[tuple[int, int] | None, str | None]:
    """How fine Grad-CAM is, or what it has against the model's backbone: then the report goes without."""
    try:
        return map_cells(model, n_samples), None
    except EscGpuError as error:
        return None, str(error)


def look_at(
    model: WaveformClassifier, clips: RunClips, run: RunResults, fold: Fold, statistics: RunningStatistics, bar: tqdm
) -> Seen:
    """Show the model all windows of its fold's recordings, and add their features to the statistics."""
    rows = np.flatnonzero(run.folds == fold)
    numbers = np.flatnonzero(np.isin(clips.windows.recording, rows))
    classes = renumbered(run)
    outputs = OUTPUTS[run.task]
    parts = []
    for batch, waveform in clips.batches(numbers):
        waveform = waveform.to(model.frontend.precision.device)
        with torch.no_grad():
            sounding = sounding_frames(waveform, model.frontend)
            statistics.update(model.frontend(waveform), classes[clips.windows.recording[batch]], batch, sounding)
        embedding, logits = embed_and_classify(model, waveform)
        parts.append([part.cpu().double().numpy() for part in (embedding, outputs.probabilities(logits))])
        bar.update(len(batch))
    embeddings, probabilities = (np.concatenate(part) for part in zip(*parts, strict=True))
    # The windows of a recording are neighbours.
    first, windows = np.unique(clips.windows.recording[numbers], return_index=True, return_counts=True)[1:]
    means = [np.add.reduceat(values, first, axis=0) / windows[:, None] for values in (embeddings, probabilities)]
    return Seen(rows, means[0], means[1], numbers, probabilities)


def check_predictions(run: RunResults, fold: Fold, seen: Seen) -> None:
    """Refuse recordings or a model that give other probabilities than those in `predictions.csv`."""
    columns = run.predictions[seen.rows]
    difference = np.abs(seen.probabilities[np.arange(len(columns)), columns] - run.probabilities[seen.rows, columns])
    if not difference.mean() <= LARGEST_DIFFERENCE:  # or NaN
        raise EscGpuError(
            f"the model in {run.fold_folder(fold)} gives these recordings other probabilities than {PREDICTIONS} "
            f"has, {difference.mean():.2f} apart on average: name the folder of the run's recordings with --root DIR, "
            "or train the run again"
        )


def map_to_plane(embeddings: np.ndarray) -> np.ndarray:
    """Embeddings `(n, D)` → points `(n, 2)` that fill `[0, 1]` both ways: t-SNE with a fixed seed.

    Source: van der Maaten & Hinton, Visualizing data using t-SNE, JMLR 9 (2008); scikit-learn's implementation.
    """
    n_clips = len(embeddings)
    if n_clips < 3:  # nothing to arrange
        return np.linspace(0.25, 0.75, n_clips)[:, None].repeat(2, axis=1)
    perplexity = min(PERPLEXITY, (n_clips - 1) / 3)
    # Principal components need two axes and, or scikit-learn divides by 0, clips that differ.
    start = "pca" if min(embeddings.shape) > 1 and np.ptp(embeddings, axis=0).any() else "random"
    points = TSNE(perplexity=perplexity, init=start, random_state=0).fit_transform(embeddings.astype(np.float32))
    low, high = points.min(axis=0), points.max(axis=0)
    return (points - low) / np.maximum(high - low, np.finfo(np.float32).tiny)


def show_example(model: WaveformClassifier, clips: RunClips, row: int, audio: bool) -> Example:
    """The beginning of a recording."""
    clip = int(np.flatnonzero(clips.windows.recording == row)[0])
    common, waveform = show(model, clips, clip, audio)
    with torch.no_grad():
        inputs = standardised(feature_image(model.frontend, model.normalized_features(waveform)[0]))
    return Example(**common, waveform=to_float(waveform.cpu(), torch.float64)[0].numpy(), inputs=inputs)


def standardised(image: FeatureImage) -> FeatureImage:
    """The image in the unit of normalised features."""
    channels = {name: standardised(channel) for name, channel in image.channels.items()}
    return replace(image, value_unit="standard deviations", is_signed=True, channels=channels)


def show_mistake(
    model: WaveformClassifier,
    clips: RunClips,
    decisions: Decisions,
    row: int,
    seen: Seen,
    audio: bool,
    with_heat: bool,
) -> Mistake:
    """The window of a recording that speaks most for the class that is wrongly heard, or else for the missed one."""
    windows = np.flatnonzero(clips.windows.recording[seen.clips] == row)
    classes = decisions.surest(row)
    probabilities = seen.window_probabilities[windows, next(iter(classes.values()))]
    clip = int(seen.clips[windows[probabilities.argmax()]])
    common, waveform = show(model, clips, clip, audio)
    explained = classes if with_heat else {}
    heat = {name: grad_cam(model, waveform, [label])[0].half().cpu().numpy() for name, label in explained.items()}
    return Mistake(**common, heat=heat)


def show(model: WaveformClassifier, clips: RunClips, clip: int, audio: bool) -> tuple[dict[str, Any], Tensor]:
    """The fields of a `Clip`, and its waveform `(1, T)` on the model's device."""
    waveform = clips.read(np.array([clip]))
    sound = encode_audio(waveform[0].numpy(), clips.sample_rate) if audio else None
    waveform = waveform.to(model.frontend.precision.device)
    with torch.no_grad():
        features = feature_image(model.frontend, model.frontend(waveform)[0])
    row, start_seconds = int(clips.windows.recording[clip]), int(clips.windows.start[clip]) / clips.sample_rate
    return {"row": row, "start_seconds": start_seconds, "features": features, "audio": sound}, waveform
