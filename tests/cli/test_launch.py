"""What is started in the place of a single CPU process that was meant to be several."""

import json
import ntpath
import shlex
import signal
import subprocess
import sys
from types import SimpleNamespace

import psutil
import pytest
from torch.distributed.elastic.multiprocessing.api import SignalException
from torch.distributed.elastic.multiprocessing.errors import ChildFailedError, ProcessFailure

from esc_gpu.cli import launch
from esc_gpu.errors import EscGpuError
from tests.helpers.one_line import error_line

# A program of one process of the launcher's, which says which it is once it has been where they meet.
PRESENT = """
import json, os, socket, sys
from pathlib import Path
from esc_gpu.cli.launch import end_with_launcher, start_all_processes

end_with_launcher()
start_all_processes(lambda: None)
socket.create_connection((os.environ["MASTER_ADDR"], int(os.environ["MASTER_PORT"])), timeout=60).close()
numbers = [int(os.environ[name]) for name in ("RANK", "LOCAL_RANK", "WORLD_SIZE", "LOCAL_WORLD_SIZE")]
Path(f"{numbers[0]}.json").write_text(json.dumps([sys.argv[1:], *numbers]))
"""


def nothing():
    """In the place of the check of the options."""


def started(monkeypatch, *words, spec=None, program=("train.py",)):
    """What torch's launcher is given in the place of `accelerate launch` with these words."""
    commands = []
    for name in launch.RANK_VARIABLES:
        monkeypatch.delenv(name, raising=False)
    for name, value in {"MASTER_ADDR": "10.0.0.1", "MASTER_PORT": "29555", "ACCELERATE_USE_CPU": "true"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys.modules["__main__"], "__spec__", spec)
    parent = SimpleNamespace(cmdline=lambda: ["python", "accelerate", "launch", *words, *program])
    monkeypatch.setattr(psutil, "Process", lambda: SimpleNamespace(parent=lambda: parent))
    monkeypatch.setattr("torch.distributed.run.main", commands.append)
    monkeypatch.setattr(sys, "argv", [program[-1], "--folds", "1"])
    with pytest.raises(SystemExit) as ended:
        launch.start_all_processes(nothing)
    if not commands:
        raise ended.value
    assert ended.value.code == 0
    assert commands[0][-3:] == (sys.argv if spec is None else ["esc_gpu", *sys.argv[1:]])
    return commands[0]


def test_on_one_machine_a_free_port_is_found(monkeypatch):
    command = started(monkeypatch, "--cpu", "--num_processes", "2")
    assert command[:3] == ["--nproc_per_node", "2", "--standalone"]
    assert "--master_port" not in command


def test_a_module_is_started_as_one(monkeypatch):
    module = SimpleNamespace(name="esc_gpu.__main__")
    command = started(monkeypatch, "--cpu", "--num_processes", "2", spec=module, program=("-m", "esc_gpu"))
    (place,) = (number for number, word in enumerate(command) if word == "--log-dir")
    del command[place : place + 2]
    assert command == ["--nproc_per_node", "2", "--standalone", "--module", "esc_gpu", "--folds", "1"]


def test_a_port_that_was_asked_for_is_taken(monkeypatch):
    command = started(monkeypatch, "--cpu", "--num_processes", "2", "--main_process_port", "29555")
    assert command[command.index("--master_port") + 1] == "29555" and "--standalone" not in command


def test_machines_meet_where_they_were_told_to(monkeypatch):
    options = ("--num_machines", "2", "--machine_rank", "1", "--main_process_ip", "10.0.0.1")
    command = started(monkeypatch, "--cpu", "--num_processes", "4", *options, "--main_process_port", "29555")
    given = dict(zip(command[:10:2], command[1:10:2], strict=True))
    assert given == {
        **{"--nproc_per_node": "2", "--nnodes": "2", "--node_rank": "1"},
        **{"--master_addr": "10.0.0.1", "--master_port": "29555"},
    }


def test_the_number_of_processes_has_to_be_on_the_command_line(monkeypatch):
    with pytest.raises(SystemExit, match="add --num_processes N"):
        started(monkeypatch, "--cpu")


def test_a_process_that_was_started_as_one_of_several_stays(monkeypatch):
    monkeypatch.setattr(launch, "RANK_VARIABLES", ("RANK",))
    monkeypatch.setattr("torch.distributed.run.main", lambda given: pytest.fail("started again"))
    monkeypatch.setenv("MASTER_ADDR", "10.0.0.1")
    monkeypatch.setenv("ACCELERATE_USE_CPU", "true")
    monkeypatch.setenv("RANK", "0")
    launch.start_all_processes(nothing)


def test_wrong_options_are_said_before_any_process_is_started(monkeypatch):
    def refuse():
        raise EscGpuError("there is no option 'nonsense'")

    monkeypatch.setattr("tests.cli.test_launch.nothing", refuse)
    with pytest.raises(EscGpuError, match="nonsense"):
        started(monkeypatch, "--cpu", "--num_processes", "2")


# ---- the processes that have failed


def ended_with(error, monkeypatch, folder):
    """The launcher's status where torch's raises this error."""

    def fail(words):
        raise error

    monkeypatch.setattr("torch.distributed.run.main", fail)
    return launch.start_processes([], folder)


def failed(exitcode):
    return ChildFailedError("train.py", {0: ProcessFailure(0, 1, exitcode, "none")})


def test_a_process_that_has_said_why_it_failed_is_not_spoken_over(monkeypatch, tmp_path, capsys):
    assert ended_with(failed(2), monkeypatch, tmp_path) == 2
    assert ended_with(SignalException("", signal.SIGTERM), monkeypatch, tmp_path) == 143
    (tmp_path / "0").mkdir()
    (tmp_path / "0" / launch.SPOKEN).touch()
    assert ended_with(failed(-signal.SIGKILL), monkeypatch, tmp_path) == 137
    assert capsys.readouterr() == ("", "")


def test_a_process_that_was_killed_without_a_word_is_named(monkeypatch, tmp_path, capsys):
    assert ended_with(failed(-signal.SIGKILL), monkeypatch, tmp_path) == 137
    assert error_line(capsys.readouterr().err).startswith("process 0 of the run was ended by SIGKILL: go on from the")


def test_one_process_of_a_launcher_says_what_ends_the_run(monkeypatch, tmp_path):
    for rank, is_first in ((1, True), (0, False), (1, False)):
        (tmp_path / str(rank)).mkdir(exist_ok=True)
        monkeypatch.setenv("TORCHELASTIC_ERROR_FILE", str(tmp_path / str(rank) / "error.json"))
        assert launch.is_first_to_speak() is is_first
    monkeypatch.setenv("TORCHELASTIC_ERROR_FILE", str(tmp_path / "gone" / "0" / "error.json"))
    assert launch.is_first_to_speak()
    monkeypatch.delenv("TORCHELASTIC_ERROR_FILE")
    assert launch.is_first_to_speak()


def denied():
    raise psutil.AccessDenied(1)


def ended():
    raise psutil.ZombieProcess(1)


@pytest.mark.parametrize("parent", [None, SimpleNamespace(cmdline=denied), SimpleNamespace(cmdline=ended)])
def test_a_parent_that_is_not_to_be_seen_is_no_launcher(monkeypatch, parent):
    monkeypatch.setattr(launch, "RANK_VARIABLES", ())
    monkeypatch.setenv("MASTER_ADDR", "10.0.0.1")
    monkeypatch.setenv("ACCELERATE_USE_CPU", "true")
    monkeypatch.setattr("torch.distributed.run.main", lambda given: pytest.fail("started again"))
    monkeypatch.setattr(psutil, "Process", lambda: SimpleNamespace(parent=lambda: parent))
    monkeypatch.setattr(launch.ctypes, "CDLL", lambda name: pytest.fail("asked for a signal"))
    launch.start_all_processes(nothing)
    launch.end_with_launcher()


def test_a_real_launcher_starts_two_processes_that_can_meet(tmp_path):
    """As it does with train.py, which trains so on two machines in tests/experiment/test_hosts.py."""
    (tmp_path / "present.py").write_text(PRESENT, encoding="utf-8")
    words = [*(sys.executable, "-m", "accelerate.commands.launch", "--cpu", "--num_machines", "1")]
    words += ["--num_processes", "2", "--mixed_precision", "no", "--dynamo_backend", "no", "present.py", "--folds", "1"]
    result = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, timeout=250)
    assert result.returncode == 0, result.stderr[-2000:]
    present = [json.loads((tmp_path / f"{rank}.json").read_text(encoding="utf-8")) for rank in (0, 1)]
    assert present == [[["--folds", "1"], rank, rank, 2, 2] for rank in (0, 1)]


# ---- the command that goes on


def typed(monkeypatch, own, arguments, *ancestors):
    monkeypatch.setattr(sys, "orig_argv", own)
    monkeypatch.setattr(sys, "argv", own[1:])
    processes = [type("Process", (), {"cmdline": lambda self, words=words: list(words)})() for words in ancestors]
    monkeypatch.setattr(psutil, "Process", lambda: type("Own", (), {"parents": lambda self: processes})())
    return launch.resume_command(arguments, "train.py")


def test_it_is_what_was_typed_with_resume(monkeypatch, tmp_path):
    arguments = ["--data.root", "my data", "--train.lr", "0.1"]
    own = ["python", "train.py", *arguments]
    shell = ["bash", "-c", "launch"]
    assert typed(monkeypatch, own, arguments, shell) == "python train.py --data.root 'my data' --train.lr 0.1 --resume"
    assert typed(monkeypatch, [*own, "--resume"], [*arguments, "--resume"]).endswith("0.1 --resume")
    accelerate = ["python", "accelerate", "launch", "--cpu", "train.py", *arguments]
    torchrun = ["python", "-m", "torch.distributed.run", "--standalone", "train.py", *arguments]
    expected = shlex.join([*accelerate, "--resume"])
    assert typed(monkeypatch, own, arguments, torchrun, accelerate, shell) == expected
    script = tmp_path / "esc-gpu"
    script.touch()
    assert typed(monkeypatch, ["python", str(script), "train", *arguments], arguments).startswith(
        f"{script} train --data"
    )


def test_called_from_python_it_is_the_prog_and_the_arguments():
    assert launch.resume_command(["--folds", "1"], "esc-gpu train") == "esc-gpu train --folds 1 --resume"


@pytest.mark.parametrize(
    "words",
    [
        [r"C:\venv\Scripts\python.exe", r"C:\venv\Scripts\accelerate.exe", "launch", "--cpu", "train.py"],
        [r"C:\venv\Scripts\python.exe", r"C:\venv\Scripts\accelerate-launch.exe", "--cpu", "train.py"],
    ],
)
def test_a_launcher_of_windows_is_known_behind_the_python_of_a_venv(monkeypatch, words):
    own = ["python.exe", "train.py", "--folds", "1"]
    launcher = SimpleNamespace(cmdline=lambda: words)
    venv = SimpleNamespace(cmdline=lambda: [r"C:\venv\Scripts\python.exe", *own[1:]], parent=lambda: launcher)
    monkeypatch.setattr(psutil, "Process", lambda: SimpleNamespace(parent=lambda: venv))
    monkeypatch.setattr(sys, "orig_argv", own)
    monkeypatch.setattr(launch.os.path, "basename", ntpath.basename)
    assert launch.find_launch(launch.parent_command()) is None
    monkeypatch.setattr(launch, "WINDOWS", True)
    assert launch.parent_command() == words
    assert words[launch.find_launch(words) + 1 :] == ["--cpu", "train.py"]


def test_on_windows_the_command_is_quoted_as_its_shell_reads_it(monkeypatch):
    monkeypatch.setattr("esc_gpu.cli.next_commands.WINDOWS", True)
    command = launch.resume_command(["--data.root", "C:\\my data"], "esc-gpu train")
    assert command == 'esc-gpu train --data.root "C:\\my data" --resume'
