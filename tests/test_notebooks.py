"""The notebooks run from the first cell to the last, and are kept with what they put out."""

import re
from pathlib import Path

import matplotlib
import pytest

from esc_gpu.cli.commands import OF_A_RUN
from esc_gpu.cli.main import create_parser
from esc_gpu.config.parse import parse_run
from tests.helpers.pages import commands_in
from tests.helpers.paths import REPOSITORY

nbformat = pytest.importorskip("nbformat", reason="the notebooks need nbformat: pip install nbformat")
nbclient = pytest.importorskip("nbclient", reason="the notebooks need nbclient: pip install nbclient")
tool = pytest.importorskip("tools.notebooks")
pytest.importorskip("ipykernel", reason="the notebooks need ipykernel: pip install ipykernel")
pytest.importorskip("ipywidgets", reason="the notebooks' bars need ipywidgets: pip install ipywidgets")

FOLDER = REPOSITORY / "notebooks"
NAMES = (
    "1_sound_and_data",
    "2_features",
    "3_preprocessing_and_augmentation",
    "4_resnet18_on_one_feature",
    "5_resnet18_on_three_features",
    "6_evaluation_and_report",
)
BADGE = "(https://colab.research.google.com/github/esc-gpu/esc_gpu/blob/main/notebooks/{}.ipynb)"
# What a training takes minutes for by default: an epoch of timm's smallest ResNet is enough to run the cells.
SMALL = {"EPOCHS": "1", "BACKBONE": '"test_resnet"'}
ABSOLUTE_PATH = re.compile(r"(?<![\w:./])(/(home|root|tmp|work|usr|mnt|opt|content|Users)\b|[A-Z]:\\)")
DRAWS = re.compile(r"plt\.subplots\(|draw_clip\(|Image\(")
SHOWS_A_TRAINING = re.compile(r"Image\(.*/fold\d/")
MOST_CODE_CELLS = 15
MOST_BYTES, MOST_BYTES_OF_ALL = 1_000_000, 3_000_000  # on the disk, with the pictures
# A quarter of the recordings, small figures that are drawn once, not before they are shown, to be laid out and to be
# cropped as well, no picture of a run that no notebook shows, and no search for garbage.
SET_UP = """\
import functools, gc
from unittest import mock
import matplotlib.backend_bases, matplotlib.figure, matplotlib.pyplot
from esc_gpu.experiment import cross_validation, recordings
from esc_gpu.report.figures import save
recordings.write_synthetic = functools.partial(recordings.write_synthetic, clips_per_class=10)
cross_validation.report = mock.Mock()
matplotlib.backend_bases.FigureCanvasBase.draw_idle = lambda canvas: None
matplotlib.figure.Figure.set_layout_engine = lambda figure, layout=None, **options: None
matplotlib.pyplot.rcParams["figure.dpi"] = save.DPI = 40
save.SUFFIXES = (".png",)
%config InlineBackend.print_figure_kwargs = {"bbox_inches": None}
gc.disable()"""
# Before each notebook. A training leaves the pictures of its folds where the notebook shows one of them.
CHANGE = """\
import gc
gc.freeze()
%reset -f
import os
import matplotlib.pyplot
from esc_gpu.experiment import cross_validation, fold_results
matplotlib.pyplot.close("all")
os.chdir({folder!r})
cross_validation.plot_fold = fold_results.plot_fold if {shows_a_training} else lambda *_: []"""
# After all: a progress bar where there are no ipywidgets.
WITHOUT_WIDGETS = """\
%reset -f
import sys
for module in [name for name in sys.modules if name in ("tqdm.auto", "tqdm.autonotebook", "tqdm.notebook")]:
    del sys.modules[module]
del sys.modules["esc_gpu.core.progress"]
sys.modules["ipywidgets"] = None
from esc_gpu.core.progress import tqdm
for _ in tqdm(range(100), "bar", mininterval=0):
    pass"""
JUPYTERS = "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "JUPYTER_CONFIG_DIR", "IPYTHONDIR"  # where it writes


def read(name: str):
    return nbformat.read(FOLDER / f"{name}.ipynb", as_version=nbformat.NO_CONVERT)


def make_small(notebook) -> None:
    """Put the values of `SMALL` into the settings of a notebook that trains."""
    trains = any("TrainConfig(" in cell.source for cell in tool.code_cells(notebook))
    for setting, value in SMALL.items():
        found = 0
        for cell in tool.code_cells(notebook):
            cell.source, times = re.subn(rf"^{setting} = [^#\n]+", f"{setting} = {value}  ", cell.source, flags=re.M)
            found += times
        assert found == trains, f"{setting} is set {found} times"
    for cell in tool.code_cells(notebook):
        cell.source = cell.source.replace("TrainConfig(epochs", "TrainConfig(threads=1, epochs")


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """With a folder for each notebook to run in, and an empty home."""
    folder = tmp_path_factory.mktemp("notebooks")
    for name in (*NAMES, "home", *JUPYTERS):
        (folder / name).mkdir()
    return folder


@pytest.fixture(scope="module")
def executed(folder) -> dict:
    """The notebooks after one kernel has run them all: it imports the libraries once, and forgets variables between.

    What Jupyter writes goes elsewhere than into the home, and matplotlib's fonts need not be listed again. The
    recordings and their store are made by the notebook that comes first. A cell that fails does not end the others.
    """
    together, notebooks = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(SET_UP)]), {}
    for name in NAMES:
        notebooks[name] = read(name)
        make_small(notebooks[name])
        for cell in tool.code_cells(notebooks[name]):
            cell.outputs = []
        shows = any(SHOWS_A_TRAINING.search(cell.source) for cell in tool.code_cells(notebooks[name]))
        change = nbformat.v4.new_code_cell(CHANGE.format(folder=str(folder / name), shows_a_training=shows))
        together.cells += [change, *notebooks[name].cells]
    notebooks[WITHOUT_WIDGETS] = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(WITHOUT_WIDGETS)])
    together.cells += notebooks[WITHOUT_WIDGETS].cells
    with pytest.MonkeyPatch.context() as patch:
        for variable in JUPYTERS:
            patch.setenv(variable, str(folder / variable))
        patch.setenv("MPLCONFIGDIR", matplotlib.get_cachedir())
        patch.setenv("HOME", str(folder / "home"))
        patch.setenv("ESC_GPU_CACHE", str(folder / "cache"))
        patch.setenv("PYTHONPATH", str(REPOSITORY))
        patch.setenv("OMP_NUM_THREADS", "1")  # so small a work is done before a second thread has begun
        patch.delenv("ESC50_ROOT", raising=False)
        nbclient.NotebookClient(together, timeout=300, kernel_name="python3", allow_errors=True).execute()
    ours = [cell for cell in together.cells if cell.source.startswith((SET_UP, "%reset"))]
    assert not [output for cell in ours for output in cell.outputs if output.output_type == "error"]
    return notebooks


@pytest.mark.timeout(900)
@pytest.mark.parametrize("name", NAMES)
def test_it_runs(name, folder, executed):
    cells = tool.code_cells(executed[name])
    for cell in cells:
        for output in cell.outputs:
            assert output.output_type != "error", f"{cell.source}\n\n{output.ename}: {output.evalue}"
    printed = [output.text for cell in cells for output in cell.outputs if "text" in output]
    assert any("synthetic" in text for text in printed)
    for cell in cells:
        if DRAWS.search(cell.source):
            assert any("image/png" in output.get("data", {}) for output in cell.outputs), cell.source
    assert {path.name for path in (folder / name).iterdir()} <= {"runs"}  # which git ignores


@pytest.mark.parametrize("name", NAMES)
def test_progress_is_a_bar_and_no_red_lines(name, executed):
    for cell in tool.code_cells(executed[name]):
        red = "".join(output.text for output in cell.outputs if output.get("name") == "stderr")
        assert len(red.splitlines()) <= 2, red
        bars = [output.data for output in cell.outputs if tool.WIDGET in output.get("data", {})]
        assert all(text.startswith("fold ") for text in (bar["text/plain"].strip() for bar in bars))
        trainings = cell.source.count("summary = run(") + cell.source.count("train(config, print)")
        assert bool(bars) == bool(trainings), cell.source


def test_without_widgets_a_bar_is_one_line(executed):
    (cell,) = executed[WITHOUT_WIDGETS].cells
    (output,) = tool.joined(cell.outputs)
    assert output.name == "stderr"
    assert output.text.count("\n") == 1
    assert output.text.rstrip().split("\r")[-1].startswith("bar: 100%")


def test_nothing_is_written_into_the_home(folder, executed):
    assert not list((folder / "home").rglob("*esc_gpu*"))


@pytest.mark.parametrize("name", NAMES)
def test_it_is_a_valid_notebook(name):
    notebook = read(name)
    nbformat.validate(notebook)
    assert notebook.metadata.kernelspec.name == "python3"
    assert len({cell.id for cell in notebook.cells}) == len(notebook.cells)


@pytest.mark.parametrize("name", NAMES)
def test_it_is_kept_with_the_outputs_of_its_cells(name):
    """Those of `make notebooks`, which a reader sees without a kernel."""
    notebook = read(name)
    cells = tool.code_cells(notebook)
    assert notebook.metadata[tool.SOURCES] == tool.source_hash(notebook), "the cells have changed: run `make notebooks`"
    assert [cell.execution_count for cell in cells] == [*range(1, len(cells) + 1)]
    assert "widgets" not in notebook.metadata
    for cell in cells:
        assert not cell.metadata
        assert bool(DRAWS.search(cell.source)) <= any("image/png" in output.get("data", {}) for output in cell.outputs)
        for output in cell.outputs:
            assert output.output_type != "error" and output.get("name") != "stderr", output
            texts = [text for kind, text in output.get("data", {}).items() if kind.startswith("text/")]
            assert not ABSOLUTE_PATH.search("\n".join([*texts, output.get("text", "")]))
            assert tool.WIDGET not in output.get("data", {})


def kinds(cell) -> set[str]:
    """Of what a cell puts out: names of streams and MIME types, without what is not kept."""
    data = [output.get("data", [output.get("name")]) for output in cell.outputs]
    return {kind for kinds in data if tool.WIDGET not in kinds for kind in kinds} - {"text/html", "stderr"}


@pytest.mark.parametrize("name", NAMES)
def test_its_outputs_are_of_the_kinds_that_its_cells_put_out(name, executed):
    for kept, made in zip(tool.code_cells(read(name)), tool.code_cells(executed[name]), strict=True):
        assert kinds(kept) == kinds(made), kept.source


def test_they_are_small():
    sizes = [(FOLDER / f"{name}.ipynb").stat().st_size for name in NAMES]
    assert max(sizes) <= MOST_BYTES and sum(sizes) <= MOST_BYTES_OF_ALL


@pytest.mark.parametrize("name", NAMES)
def test_it_has_a_title_a_badge_and_exercises(name):
    cells = read(name).cells
    title = cells[0]
    assert title.cell_type == "markdown"
    assert title.source.startswith(f"# {name[0]}. ")
    assert title.source.count(BADGE.format(name)) == 1
    assert re.search("^## Exercises$", cells[-1].source, flags=re.M)
    assert 3 <= len(re.findall(r"^\d\. \*(?:Easy|Medium|Hard)\.\*", cells[-1].source, flags=re.M)) <= 5


@pytest.mark.parametrize("name", NAMES)
def test_its_first_code_installs_the_package_on_colab(name):
    notebook = read(name)
    first = tool.code_cells(notebook)[0].source
    assert 'if "google.colab" in sys.modules' in first
    assert "%pip install" in first
    assert first.endswith('"esc_gpu[train] @ https://github.com/esc-gpu/esc_gpu/archive/refs/heads/main.zip"')
    assert first == tool.INSTALL
    assert len(tool.code_cells(notebook)) <= MOST_CODE_CELLS


@pytest.mark.parametrize("name", NAMES)
def test_it_says_that_the_recordings_are_synthetic_and_names_no_place_of_this_machine(name):
    notebook = read(name)
    text = "\n".join(cell.source for cell in notebook.cells)
    assert "synthetic" in text
    assert 'ROOT = os.environ.get("ESC50_ROOT")' in text
    assert not ABSOLUTE_PATH.search(text)


def test_the_commands_for_ones_own_recordings_parse():
    """Another layout, a trained model to begin with, and a probe of it."""
    texts = [cell.source for name in NAMES for cell in read(name).cells if cell.cell_type == "markdown"]
    commands = commands_in("\n".join(texts))
    of_a_run = [words for _, command, *words in commands if command in OF_A_RUN]
    configs = [parse_run(words, "esc-gpu") for words in of_a_run]
    assert [(config.data.root, config.data.table) for config in configs[:2]] == [
        ("MY_SOUNDS", None),
        (None, "my_sounds.csv"),
    ]
    assert [(config.model.weights, config.train.freeze) for config in configs[2:]] == [
        ("runs/logmel", "none"),
        ("runs/logmel", "backbone"),
    ]
    (probe,) = [words for _, *words in commands if words[0] not in OF_A_RUN]
    assert probe[0] == "probe" and create_parser().parse_args(probe).root is not None


@pytest.mark.parametrize("text", ["open('/home/me/x.wav')", "see /tmp/x", r"C:\sounds"])
def test_an_absolute_path_is_seen(text):
    assert ABSOLUTE_PATH.search(text)


def test_the_table_has_every_notebook():
    listed = re.findall(r"\]\((\w+)\.ipynb\)", (FOLDER / "README.md").read_text(encoding="utf-8"))
    assert listed == sorted(path.stem for path in FOLDER.glob("*.ipynb")) == list(NAMES)
