"""The Accelerator of a run: precision, batch, threads, and options that are everyone's."""

import sys

import pytest
import torch

from esc_gpu.config.options import as_dict, flatten
from esc_gpu.config.parse import parse_run
from esc_gpu.errors import EscGpuError
from esc_gpu.training import accelerator
from esc_gpu.training.accelerator import best_precision, check_bf16, check_same_options, create_accelerator
from esc_gpu.training.build_model import build_model
from esc_gpu.training.nonfinite_steps import leaves_out
from tests.helpers.accelerators import create


@pytest.mark.parametrize(
    ("capability", "avx512", "amx", "expected"),
    [
        ((9, 0), False, False, "bf16"),
        ((8, 0), False, False, "bf16"),
        ((7, 5), True, True, "fp16"),  # the GPU decides where there is one
        ((7, 0), False, False, "fp16"),
        ((6, 1), True, True, "no"),
        (None, True, False, "bf16"),
        (None, False, True, "bf16"),
        (None, False, False, "no"),
    ],
)
def test_the_best_precision_is_one_that_the_hardware_multiplies(monkeypatch, capability, avx512, amx, expected):
    def supports(including_emulation):
        return capability >= (8, 0) or including_emulation

    gpu = torch.device("cuda") if capability else None
    monkeypatch.setattr(torch.accelerator, "current_accelerator", lambda check_available: gpu)
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", supports)
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device: capability)
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"avx512_bf16": avx512, "amx_tile": amx})
    assert best_precision() == expected


@pytest.mark.parametrize(("on_cpu", "expected"), [("true", "no"), ("false", "bf16")])
def test_the_best_precision_on_a_cpu_is_not_that_of_the_gpu_beside_it(monkeypatch, on_cpu, expected):
    monkeypatch.setenv("ACCELERATE_USE_CPU", on_cpu)
    monkeypatch.setattr(torch.accelerator, "current_accelerator", lambda check_available: torch.device("cuda"))
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation: True)
    monkeypatch.setattr(torch.cpu, "get_capabilities", dict)
    assert best_precision() == expected


BF16 = ("--train.mixed_precision", "bf16", "--data.sample_rate", "8000", "--frontend.n_fft", "256")


@pytest.mark.parametrize(
    ("options", "n_frames", "inside"),
    [
        ([], 16, "1 wide where a convolution has a stride of 2"),
        (["--model.stem_stride", "[2,4]"], 24, "1 wide where a convolution has a stride of 2"),
        (["--model.stem_stride", "[2,64]"], 87, "1 wide where a convolution has a stride of 2"),
        (["--model.stem_stride", "[2,64]"], 63, "63 wide where a convolution has a stride of 64"),
        ([], 17, None),
        (["--model.stem_stride", "[2,1]"], 9, None),
        (["--model.stem_pool", "false"], 9, None),
    ],
)
def test_bf16_on_a_cpu_needs_images_as_wide_as_the_backbones_strides(tmp_path, options, n_frames, inside):
    hop = ("--frontend.hop_length", "100", "--frontend.n_mels", "16", "--data.clip_seconds", str((n_frames - 1) / 80))
    config = parse_run([*BF16, *hop, *options], "train.py")
    model, n_samples = build_model(config, 3), (n_frames - 1) * 100
    assert model.image_shape(n_samples) == (1, 16, n_frames)
    here, modes = create_accelerator(config, tmp_path), [part.training for part in model.modules()]
    if inside is None:
        check_bf16(here, model, n_samples)
    else:
        expected = f"images of {n_frames} frames are too narrow for bf16 on a CPU: inside resnet18 they are {inside}: "
        with pytest.raises(EscGpuError, match=f"{expected}train with --train.mixed_precision no") as refused:
            check_bf16(here, model, n_samples)
        assert "\n" not in str(refused.value)
        check_bf16(create(tmp_path, "--train.mixed_precision", "no"), model, n_samples)
    assert [part.training for part in model.modules()] == modes
    assert not any(part._forward_pre_hooks for part in model.modules())


def test_bf16_on_a_cpu_needs_images_wider_than_a_stride_where_they_are_some_rows_high(tmp_path):
    """What a convolution then gives is read from memory that nobody wrote, often NaN."""
    options = ("--config", "configs/logmel.yaml", "--data.clip_seconds=1", "--data.sample_rate=22050")
    config = parse_run([*options, "--model.backbone=test_resnet", "--train.mixed_precision=bf16"], "train.py")
    model, here = build_model(config, 3), create_accelerator(config, tmp_path)
    assert model.image_shape(22050) == (1, 64, 22)
    with pytest.raises(EscGpuError, match="inside test_resnet they are 2 wide where a convolution has a stride of 2"):
        check_bf16(here, model, 22050)
    check_bf16(here, model, 3 * 22050)


def test_auto_is_the_best_precision_of_this_machine(tmp_path):
    here = create(tmp_path)
    assert here.mixed_precision == best_precision() in ("no", "bf16")
    assert here.project_dir == tmp_path and here.init_handler.timeout.total_seconds() == 3600


def test_runs_of_one_process_have_each_their_own_precision(tmp_path):
    """As in a notebook: Accelerate keeps the first one's."""
    for precision in ("bf16", "no", "bf16"):
        assert create(tmp_path, "--train.mixed_precision", precision).mixed_precision == precision


def test_a_precision_that_is_not_possible_here_is_one_line(tmp_path, monkeypatch):
    def refuse(**options):
        raise ValueError("fp16 mixed precision requires a GPU")

    monkeypatch.setattr("esc_gpu.training.accelerator.Accelerator", refuse)
    with pytest.raises(
        EscGpuError, match="^train.mixed_precision=fp16 with tracker.name=none is not possible here: fp16"
    ):
        create(tmp_path, "--train.mixed_precision", "fp16")


def test_a_package_that_accelerate_lacks_is_named_and_no_option_is_blamed(tmp_path, monkeypatch):
    def refuse(**options):
        raise ImportError("DeepSpeed is not installed => run `pip install deepspeed` or build it from source.\nMore.")

    monkeypatch.setattr("esc_gpu.training.accelerator.Accelerator", refuse)
    with pytest.raises(
        EscGpuError, match="^Accelerate needs a package that is missing here: DeepSpeed is not installed"
    ) as refused:
        create(tmp_path)
    assert "mixed_precision" not in str(refused.value) and "tracker" not in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_batch_that_does_not_divide_is_refused(tmp_path):
    create(tmp_path, "--train.batch_size", "12", "--train.accumulation", "4")
    with pytest.raises(
        EscGpuError, match="train.batch_size=12 must be divisible by processes x train.accumulation = 5"
    ):
        create(tmp_path, "--train.batch_size", "12", "--train.accumulation", "5")


@pytest.mark.parametrize("name", ["mixup_alpha", "cutmix_probability", "between_class_probability"])
def test_a_part_of_one_clip_has_nothing_to_mix(tmp_path, name):
    batch, mixing = ("--train.batch_size", "4", "--train.accumulation"), (f"--augment.{name}", "0.3")
    create(tmp_path, *batch, "2", *mixing)
    create(tmp_path, *batch, "4")
    expected = f"augment.{name}=0.3 mixes .* train.batch_size=4 over processes x train.accumulation = 4 leaves a part"
    with pytest.raises(EscGpuError, match=expected) as refused:
        create(tmp_path, *batch, "4", *mixing)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("threads", "cores", "processes", "expected"),
    [("3", 9, "2", 3), (None, 9, "2", 4), (None, 9, "16", 1), (None, None, "1", 1)],
    ids=["chosen", "shared out", "one at least", "unknown"],
)
def test_processes_of_a_machine_share_its_cores(tmp_path, monkeypatch, threads, cores, processes, expected):
    taken, kept = [], []
    monkeypatch.setattr(torch, "set_num_threads", taken.append)
    monkeypatch.setattr(accelerator, "keep_freed_memory", lambda: kept.append("on the CPU"))
    monkeypatch.setattr("esc_gpu.training.accelerator.os.cpu_count", lambda: cores)
    monkeypatch.setenv("LOCAL_WORLD_SIZE", processes)
    create(tmp_path, *(("--train.threads", threads) if threads else ()))
    assert taken == [expected] and kept == ["on the CPU"]


def test_a_tracker_that_is_not_installed_is_refused(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "wandb", None)
    with pytest.raises(EscGpuError, match=r"^tracker.name=wandb needs wandb: pip install \"esc_gpu\[wandb\]\"$"):
        create(tmp_path, "--tracker.name", "wandb")


def test_the_device_itself_is_asked_whether_it_leaves_steps_out():
    with pytest.raises(RuntimeError, match="fused"):
        leaves_out(torch.device("meta"))  # has no such kernel


def test_options_that_differ_between_processes_are_named(tmp_path, monkeypatch):
    """All but those that each machine may have of its own."""
    config = parse_run(["--data.root", "here", "--train.threads", "2"], "train.py")
    there = parse_run(["--data.root", "there", "--output_dir", "away", "--resume"], "train.py")
    monkeypatch.setattr(accelerator, "from_all", lambda own: [own, flatten(as_dict(there))])
    check_same_options(config)
    there = parse_run(["--train.seed", "4", "--folds", "[2]"], "train.py")
    with pytest.raises(
        EscGpuError, match="processes 0 and 1 of the run have .*: folds is None and .*; train.seed is 0 and 4"
    ):
        create_accelerator(config, tmp_path)
    here = parse_run(["--frontend.name", "mfcc"], "train.py")
    there = parse_run([], "train.py")
    only = "frontend.n_mfcc is 40 and None; frontend.name is mfcc and logmel; frontend.scale is None and db: give"
    with pytest.raises(EscGpuError, match=only):
        check_same_options(here)
