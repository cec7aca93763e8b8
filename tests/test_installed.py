"""The package without the repository: what is in wheel and sdist, and a training by an installed wheel."""

import json
import os
import shutil
import site
import subprocess
import sys
import tarfile
import venv
import zipfile
from email.parser import Parser

import pytest

from esc_gpu.config.named_configs import list_configs
from esc_gpu.core.version import __version__
from tests.helpers.installed import major_version
from tests.helpers.paths import REPOSITORY
from tests.helpers.tiny import OPTIONS, write_tones

if major_version("pip") < 0 or major_version("setuptools") < 77:
    pytest.skip("this needs pip, and setuptools from 77 on", allow_module_level=True)
SOURCES = (
    *("setup.py", "setup.cfg", "pyproject.toml", "MANIFEST.in"),
    *("README.md", "LICENSE", "CHANGELOG.md", "CITATION.cff", "esc_gpu", "configs", "tests"),
)
# The second wheel is built in the unpacked sdist.
BUILD = """
import os, sys, tarfile
from setuptools import build_meta
output, name = sys.argv[1:]  # setuptools has its own way with sys.argv
build_meta.build_wheel(os.path.join(output, "of_the_tree"))
with tarfile.open(os.path.join(output, build_meta.build_sdist(output))) as sdist:
    sdist.extractall(output, filter="data")
os.chdir(os.path.join(output, name))
build_meta.build_wheel(os.path.join(output, "of_the_sdist"))
"""
# A user's commands one after another, in one process: the import of torch is most of each. The pictures stay blank.
COMMANDS = """
import json, sys
import esc_gpu
from esc_gpu.cli.main import main
from matplotlib.figure import Figure
Figure.draw, Figure.findobj = lambda *_: None, lambda *_: []
statuses = [main(words) for words in json.loads(sys.argv[1])]
print(json.dumps([esc_gpu.__file__, statuses]))
"""
DATA = ("--data.table", "tones/tones.csv", "--folds", "1")
NAME = f"esc_gpu-{__version__}"


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """A folder with the sdist and its content, the tree's wheel and that of the sdist."""
    source, output = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("built")
    for name in SOURCES:
        if (REPOSITORY / name).is_dir():
            shutil.copytree(REPOSITORY / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(REPOSITORY / name, source)
    command = [sys.executable, "-c", BUILD, str(output), NAME]
    done = subprocess.run(command, cwd=source, capture_output=True, text=True, timeout=200)
    assert done.returncode == 0, done.stderr
    return output


def wheel_files(built, kind):
    (wheel,) = (built / kind).glob("*.whl")
    return {name for name in zipfile.ZipFile(wheel).namelist() if not name.startswith(f"{NAME}.dist-info/")}


def test_the_wheel_has_all_of_the_package_and_the_configs_and_nothing_else(built):
    package = {path for path in (REPOSITORY / "esc_gpu").rglob("*") if path.is_file() and path.suffix != ".pyc"}
    expected = {path.relative_to(REPOSITORY).as_posix() for path in package}
    expected |= {f"esc_gpu/configs/{name}.yaml" for name in list_configs()}
    assert wheel_files(built, "of_the_tree") == expected
    assert {"esc_gpu/py.typed", "esc_gpu/functional.pyi", "esc_gpu/report/page/page.js"} <= expected


def test_the_sdist_builds_the_same_wheel(built):
    assert wheel_files(built, "of_the_sdist") == wheel_files(built, "of_the_tree")


def test_the_sdist_has_what_is_read_and_no_tests(built):
    with tarfile.open(built / f"{NAME}.tar.gz") as sdist:
        names = {name.removeprefix(f"{NAME}/").partition("/")[0] for name in sdist.getnames()}
    assert names - {NAME} == (set(SOURCES) - {"tests"}) | {"PKG-INFO", "esc_gpu.egg-info"}


def test_what_the_wheel_says_of_itself(built):
    (wheel,) = (built / "of_the_tree").glob("*.whl")
    said = Parser().parsestr(zipfile.ZipFile(wheel).read(f"{NAME}.dist-info/METADATA").decode())
    assert (said["Name"], said["Version"], said["Author"]) == ("esc_gpu", __version__, "esc_gpu developers")
    assert (said["License"] or said["License-Expression"]) == "MIT" and said["Requires-Python"] == ">=3.11"
    labels = {address.partition(",")[0] for address in said.get_all("Project-URL")}
    assert said["Home-page"] and labels == {"Documentation", "Source", "Changelog", "Issues"}


@pytest.fixture(scope="module")
def installed(built, tmp_path_factory):
    """The folder of the programs of an environment that has the wheel, and this one's other packages."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, symlinks=os.name != "nt")
    programs = folder / ("Scripts" if os.name == "nt" else "bin")
    (wheel,) = (built / "of_the_sdist").glob("*.whl")
    pip = [sys.executable, "-m", "pip", "--python", str(folder), "--disable-pip-version-check", "install", "--quiet"]
    subprocess.run([*pip, "--no-deps", "--no-index", "--no-compile", str(wheel)], check=True, timeout=200)
    (packages,) = folder.glob("[Ll]ib/**/site-packages")
    # Of the folders in a .pth file no other .pth is read: the repository's own installation stays unknown.
    (packages / "others.pth").write_text("\n".join(site.getsitepackages()) + "\n", encoding="utf-8")
    return programs


def run(command, folder):
    """A command outside the repository."""
    hidden = ("PYTHONPATH", "ESC_GPU_CACHE")
    environment = {key: value for key, value in os.environ.items() if key not in hidden}
    environment |= {"HOME": str(folder), "OMP_NUM_THREADS": "1"}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=280)


def test_its_program_knows_the_version_and_the_configs(installed, tmp_path):
    done = run([installed / "esc-gpu", "--version"], tmp_path)
    assert (done.stdout, done.returncode) == (f"esc-gpu {__version__}\n", 0), done.stderr
    done = run([installed / "esc-gpu", "configs"], tmp_path)
    assert [line.split()[0] for line in done.stdout.splitlines()] == list_configs(), done.stderr


def test_it_trains_by_a_config_s_name_and_makes_all_of_the_run(installed, tmp_path):
    write_tones(tmp_path / "tones", per_class=2)
    commands = [
        ["train", "--config", "mfcc", *OPTIONS, "--frontend.n_mfcc", "8", *DATA],
        ["evaluate", "runs/mfcc", "--bootstrap", "20"],
        ["report", "runs/mfcc"],
        ["export", "runs/mfcc", "--format", "torch"],
    ]
    done = run([installed / "python", "-c", COMMANDS, json.dumps(commands)], tmp_path)
    assert done.returncode == 0, done.stderr
    place, statuses = json.loads(done.stdout.splitlines()[-1])
    assert statuses == [0] * len(commands) and place.startswith(str(installed.parent)), done.stderr
    made = {path.name for path in (tmp_path / "runs" / "mfcc").rglob("*")}
    assert {"summary.json", "report.html", "model.safetensors", "evaluation"} <= made
