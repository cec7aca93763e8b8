"""The notebooks run from the first cell to the last, and are kept without what they put out."""

import re
from pathlib import Path

import matplotlib
import pytest

from tests.helpers.paths import REPOSITORY

nbformat = pytest.importorskip("nbformat", reason="the notebooks need nbformat: pip install nbformat")
nbclient = pytest.importorskip("nbclient", reason="the notebooks need nbclient: pip install nbclient")
pytest.importorskip("ipykernel", reason="the notebooks need ipykernel: pip install ipykernel")

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
# A quarter of the recordings, figures that are drawn once instead of once more to crop them, and no search for garbage
# among what is imported.
SET_UP = """\
import functools, gc
import matplotlib.pyplot
from esc_gpu.experiment import cross_validation, recordings
recordings.write_synthetic = functools.partial(recordings.write_synthetic, clips_per_class=10)
%config InlineBackend.print_figure_kwargs = {"bbox_inches": None}
gc.freeze()"""
# Before each notebook. The pictures that a training leaves are blank where the notebook shows none of them.
CHANGE = """\
%reset -f
import inspect, os
import matplotlib.pyplot
from esc_gpu.experiment import cross_validation
from tests.helpers.undrawn import undrawn
matplotlib.pyplot.close("all")
os.chdir({folder!r})
plot_fold = inspect.unwrap(cross_validation.plot_fold)
cross_validation.plot_fold = plot_fold if {shows_a_training} else undrawn()(plot_fold)"""
JUPYTERS = "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "JUPYTER_CONFIG_DIR", "IPYTHONDIR"  # where it writes


def read(name: str):
    return nbformat.read(FOLDER / f"{name}.ipynb", as_version=nbformat.NO_CONVERT)


def code_cells(notebook) -> list:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def make_small(notebook) -> None:
    """Put the values of `SMALL` into the settings of a notebook that trains."""
    trains = any("TrainConfig(" in cell.source for cell in code_cells(notebook))
    for setting, value in SMALL.items():
        found = 0
        for cell in code_cells(notebook):
            cell.source, times = re.subn(rf"^{setting} = [^#\n]+", f"{setting} = {value}  ", cell.source, flags=re.M)
            found += times
        assert found == trains, f"{setting} is set {found} times"
    for cell in code_cells(notebook):
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
        shows = any(SHOWS_A_TRAINING.search(cell.source) for cell in code_cells(notebooks[name]))
        change = nbformat.v4.new_code_cell(CHANGE.format(folder=str(folder / name), shows_a_training=shows))
        together.cells += [change, *notebooks[name].cells]
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
    cells = code_cells(executed[name])
    for cell in cells:
        for output in cell.outputs:
            assert output.output_type != "error", f"{cell.source}\n\n{output.ename}: {output.evalue}"
    printed = [output.text for cell in cells for output in cell.outputs if "text" in output]
    assert any("synthetic" in text for text in printed)
    for cell in cells:
        if DRAWS.search(cell.source):
            assert any("image/png" in output.get("data", {}) for output in cell.outputs), cell.source
    assert {path.name for path in (folder / name).iterdir()} <= {"runs"}  # which git ignores


def test_nothing_is_written_into_the_home(folder, executed):
    assert not list((folder / "home").rglob("*esc_gpu*"))


@pytest.mark.parametrize("name", NAMES)
def test_it_is_a_valid_notebook_without_outputs(name):
    notebook = read(name)
    nbformat.validate(notebook)
    assert notebook.metadata.kernelspec.name == "python3"
    assert len({cell.id for cell in notebook.cells}) == len(notebook.cells)
    for cell in code_cells(notebook):
        assert cell.outputs == []
        assert cell.execution_count is None


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
    first = code_cells(notebook)[0].source
    assert 'if "google.colab" in sys.modules' in first
    assert "%pip install" in first
    assert first.endswith("git+https://github.com/esc-gpu/esc_gpu")
    assert len(code_cells(notebook)) <= MOST_CODE_CELLS


@pytest.mark.parametrize("name", NAMES)
def test_it_says_that_the_recordings_are_synthetic_and_names_no_place_of_this_machine(name):
    notebook = read(name)
    text = "\n".join(cell.source for cell in notebook.cells)
    assert "synthetic" in text
    assert 'ROOT = os.environ.get("ESC50_ROOT")' in text
    assert not ABSOLUTE_PATH.search(text)


@pytest.mark.parametrize("text", ["open('/home/me/x.wav')", "see /tmp/x", r"C:\sounds"])
def test_an_absolute_path_is_seen(text):
    assert ABSOLUTE_PATH.search(text)


def test_the_table_has_every_notebook():
    listed = re.findall(r"\]\((\w+)\.ipynb\)", (FOLDER / "README.md").read_text(encoding="utf-8"))
    assert listed == sorted(path.stem for path in FOLDER.glob("*.ipynb")) == list(NAMES)
