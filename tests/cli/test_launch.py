"""What is started in the place of a single CPU process that was meant to be several."""

import shlex
import sys
from types import SimpleNamespace

import psutil
import pytest

from esc_gpu.cli import launch


def started(monkeypatch, *words):
    """The command that takes over from `accelerate launch` with these words, or None."""
    commands = []
    for name in launch.RANK_VARIABLES:
        monkeypatch.delenv(name, raising=False)
    for name, value in {"MASTER_ADDR": "10.0.0.1", "MASTER_PORT": "29555", "ACCELERATE_USE_CPU": "true"}.items():
        monkeypatch.setenv(name, value)
    parent = SimpleNamespace(cmdline=lambda: ["python", "accelerate", "launch", *words, "train.py"])
    monkeypatch.setattr(psutil, "Process", lambda: SimpleNamespace(parent=lambda: parent))
    monkeypatch.setattr(launch.os, "execv", lambda path, command: commands.append(command))
    launch.start_all_processes()
    return commands[0] if commands else None


def test_on_one_machine_a_free_port_is_found(monkeypatch):
    command = started(monkeypatch, "--cpu", "--num_processes", "2")
    assert command[1:6] == ["-m", "torch.distributed.run", "--nproc_per_node", "2", "--standalone"]
    assert "--master_port" not in command


def test_a_port_that_was_asked_for_is_taken(monkeypatch):
    command = started(monkeypatch, "--cpu", "--num_processes", "2", "--main_process_port", "29555")
    assert command[command.index("--master_port") + 1] == "29555" and "--standalone" not in command


def test_machines_meet_where_they_were_told_to(monkeypatch):
    options = ("--num_machines", "2", "--machine_rank", "1", "--main_process_ip", "10.0.0.1")
    command = started(monkeypatch, "--cpu", "--num_processes", "4", *options, "--main_process_port", "29555")
    given = dict(zip(command[3:13:2], command[4:13:2], strict=True))
    assert given == {
        **{"--nproc_per_node": "2", "--nnodes": "2", "--node_rank": "1"},
        **{"--master_addr": "10.0.0.1", "--master_port": "29555"},
    }


def test_the_number_of_processes_has_to_be_on_the_command_line(monkeypatch):
    with pytest.raises(SystemExit, match="add --num_processes N"):
        started(monkeypatch, "--cpu")


def test_a_process_that_was_started_as_one_of_several_stays(monkeypatch):
    monkeypatch.setattr(launch, "RANK_VARIABLES", ("RANK",))
    monkeypatch.setattr(launch.os, "execv", lambda *given: pytest.fail("started again"))
    monkeypatch.setenv("MASTER_ADDR", "10.0.0.1")
    monkeypatch.setenv("ACCELERATE_USE_CPU", "true")
    monkeypatch.setenv("RANK", "0")
    launch.start_all_processes()


def denied():
    raise psutil.AccessDenied(1)


def ended():
    raise psutil.ZombieProcess(1)


@pytest.mark.parametrize("parent", [None, SimpleNamespace(cmdline=denied), SimpleNamespace(cmdline=ended)])
def test_a_parent_that_is_not_to_be_seen_is_no_launcher(monkeypatch, parent):
    monkeypatch.setattr(launch, "RANK_VARIABLES", ())
    monkeypatch.setenv("MASTER_ADDR", "10.0.0.1")
    monkeypatch.setenv("ACCELERATE_USE_CPU", "true")
    monkeypatch.setattr(launch.os, "execv", lambda *given: pytest.fail("started again"))
    monkeypatch.setattr(psutil, "Process", lambda: SimpleNamespace(parent=lambda: parent))
    monkeypatch.setattr(launch.ctypes, "CDLL", lambda name: pytest.fail("asked for a signal"))
    launch.start_all_processes()
    launch.end_with_launcher()


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
