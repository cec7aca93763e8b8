"""Launches of a training step of ResNet-18 on a GPU, counted from tensors without data, and what may not wait."""

import pytest
import torch
from torch import nn

from benchmarks.speed.launches import as_on_cuda, count_on
from esc_gpu.augment import draws
from esc_gpu.config.parse import parse_run
from esc_gpu.training.build_model import build_model
from esc_gpu.training.data_parallel import data_parallel_options
from esc_gpu.training.sync_batch_norm import synchronize_batch_norm
from tests.helpers import batch_norm_kernels
from tests.helpers.accelerators import create
from tests.helpers.fake_cuda import CUDA, fake_cuda, faked, hindrances

SKIP = "--train.on_nonfinite", "skip"
SMALL = "--model.backbone", "test_resnet"
AVERAGE = "--train.ema_decay", "0.99"
PARTS = tuple(f"--augment.{name}_probability=0.5" for name in ("polarity", "noise", "between_class", "cutmix", "erase"))
STRENGTHS = tuple(f"--augment.{name}=0.1" for name in ("speed", "freq_warp", "time_stretch", "filter_std"))
MORE = ("--augment.crop_seconds=2.5", "--augment.equalizer_db=6", "--augment.noise_exponent=[0,2]")
EVERY_AUGMENTATION = (*PARTS, *STRENGTHS, *MORE, "--augment.mixup_alpha=0.3")


def count(*options, backward=False):
    """What the second step asks of a GPU by phase, without its backward pass or with it, as on the CPU."""
    config = parse_run(list(options), "train.py")
    classifier = build_model(config, 50).train()
    with as_on_cuda():
        on_cuda = count_on(config, classifier, "cuda")
        on_cpu = count_on(config, classifier, "cpu") if backward else None
    assert on_cuda.total.waits == on_cuda.total.copies == []
    return on_cuda.phases if on_cpu is None else on_cuda.phases | {"backward": on_cpu.phases["backward"]}


def launches(phases, but=()):
    return sum(work.launches for name, work in phases.items() if name not in but)


@pytest.fixture(scope="module")
def default():
    return count(backward=True)


def test_a_step_is_at_most_225_launches(default):
    assert launches(default) <= 225
    ceilings = {"forward": 72, "backward": 105, "optimiser": 16}
    assert all(default[name].launches <= ceiling for name, ceiling in ceilings.items())


def test_steps_left_out_and_an_average_cost_at_most_20_launches(default):
    counted = count(*AVERAGE, *SKIP)
    assert counted["averaging"].launches <= 5
    assert 10 < launches(counted, ["backward"]) - launches(default, ["backward"]) <= 20


def test_an_average_of_all_steps_is_one_launch():
    assert count(*AVERAGE, *SMALL)["averaging"].launches == 1


def test_all_augmentations_together_are_at_most_150_launches(default):
    counted = count(*EVERY_AUGMENTATION)
    on_images = counted["front-end"].launches - default["front-end"].launches
    assert 100 < counted["augmentation"].launches + on_images <= 150
    operations = counted["augmentation"].operations
    assert operations["rand"] == 0 and operations["randn"] == 2  # noise, and its colour, which are each batch's own


def test_parameters_made_for_each_batch_alone_are_found(monkeypatch):
    monkeypatch.setattr(draws, "AHEAD", 1)
    counted = count(*EVERY_AUGMENTATION, *SMALL)
    assert counted["augmentation"].launches > 200 and counted["augmentation"].operations["rand"] > 20


def test_a_kernel_for_each_tensor_is_found(monkeypatch):
    together = launches(count(*SKIP, *SMALL))
    monkeypatch.delattr(torch, "_foreach_copy_")
    assert launches(count(*SKIP, *SMALL)) > together + 20


# ---- several processes


@pytest.fixture
def two_processes(monkeypatch):
    """What a process sees of another, without it; the kernels by their formulas, for which fake tensors have none."""
    batch_norm_kernels.in_their_place(monkeypatch)
    monkeypatch.setattr(torch.distributed, "is_initialized", lambda: True)
    monkeypatch.setattr(torch.distributed, "get_world_size", lambda: 2)
    monkeypatch.setattr(torch.distributed, "all_gather_into_tensor", lambda everyones, own: None)
    monkeypatch.setattr(torch.distributed, "all_reduce", lambda tensor: None)


def waits_of_a_norm():
    norm = synchronize_batch_norm(nn.Sequential(nn.BatchNorm2d(4)), CUDA).train()
    with fake_cuda() as mode:
        there = faked(norm, mode)
        return hindrances(lambda: there(torch.empty(2, 4, 8, 8, device="cuda")))


@pytest.mark.usefixtures("two_processes")
def test_batch_norm_over_processes_waits_for_nothing():
    assert waits_of_a_norm() == []


@pytest.mark.usefixtures("two_processes")
def test_a_batch_norm_that_looks_for_processes_without_clips_is_found(monkeypatch):
    monkeypatch.setattr(torch.distributed, "all_gather_into_tensor", lambda everyones, own: everyones[everyones >= 1])
    assert waits_of_a_norm()


def test_processes_exchange_gradients_and_no_buffers(tmp_path):
    accelerator = create(tmp_path, "--train.mixed_precision", "no")
    options = accelerator.ddp_handler.to_kwargs()
    assert options.pop("gradient_as_bucket_view") is True
    assert options in ({"broadcast_buffers": False}, {"forward_sync_buffers": False})
    assert accelerator.init_handler.timeout.total_seconds() == 3600


def test_torch_is_told_so_by_the_name_that_it_has(monkeypatch):
    def later(self, module, broadcast_buffers=None, forward_sync_buffers=None):
        """As from torch 2.14 on."""

    monkeypatch.setattr(nn.parallel.DistributedDataParallel, "__init__", later)
    expected = {"forward_sync_buffers": False, "gradient_as_bucket_view": True}
    assert data_parallel_options().to_kwargs() == expected
    monkeypatch.setattr(
        nn.parallel.DistributedDataParallel, "__init__", lambda self, module, broadcast_buffers=True: None
    )
    expected = {"broadcast_buffers": False, "gradient_as_bucket_view": True}
    assert data_parallel_options().to_kwargs() == expected
