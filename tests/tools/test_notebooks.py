"""What is kept of a notebook's outputs."""

import base64
import io

import numpy as np
import pytest
from PIL import Image

nbformat = pytest.importorskip("nbformat", reason="the notebooks need nbformat: pip install nbformat")
tool = pytest.importorskip("tools.notebooks", reason="the notebooks need nbclient: pip install nbclient")
display = pytest.importorskip("IPython.display", reason="the notebooks need ipykernel: pip install ipykernel")

PLACES = {"/home/me": "~", "/home/me/esc_gpu/notebooks": "."}


def cleaned(*outputs, source="print()"):
    """The outputs of a cell that are kept."""
    cell = nbformat.v4.new_code_cell(source, outputs=list(outputs), execution_count=7, metadata={"execution": {}})
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell("# A"), cell])
    notebook.metadata = {"kernelspec": {"name": "python3"}, "widgets": {}, "language_info": {"version": "3.99"}}
    tool.clean(notebook, PLACES)
    assert notebook.metadata == {
        "kernelspec": {"name": "python3"},
        "language_info": {"name": "python"},
        tool.SOURCES: tool.source_hash(notebook),
    }
    (cell,) = tool.code_cells(notebook)
    assert (cell.source, cell.execution_count, cell.metadata) == (source, 1, {})
    return cell.outputs


def printed(text, name="stdout"):
    return nbformat.v4.new_output("stream", name=name, text=text)


def shown(**data):
    return nbformat.v4.new_output("display_data", data)


def test_texts_name_no_place_of_the_machine_and_no_address():
    (output,) = cleaned(printed("/home/me/esc_gpu/notebooks/runs, /home/me/.cache, <object at 0x7f00dead1234>, 0x10\n"))
    assert output.text == "./runs, ~/.cache, <object at 0x…>, 0x10\n"
    (output,) = cleaned(shown(**{"text/plain": "/home/me/esc_gpu/notebooks/x"}))
    assert output.data == {"text/plain": "./x"}


def test_what_is_printed_in_a_row_is_one_text():
    outputs = cleaned(printed("a\n"), printed("b\n"), printed("c\n", "stderr"), printed("d\n"))
    assert [(output.name, output.text) for output in outputs] == [
        ("stdout", "a\nb\n"),
        ("stderr", "c\n"),
        ("stdout", "d\n"),
    ]


def test_progress_bars_are_left_out_and_numbers_begin_at_one():
    result = nbformat.v4.new_output("execute_result", {"text/plain": "1"}, execution_count=7)
    outputs = cleaned(shown(**{tool.WIDGET: {"model_id": "a"}, "text/plain": "fold 1: 0%"}), result)
    assert [(output.output_type, output.execution_count) for output in outputs] == [("execute_result", 1)]


def test_a_sound_is_a_line():
    html = display.Audio(np.zeros(33075, np.int16), rate=22050, normalize=False)._repr_html_()
    (output,) = cleaned(shown(**{"text/html": html, "text/plain": "<IPython.lib.display.Audio object>"}))
    assert output.data == {"text/plain": "(a sound of 1.5 s at 22,050 Hz: run the cell to hear it)"}
    with pytest.raises(ValueError, match="without samples"):
        tool.describe_sound('<audio src="x.wav">')


def test_a_picture_is_smaller_and_looks_the_same():
    colours = np.random.default_rng(0).integers(0, 256, (8, 3), dtype=np.uint8)
    pixels = np.repeat(np.repeat(colours[np.arange(64).reshape(8, 8) % 7], 40, 0), 250, 1)  # 2000 pixels wide
    png = io.BytesIO()
    Image.fromarray(pixels).save(png, "png", compress_level=0)
    (output,) = cleaned(shown(**{"image/png": base64.b64encode(png.getvalue()).decode()}))
    small = Image.open(io.BytesIO(base64.b64decode(output.data["image/png"])))
    assert small.size == (tool.MOST_PIXELS, tool.MOST_PIXELS * 320 // 2000)
    height, width = small.height // 8, small.width // 8
    middle = np.asarray(small.convert("RGB"))[height // 2 :: height, width // 2 :: width].astype(int)
    assert np.abs(middle - pixels[20::40, 125::250]).max() <= 4
    assert len(output.data["image/png"]) < len(png.getvalue()) / 20


def test_the_hash_is_of_the_code():
    cells = [nbformat.v4.new_markdown_cell("a"), nbformat.v4.new_code_cell("1")]
    notebook = nbformat.v4.new_notebook(cells=cells)
    before = tool.source_hash(notebook)
    cells[0].source = "b"
    assert tool.source_hash(notebook) == before
    cells[1].source = "2"
    assert tool.source_hash(notebook) != before


def test_the_command_runs_the_named_notebook_and_keeps_its_outputs(tmp_path, monkeypatch):
    path = tmp_path / "1_a.ipynb"
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("old"), nbformat.v4.new_code_cell("print(1)")])
    notebook.metadata.kernelspec = {"name": "python3", "display_name": "Python 3"}
    nbformat.write(notebook, path)

    def execute(notebook, folder):
        assert folder == tmp_path
        notebook.cells[1].outputs = [printed(f"{tmp_path}/x\n")]

    monkeypatch.setattr(tool, "FOLDER", tmp_path)
    monkeypatch.setattr(tool, "execute", execute)
    for variable in ("ESC50_ROOT", "ESC_GPU_CACHE", "PYTHONPATH", "MATPLOTLIBRC"):
        monkeypatch.setenv(variable, "mine")
    assert tool.main(["1_a"]) == 0
    install, kept = nbformat.read(path, as_version=4).cells
    assert install.source == tool.INSTALL
    assert kept.outputs[0].text == "./x\n"
    nbformat.validate(nbformat.read(path, as_version=4))
