"""A trained pipeline in one file that needs nothing of this package: an ONNX graph, or a program of torch.export."""

import io
import json
import logging
import os
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.export import ExportedProgram

from esc_gpu.core.checks import check_choice
from esc_gpu.core.extras import EXTRAS, require
from esc_gpu.core.files import replacing
from esc_gpu.core.version import __version__
from esc_gpu.core.waveform import to_float
from esc_gpu.data.clips.decode import decode_clip
from esc_gpu.data.clips.levels import stack_waveforms
from esc_gpu.errors import EscGpuError, first_line
from esc_gpu.inference.agreement import TOLERANCE, Agreement, Answer, measure_agreement, other_lengths
from esc_gpu.inference.pipeline import Pipeline
from esc_gpu.inference.traced import check_graph, least_samples, outputs_of, takes_any_length, trace
from esc_gpu.model.outputs import OUTPUTS as MEANINGS

SUFFIXES = {"onnx": ".onnx", "torch": ".pt2"}
OPSET = 18
# Above this torch writes the weights of an ONNX graph into a second file; a single one ends at protobuf's 2 GiB.
MAX_ONNX_BYTES = 1536 * 2**20


def export(
    pipeline: Pipeline,
    file: str | Path,
    format: str,
    clips: Tensor,
    progress: bool = False,
    *,
    length: str = "fixed",
    outputs: Sequence[str] = ("logits",),
) -> Agreement:
    """Write `waveform (batch, n_samples) → logits (batch, K)`, both float32, in one file, with any number of clips.

    The file is read back and compared with the pipeline on `clips` before it takes its name, so that there is none
    that disagrees: with its model in float32, which the file is, and with what it answers in its own precision, which
    is counted. Its metadata is `describe(pipeline, length, outputs)`, each value as JSON.

    Args:
        pipeline: on the CPU.
        file: ends in .onnx or .pt2.
        format: "onnx", or "torch" for `torch.export.load`.
        clips: `(n, n_samples)` int16 or float, full scale at ±1: real ones, for which the classes can differ.
        progress: show a bar.
        length: "fixed" for clips of `n_samples` only, or "free" for clips of any length: `waveform (batch, samples)`.
            Some of the clips are then compared at other lengths as well.
        outputs: ("logits",), or ("logits", "embedding") for a second output `(batch, D)`, that of
            `esc_gpu.model.explain.embed`.

    Raises:
        EscGpuError: for another format, suffix, length or output, clips that are no waveforms, a folder that cannot be
            written to, packages that are missing, a pipeline that cannot be exported, or not in this way, and a file
            that disagrees; nothing is written then.
    """
    check_choice("format", format, tuple(SUFFIXES))
    file, clips = Path(os.path.expanduser(file)), to_float(clips)
    if file.suffix != SUFFIXES[format]:
        raise EscGpuError(f"{file} does not end in {SUFFIXES[format]}, the suffix of format {format}: rename it")
    if format == "onnx":
        for package in EXTRAS["onnx"]:
            require(package, "ONNX", ", or use --format torch")
    check_graph(pipeline, length, outputs)
    write, read = {"onnx": (write_onnx, open_onnx), "torch": (write_torch, open_torch)}[format]
    described = describe(pipeline, length, outputs)
    metadata = {name: json.dumps(value, ensure_ascii=False) for name, value in described.items()}
    try:
        with replacing(file) as temporary, quiet():
            write(trace(pipeline, length, outputs), metadata, temporary)
            tried = other_lengths(least_samples(pipeline, length), pipeline.n_samples) if length == "free" else ()
            agreement = measure_agreement(read(temporary), pipeline, clips, progress, tried)
            if not agreement.holds:
                of_embedding = f", by {agreement.embedding_difference:.2g} in an embedding" if len(outputs) > 1 else ""
                raise EscGpuError(
                    f"the exported {format} file differs by {agreement.max_difference:.2g} in a logit{of_embedding} "
                    f"and predicts another class for {agreement.n_other_classes} of {agreement.n_clips} clips, "
                    f"expected at most {TOLERANCE:g} and 0: nothing was written; try the other --format"
                )
    except EscGpuError:
        raise
    except OSError as error:
        raise EscGpuError(f"cannot write {file} ({error.strerror or error}): choose another --output") from error
    except Exception as error:  # the exporters and runtimes raise all kinds
        raise EscGpuError(cannot(pipeline, format, length, error)) from error
    return agreement


def describe(pipeline: Pipeline, length: str = "fixed", outputs: Sequence[str] = ("logits",)) -> dict[str, Any]:
    """What a file says of itself, as plain types."""
    samples = "n_samples" if length == "fixed" else "samples"
    described = {
        "class_names": list(pipeline.class_names),
        "sample_rate": pipeline.sample_rate,
        "n_samples": pipeline.n_samples,
        "min_samples": least_samples(pipeline, length),
        "clip_seconds": pipeline.clip_seconds,
        "length": length,
        "waveform": f"(batch, {samples}) float32, mono at sample_rate Hz, full scale at ±1",
        "task": pipeline.task,
        "logits": "(batch, classes) float32, in the order of class_names; the probabilities are their "
        + MEANINGS[pipeline.task].function,
        "embedding": "(batch, D) float32, what the last layer makes the logits of",
        "licence": pipeline.training_info.get("licence"),
        "frontend": pipeline.model.frontend.spec,
        "backbone": pipeline.model.backbone_name,
        "esc_gpu_version": __version__,
    }
    return {name: value for name, value in described.items() if name != "embedding" or name in outputs}


def read_clips(pipeline: Pipeline, paths: Sequence[Path]) -> Tensor:
    """The beginning of each recording as the pipeline was trained on it: `(n, n_samples)` float32, full scale at ±1.

    Raises:
        EscGpuError: for a file that `decode_clip` refuses.
    """
    rate, samples, channel = pipeline.sample_rate, pipeline.n_samples, pipeline.channel
    clips = [decode_clip(path, 0, sample_rate=rate, samples=samples, channel=channel) for path in paths]
    return to_float(torch.from_numpy(stack_waveforms(clips)))


def write_onnx(program: ExportedProgram, metadata: dict[str, str], file: Path) -> None:
    """The program as ONNX, weights included."""
    graph: Any = torch.onnx.export(
        program,
        verbose=False,
        opset_version=OPSET,
        input_names=["waveform"],
        output_names=list(outputs_of(program)),
        dynamic_shapes=({0: "batch", 1: "samples"} if takes_any_length(program) else {0: "batch"},),
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


def open_onnx(file: Path) -> Answer:
    """The graph in a file, as onnxruntime runs it on the CPU."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3  # errors
    options.intra_op_num_threads = torch.get_num_threads()
    session = onnxruntime.InferenceSession(file, options, providers=["CPUExecutionProvider"])

    def answer(clips: Tensor) -> Tensor | tuple[Tensor, Tensor]:
        outputs = [torch.from_numpy(output) for output in session.run(None, {"waveform": clips.numpy()})]
        return outputs[0] if len(outputs) == 1 else (outputs[0], outputs[1])

    return answer


def open_torch(file: Path) -> Answer:
    """The program in a file."""
    return torch.export.load(file).module()


def cannot(pipeline: Pipeline, format: str, length: str, error: Exception) -> str:
    """Why the exporter gave up, in one line, and what to do."""
    frontend, backbone = pipeline.model.frontend, pipeline.model.backbone_name
    reason = first_line(error.__cause__ or error)  # torch.onnx tells of its steps first
    if length == "free":
        format, remedy = f"{format} for clips of any length", "take --length fixed"
    elif frontend.backend == "native":
        remedy = "choose another backbone"
    else:
        remedy = "train it with --frontend.backend native, which gives the same numbers"
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
