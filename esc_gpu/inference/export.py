"""A trained pipeline in one file that needs nothing of this package: an ONNX graph, or a program of torch.export."""

import io
import json
import logging
import os
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.export import ExportedProgram

from esc_gpu.core.checks import check_choice
from esc_gpu.core.extras import EXTRAS, require
from esc_gpu.core.files import replacing
from esc_gpu.core.progress import tqdm
from esc_gpu.core.version import __version__
from esc_gpu.core.waveform import to_float
from esc_gpu.data.clips.decode import decode_clip
from esc_gpu.errors import EscGpuError, first_line
from esc_gpu.inference.pipeline import Pipeline

SUFFIXES = {"onnx": ".onnx", "torch": ".pt2"}
TOLERANCE = 1e-3  # between a logit of the file and the checkpoint's
OPSET = 18
# Above this torch writes the weights of an ONNX graph into a second file; a single one ends at protobuf's 2 GiB.
MAX_ONNX_BYTES = 1536 * 2**20
CHECK_BATCH = 8


@dataclass(frozen=True)
class Agreement:
    """How far a file's logits are from the checkpoint's.

    Attributes:
        n_clips: that were compared.
        max_difference: the greatest between two logits; NaN if one is not finite.
        n_other_classes: clips for which another class is the likeliest.
        n_other_predictions: clips for which the pipeline itself, in its own precision, names another class.
    """

    n_clips: int
    max_difference: float
    n_other_classes: int
    n_other_predictions: int = 0

    @property
    def holds(self) -> bool:
        """Whether the file can stand for the checkpoint."""
        return self.max_difference <= TOLERANCE and self.n_other_classes == 0


def export(pipeline: Pipeline, file: str | Path, format: str, clips: Tensor, progress: bool = True) -> Agreement:
    """Write `waveform (batch, n_samples) → logits (batch, K)`, both float32, in one file, with any number of clips.

    The file is read back and compared with the pipeline on `clips` before it takes its name, so that there is none
    that disagrees: with its model in float32, which the file is, and with what it answers in its own precision, which
    is counted. Its metadata is `describe(pipeline)`, each value as JSON.

    Args:
        pipeline: on the CPU.
        file: ends in .onnx or .pt2.
        format: "onnx", or "torch" for `torch.export.load`.
        clips: `(n, n_samples)` int16 or float, full scale at ±1: real ones, for which the classes can differ.
        progress: show a bar.

    Raises:
        EscGpuError: for another format or suffix, clips that are no waveforms, a folder that cannot be written to,
            packages that are missing, a pipeline that cannot be exported, and a file that disagrees; nothing is
            written then.
    """
    check_choice("format", format, tuple(SUFFIXES))
    file, clips = Path(os.path.expanduser(file)), to_float(clips)
    if file.suffix != SUFFIXES[format]:
        raise EscGpuError(f"{file} does not end in {SUFFIXES[format]}, the suffix of format {format}: rename it")
    if format == "onnx":
        for package in EXTRAS["onnx"]:
            require(package, "ONNX", ", or use --format torch")
    write, read = {"onnx": (write_onnx, open_onnx), "torch": (write_torch, open_torch)}[format]
    metadata = {name: json.dumps(value, ensure_ascii=False) for name, value in describe(pipeline).items()}
    try:
        with replacing(file) as temporary, quiet():
            write(trace(pipeline), metadata, temporary)
            agreement = measure_agreement(read(temporary), pipeline, clips, progress)
            if not agreement.holds:
                raise EscGpuError(
                    f"the exported {format} file differs by {agreement.max_difference:.2g} in a logit and predicts "
                    f"another class for {agreement.n_other_classes} of {agreement.n_clips} clips, expected at most "
                    f"{TOLERANCE:g} and 0: nothing was written; try the other --format"
                )
    except EscGpuError:
        raise
    except OSError as error:
        raise EscGpuError(f"cannot write {file} ({error.strerror or error}): choose another --output") from error
    except Exception as error:  # the exporters and runtimes raise all kinds
        raise EscGpuError(cannot(pipeline, format, error)) from error
    return agreement


def describe(pipeline: Pipeline) -> dict[str, Any]:
    """What a file says of itself, as plain types."""
    return {
        "class_names": list(pipeline.class_names),
        "sample_rate": pipeline.sample_rate,
        "n_samples": pipeline.n_samples,
        "clip_seconds": pipeline.clip_seconds,
        "waveform": "(batch, n_samples) float32, mono at sample_rate Hz, full scale at ±1",
        "logits": "(batch, classes) float32, in the order of class_names; their softmax are the probabilities",
        "licence": pipeline.training_info.get("licence"),
        "frontend": pipeline.model.frontend.spec,
        "backbone": pipeline.model.backbone_name,
        "esc_gpu_version": __version__,
    }


def read_clips(pipeline: Pipeline, paths: Sequence[Path]) -> Tensor:
    """The beginning of each recording as the pipeline was trained on it: `(n, n_samples)` float32, full scale at ±1.

    Raises:
        EscGpuError: for a file that `decode_clip` refuses.
    """
    clips = [decode_clip(path, 0, sample_rate=pipeline.sample_rate, samples=pipeline.n_samples) for path in paths]
    return to_float(torch.from_numpy(np.stack(clips)))


def trace(pipeline: Pipeline) -> ExportedProgram:
    """The pipeline's graph for any number of clips, of one length."""
    example = torch.zeros(2, pipeline.n_samples)  # one clip alone would fix the number
    with torch.no_grad():
        return torch.export.export(pipeline.model, (example,), dynamic_shapes=({0: torch.export.Dim("batch")},))


def write_onnx(program: ExportedProgram, metadata: dict[str, str], file: Path) -> None:
    """The program as ONNX, weights included."""
    graph: Any = torch.onnx.export(
        program,
        dynamo=True,
        verbose=False,
        opset_version=OPSET,
        input_names=["waveform"],
        output_names=["logits"],
        dynamic_shapes=({0: "batch"},),
    )
    n_bytes = sum(weight.const_value.nbytes for weight in graph.model.graph.initializers.values())
    if n_bytes > MAX_ONNX_BYTES:
        raise EscGpuError(
            f"the pipeline's constants are {n_bytes / 1e9:.2f} GB, but one ONNX file holds at most "
            f"{MAX_ONNX_BYTES / 1e9:.2f}: use --format torch, or train a smaller backbone"
        )
    graph.model.metadata_props.update(metadata)
    graph.save(file)


def write_torch(program: ExportedProgram, metadata: dict[str, str], file: Path) -> None:
    """The program as a .pt2 archive, the metadata as its extra files."""
    archive = io.BytesIO()  # on a full disk torch's own writer ends the process
    torch.export.save(program, archive, extra_files=metadata)
    file.write_bytes(archive.getbuffer())


def open_onnx(file: Path) -> Callable[[Tensor], Tensor]:
    """The graph in a file, as onnxruntime runs it on the CPU."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3  # errors
    options.intra_op_num_threads = torch.get_num_threads()
    session = onnxruntime.InferenceSession(file, options, providers=["CPUExecutionProvider"])
    return lambda clips: torch.from_numpy(session.run(["logits"], {"waveform": clips.numpy()})[0])


def open_torch(file: Path) -> Callable[[Tensor], Tensor]:
    """The program in a file."""
    return torch.export.load(file).module()


@torch.no_grad()
def measure_agreement(
    answer: Callable[[Tensor], Tensor], pipeline: Pipeline, clips: Tensor, progress: bool
) -> Agreement:
    """Run both on all clips, the first of them alone since a batch may be of any size."""
    differences, n_other_classes, n_other_predictions = [], 0, 0
    with tqdm(desc="check", total=len(clips), unit="clip", disable=not progress) as bar:
        for batch in (clips[:1], *clips[1:].split(CHECK_BATCH)):
            if len(batch):
                given, expected = answer(batch), pipeline.model(batch)
                predicted = expected if pipeline.precision == "no" else pipeline(batch)
                differences.append((given - expected).abs().max())
                n_other_classes += int((given.argmax(1) != expected.argmax(1)).sum())
                n_other_predictions += int((given.argmax(1) != predicted.argmax(1)).sum())
                bar.update(len(batch))
    return Agreement(len(clips), float(torch.stack(differences).max()), n_other_classes, n_other_predictions)


def cannot(pipeline: Pipeline, format: str, error: Exception) -> str:
    """Why the exporter gave up, in one line, and what to do."""
    frontend, backbone = pipeline.model.frontend, pipeline.model.backbone_name
    reason = first_line(error)
    remedy = "train it with --frontend.backend native, which gives the same numbers"
    if frontend.backend == "native":
        remedy = "choose another backbone"
    return f"{frontend.name} ({frontend.backend}) → {backbone} cannot be exported as {format} ({reason}): {remedy}"


@contextmanager
def quiet() -> Iterator[None]:
    """Without the exporters' warnings, which are about their own code."""
    disabled = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(disabled)
