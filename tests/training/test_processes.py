"""The processes of a run: what they tell each other, and how they do not meet."""

import json
import os
import socket
from types import SimpleNamespace

import pytest
import torch

from esc_gpu.cli.commands.train import main as train
from esc_gpu.errors import EscGpuError
from esc_gpu.training import processes
from esc_gpu.training.processes import add_up, from_all, from_local_main, from_main, reporting_lost_process
from tests.helpers.accelerators import create
from tests.helpers.ports import free_port
from tests.helpers.workers import run_together


def test_alone_everyones_value_is_ones_own(tmp_path):
    accelerator, value = create(tmp_path), {"any": ["object"]}
    assert from_main(value) == from_local_main(accelerator, value) == value
    assert from_main(None) is None
    assert from_all(value) == [value]


def test_what_others_have_is_taken_by_their_ranks(monkeypatch):
    """As on the fourth of four processes, the second one of its machine."""
    here = SimpleNamespace(process_index=3, local_process_index=1, device=torch.device("xpu"))
    monkeypatch.setattr(processes, "gather_object", lambda own: ["a", "b", "c", *own])
    assert from_all("d") == ["a", "b", "c", "d"] and from_local_main(here, "d") == "c"
    sums = torch.tensor([1.0, 2.0, 3.0])
    monkeypatch.setattr(processes, "gather_object", lambda own: [*own, 2 * own[0]])
    assert add_up(here, sums).tolist() == [3.0, 6.0, 9.0]
    here.device, here.reduce = sums.device, lambda *given: given
    assert add_up(here, sums) == (sums, "sum")


def exchange(rank):
    """What one of four processes on two machines learns from the others; left in a file."""
    from pathlib import Path

    accelerator = create(Path.cwd(), "--train.batch_size", "8")
    first_here = f"of {rank}" if accelerator.is_local_main_process else None
    told = {"main": from_main(rank), "local": from_local_main(accelerator, first_here), "all": from_all(rank)}
    own = torch.tensor([rank, 0.1], dtype=torch.float64)
    told["sums"] = [
        add_up(accelerator, own).tolist(),
        add_up(SimpleNamespace(device=torch.device("xpu")), own).tolist(),
    ]
    try:
        create(Path.cwd(), "--train.batch_size", "6")
    except EscGpuError as error:
        told["error"] = str(error)
    Path("told.json").write_text(json.dumps(told), encoding="utf-8")


def test_four_processes_on_two_machines_learn_from_the_first_of_all_and_of_their_machine(tmp_path):
    folders = [tmp_path / str(rank) for rank in range(4)]
    statuses = run_together(exchange, [(rank,) for rank in range(4)], folders, n_hosts=2)
    assert statuses == [0] * 4, (folders[0] / "output.txt").read_text(encoding="utf-8")
    told = [SimpleNamespace(**json.loads((folder / "told.json").read_text(encoding="utf-8"))) for folder in folders]
    assert [one.main for one in told] == [0, 0, 0, 0]
    assert [one.local for one in told] == ["of 0", "of 0", "of 2", "of 2"]
    assert all(one.all == [0, 1, 2, 3] for one in told)
    assert all(sums == pytest.approx([6, 0.4], rel=1e-15) for one in told for sums in one.sums)
    assert all(
        "train.batch_size=6 must be divisible by processes x train.accumulation = 4" in one.error for one in told
    )


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
    (line,) = (tmp_path / "output.txt").read_text(encoding="utf-8").splitlines()
    assert line.startswith(f"error: the processes of the run cannot meet at 127.0.0.1:{port} (")
    assert "--main_process_port" in line


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
