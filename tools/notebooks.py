"""Run the notebooks and keep their outputs with them, small and alike on every machine: `python -m tools.notebooks`.

The recordings are the embedded synthetic ones, made once in the home's cache as for a reader of the notebooks.
"""

import argparse
import base64
import hashlib
import io
import os
import re
import tempfile
import wave
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import nbclient
import nbformat
from nbformat import NotebookNode
from PIL import Image
from tqdm import tqdm

from benchmarks.common.paths import REPOSITORY

FOLDER = REPOSITORY / "notebooks"
ARCHIVE = "https://github.com/esc-gpu/esc_gpu/archive/refs/heads/main.zip"  # no index needed, and no history as by git
# The first cell of each: what the notebooks need beside what Colab has stands here only.
INSTALL = f"""\
import sys

if "google.colab" in sys.modules:  # on Colab the package is installed first; the torch that is there stays
    %pip install --quiet "esc_gpu[train] @ {ARCHIVE}\""""
SOURCES = "outputs_are_of"  # in the notebook's metadata: the hash of the cells that were run
DPI = 80  # of the figures that the cells draw
MOST_PIXELS = 1400  # of a picture's width
COLOURS = 160
WIDGET = "application/vnd.jupyter.widget-view+json"
SECONDS = 1800  # for a cell, at most


def code_cells(notebook: NotebookNode) -> list[NotebookNode]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def source_hash(notebook: NotebookNode) -> str:
    """Of all code, so that outputs of other code are seen."""
    text = "\n\n".join(cell.source for cell in code_cells(notebook))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def clean(notebook: NotebookNode, places: Mapping[str, str]) -> None:
    """Leave of the outputs what a reader sees, without what changes from run to run and from machine to machine.

    That is times, widgets, addresses of objects and the names of this machine's folders: `places` maps each to what
    it is called instead. Sounds become a line, for they are large and GitHub plays none.
    """
    notebook.metadata = NotebookNode(
        kernelspec=notebook.metadata.kernelspec, language_info={"name": "python"}, **{SOURCES: source_hash(notebook)}
    )
    for number, cell in enumerate(code_cells(notebook), 1):
        cell.metadata = NotebookNode()
        cell.execution_count = number
        cell.outputs = joined(cleaned for output in cell.outputs for cleaned in clean_output(output, places))
        for output in cell.outputs:
            if "execution_count" in output:
                output.execution_count = number


def clean_output(output: NotebookNode, places: Mapping[str, str]) -> Iterator[NotebookNode]:
    """The output, without a progress bar."""
    if "text" in output:
        output.text = clean_text(output.text, places)
    data = output.get("data", {})
    if WIDGET in data:
        return
    if "<audio" in data.get("text/html", ""):
        output.data = data = {"text/plain": describe_sound(data["text/html"])}
    for kind in data:
        if kind == "image/png":
            data[kind] = shrink(data[kind])
        elif kind.startswith("text/"):
            data[kind] = clean_text(data[kind], places)
    yield output


def joined(outputs: Iterable[NotebookNode]) -> list[NotebookNode]:
    """The outputs with one text for what was printed in a row, however it came in."""
    found: list[NotebookNode] = []
    for output in outputs:
        if found and output.output_type == "stream" and output.get("name") == found[-1].get("name"):
            found[-1].text += output.text
        else:
            found.append(output)
    return found


def clean_text(text: str, places: Mapping[str, str]) -> str:
    """The text without the names of folders, those inside others first, and without addresses."""
    for place in sorted(places, key=len, reverse=True):
        text = text.replace(place, places[place])
    return re.sub(r"\b0x[0-9a-f]{6,}\b", "0x…", text)


def describe_sound(html: str) -> str:
    """What `IPython.display.Audio` embeds, in words."""
    encoded = re.search(r"base64,([^\"]+)", html)
    if encoded is None:
        raise ValueError(f"a sound without samples: {html[:80]}")
    with wave.open(io.BytesIO(base64.b64decode(encoded[1]))) as sound:
        rate = sound.getframerate()
        return f"(a sound of {sound.getnframes() / rate:.1f} s at {rate:,} Hz: run the cell to hear it)"


def shrink(png: str) -> str:
    """A picture in base64 with fewer pixels and colours, a third of the size."""
    picture = Image.open(io.BytesIO(base64.b64decode(png))).convert("RGB")
    if picture.width > MOST_PIXELS:
        height = round(picture.height * MOST_PIXELS / picture.width)
        picture = picture.resize((MOST_PIXELS, height), Image.Resampling.LANCZOS)
    small = io.BytesIO()
    picture.quantize(COLOURS, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE).save(small, "png", optimize=True)
    return base64.b64encode(small.getvalue()).decode()


def execute(notebook: NotebookNode, folder: Path) -> None:
    """Run all cells in a kernel of their own, in this folder.

    Raises:
        nbclient.exceptions.CellExecutionError: for a cell that fails.
    """
    client: Any = nbclient.NotebookClient(
        notebook, timeout=SECONDS, kernel_name="python3", record_timing=False, store_widget_state=False
    )
    client.execute(cwd=str(folder))


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="of a notebook, as 2_features (default: all)")
    names = parser.parse_args(arguments).names or sorted(path.stem for path in FOLDER.glob("*.ipynb"))
    for variable in ("ESC50_ROOT", "ESC_GPU_CACHE"):
        os.environ.pop(variable, None)
    os.environ["PYTHONPATH"] = str(REPOSITORY)
    places = {str(FOLDER): ".", str(REPOSITORY): "..", str(Path.home()): "~"}
    with tempfile.TemporaryDirectory() as settings:
        (Path(settings) / "matplotlibrc").write_text(f"figure.dpi: {DPI}\n", encoding="utf-8")
        os.environ["MATPLOTLIBRC"] = settings
        for name in tqdm(names, "notebooks", unit="notebook"):
            path = FOLDER / f"{name}.ipynb"
            notebook = nbformat.read(path, as_version=nbformat.NO_CONVERT)
            code_cells(notebook)[0].source = INSTALL
            execute(notebook, FOLDER)
            clean(notebook, places)
            nbformat.write(notebook, path)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
