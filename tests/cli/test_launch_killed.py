"""What a run's processes do when one of them, or their launcher, is killed: real processes, which train nothing."""

import logging
import os
import signal
import subprocess
import sys

import psutil
import pytest

from esc_gpu.cli import launch
from tests.helpers.one_line import error_line
from tests.helpers.paths import REPOSITORY

TRAINING = """
import sys, time
from esc_gpu.cli.launch import end_with_launcher
end_with_launcher()
print("begun", flush=True)
time.sleep(60)
"""
LAUNCHER = f"""
import subprocess, sys
subprocess.run([sys.executable, "-c", {TRAINING!r}])
"""
RANK = """
import os, pathlib, signal, time
other = pathlib.Path(__file__).with_name("other")
if os.environ["RANK"] == "0":
    while not other.exists():
        time.sleep(0.01)
    os.kill(os.getpid(), signal.SIGKILL)
other.with_suffix(".new").write_text(str(os.getpid()))
other.with_suffix(".new").rename(other)
time.sleep(60)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a process that its parent was killed")
def test_a_training_ends_when_its_launcher_is_killed(tmp_path):
    (tmp_path / "accelerate-launch").write_text(LAUNCHER, encoding="utf-8")
    command, environment = (
        [sys.executable, tmp_path / "accelerate-launch"],
        {**os.environ, "PYTHONPATH": str(REPOSITORY)},
    )
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as launcher:
        assert launcher.stdout.readline() == "begun\n"
        (training,) = psutil.Process(launcher.pid).children()
        launcher.kill()
        try:
            training.wait(20)
        finally:
            if training.is_running():
                training.kill()


def test_the_first_process_is_killed(tmp_path, capfd):
    """The launcher ends the others and says in one line which was killed, by what, and how to go on."""
    (tmp_path / "rank.py").write_text(RANK, encoding="utf-8")
    names = [name for name in logging.root.manager.loggerDict if name.startswith(launch.ELASTIC)]
    levels = {name: logging.getLogger(name).level for name in names}
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    words = ["--nproc_per_node", "2", "--standalone", "--log-dir", str(tmp_path), str(tmp_path / "rank.py")]
    try:
        assert launch.start_processes(words, tmp_path) == 128 + signal.SIGKILL
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
        for name, level in levels.items():
            logging.getLogger(name).setLevel(level)
    line = error_line(capfd.readouterr().err)
    assert line == "process 0 of the run was ended by SIGKILL: go on from the last checkpoint with --resume"
    assert not psutil.pid_exists(int((tmp_path / "other").read_text(encoding="utf-8")))
