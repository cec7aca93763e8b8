"""An exported pipeline in 8 and in 16 bits: how many clips keep their class, in how many bytes and milliseconds.

    python -m benchmarks.exactness.quantized RUN --root ESC-10

Each file answers all clips in onnxruntime on the CPU. Those that are calibrated see some of the clips that the model
was trained on, never those of its test fold.
"""

import argparse
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor

from benchmarks.common.command import create_export_parser
from benchmarks.common.markdown import heading, line, number
from benchmarks.common.results_file import keep_result
from benchmarks.common.timing import measure_together
from esc_gpu.cli.reporting import reporting
from esc_gpu.core.find_pipeline import find_pipeline
from esc_gpu.data.recordings.layouts import read_recordings
from esc_gpu.inference.export import export, open_onnx, quiet, read_clips
from esc_gpu.inference.pipeline import load_pipeline
from esc_gpu.report.tables import percent

BATCH = 8
CALIBRATION_CLIPS = 64
BACKBONE = ["Conv", "Gemm"]
Write = Callable[[Path, Path, Sequence[np.ndarray]], None]


def main(argv: Sequence[str] | None = None) -> int:
    arguments = create_export_parser(__spec__, __doc__).parse_args(argv)
    return reporting(lambda: measure(arguments))


def measure(arguments: argparse.Namespace) -> None:
    """Export, write the files of fewer bits, have all answer, print the table, write the result file."""
    folder = find_pipeline(arguments.run, arguments.fold)
    pipeline = load_pipeline(folder, precision="no")
    recordings = read_recordings(arguments.root)
    training, test = recordings.split(pipeline.training_info["fold"])
    clips = read_clips(pipeline, recordings.paths)
    chosen = np.asarray(training)[np.linspace(0, len(training) - 1, CALIBRATION_CLIPS).astype(int)]
    calibration = [clips[position : position + 1].numpy() for position in chosen]
    labels = np.asarray(recordings.labels)
    names = [recordings.class_names.index(name) for name in pipeline.class_names]
    with tempfile.TemporaryDirectory(prefix="esc_gpu-quantized-") as work:
        files = {"float32": Path(work) / "float32.onnx"}
        export(pipeline, files["float32"], "onnx", clips[:: max(1, len(clips) // 32)], progress=True)
        for name, write in WRITERS.items():
            files[name] = Path(work) / f"{len(files)}.onnx"
            with quiet():
                write(files["float32"], files[name], calibration)
        answers = {name: answer_all(file, clips) for name, file in files.items()}
        runs = {name: open_onnx(file) for name, file in files.items()}
        timed = measure_together({name: lambda run=run: run(clips[:1]) for name, run in runs.items()})
        sizes = {name: file.stat().st_size for name, file in files.items()}
    expected = answers["float32"]
    rows = []
    for name, logits in answers.items():
        predicted = np.asarray(names)[logits.argmax(1)]
        rows.append(
            {
                "name": name,
                "file_bytes": sizes[name],
                "same_class": int((logits.argmax(1) == expected.argmax(1)).sum()),
                "accuracy": float((predicted == labels)[test].mean()),
                "largest_difference": float(np.nanmax(np.abs(logits - expected))),
                "not_finite": int((~np.isfinite(logits).all(axis=1)).sum()),
                "ms_per_clip": {key: 1e3 * value for key, value in timed[name].items()},
            }
        )
    result = {
        "benchmark": "quantized",
        "model": "/".join(folder.resolve().parts[-2:]),
        "frontend": pipeline.model.frontend.spec,
        "backbone": pipeline.model.backbone_name,
        "recordings": recordings.root.resolve().name,
        "clips": len(clips),
        "test_clips": len(test),
        "calibration_clips": CALIBRATION_CLIPS,
        "largest_logit": float(np.abs(expected).max()),
        "rows": rows,
    }
    print("\n".join(quantized_table(result)))
    keep_result("quantized", result, arguments.output)


def answer_all(file: Path, clips: Tensor) -> np.ndarray:
    """`(n, K)` logits."""
    answer = open_onnx(file)
    return np.concatenate([answer(batch).numpy() for batch in clips.split(BATCH)])


def frontend_nodes(file: Path) -> list[str]:
    """The names of the nodes of the front-end and the normalisation: those before the backbone's first convolution.

    A convolution of the front-end, as of a CQT, has a constant input channel and comes first: the backbone's is the
    first one whose input has as many dimensions as an image.
    """
    import onnx

    nodes = onnx.load(file).graph.node
    weights = {tensor.name: tensor for tensor in onnx.load(file).graph.initializer}
    first = next(k for k, node in enumerate(nodes) if node.op_type == "Conv" and len(weights[node.input[1]].dims) == 4)
    return [node.name for node in nodes[:first]]


def write_static(source: Path, file: Path, calibration: Sequence[np.ndarray]) -> None:
    """int8 weights for each channel and 8-bit activations of the backbone, whose ranges are those of the clips."""
    from onnxruntime.quantization import CalibrationDataReader, QuantType, quantize_static

    class Reader(CalibrationDataReader):
        def __init__(self) -> None:
            self.clips: Iterator[np.ndarray] = iter(calibration)

        def get_next(self) -> dict[str, np.ndarray] | None:
            clip = next(self.clips, None)
            return None if clip is None else {"waveform": clip}

    quantize_static(
        source,
        file,
        Reader(),
        op_types_to_quantize=BACKBONE,
        nodes_to_exclude=frontend_nodes(source),
        per_channel=True,
        weight_type=QuantType.QInt8,
    )


def write_dynamic(source: Path, file: Path, calibration: Sequence[np.ndarray]) -> None:
    """int8 weights everywhere, and activations by each clip's own range: the default of onnxruntime."""
    from onnxruntime.quantization import QuantType, quantize_dynamic

    quantize_dynamic(source, file, weight_type=QuantType.QInt8)


def write_half(source: Path, file: Path, calibration: Sequence[np.ndarray], keep: bool = True) -> None:
    """float16 everywhere or, with `keep`, behind the front-end alone."""
    import onnx
    from onnxruntime.transformers.float16 import convert_float_to_float16

    blocked = frontend_nodes(source) if keep else None
    half: Any = convert_float_to_float16(onnx.load(source), keep_io_types=True, node_block_list=blocked)
    onnx.save(half, file)


WRITERS: dict[str, Write] = {
    "int8, static, Conv and Gemm": write_static,
    "int8, dynamic, all": write_dynamic,
    "float16, backbone": write_half,
    "float16, all": lambda source, file, calibration: write_half(source, file, calibration, keep=False),
}


def quantized_table(result: dict[str, Any]) -> list[str]:
    """One line a file: its size, what it answers, its time."""
    same = f"same class, of {result['clips']} clips"
    lines = heading("file", "MB", same, "NaN for", "accuracy", "largest difference of a logit", "ms a clip")
    for row in result["rows"]:
        counts = [f"{row['file_bytes'] / 1e6:.1f}", str(row["same_class"]), str(row["not_finite"])]
        difference, time = f"{row['largest_difference']:.2g}", number(row["ms_per_clip"]["median"])
        lines.append(line(row["name"], *counts, percent(row["accuracy"]), difference, time))
    return [
        *lines,
        "",
        f"The model is {result['backbone']} on {result['frontend']['name']}. The accuracy is that of its test fold of "
        f"{result['test_clips']} clips in %. The largest logit is {result['largest_logit']:.1f}. ms are those of "
        f"batches of one clip in onnxruntime. {result['calibration_clips']} training clips calibrated the static file.",
    ]


if __name__ == "__main__":
    sys.exit(main())
