"""The first cell of the notebooks leaves the torch of the machine as it is: pip's resolver says what it would install.

Nothing is downloaded: the environment and the index hold no packages but their metadata.
"""

import contextlib
import json
import re
import subprocess
import sys
import sysconfig
import venv
import zipfile
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import pytest
from packaging.utils import canonicalize_name

from tests.helpers.installed import major_version
from tests.helpers.only_packages import closure
from tests.helpers.setup_cfg import requirements

tool = pytest.importorskip("tools.notebooks", reason="the notebooks need nbclient: pip install nbclient")
if major_version("pip") < 0:
    pytest.skip("this needs pip's resolver", allow_module_level=True)

NEWER = {"torch": ("2.14.1", []), "torchvision": ("0.29.1", ["torch (==2.14.1)"])}  # what the machine has
OLDER = {"torch": ("2.11.0", []), "torchvision": ("0.26.0", ["torch (==2.11.0)"])}  # what the index has as well
MISSING = {"nnaudio", "jsonargparse"}  # on Colab, of what the package imports
WANTED = re.search('%pip install --quiet "(.*)\\[(.*)\\] @ (.*)"$', tool.INSTALL).groups()  # name, extra, address
HEAD = "Metadata-Version: 2.1\nName: {}\nVersion: {}\n"


def own_metadata(pins: str = "") -> str:
    """Of this package with the extra, as setup.cfg has them, and more requirements."""
    _, extra, _ = WANTED
    always = [*requirements(), *pins.split()]
    needed = [f'{line} ; extra == "{extra}"' for line in requirements(extra)]
    return HEAD.format("esc_gpu", "1.0") + "".join(
        [f"Provides-Extra: {extra}\n", *(f"Requires-Dist: {line}\n" for line in (*always, *needed))]
    )


def needed() -> dict[str, tuple[str, str]]:
    """What esc_gpu and its extra need, and all that this needs in turn, but torch: version and metadata by name."""
    found = {}
    for name in closure([*requirements(), *requirements(WANTED[1])], without=NEWER):
        with contextlib.suppress(PackageNotFoundError):  # of another system
            package = distribution(name)
            found[name] = (package.version, package.read_text("METADATA"))
    return found


def without_code(packages: dict[str, tuple[str, list[str]]]) -> dict[str, tuple[str, str]]:
    return {
        name: (version, HEAD.format(name, version) + "".join(f"Requires-Dist: {line}\n" for line in lines))
        for name, (version, lines) in packages.items()
    }


def write_installed(folder: Path, packages: dict[str, tuple[str, str]]) -> None:
    for name, (version, metadata) in packages.items():
        there = folder / f"{name.replace('-', '_')}-{version}.dist-info"
        there.mkdir()
        (there / "METADATA").write_text(metadata, encoding="utf-8")
        (there / "RECORD").write_text("", encoding="utf-8")


def write_wheel(folder: Path, name: str, version: str, metadata: str) -> Path:
    stem = f"{name.replace('-', '_')}-{version}"
    with zipfile.ZipFile(folder / f"{stem}-py3-none-any.whl", "w") as wheel:
        wheel.writestr(f"{stem}.dist-info/METADATA", metadata)
        wheel.writestr(f"{stem}.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(f"{stem}.dist-info/RECORD", "")
    return Path(wheel.filename)


@pytest.fixture(scope="module")
def colab(tmp_path_factory):
    """The Python of an environment that has a newer torch and what else Colab has, and an index with all versions."""
    machine, index = tmp_path_factory.mktemp("machine"), tmp_path_factory.mktemp("index")
    venv.create(machine, with_pip=False)
    packages, scripts = (
        Path(sysconfig.get_path(name, "venv", {"base": str(machine)})) for name in ("purelib", "scripts")
    )
    all_needed = needed()
    there = {name: found for name, found in all_needed.items() if name not in MISSING}
    write_installed(packages, there | without_code(NEWER))
    for name, found in (all_needed | without_code(OLDER)).items():
        write_wheel(index, name, *found)
    return scripts / "python", index


def would_install(colab, folder: Path, metadata: str) -> dict[str, str]:
    """Name and version of all that pip would put into the environment for the requirement of the first cell."""
    python, index = colab
    name, extra, _ = WANTED
    archive = write_wheel(folder, "esc_gpu", "1.0", metadata)
    options = ["--dry-run", "--quiet", "--no-index", "--find-links", index, "--report", folder / "report.json"]
    command = [sys.executable, "-m", "pip", "--python", python, "--isolated", "--disable-pip-version-check", "install"]
    done = subprocess.run(
        [*command, *options, f"{name}[{extra}] @ {archive.as_uri()}"], capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    report = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    parts = [part["metadata"] for part in report["install"]]
    return {canonicalize_name(part["name"]): part["version"] for part in parts}


def test_the_torch_of_the_machine_stays(colab, tmp_path):
    installed = would_install(colab, tmp_path, own_metadata())
    assert "esc-gpu" in installed
    assert not installed.keys() & NEWER.keys()
    assert installed.keys() - {"esc-gpu"} == MISSING, "of the rest, too"


def test_a_pin_would_replace_it(colab, tmp_path):
    installed = would_install(colab, tmp_path, own_metadata("torch<2.12 torchvision<0.27"))
    assert {name: installed.get(name) for name in OLDER} == {name: version for name, (version, _) in OLDER.items()}
