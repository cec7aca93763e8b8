"""What `accelerate launch` hands over: followed, or refused by name."""

import importlib.util
import os
import re
from pathlib import Path

import pytest
import yaml
from accelerate.commands import launch
from accelerate.commands.config.default import write_basic_config
from accelerate.utils import DynamoBackend
from accelerate.utils.launch import (
    prepare_deepspeed_cmd_env,
    prepare_multi_gpu_env,
    prepare_simple_launcher_cmd_env,
    prepare_tpu,
)

from esc_gpu.training.accelerator import best_precision
from esc_gpu.training.launch_environment import check_launch_environment
from tests.helpers.accelerators import create
from tests.helpers.one_line import refusal

ACCELERATE = Path(importlib.util.find_spec("accelerate").origin).parent

# What the launcher sets, and Accelerate, torch or this package follow: none of it alters what is trained.
FOLLOWED = {
    *("ACCELERATE_USE_CPU", "ACCELERATE_MIXED_PRECISION", "ACCELERATE_CPU_AFFINITY", "ACCELERATE_DEBUG_MODE"),
    *("MASTER_ADDR", "MASTER_PORT", "OMP_NUM_THREADS", "KMP_AFFINITY", "KMP_BLOCKTIME", "PYTHONPATH"),
    *("NCCL_P2P_DISABLE", "NCCL_IB_DISABLE", "CUDA_VISIBLE_DEVICES", "ZE_AFFINITY_MASK", "MLU_VISIBLE_DEVICES"),
    *("SDAA_VISIBLE_DEVICES", "MUSA_VISIBLE_DEVICES", "ASCEND_RT_VISIBLE_DEVICES", "HABANA_VISIBLE_MODULES"),
    *("NEURON_RT_VISIBLE_CORES", "ACCELERATE_USE_SAGEMAKER"),
}
# What Accelerate reads besides, which no launcher sets: where a run is, what is logged, and models of other libraries.
READ = {
    *("ACCELERATE_TORCH_DEVICE", "ACCELERATE_LOG_LEVEL", "ACCELERATE_ENABLE_RICH", "ACCELERATE_DEBUG_RDV_FILE"),
    *("ACCELERATE_INIT_INCLUDE_BUFFERS", "ACCELERATE_BYPASS_DEVICE_MAP"),
}


def launched_variables():
    """Every variable that the launcher's source sets."""
    found, prefix = set(), ""
    for file in ("utils/launch.py", "commands/launch.py"):
        for line in (ACCELERATE / file).read_text(encoding="utf-8").splitlines():
            if given := re.search(r'\bprefix = "([A-Z0-9_]+)"', line):
                prefix = given[1]
            for joined, name in re.findall(r'env\[(prefix \+ )?f?"([^"]+)"\]', line):
                found.add((prefix if joined else "") + name.replace("{prefix}{arg.upper()}", f"{prefix}FP8_FORMAT"))
            found |= set(re.findall(r'"(ACCELERATE_[A-Z0-9_]+)[="]', line))
    return found


LAUNCHED = launched_variables()


def harmful(name):
    return "true" if "_USE_" in name else "4"


def test_every_variable_of_this_accelerate_is_known(monkeypatch):
    """A version of Accelerate that brings another one is looked at before it is trained with."""
    assert {"ACCELERATE_DYNAMO_BACKEND", "FSDP_VERSION", "MEGATRON_LM_TP_DEGREE", "XLA_USE_BF16"} < LAUNCHED
    assert {"ACCELERATE_FP8_FORMAT", "PARALLELISM_CONFIG_CP_SIZE", "ACCELERATE_IN_TPU_POD"} < LAUNCHED
    read = {
        name
        for path in ACCELERATE.rglob("*.py")
        if "test_utils" not in path.parts
        for name in re.findall(r'["\'](ACCELERATE_[A-Z0-9_]*[A-Z0-9])["\']', path.read_text(encoding="utf-8"))
    }
    for name in sorted((LAUNCHED | read) - FOLLOWED - READ):
        with monkeypatch.context() as patch:
            patch.setenv(name, harmful(name))
            refusal(check_launch_environment, "auto")


@pytest.mark.parametrize("name", sorted(LAUNCHED - FOLLOWED - READ))
def test_what_a_run_does_not_follow_is_refused_by_name(tmp_path, monkeypatch, name):
    monkeypatch.setenv(name, harmful(name))
    option = name.removeprefix("ACCELERATE_").lower()
    assert refusal(create, tmp_path).startswith(f"accelerate's {option}={harmful(name)} ({name}) is not used: ")


@pytest.mark.parametrize("name", sorted(FOLLOWED))
def test_what_a_run_follows_is_not_refused(monkeypatch, name):
    monkeypatch.setenv(name, {"ACCELERATE_MIXED_PRECISION": "bf16"}.get(name, "true"))
    check_launch_environment("auto")


@pytest.mark.parametrize(
    ("name", "value", "advice"),
    [
        (
            "ACCELERATE_GRADIENT_ACCUMULATION_STEPS",
            "4",
            "set --train.accumulation 4, and gradient_accumulation_steps: 1 in accelerate's config",
        ),
        (
            "ACCELERATE_GRADIENT_CLIPPING",
            "0.5",
            "set --train.clip_norm 0.5, and leave gradient_clipping out of accelerate's config",
        ),
        (
            "ACCELERATE_DYNAMO_BACKEND",
            "INDUCTOR",
            "set --train.compile default, and --dynamo_backend no or dynamo_backend: 'NO' in accelerate's config",
        ),
        (
            "ACCELERATE_DYNAMO_MODE",
            "max-autotune",
            "--train.compile says how to compile: leave dynamo_mode out of accelerate's config",
        ),
        ("ACCELERATE_MIXED_PRECISION", "fp8", "set --train.mixed_precision bf16, and mixed_precision: 'no' in "),
        ("ACCELERATE_USE_FSDP", "true", "each process has the whole model and a share of the batch: launch with "),
        ("ACCELERATE_USE_IPEX", "true", "leave use_ipex out of accelerate's config"),
        ("XLA_USE_BF16", "1", "a run does not know TPUs: launch with --multi_gpu or --cpu"),
    ],
)
def test_a_refusal_names_the_option_to_use(monkeypatch, name, value, advice):
    monkeypatch.setenv(name, value)
    assert f"={value} ({name}) is not used: {advice}" in refusal(check_launch_environment, "auto")


@pytest.mark.parametrize("name", sorted(n for n in LAUNCHED if re.match("ACCELERATE_(USE|DYNAMO)_|FSDP_", n)))
@pytest.mark.parametrize("value", ["False", "no", "NO", ""])
def test_what_asks_for_nothing_is_not_refused(monkeypatch, name, value):
    monkeypatch.setenv(name, value)
    check_launch_environment("auto")


# ---- the launcher's own functions, on its options and config files


@pytest.fixture
def launched(monkeypatch, tmp_path):
    """Takes the environment that `accelerate launch` makes of its options; returns what it warned of."""

    def take(prepare, *options):
        with monkeypatch.context() as patch:
            patch.setattr(launch, "default_config_file", str(tmp_path / "none.yaml"))
            arguments = launch.launch_command_parser().parse_args([*options, "train.py"])
            arguments, defaults, _ = launch._validate_launch_command(arguments)
            arguments.deepspeed_fields_from_accelerate_config = ""
            made = prepare(arguments)
        for name, value in (made[1] if isinstance(made, tuple) else made).items():
            if os.environ.get(name) != value:
                monkeypatch.setenv(name, value)

    return take


def assert_undisturbed(accelerator):
    assert accelerator.mixed_precision == best_precision()
    assert accelerator.gradient_accumulation_steps == 1
    assert accelerator.state.dynamo_plugin.backend == DynamoBackend.NO


@pytest.mark.parametrize("options", [[], ["--cpu"], ["--num_processes", "1", "--mixed_precision", "no", "--debug"]])
def test_a_launch_as_it_is_works(tmp_path, launched, options):
    launched(prepare_simple_launcher_cmd_env, *options)
    assert os.environ["ACCELERATE_MIXED_PRECISION"] == "no"
    assert_undisturbed(create(tmp_path))


def test_the_defaults_of_accelerate_config_work(tmp_path, launched):
    config = write_basic_config(save_location=str(tmp_path / "default_config.json"))
    launched(prepare_simple_launcher_cmd_env, "--config_file", str(config))
    assert_undisturbed(create(tmp_path))


CONFIG = {
    **{"compute_environment": "LOCAL_MACHINE", "distributed_type": "NO", "mixed_precision": "no", "use_cpu": True},
    **{"num_machines": 1, "num_processes": 1, "machine_rank": 0, "gpu_ids": "all", "debug": False},
}


def write_config(folder, **more):
    file = folder / "accelerate.yaml"
    file.write_text(yaml.safe_dump({**CONFIG, **more}), encoding="utf-8")
    return "--config_file", str(file)


def test_a_config_that_compiles_is_refused(tmp_path, launched):
    dynamo = {"dynamo_backend": "INDUCTOR", "dynamo_mode": "default", "dynamo_use_dynamic": True}
    launched(prepare_simple_launcher_cmd_env, *write_config(tmp_path, dynamo_config=dynamo))
    assert refusal(create, tmp_path).startswith("accelerate's dynamo_backend=INDUCTOR (ACCELERATE_DYNAMO_BACKEND) is ")


def test_a_config_of_deepspeed_that_accumulates_is_refused(tmp_path, launched, monkeypatch):
    options = {"gradient_accumulation_steps": 4, "zero_stage": 0}
    launched(
        prepare_deepspeed_cmd_env,
        *write_config(tmp_path, distributed_type="DEEPSPEED", use_cpu=False, deepspeed_config=options),
        *("--main_process_port", "0"),
    )
    said = refusal(create, tmp_path)
    assert said.startswith("accelerate's use_deepspeed=true (ACCELERATE_USE_DEEPSPEED) is not used: each process ")
    monkeypatch.setenv("ACCELERATE_USE_DEEPSPEED", "false")
    assert "set --train.accumulation 4, and gradient_" in refusal(create, tmp_path, "--train.accumulation", "4")


def test_a_launch_on_several_gpus_as_an_accelerate_config_has_it_is_not_refused(tmp_path, launched):
    answers = {"downcast_bf16": "no", "enable_cpu_affinity": False, "rdzv_backend": "static", "same_network": True}
    answers |= {"distributed_type": "MULTI_GPU", "num_processes": 2, "use_cpu": False, "main_process_port": 0}
    launched(prepare_multi_gpu_env, *write_config(tmp_path, **answers))
    assert os.environ["ACCELERATE_DYNAMO_BACKEND"].lower() == "no"
    check_launch_environment("auto")


@pytest.mark.parametrize("strategy", ["fsdp", "megatron_lm"])
def test_a_model_in_pieces_is_refused(tmp_path, launched, strategy):
    launched(prepare_multi_gpu_env, f"--use_{strategy}", "--num_processes", "2", "--main_process_port", "0")
    assert refusal(create, tmp_path).startswith(f"accelerate's use_{strategy}=true (ACCELERATE_USE_")


def test_a_tpu_is_refused(tmp_path, launched, monkeypatch):
    monkeypatch.setattr("accelerate.utils.launch.is_torch_xla_available", lambda check_is_tpu: True)
    launched(lambda arguments: prepare_tpu(arguments, {}), "--tpu", "--num_processes", "1", "--mixed_precision", "bf16")
    assert refusal(create, tmp_path).startswith("accelerate's xla_use_bf16=1 (XLA_USE_BF16) is not used: a run ")


# ---- precision


@pytest.mark.parametrize(
    ("own", "of_launcher", "expected"),
    [("auto", "bf16", "bf16"), ("bf16", "bf16", "bf16"), ("bf16", "no", "bf16"), ("no", "no", "no")],
)
def test_the_launchers_precision_is_that_of_auto(tmp_path, launched, own, of_launcher, expected):
    launched(prepare_simple_launcher_cmd_env, "--mixed_precision", of_launcher)
    assert create(tmp_path, "--train.mixed_precision", own).mixed_precision == expected


@pytest.mark.parametrize(("own", "of_launcher"), [("no", "bf16"), ("bf16", "fp16"), ("fp16", "bf16")])
def test_two_precisions_are_refused(tmp_path, launched, own, of_launcher):
    launched(prepare_simple_launcher_cmd_env, "--mixed_precision", of_launcher)
    message = refusal(create, tmp_path, "--train.mixed_precision", own)
    assert message.startswith(
        f"accelerate's mixed_precision={of_launcher} (ACCELERATE_MIXED_PRECISION) contradicts "
        f"train.mixed_precision={own}: set one of them to the other, "
    )


@pytest.mark.parametrize(
    ("of_launcher", "own", "asker"),
    [("no", "fp16", "train.mixed_precision"), ("fp16", "auto", "accelerate's mixed_precision")],
)
def test_a_precision_that_would_be_float32_is_refused(tmp_path, launched, of_launcher, own, asker):
    """Accelerate trains in float32 on a CPU where fp16 is asked for."""
    launched(prepare_simple_launcher_cmd_env, "--cpu", "--mixed_precision", of_launcher)
    message = refusal(create, tmp_path, "--train.mixed_precision", own)
    assert message == f"{asker}=fp16 is not possible on this cpu: set it to bf16 or no"
