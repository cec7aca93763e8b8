"""The sweep: valid, and every command that wandb's agent makes of it is a training of one front-end on one fold."""

import itertools
import random
import subprocess
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml
from accelerate.commands.launch import launch_command_parser

from esc_gpu.config.parse import parse_run
from tests.helpers.paths import CONFIGS, REPOSITORY

SWEEP = yaml.safe_load((CONFIGS / "sweep.yaml").read_text(encoding="utf-8"))
# Stands for `accelerate`: keeps the words that it is called with.
RECORDER = '#!/bin/sh\nprintf "%s\\0" "$@" > "$RECORDED"\n'


def grid():
    """Every combination of the sweep's parameters, as the server sends them to an agent."""
    values = {name: part.get("values", [part.get("value")]) for name, part in SWEEP["parameters"].items()}
    for combination in itertools.product(*values.values()):
        yield {name: {"value": value} for name, value in zip(values, combination, strict=True)}


def test_it_is_all_front_ends_on_all_folds():
    configs = [path for path in CONFIGS.glob("*.yaml") if path.stem not in ("demo", "sweep")]
    expected = {(f"configs/{path.name}", fold) for path in configs for fold in (1, 2, 3, 4, 5)}
    runs = [(parameters["config"]["value"], parameters["folds"]["value"]) for parameters in grid()]
    assert set(runs) == expected and len(runs) == len(expected)


def test_it_selects_nothing():
    assert SWEEP["method"] == "grid" and "metric" not in SWEEP and "early_terminate" not in SWEEP


def test_wandbs_schema_has_nothing_against_it():
    sweeps = pytest.importorskip("sweeps", reason="the schema is in `pip install sweeps`")
    assert sweeps.schema_violations_from_proposed_config(SWEEP) == []
    assert sweeps.schema_violations_from_proposed_config({**SWEEP, "method": "guess"})


@pytest.fixture
def agent(monkeypatch, tmp_path):
    """wandb's own agent without its server: `agent(parameters, run_id)` is the process that it would start."""
    from wandb import wandb_agent

    started = []
    monkeypatch.chdir(tmp_path)  # it writes the parameters into ./wandb
    monkeypatch.setenv("WANDB_SWEEP_ID", "sweep1")
    monkeypatch.setenv("WANDB_RUN_ID", "none yet")
    monkeypatch.setenv("WANDB_SWEEP_PARAM_PATH", "none yet")
    monkeypatch.setattr(wandb_agent, "AgentProcess", lambda **process: started.append(process) or SimpleNamespace())
    instance = wandb_agent.Agent.__new__(wandb_agent.Agent)
    instance._in_jupyter, instance._function, instance._forward_signals = False, None, False
    instance._run_processes, instance._sweep_command = {}, SWEEP["command"]

    def start(parameters, run_id):
        instance._command_run({"run_id": run_id, "program": SWEEP["program"], "args": parameters})
        return started[-1]

    return start


def test_every_command_of_the_agent_is_a_training_of_its_own(agent, tmp_path, monkeypatch):
    (tmp_path / "accelerate").write_text(RECORDER, encoding="utf-8")
    (tmp_path / "accelerate").chmod(0o755)
    monkeypatch.chdir(REPOSITORY)
    configs = SWEEP["parameters"]["config"]["values"]
    frontends = {path: parse_run(["--config", path], "train.py").frontend for path in configs}
    recorded, outputs = tmp_path / "recorded", set()
    for number, parameters in enumerate(grid()):
        monkeypatch.chdir(tmp_path)
        shuffled = dict(random.Random(number).sample(sorted(parameters.items()), len(parameters)))
        process = agent(shuffled, f"run{number}")
        path = f"{tmp_path}:{process['env']['PATH']}"
        subprocess.run(process["command"], env={**process["env"], "PATH": path, "RECORDED": str(recorded)}, check=True)
        recorded_words = recorded.read_text(encoding="utf-8").removesuffix("\0").split("\0")
        launched = launch_command_parser().parse_args(recorded_words[1:])
        program, words = launched.training_script, launched.training_script_args
        assert (recorded_words[0], program) == ("launch", "train.py") and (REPOSITORY / program).is_file()
        monkeypatch.chdir(REPOSITORY)
        config, source = parse_run(words, program), parameters["config"]["value"]
        name = Path(source).stem
        assert config.folds == parameters["folds"]["value"] and config.frontend == frontends[source]
        assert (config.tracker.name, config.tracker.group) == ("wandb", name)
        assert config.data.root == "ESC-50" and config.output_dir == f"runs/sweep-sweep1/{name}-run{number}"
        outputs.add(config.output_dir)
    assert len(outputs) == 60
