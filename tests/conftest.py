"""Fixtures that several test folders share."""

import gc
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.helpers.paths import REPOSITORY
from tests.helpers.private_torch import onnx_operators_once, vector_instructions_by_the_compiler

# What is imported is no garbage: to search for some in between took a quarter of the collection.
gc.disable()


def share_the_cores(n_workers: int) -> dict[str, str]:
    """Variables for torch, before it is loaded: workers share the cores, and wait for each other without spinning."""
    threads = str(max(1, (os.cpu_count() or 1) // n_workers))
    return {"OMP_NUM_THREADS": threads, "OMP_WAIT_POLICY": "PASSIVE"} | dict(os.environ)


if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ.update(share_the_cores(int(os.environ["PYTEST_XDIST_WORKER_COUNT"])))

# What numba compiles for librosa is kept in a folder of each worker. In one folder, two workers that compile at once
# give their files the same name, and then its index names code for other numbers: whoever calls it ends by a signal.
os.environ["NUMBA_CACHE_DIR"] = str(REPOSITORY / "build" / "numba" / os.environ.get("PYTEST_XDIST_WORKER", "main"))

# Servers that tests ask are on this machine, whatever stands between it and others.
os.environ["NO_PROXY"] = os.environ["no_proxy"] = "127.0.0.1,localhost"

# Inductor compiles in this process, and takes the processor's word for what it can instead of trying it out.
os.environ.setdefault("TORCHINDUCTOR_COMPILE_THREADS", "1")
os.environ.setdefault("TORCHINDUCTOR_VEC_ISA_OK", "1")

LONGEST = (
    *("test_notebooks.py", "test_graphs.py", "test_train.py", "test_hosts.py", "test_export.py", "test_types.py"),
    *("test_readme_commands.py", "test_kills.py", "test_signals.py", "test_two_processes.py", "test_installed.py"),
)


def pytest_xdist_auto_num_workers() -> int:
    """One more than there are cores: tests that wait, for a launcher or a signal, leave theirs to the others."""
    return (os.cpu_count() or 1) + 1


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Of the process that starts the workers: they have their processes forked from one."""
    if os.name == "nt":
        return
    from tests.helpers.forks import start_for_workers

    node.workerinput["forks"] = start_for_workers(share_the_cores(node.workerinput["workercount"]))


def pytest_configure(config: pytest.Config) -> None:
    if forks := getattr(config, "workerinput", {}).get("forks"):
        from tests.helpers.forks import take_started

        take_started(forks)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest files first: begun as the last, one would keep a worker while the others have nothing to do."""
    items.sort(key=lambda item: item.path.name not in LONGEST)


def pytest_collection_finish() -> None:
    """What was imported stays: each fold of a training ends with a search for garbage, half a second if among that.

    From here on it is searched for rarely: graphs make so many objects that to go through them took a tenth of a test.
    """
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
    gc.enable()


@pytest.fixture(scope="session")
def esc10_root() -> Path:
    """The 400 real recordings of ESC-10 in ESC-50's layout, which are not part of this repository."""
    root = Path(os.environ.get("ESC_GPU_ESC10") or REPOSITORY / "../shared/data/esc10").resolve()
    if not (root / "meta" / "esc50.csv").is_file():
        pytest.skip(f"no ESC-10 in {root}: set ESC_GPU_ESC10 to a folder with its meta and audio")
    return root


@pytest.fixture(scope="session")
def onnx_operators() -> Iterator[None]:
    with onnx_operators_once():
        yield


@pytest.fixture(scope="session")
def vector_instructions() -> Iterator[None]:
    with vector_instructions_by_the_compiler():
        yield


@pytest.fixture(scope="module")
def blank_pictures() -> Iterator[None]:
    """Pictures with nothing drawn on them, for runs of which other things are looked at."""
    from tests.helpers.undrawn import unplotted

    with unplotted():
        yield


@pytest.fixture
def process_group(tmp_path: Path) -> Iterator[None]:
    """A group of this process alone."""
    import torch.distributed

    torch.distributed.init_process_group("gloo", init_method=f"file://{tmp_path / 'store'}", rank=0, world_size=1)
    yield
    torch.distributed.destroy_process_group()
