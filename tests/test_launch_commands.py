"""The commands by `accelerate launch` are silent: its launcher warns of nothing that they leave out."""

import io
import logging
import re
import shlex

import psutil
import pytest
import torch
from accelerate.commands import launch

from tests.helpers.pages import command_lines
from tests.helpers.paths import CONFIGS, REPOSITORY


def launches():
    """The words behind `accelerate launch` of every command on the pages, in the Makefile and in the sweep."""
    found = [words[2:] for words in command_lines() if words[:2] == ["accelerate", "launch"]]
    for path in (REPOSITORY / "Makefile", CONFIGS / "sweep.yaml"):
        text = path.read_text(encoding="utf-8").replace("\\\n", " ").replace('\n    "$@"', " train.py")
        found += [shlex.split(line) for line in re.findall(r"accelerate launch (.*)", text)]
    return found


LAUNCHES = launches()


def warnings_of(words, monkeypatch, tmp_path):
    """What the launcher says of a command on a machine with many cores and GPUs, and no `accelerate config`."""
    monkeypatch.setattr(launch, "default_config_file", str(tmp_path / "none.yaml"))
    monkeypatch.setattr(psutil, "cpu_count", lambda logical: 64)
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    gpus = 0 if "--cpu" in words else 8  # of several GPUs that --cpu leaves alone it always warns
    monkeypatch.setattr(torch.cuda, "device_count", lambda: gpus)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: gpus > 0)
    said = io.StringIO()
    monkeypatch.setattr(launch.logger, "handlers", [logging.StreamHandler(said)])
    monkeypatch.setattr(launch.logger, "isEnabledFor", lambda level: level >= logging.WARNING)
    launch._validate_launch_command(launch.launch_command_parser().parse_args(words))
    return said.getvalue()


@pytest.mark.parametrize("words", LAUNCHES, ids=[" ".join(words)[:70] for words in LAUNCHES])
def test_a_command_is_silent(words, monkeypatch, tmp_path):
    assert warnings_of(words, monkeypatch, tmp_path) == ""


def test_a_bare_launch_is_not_and_is_found(monkeypatch, tmp_path):
    assert len(LAUNCHES) >= 7
    said = warnings_of(["train.py"], monkeypatch, tmp_path)
    for option in ("num_processes", "num_machines", "mixed_precision", "dynamo_backend"):
        assert f"`--{option}` was set to a value" in said
    assert "`--num_cpu_threads_per_process` was set" in warnings_of(
        ["--cpu", "--num_processes", "1", "train.py"], monkeypatch, tmp_path
    )
