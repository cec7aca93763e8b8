"""Checkpoints of a fold: whatever is cut off or damaged, a whole one is found, and nothing in them is executed."""

import hashlib
import io
import json
import os
import pickle
import warnings
from types import SimpleNamespace

import pytest
import torch

from esc_gpu.core.run_layout import HISTORY, PREVIOUS, STATE
from esc_gpu.errors import EscGpuError, EscGpuWarning
from esc_gpu.training.resume_state import last_state, load_state, read_state, remove_states, save_state
from tests.helpers.own_warnings import own
from tests.helpers.saved_states import MAIN, layer, save
from tests.helpers.trap import Trap


def load(folder):
    """Epochs behind it, and the number in the weights."""
    model, optimizer = layer()
    return len(load_state(folder, MAIN, model, optimizer)), model.weight[0, 0].item()


def epochs_on_file(folder):
    return [json.loads(line)["epoch"] for line in (folder / HISTORY).read_text(encoding="utf-8").splitlines()]


def flip(content):
    middle = len(content) // 2
    return content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]


DAMAGE = {
    "cut off": lambda content: content[: len(content) // 2],
    "cut by a byte": lambda content: content[:-1],
    "empty": lambda content: b"",
    "zeros": lambda content: bytes(len(content)),
    "a flipped bit": flip,
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE.keys())
def test_of_a_broken_state_the_one_before_is_taken(tmp_path, damage):
    for epoch in (1, 2, 3):
        save(tmp_path, epoch)
    (tmp_path / STATE).write_bytes(damage((tmp_path / STATE).read_bytes()))
    with pytest.warns(EscGpuWarning) as said:
        assert load(tmp_path) == (2, 2.0)
    assert own(said) == [f"{tmp_path / STATE} is broken: the fold goes on from {PREVIOUS} beside it, of epoch 2"]
    assert epochs_on_file(tmp_path) == [1, 2]
    save(tmp_path, 3)  # the broken one does not take the place of the whole one
    assert [len(read_state(tmp_path / name)["history"]) for name in (STATE, PREVIOUS)] == [3, 2]


def test_any_flipped_byte_is_found(tmp_path):
    save(tmp_path, 1)
    content = (tmp_path / STATE).read_bytes()
    assert content[-32:] == hashlib.blake2b(content[:-32], digest_size=32).digest()  # as in the releases before
    assert torch.load(tmp_path / STATE, weights_only=True)["history"]  # the checksum is in nobody's way
    for place in range(0, len(content), 37):
        (tmp_path / "x").write_bytes(content[:place] + bytes([content[place] ^ 0x10]) + content[place + 1 :])
        assert read_state(tmp_path / "x") is None, place


def test_a_state_of_another_model_is_not_taken_in_part(tmp_path):
    save(tmp_path, 1)
    model, optimizer = layer()
    for other in (torch.nn.Sequential(model), torch.nn.Linear(*model.weight.shape[::-1], bias=model.bias is None)):
        with pytest.raises(RuntimeError, match="(Missing|Unexpected) key"):
            load_state(tmp_path, MAIN, other, optimizer)


def test_where_all_are_broken_it_says_which_to_delete(tmp_path):
    save(tmp_path, 1)
    (tmp_path / STATE).write_bytes(b"")
    with pytest.raises(EscGpuError, match=f"no checkpoint .* is complete: delete {tmp_path / STATE} to start"):
        load(tmp_path)
    (tmp_path / PREVIOUS).write_bytes(b"no")
    with pytest.raises(EscGpuError, match=f"delete {tmp_path / STATE} and {tmp_path / PREVIOUS} to start"):
        load(tmp_path)
    for _ in range(2):  # nor does it need any
        remove_states(tmp_path)
    assert load(tmp_path)[0] == 0


def test_without_a_state_the_fold_starts_anew(tmp_path):
    assert load(tmp_path)[0] == 0 and not list(tmp_path.iterdir())


def in_a_process_killed_at(call, number, work):
    """Do `work` in a process that ends, as if killed, before its `number`th call of `os.call`; whether it ended so."""
    process = os.fork()
    if not process:
        original, calls = getattr(os, call), []

        def killing(*arguments):
            calls.append(arguments)
            if len(calls) == number:
                os._exit(9)
            return original(*arguments)

        setattr(os, call, killing)
        try:
            work()
        finally:
            os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]) == 9


@pytest.mark.parametrize("call", ["open", "fsync", "replace"])
def test_killed_at_any_moment_of_saving_there_is_a_whole_state_and_curves_that_agree(tmp_path, call):
    number = 0
    while True:
        number += 1
        folder = tmp_path / str(number)
        folder.mkdir()
        for epoch in (1, 2):
            save(folder, epoch)
        was_killed = in_a_process_killed_at(call, number, lambda folder=folder: save(folder, 3))
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # a kill breaks no file
            epochs, weight = load(folder)
        assert epochs == weight and epochs in (2, 3) and epochs_on_file(folder) == list(range(1, epochs + 1))
        if not was_killed:
            break
    assert epochs == 3 and number > 2


def test_a_process_that_is_not_the_first_writes_nothing(tmp_path):
    model, optimizer = layer()
    save_state(tmp_path, SimpleNamespace(is_main_process=False), model, optimizer, None, [])
    assert not list(tmp_path.iterdir())


def test_nothing_in_a_state_is_executed(tmp_path):
    trap = Trap(tmp_path / "sprung")
    zipped = io.BytesIO()
    torch.save({"model": trap, "history": []}, zipped)
    for body in (pickle.dumps(trap, protocol=2), zipped.getvalue()):
        (tmp_path / STATE).write_bytes(body + hashlib.blake2b(body, digest_size=32).digest())
        with pytest.raises(EscGpuError, match="no checkpoint of the fold is complete"):
            last_state(tmp_path)
        assert not trap.file.exists()
        pickle.loads(pickle.dumps(trap))  # the trap works
        trap.file.unlink()


class Scaler:
    """Stands for torch's GradScaler, which a CPU has not."""

    def __init__(self):
        self.scale = 65536.0

    def state_dict(self):
        return {"scale": self.scale}

    def load_state_dict(self, state):
        self.scale = state["scale"]


def test_a_fold_starts_with_a_fresh_scale_whatever_fold_was_before(tmp_path):
    scaler = Scaler()
    scaler.scale = 4.0
    accelerator = SimpleNamespace(is_main_process=True, scaler=scaler)
    assert load_state(tmp_path, accelerator, None, None, None) == []
    assert scaler.scale == 65536.0


def test_a_fold_goes_on_with_its_own_scale(tmp_path):
    accelerator = SimpleNamespace(is_main_process=True, scaler=Scaler())
    accelerator.scaler.scale = 4.0
    save_state(tmp_path, accelerator, *layer(), None, [])
    accelerator.scaler.scale = 8.0
    load_state(tmp_path, accelerator, *layer())
    assert accelerator.scaler.scale == 4.0
