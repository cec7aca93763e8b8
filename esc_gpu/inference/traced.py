"""The graph of a pipeline: for clips of one length or of any, with the logits alone or with the embedding."""

import copy
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.export import Dim, ExportedProgram

from esc_gpu.core.checks import check_choice
from esc_gpu.errors import EscGpuError
from esc_gpu.frontends.delta import samples_of_frames
from esc_gpu.frontends.free_length import fixed_length, least_free
from esc_gpu.inference.pipeline import Pipeline
from esc_gpu.model.classifier import WaveformClassifier
from esc_gpu.model.explain import both_outputs

ASSERTION = "aten._assert_scalar.default"  # an operator that torch has no public name for
LENGTHS = ("fixed", "free")
OUTPUTS = ("logits", "embedding")
# Of the clips of which a graph for any length is made: a size of 1 inside a backbone, as of a narrow image, would stay.
EXAMPLE_FRAMES = 200


class WithEmbedding(nn.Module):
    """Waveform `(B, T)` → logits `(B, K)` and embedding `(B, D)`."""

    def __init__(self, model: WaveformClassifier):
        super().__init__()
        self.model = model

    def forward(self, waveform: Tensor) -> tuple[Tensor, Tensor]:
        embeddings, logits = both_outputs(self.model, waveform)
        return logits, embeddings


def trace(pipeline: Pipeline, length: str = "fixed", outputs: Sequence[str] = ("logits",)) -> ExportedProgram:
    """The pipeline's graph for any number of clips, of one length or, of length "free", of any."""
    model: Any = pipeline.model  # torch 2.11 types no memory_format of a module
    n_samples = pipeline.n_samples
    dimensions: dict[int, Dim] = {0: Dim("batch")}
    if length == "free":
        # The layout that is faster on a CPU hangs on the size of an image, and is nothing to a graph.
        model = copy.deepcopy(model)
        layers: Any = model  # `memory_format` is missing in the types of torch 2.11
        layers.to(memory_format=torch.contiguous_format)
        n_samples = example_samples(pipeline)
        dimensions[1] = Dim("samples", min=least_samples(pipeline, length))
    module = model if tuple(outputs) == OUTPUTS[:1] else WithEmbedding(model)
    example = torch.zeros(2, n_samples)  # one clip alone would fix the number
    with torch.no_grad():
        program = torch.export.export(
            module,
            (example,),
            dynamic_shapes=(dimensions,),
            prefer_deferred_runtime_asserts_over_guards=length == "free",
        )
    if length == "free":
        remove_asserts(program)
    return program


def example_samples(pipeline: Pipeline) -> int:
    """Samples of an example of clips of any length: wide inside a backbone, and no multiple of a hop or of a stride."""
    frontend = pipeline.model.frontend
    return max(pipeline.n_samples, samples_of_frames(frontend, EXAMPLE_FRAMES)) + frontend.hop_length // 3 + 1


def remove_asserts(program: ExportedProgram) -> None:
    """Take out what the exporter asserts of sizes.

    It has seen one example, and asserts of every clip what it saw there and cannot prove, such as an even number of
    columns before a pooling (torch 2.11). The operators themselves take any. What the graph then gives is compared at
    several lengths before its file gets a name.
    """
    for node in list(program.graph.nodes):
        if str(node.target) == ASSERTION:
            program.graph.erase_node(node)
    program.graph.eliminate_dead_code()
    program.graph_module.recompile()


def outputs_of(program: ExportedProgram) -> tuple[str, ...]:
    """The names of what a pipeline's graph gives."""
    return OUTPUTS[: len(program.graph_signature.user_outputs)]


def takes_any_length(program: ExportedProgram) -> bool:
    """Whether a pipeline's graph is one for clips of any length."""
    (name,) = program.graph_signature.user_inputs
    (waveform,) = [node for node in program.graph.nodes if node.name == name]
    return isinstance(waveform.meta["val"].shape[1], torch.SymInt)


def least_samples(pipeline: Pipeline, length: str) -> int:
    """Samples of the shortest clip that the graph takes."""
    if length == "fixed":
        return pipeline.n_samples
    return max(least_free(pipeline.model.frontend), pipeline.model.test_shifts)


def check_graph(pipeline: Pipeline, length: str, outputs: Sequence[str]) -> None:
    """Refuse a graph that there is none of.

    Raises:
        EscGpuError: for another length or output, a front-end whose graph takes one length only or needs longer clips
            than the training's, and a backbone that gives no embedding.
    """
    check_choice("length", length, LENGTHS)
    if tuple(outputs) not in (OUTPUTS[:1], OUTPUTS):
        raise EscGpuError(
            f"outputs are {','.join(outputs) or 'none'}; expected logits or logits,embedding; correct them"
        )
    model = pipeline.model
    if length == "free":
        if (reason := fixed_length(model.frontend)) is not None:
            name = model.frontend.name
            raise EscGpuError(f"{name} has no graph for clips of any length ({reason}): take --length fixed")
        if (least := least_samples(pipeline, length)) > pipeline.n_samples:
            raise EscGpuError(
                f"a graph for clips of any length takes {least} samples or more, and the model's clips have "
                f"{pipeline.n_samples}: take --length fixed"
            )
    if "embedding" in outputs and not hasattr(model.backbone, "forward_head"):
        raise EscGpuError(f"{model.backbone_name} gives no embedding (it has no forward_head): export the logits alone")
