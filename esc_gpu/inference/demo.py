"""What the demo's page answers, as plain functions; the page around them is in `demo_page`."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from esc_gpu.core.channel import Channel
from esc_gpu.core.folds import Fold, the_fold
from esc_gpu.core.task import MULTI_LABEL, THRESHOLD
from esc_gpu.core.text import escape
from esc_gpu.core.waveform import to_float
from esc_gpu.data.clips.damaged_files import REMEDY
from esc_gpu.data.clips.decode import decode_clip, recording_samples
from esc_gpu.data.recordings.sounds import SAMPLE_RATE
from esc_gpu.data.recordings.synthetic import SOUNDS, make_clip
from esc_gpu.errors import EscGpuError
from esc_gpu.frontends.images import FeatureImage, compute_features
from esc_gpu.inference.formats import clock
from esc_gpu.inference.pipeline import Pipeline, load_pipeline
from esc_gpu.inference.predict import predict_file
from esc_gpu.report.figures.dark import darken
from esc_gpu.report.figures.recording import Figure, draw_features, draw_timeline
from esc_gpu.report.tables import percent, readable

MAX_MEGABYTES, MAX_MINUTES = 50, 10
PICTURE_SECONDS = 10  # of a recording's features at a time
TOP = 5
EXAMPLES = {name.replace("_", " "): name for name in SOUNDS}
EXAMPLE_SEED = 1  # not that of the embedded recordings: no model was trained on these sounds


@dataclass(frozen=True, eq=False)
class Answer:
    """What a model says of a recording.

    Attributes:
        probabilities: of the five likeliest classes, by their names, the likeliest first.
        summary: length, windows and time it is about, in a sentence.
        timeline: picture of what is heard when; None for a recording that is one window.
        segments: time, class and probability of each part of the timeline; none for one window.
    """

    probabilities: dict[str, float]
    summary: str
    timeline: Figure | None
    segments: list[list[str]]


def load_models(paths: Iterable[str], fold: Fold | None, device: str | torch.device = "cpu") -> dict[str, Pipeline]:
    """The pipelines of runs or of what `load_pipeline` takes else, by a name for each.

    Raises:
        EscGpuError: what `load_pipeline` raises.
    """
    names = {path: model_name(path) for path in paths}
    given = list(names.values())
    return {
        name if given.count(name) == 1 and name not in names else path: load_pipeline(path, fold, device)
        for path, name in names.items()
    }


def model_name(path: str) -> str:
    """The folder's name; of a fold's folder with that of its run."""
    folder = Path(path).resolve()
    return f"{folder.parent.name}/{folder.name}" if folder.name.startswith("fold") else folder.name


def describe(pipeline: Pipeline) -> str:
    """Which model this is, what it knows and how good it is, in a few sentences of Markdown."""
    info, model = pipeline.training_info, pipeline.model
    names = ", ".join(map(escape, readable(pipeline.class_names).values()))
    text = (
        f"{model.frontend.name} → {model.backbone_name}. The model classifies clips of {pipeline.clip_seconds:g} s at "
        f"{pipeline.sample_rate} Hz. It knows only these {len(pipeline.class_names)} classes: {names}."
    )
    metrics, fold = info.get("metrics") or {}, info.get("fold")
    if pipeline.task == MULTI_LABEL:
        text += " It can hear several of them at once, and gives each a probability of its own."
    if fold is not None and {"clips", "accuracy"} <= metrics.keys():
        kind = "synthetic recordings" if info.get("synthetic") else "recordings"
        text += (
            f"\n\nIt classified {percent(metrics['accuracy'], 1)}% of the {metrics['clips']} held-out {kind} of "
            f"{the_fold(fold)} correctly."
        )
    if fold is not None and {"clips", "map"} <= metrics.keys():
        text += (
            f"\n\nIts mean average precision is {percent(metrics['map'], 1)}% on the {metrics['clips']} held-out "
            f"recordings of {the_fold(fold)}."
        )
    return text


def example(name: str) -> tuple[int, np.ndarray]:
    """An example sound: its sample rate, and `(T,)` int16. It is synthetic, of five seconds."""
    return SAMPLE_RATE, make_clip(EXAMPLE_SEED, EXAMPLES[name], 0)


def answer(pipeline: Pipeline, path: str | Path, dark: bool = False) -> Answer:
    """What a model says of an audio file, with a figure for a page in light or `dark` mode.

    Raises:
        EscGpuError: for a file that is too large or too long, cannot be read, or holds no sound.
    """
    with speaking_of_uploads(path):
        seconds = check_recording(path)
        prediction = predict_file(pipeline, path)
        shown = readable(prediction.class_names)
        probabilities = {shown[name]: probability for name, probability in prediction.top(TOP)}
        if len(prediction.starts_seconds) == 1:
            return Answer(probabilities, f"The sound lasts {seconds:.1f} s and was classified as one clip.", None, [])
        waveform = read_part(path, 0, seconds, pipeline.sample_rate, pipeline.channel)
        figure = draw_timeline(
            waveform,
            pipeline.sample_rate,
            prediction.edges_seconds,
            prediction.window_probabilities,
            prediction.class_names,
            THRESHOLD if pipeline.task == MULTI_LABEL else None,
        )
        return Answer(
            probabilities,
            f"The sound lasts {clock(seconds)} (min:s). The probabilities are the mean over "
            f"{len(prediction.starts_seconds)} windows of {prediction.clip_seconds:g} s. Each window starts in the "
            "middle of the one before.",
            darken(figure) if dark else figure,
            [
                [
                    f"{clock(part.start_seconds)} – {clock(part.end_seconds)}",
                    shown[part.class_name],
                    f"{part.probability:.0%}",
                ]
                for part in prediction.timeline()
            ],
        )


def picture(
    pipelines: Mapping[str, Pipeline], path: str | Path, start_seconds: float = 0.0, dark: bool = False
) -> Figure:
    """The features of up to 10 s of an audio file, from `start_seconds` on, by each pipeline's front-end.

    The figure is for a page in light or `dark` mode. A file that is shorter than a pipeline's clip is shown with the
    silence that the pipeline sees behind it.

    Raises what `answer` does.
    """
    with speaking_of_uploads(path):
        clip_seconds = max(pipeline.clip_seconds for pipeline in pipelines.values())
        left = check_recording(path) - start_seconds
        # Two lengths and no others: constant-Q front-ends take seconds to make ready for a new one.
        seconds = clip_seconds if left <= clip_seconds else max(clip_seconds, PICTURE_SECONDS)
        features: dict[str, FeatureImage] = {}
        for name, pipeline in pipelines.items():
            rate, frontend = pipeline.sample_rate, {name: pipeline.model.frontend}
            waveform = torch.from_numpy(read_part(path, start_seconds, seconds, rate, pipeline.channel))
            features |= compute_features(waveform.to(pipeline.device), rate, frontend)
        rate = max(pipeline.sample_rate for pipeline in pipelines.values())
        channel = next(iter(pipelines.values())).channel
        shown = read_part(path, start_seconds, min(seconds, max(left, clip_seconds)), rate, channel)
        figure = draw_features(shown, rate, features, start_seconds)
        return darken(figure) if dark else figure


def read_part(path: str | Path, start_seconds: float, seconds: float, sample_rate: int, channel: Channel) -> np.ndarray:
    """`(T,)` float32 of an audio file, full scale at ±1; zeros follow where it ends."""
    start, samples = round(start_seconds * sample_rate), round(seconds * sample_rate)
    clip = decode_clip(Path(path), start, sample_rate=sample_rate, samples=samples, channel=channel)
    return to_float(torch.from_numpy(clip)[None])[0].numpy()


def check_recording(path: str | Path) -> float:
    """The length of an audio file in s.

    Raises:
        EscGpuError: for a file over 50 MB, one over 10 minutes by its header, and one that is no audio.
    """
    seconds = recording_samples(Path(path), 1000) / 1000
    megabytes = Path(path).stat().st_size / (1 << 20)  # as Gradio counts them
    if megabytes > MAX_MEGABYTES:
        raise EscGpuError(f"{path}: has {megabytes:.1f} MB; expected up to {MAX_MEGABYTES} MB; {REMEDY}")
    if seconds > 60 * MAX_MINUTES:
        raise EscGpuError(f"{path}: lasts {clock(seconds)} min; expected up to {MAX_MINUTES} min; {REMEDY}")
    return seconds


@contextmanager
def speaking_of_uploads(path: str | Path) -> Iterator[None]:
    """Errors say nothing of a csv, nor in which folder the page keeps the file."""
    try:
        yield
    except EscGpuError as error:
        message = (
            str(error)
            .replace(str(path), Path(path).name)
            .replace(REMEDY, "choose another file, or a shorter part of it")
        )
        raise EscGpuError(message) from error
