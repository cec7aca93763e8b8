"""Which front-ends go through torch.compile, torch.export and ONNX, and how close the graphs' numbers are.

python -m benchmarks.exactness.graphs
"""

import argparse
import functools
import importlib
import sys
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.export import ExportedProgram
from tqdm import tqdm

from benchmarks.common import difference
from benchmarks.common.command import add_output, create_parser
from benchmarks.common.inputs import default_options
from benchmarks.common.results_file import keep_result
from esc_gpu import WaveformClassifier, create_frontend, list_frontends
from esc_gpu.cli.reporting import reporting
from esc_gpu.frontends.registry import list_backends

OPSET = 18
LIMIT = 1e-4  # relative L2 between a graph's output and the layer's


def main(argv: list[str] | None = None) -> int:
    parser = create_parser(__spec__, __doc__)
    parser.add_argument("--only", nargs="+", metavar="NAME", help="front-ends, or 'model' (default: all)")
    parser.add_argument("--backend", default="inductor", help="of torch.compile (default: inductor)")
    parser.add_argument("--seconds", type=float, default=1.0, help="length of the clips (default: 1)")
    add_output(parser)
    arguments = parser.parse_args(argv)
    return reporting(lambda: check_all(arguments))


def check_all(arguments: argparse.Namespace) -> None:
    """Make every graph, print a line for each, write the result file."""
    waveform = torch.rand(3, round(44100 * arguments.seconds), generator=torch.Generator().manual_seed(0)) - 0.5
    trace = functools.lru_cache(1)(lambda layer: traced(layer, waveform))
    checks = {
        "compile": lambda layer: compiled(layer, waveform, arguments.backend),
        "export": lambda layer: exported(layer, waveform, trace(layer)),
        "onnx": lambda layer: through_onnx(layer, waveform, trace(layer)),
    }
    rows = []
    layers = list(create_layers(arguments.only))
    for name, backend, layer in tqdm(layers, desc="graphs"):
        row: dict[str, object] = {"name": name, "backend": backend}
        for check, run in checks.items():
            row[check], row[f"{check}_error"] = outcome(run, layer)
        rows.append(row)
        tqdm.write(format_row(row))
    result = {"benchmark": "graphs", "limit": LIMIT, "opset": OPSET, "rows": rows}
    keep_result("graphs", result, arguments.output)


def create_layers(only: list[str] | None) -> list[tuple[str, str, nn.Module]]:
    """`(name, backend, layer)` of every front-end, and of the whole way from waveform to logits."""
    layers = []
    for name in only or [*list_frontends(), "model"]:
        if name == "model":
            model = WaveformClassifier(create_frontend("stack", **default_options("stack")), 10)
            model.fit_normalization(torch.rand(4, 44100, generator=torch.Generator().manual_seed(1)) - 0.5)
            layers.append((name, "native", model.eval()))
        else:
            layers += [
                (name, backend, create_frontend(name, backend, **default_options(name)))
                for backend in list_backends(name)
            ]
    return layers


def outcome(run: Callable[[nn.Module], float], layer: nn.Module) -> tuple[str, float | None]:
    """ "yes" and the error, or the reason why not."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            error = run(layer)
        except Exception as reason:  # whatever the compiler says is the result
            return explain(reason), None
    return ("yes" if error <= LIMIT else f"differs by {error:.1e}"), error


def explain(reason: Exception) -> str:
    """An error's first line and, where Dynamo gives it, what it met."""
    lines = [line.strip() for line in str(reason).splitlines() if line.strip()]
    context = [line.partition(": ")[2] for line in lines if line.startswith("Developer debug context: ")]
    context = [text.partition(", skip reason")[0] for text in context]
    return f"{type(reason).__name__}: {'; '.join([*lines[:1], *context])}"[:200]


def relative_error(actual: Tensor, expected: Tensor) -> float:
    """That of `difference`, of tensors of one shape."""
    if actual.shape != expected.shape:
        raise ValueError(f"the graph gives {tuple(actual.shape)}, the layer {tuple(expected.shape)}")
    error = difference.relative_error(actual.double().numpy(), expected.double().numpy())
    if error is None:
        raise ValueError("the layer gives zeros, of which there is no relative error")
    return error


@torch.no_grad()
def compiled(layer: nn.Module, waveform: Tensor, backend: str = "inductor", any_batch: bool = False) -> float:
    """Error of the layer through `torch.compile(fullgraph=True)`, for two batch sizes; `any_batch`: by one graph."""
    torch.compiler.reset()
    graph = torch.compile(layer, fullgraph=True, backend=backend)
    if any_batch:  # it would else make one for the first size, and another when it meets the second
        mark_dynamic(waveform)
    return max(relative_error(graph(clips), layer(clips)) for clips in (waveform, waveform[:2]))


def mark_dynamic(waveform: Tensor) -> None:
    """Say that the number of clips will change. The name is private: where it is gone, a second graph is made."""
    mark = getattr(importlib.import_module("torch._dynamo"), "mark_dynamic", None)
    if mark is not None:
        mark(waveform, 0)


@torch.no_grad()
def traced(layer: nn.Module, waveform: Tensor) -> ExportedProgram:
    """The layer by `torch.export`, for any number of clips."""
    return torch.export.export(layer, (waveform,), dynamic_shapes=({0: torch.export.Dim("batch")},))


@torch.no_grad()
def exported(layer: nn.Module, waveform: Tensor, program: ExportedProgram) -> float:
    """Error of the traced layer, for two batch sizes."""
    graph = program.module()
    return max(relative_error(graph(clips), layer(clips)) for clips in (waveform, waveform[:1]))


@torch.no_grad()
def through_onnx(layer: nn.Module, waveform: Tensor, program: ExportedProgram) -> float:
    """Error of the traced layer as ONNX in onnxruntime, for two batch sizes."""
    import onnxruntime

    model = torch.onnx.export(program, dynamo=True, verbose=False, opset_version=OPSET)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "graph.onnx"
        model.save(file)
        session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])
        name = session.get_inputs()[0].name
        return max(
            relative_error(torch.from_numpy(session.run(None, {name: clips.numpy()})[0]), layer(clips))
            for clips in (waveform, waveform[:1])
        )


def format_row(row: dict[str, object]) -> str:
    """A line of the table."""
    cells = [f"{check} {row[check]}" for check in ("compile", "export", "onnx")]
    return f"{row['name']:>20} {row['backend']:>11}  " + "  ".join(cells)


if __name__ == "__main__":
    sys.exit(main())
