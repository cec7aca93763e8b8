"""Classify recordings of any length with a trained pipeline."""

import dataclasses
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from esc_gpu.core.channel import Channel
from esc_gpu.core.progress import tqdm
from esc_gpu.data.clips.decode import SOURCE_RATES, read_samples, recording_samples
from esc_gpu.data.clips.levels import quantize, stack_waveforms
from esc_gpu.data.clips.windows import MAX_OVERLAP, cut_windows
from esc_gpu.errors import EscGpuError
from esc_gpu.inference.prediction import Prediction

SPARE_SHARE = 0.05  # of a clip: by less than this, a recording is longer because an encoder padded it
SPAN_SECONDS = 300  # decoded at a time: what bounds the memory, and the seeks, which MP3 answers slowly


class Classifier(Protocol):
    """What is asked of a pipeline here."""

    sample_rate: int
    n_samples: int
    class_names: list[str]
    channel: Channel
    task: str

    @property
    def device(self) -> torch.device: ...

    def __call__(self, waveform: Tensor) -> Tensor: ...

    def probabilities(self, logits: Tensor) -> Tensor: ...


def predict_file(
    pipeline: Classifier, path: str | Path, overlap: float | None = 0.5, batch_size: int = 32, progress: bool = False
) -> Prediction:
    """Classify an audio file of any length, format and sample rate.

    Windows of the pipeline's `clip_seconds` move over the file; neighbours share `overlap` (0 to 0.95) of their length,
    and the last window ends with the recording. A recording that is shorter than a window, or less than a twentieth
    longer, is one window: its beginning, padded with silence as in training.

    Args:
        pipeline: the trained pipeline.
        path: of the file, which is read in parts, so long files do not need more memory.
        overlap: of neighbouring windows; None classifies only the beginning, as a training without `data.overlap` does.
        batch_size: number of windows that the model classifies at once.
        progress: show a progress bar if the work takes more than a second.

    Raises:
        EscGpuError: for a file that cannot be read, is empty or damaged, or holds NaN or Inf, an option out of its
            range, a batch that does not fit into memory, and a model that returns NaN.
    """
    path = Path(path)
    duration_seconds, starts_seconds, batches = file_windows(pipeline, path, overlap, batch_size)
    probabilities, options = [], {"unit": "window", "delay": 1, "leave": False, "disable": not progress}
    with tqdm(desc=path.name, total=len(starts_seconds), **options) as bar:
        for batch in batches:
            probabilities.append(class_probabilities(pipeline, batch))
            bar.update(len(batch))
    return Prediction(
        path=path,
        class_names=pipeline.class_names,
        duration_seconds=duration_seconds,
        clip_seconds=pipeline.n_samples / pipeline.sample_rate,
        starts_seconds=starts_seconds,
        window_probabilities=np.concatenate(probabilities),
        task=pipeline.task,
    )


def file_windows(
    pipeline: Classifier, path: str | Path, overlap: float | None, batch_size: int
) -> tuple[float, np.ndarray, Iterator[Tensor]]:
    """The windows of a file, as `predict_file` cuts them, which has the arguments and the errors.

    Returns:
        The duration of the file in seconds; the starts `(W,)` of its windows in seconds, ascending; and batches of up
        to `batch_size` of them, `(B, n_samples)`, decoded when they are asked for.
    """
    check_options(overlap, batch_size)
    path, rate, samples = Path(path), pipeline.sample_rate, pipeline.n_samples
    if not _is_text(path):
        raise EscGpuError(f"{str(path)!a}: its name is not valid text in the encoding of this system: rename it")
    length = recording_samples(path, rate)
    overlap = None if length < (1 + SPARE_SHARE) * samples else overlap
    windows = cut_windows([path], sample_rate=rate, clip_seconds=samples / rate, overlap=overlap, progress=False)
    batches = _read_windows(path, windows.start, rate, samples, batch_size, pipeline.channel)
    return length / rate, windows.start / rate, batches


def predict_waveform(
    pipeline: Classifier,
    waveform: Tensor | np.ndarray | Sequence[float],
    sample_rate: int | None = None,
    overlap: float | None = 0.5,
    batch_size: int = 32,
) -> Prediction:
    """Classify a waveform `(T,)`, int16 or float with full scale at ±1, like a file with these samples.

    Its `sample_rate` (Hz) is by default the pipeline's. Options and errors as in `predict_file`.
    """
    import soundfile

    waveform = torch.as_tensor(waveform)
    if waveform.ndim != 1 or not (waveform.dtype == torch.int16 or waveform.is_floating_point()):
        raise EscGpuError(
            f"a waveform is (T,) int16 or floating, got {tuple(waveform.shape)} {waveform.dtype}: convert it first"
        )
    rate = pipeline.sample_rate if sample_rate is None else sample_rate
    if not SOURCE_RATES[0] <= rate <= SOURCE_RATES[1] or rate % 1:
        lowest, highest = SOURCE_RATES
        raise EscGpuError(
            f"sample_rate is {rate}; expected a whole number of Hz from {lowest} to {highest}; correct it"
        )
    subtype = {torch.int16: "PCM_16", torch.float64: "DOUBLE"}.get(waveform.dtype, "FLOAT")
    samples = (waveform.float() if subtype == "FLOAT" else waveform).detach().cpu().numpy()
    with temporary_recording("the waveform") as file:
        soundfile.write(file, samples, int(rate), subtype, format="W64")
        return dataclasses.replace(predict_file(pipeline, file, overlap, batch_size), path=None)


@contextmanager
def temporary_recording(name: str) -> Iterator[Path]:
    """A path for a recording that is no file of the user's; errors call it `name`."""
    with tempfile.TemporaryDirectory(prefix="esc_gpu-") as folder:
        file = Path(folder) / "recording"
        try:
            yield file
        except EscGpuError as error:
            raise EscGpuError(str(error).replace(str(file), name)) from error
        except OSError as error:
            raise EscGpuError(f"{name} cannot be kept in {folder} ({error.strerror}): set TMPDIR") from error


def check_options(overlap: float | None, batch_size: int) -> None:
    """Refuse an option out of its range."""
    if overlap is not None and not 0 <= overlap <= MAX_OVERLAP:
        raise EscGpuError(f"overlap is {overlap}; expected a share from 0 to {MAX_OVERLAP}; correct it")
    if batch_size < 1:
        raise EscGpuError(f"the batch size is {batch_size}; expected 1 or more; correct it")


def _is_text(path: Path) -> bool:
    """Whether libsndfile can be given the name: Python keeps bytes that are no characters as surrogates."""
    return not any("\ud800" <= character <= "\udfff" for character in str(path))


def _read_windows(
    path: Path, starts: np.ndarray, rate: int, samples: int, batch_size: int, channel: Channel
) -> Iterator[Tensor]:
    """Batches `(B, samples)` of the windows at `starts`, int16 or float as `decode_clip` gives each.

    They are decoded a span of many windows at a time: the windows share half of their samples or more, and opening a
    file anew for each takes a seek, which in MP3 takes longer the further it goes.
    """
    spans = np.split(starts, np.flatnonzero(np.diff(starts // (SPAN_SECONDS * rate))) + 1)
    for span in spans:
        length = int(span[-1] - span[0]) + samples
        decoded = read_samples(path, int(span[0]), sample_rate=rate, samples=length, channel=channel)
        for first in range(0, len(span), batch_size):
            places = (span[first : first + batch_size] - span[0]).tolist()
            parts = [decoded.waveform[place : place + samples] for place in places]
            yield torch.from_numpy(
                stack_waveforms([quantize(part, samples, decoded.may_exceed).waveform for part in parts])
            )


@torch.no_grad()  # what a front-end keeps may be needed for a gradient later
def class_probabilities(pipeline: Classifier, batch: Tensor) -> np.ndarray:
    """`(B, K)` float32, on the CPU."""
    with reporting_memory(pipeline.device, len(batch)):
        probabilities = pipeline.probabilities(pipeline(batch)).cpu()
    if not probabilities.isfinite().all():
        raise EscGpuError("the model returns NaN: its weights are damaged, or its precision is too low; train it again")
    return probabilities.numpy()


@contextmanager
def reporting_memory(device: torch.device, n_clips: int) -> Iterator[None]:
    """A batch of `n_clips` that does not fit into the device's memory is a user's mistake."""
    try:
        yield
    except RuntimeError as error:
        if "out of memory" not in str(error):  # Apple's MPS raises no torch.OutOfMemoryError
            raise
        raise EscGpuError(
            f"{device} does not have enough memory for {n_clips} clips at once: choose a smaller batch size"
        ) from error
