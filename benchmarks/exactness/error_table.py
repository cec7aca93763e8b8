"""The table of errors of the front-ends, made from its result file."""

from benchmarks.common.markdown import heading, line
from benchmarks.exactness.frontend_errors import STEPPED


def error_table(result: dict[str, object]) -> list[str]:
    """Front-ends down, signals across: the relative error, and what it means where it is beyond the limit."""
    signals = result["signals"]
    lines = heading("front-end", *signals, "limit")
    cells: dict[str, dict[str, str]] = {}
    limits = {}
    for row in result["rows"]:
        if "skipped" not in row:
            label = with_backend(row)
            cells.setdefault(label, {})[row["signal"]] = error_cell(row)
            limits[label] = f"{STEPPED[row['name']]:.1%} of frames" if row["name"] in STEPPED else f"{row['limit']:.0e}"
    for label, row in cells.items():
        lines.append(line(label, *[row[signal] for signal in signals], limits[label]))
    return [
        *lines,
        "",
        "Errors are relative in the L2 norm. If the exact features are 0, the cell shows the largest difference (=). "
        "~ means that the error exceeds the limit, but the exact features change at least a tenth as much when the "
        "last bits of the samples are rounded. Bold means that it exceeds the limit without that reason.",
    ]


def error_cell(row: dict[str, object]) -> str:
    """The error, its verdict and, for features that move in steps, the share of frames that are off."""
    error = row["relative_error"]
    text = f"= {row['largest_difference']:.0e}" if error is None else f"{error:.1e}"
    if row.get("frames_off"):
        text += f" ({row['frames_off']:.2%} of frames)"
    return {"pass": text, "rounding": f"~ {text}", "fail": f"**{text}**"}[row["verdict"]]


def with_backend(row: dict[str, object]) -> str:
    """The front-end's name, and its backend where it is another one than "native"."""
    backend = row.get("backend", "native")
    return row["name"] if backend == "native" else f"{row['name']} ({backend})"
