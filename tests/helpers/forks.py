"""A process that has imported everything once, to fork others from: one for all of pytest-xdist's workers."""

import multiprocessing
import os
from multiprocessing import forkserver, resource_tracker
from unittest import mock

CONTEXT = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload(
    [
        *("esc_gpu.cli.main", "esc_gpu.experiment.cross_validation", "esc_gpu.config.parse", "soundfile"),
        *("esc_gpu.frontends.backends.nnaudio", "esc_gpu.frontends.backends.torchaudio"),
        "tests.helpers.undrawn",
    ]
)
# What a client of the server has to know: private, and none of it elsewhere than where Python has it now.
SERVER = getattr(forkserver, "_forkserver", None)
KNOWN = [name for name in ("_forkserver_address", "_forkserver_authkey") if hasattr(SERVER, name)]


def start_for_workers(environment: dict[str, str]) -> dict[str, str | bytes]:
    """Start it in the process that starts the workers; what they have to know of it, nothing where it is not to be had.

    `environment` is what the workers have more than this process.
    """
    if not KNOWN:
        return {}
    with mock.patch.dict(os.environ, environment):
        SERVER.ensure_running()
    return {name: getattr(SERVER, name) for name in KNOWN}


def take_started(known: dict[str, str | bytes]) -> None:
    """Have this process's forks made by the server of `start_for_workers`."""
    for name, value in known.items():
        setattr(SERVER, name, value)
    if known:
        SERVER._forkserver_alive_fd = os.open(os.devnull, os.O_RDONLY)  # it lives as long as who started it
        SERVER.ensure_running = resource_tracker.ensure_running
