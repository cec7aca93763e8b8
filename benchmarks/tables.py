"""The README's tables, made from the result files: `python -m benchmarks.tables` writes them in."""

import re
import sys
from pathlib import Path

from benchmarks.results_file import RESULTS
from esc_gpu.files import read_json, write_text

README = Path(__file__).parents[1] / "README.md"


def fold_table(result: dict[str, object]) -> list[str]:
    """Accuracy, macro-F1 and top-3 of each fold, then mean ± standard deviation, in percent."""
    names = ("accuracy", "macro_f1", "top3_accuracy")
    lines = ["| test fold | clips | accuracy | macro-F1 | top-3 |", "| --- | --- | --- | --- | --- |"]
    for fold in result["folds"]:
        values = " | ".join(f"{100 * fold[name]:.2f}" for name in names)
        lines.append(f"| {fold['fold']} | {fold['clips']} | {values} |")
    overall = result["overall"]
    spread = " | ".join(f"**{100 * overall[n]['mean']:.2f} ± {100 * overall[n]['std']:.2f}**" for n in names)
    return [*lines, f"| mean ± std | {overall['clips']} | {spread} |"]


def frontend_table(result: dict[str, object]) -> list[str]:
    """Error, time and bytes of each front-end and backend."""
    lines = [
        "| front-end | backend | error against float64 | ms a clip | × native | bytes in a checkpoint |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    rows = [row for row in result["rows"] if "skipped" not in row]
    native = {row["name"]: row["ms_per_clip"] for row in rows if row["backend"] == "native"}
    for row in rows:
        ratio = row["ms_per_clip"] / native[row["name"]]
        lines.append(
            f"| {row['name']} | {row['backend']} | {row['relative_error']:.1e} | {row['ms_per_clip']:.2f} "
            f"| {ratio:.1f} | {row['state_dict_bytes']} |"
        )
    return lines


TABLES = {"cross_validation": fold_table, "frontends": frontend_table}


def table(file: str) -> str:
    """The Markdown of one result file, with what it was made on."""
    result = read_json(RESULTS / file)
    environment, versions = result["environment"], result["environment"]["versions"]
    hardware = environment["gpu"]["name"] if environment["gpu"] else f"{environment['cpu']}, no GPU"
    made_on = f"{hardware}; CPU threads: {environment['threads']}; torch {versions['torch']}"
    return "\n".join([*TABLES[result["benchmark"]](result), "", f"From `benchmarks/results/{file}` ({made_on})."])


def fill(text: str) -> str:
    """`text` with every block between `<!-- table FILE -->` and `<!-- end -->` made anew."""
    block = re.compile(r"(<!-- table (\S+) -->\n).*?(<!-- end -->)", re.DOTALL)
    return block.sub(lambda match: f"{match[1]}{table(match[2])}\n{match[3]}", text)


def main() -> int:
    write_text(README, fill(README.read_text(encoding="utf-8")))
    return 0


if __name__ == "__main__":
    sys.exit(main())
