"""The processes of a run: precision, batch, threads, and what they tell each other."""

import dataclasses
import json
import os
import socket
from types import SimpleNamespace

import pytest
import torch

from esc_gpu.cli.commands.train import main as train
from esc_gpu.config.options import flatten, plain
from esc_gpu.config.parse import parse_run
from esc_gpu.errors import EscGpuError
from esc_gpu.training import processes
from esc_gpu.training.accelerator import best_precision, check_bf16, check_same_options, create_accelerator
from esc_gpu.training.build_model import build_model
from esc_gpu.training.processes import from_all, from_local_main, from_main, reporting_lost_process
from tests.helpers.workers import free_port, run_together


def create(folder, *options):
    return create_accelerator(parse_run(list(options), "train.py"), folder)


@pytest.mark.parametrize(
    ("cuda", "cuda_bf16", "avx512", "amx", "expected"),
    [
        (True, True, False, False, "bf16"),
        (True, False, True, True, "no"),  # the GPU decides where there is one
        (False, False, True, False, "bf16"),
        (False, False, False, True, "bf16"),
        (False, True, False, False, "no"),
    ],
)
def test_the_best_precision_is_bf16_where_the_hardware_multiplies_it(
    monkeypatch, cuda, cuda_bf16, avx512, amx, expected
):
    def supports(including_emulation):
        return cuda_bf16 or including_emulation

    monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda)
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", supports)
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: avx512)
    monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda: amx)
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
    accelerator, modes = create_accelerator(config, tmp_path), [part.training for part in model.modules()]
    if inside is None:
        check_bf16(accelerator, model, n_samples)
    else:
        expected = f"images of {n_frames} frames are too narrow for bf16 on a CPU: inside resnet18 they are {inside}: "
        with pytest.raises(EscGpuError, match=f"{expected}train with --train.mixed_precision no") as refused:
            check_bf16(accelerator, model, n_samples)
        assert "\n" not in str(refused.value)
        check_bf16(create(tmp_path, "--train.mixed_precision", "no"), model, n_samples)
    assert [part.training for part in model.modules()] == modes
    assert not any(part._forward_pre_hooks for part in model.modules())


def test_auto_is_the_best_precision_of_this_machine(tmp_path):
    assert create(tmp_path).mixed_precision == best_precision() in ("no", "bf16")


def test_runs_of_one_process_have_each_their_own_precision(tmp_path):
    """As in a notebook: Accelerate keeps the first one's."""
    for precision in ("bf16", "no", "bf16"):
        assert create(tmp_path, "--train.mixed_precision", precision).mixed_precision == precision


def test_a_precision_that_is_not_possible_here_is_one_line(tmp_path, monkeypatch):
    def refuse(**options):
        raise ValueError("fp16 mixed precision requires a GPU")

    monkeypatch.setattr("esc_gpu.training.processes.Accelerator", refuse)
    with pytest.raises(
        EscGpuError, match="^train.mixed_precision=fp16 with tracker.name=none is not possible here: fp16"
    ):
        create(tmp_path, "--train.mixed_precision", "fp16")


def test_a_batch_that_does_not_divide_is_refused(tmp_path):
    create(tmp_path, "--train.batch_size", "12", "--train.accumulation", "4")
    with pytest.raises(EscGpuError, match="train.batch_size=12 must divide by processes x train.accumulation = 5"):
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


def test_alone_everyones_value_is_ones_own(tmp_path):
    accelerator, value = create(tmp_path), {"any": ["object"]}
    assert from_main(value) == from_local_main(accelerator, value) == value
    assert from_main(None) is None
    assert from_all(value) == [value]


@pytest.mark.parametrize(("threads", "expected"), [("3", 3), (None, 4)], ids=["chosen", "shared out"])
def test_processes_of_a_machine_share_its_cores(tmp_path, monkeypatch, threads, expected):
    taken = []
    monkeypatch.setattr(torch, "set_num_threads", taken.append)
    monkeypatch.setattr("esc_gpu.training.processes.os.cpu_count", lambda: 9)
    monkeypatch.setenv("LOCAL_WORLD_SIZE", "2")
    create(tmp_path, *(("--train.threads", threads) if threads else ()))
    assert taken == [expected]


def exchange(rank):
    """What one of four processes on two machines learns from the others; left in a file."""
    from pathlib import Path

    accelerator = create(Path.cwd(), "--train.batch_size", "8")
    first_here = f"of {rank}" if accelerator.is_local_main_process else None
    told = {"main": from_main(rank), "local": from_local_main(accelerator, first_here), "all": from_all(rank)}
    try:
        create(Path.cwd(), "--train.batch_size", "6")
    except EscGpuError as error:
        told["error"] = str(error)
    Path("told.json").write_text(json.dumps(told))


def test_four_processes_on_two_machines_learn_from_the_first_of_all_and_of_their_machine(tmp_path):
    folders = [tmp_path / str(rank) for rank in range(4)]
    statuses = run_together(exchange, [(rank,) for rank in range(4)], folders, n_hosts=2)
    assert statuses == [0] * 4, (folders[0] / "output.txt").read_text()
    told = [SimpleNamespace(**json.loads((folder / "told.json").read_text())) for folder in folders]
    assert [one.main for one in told] == [0, 0, 0, 0]
    assert [one.local for one in told] == ["of 0", "of 0", "of 2", "of 2"]
    assert all(one.all == [0, 1, 2, 3] for one in told)
    assert all("train.batch_size=6 must divide by processes x train.accumulation = 4" in one.error for one in told)


def listen_and_create(port):
    """Be the first of two processes where somebody else has the port."""
    with socket.socket() as listener:
        listener.bind(("", port))
        listener.listen()
        os.environ |= {"MASTER_PORT": str(port), "WORLD_SIZE": "2"}
        return train(["--train.mixed_precision", "no"])


def test_a_port_in_use_is_one_line_that_says_what_to_do(tmp_path):
    port = free_port()
    assert run_together(listen_and_create, [(port,)], [tmp_path]) == [2]
    (line,) = (tmp_path / "output.txt").read_text().splitlines()
    assert line.startswith(f"error: the processes of the run cannot meet at 127.0.0.1:{port} (")
    assert "--main_process_port" in line


def test_options_that_differ_between_processes_are_named(monkeypatch):
    """All but those that each machine may have of its own."""
    config = parse_run(["--data.root", "here", "--train.threads", "2"], "train.py")
    there = parse_run(["--data.root", "there", "--output_dir", "away", "--resume"], "train.py")
    monkeypatch.setattr(processes, "from_all", lambda own: [own, flatten(plain(dataclasses.asdict(there)))])
    check_same_options(config)
    there = parse_run(["--train.seed", "4", "--folds", "[2]"], "train.py")
    with pytest.raises(
        EscGpuError, match="processes 0 and 1 of the run have .*: folds is None and .*; train.seed is 0 and 4"
    ):
        check_same_options(config)


@pytest.mark.parametrize(
    ("error", "is_lost"),
    [
        (RuntimeError("[gloo/transport/tcp/pair.cc:547] Connection closed by peer [10.0.0.2]:4242"), True),
        (torch.distributed.DistBackendError("NCCL error in: x.cpp:3690, remote process exited"), True),
        (RuntimeError("mat1 and mat2 shapes cannot be multiplied"), False),
    ],
)
def test_a_lost_process_is_one_line_and_other_errors_pass(error, is_lost):
    with pytest.raises(RuntimeError if not is_lost else EscGpuError) as raised, reporting_lost_process():
        raise error
    assert is_lost == ("another process of the run has ended" in str(raised.value))
    assert (raised.value is error) != is_lost
