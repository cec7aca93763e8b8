"""Train and evaluate on the official folds and keep the summary as a result file.

    python -m benchmarks.cross_validation --config configs/logmel.yaml --data.root ESC-50

All options are those of train.py; --require-gpu before them fails where there is no CUDA device.
"""

import sys

from benchmarks.results_file import require_gpu, write_result
from esc_gpu import EscGpuError
from esc_gpu.arguments import parse_run
from esc_gpu.experiment import run
from esc_gpu.report import format_summary

PRIVATE = {"data": ("root", "cache_dir"), None: ("output_dir", "resume", "overwrite")}  # paths of the machine


def main(arguments: list[str]) -> int:
    try:
        if arguments[:1] == ["--require-gpu"]:
            require_gpu()
            arguments = arguments[1:]
        summary = run(parse_run(arguments, "python -m benchmarks.cross_validation"), announce=print)
        if summary is None:  # not the main process
            return 0
    except EscGpuError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    print(format_summary(summary))
    config = summary.pop("config")
    for section, names in PRIVATE.items():
        for name in names:
            (config if section is None else config[section]).pop(name)
    data, frontend = summary["data"], summary["frontend"]["name"]
    name = f"cross_validation {data['recordings']} {frontend}"
    result = {"benchmark": "cross_validation", **summary, "config": config}
    print(f"written: {write_result(name, result)}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
