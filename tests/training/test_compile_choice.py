"""`train.compile=auto`: eager until a gain was measured here, and where compiling fails."""

import contextlib
from types import SimpleNamespace

import pytest
import torch
from torch import nn

from benchmarks.speed.pipeline import gains_of_compiling
from esc_gpu.errors import EscGpuWarning
from esc_gpu.training import compile_choice
from esc_gpu.training.build_model import build_model
from esc_gpu.training.compile_choice import choose_mode, compiles, hardware, keep_gains
from tests.helpers.tiny import parsed


def chosen(cache_dir, monkeypatch, *words, device="cuda", n_processes=1, works=True):
    monkeypatch.setattr(compile_choice, "compiles", lambda *arguments: works)
    config = parsed("--data.cache_dir", str(cache_dir), "--train.compile", "auto", *words)
    return choose_mode(config, SimpleNamespace(device=torch.device(device), num_processes=n_processes), None)


def test_it_is_eager_until_a_gain_was_measured_on_this_hardware(tmp_path, monkeypatch):
    assert chosen(tmp_path, monkeypatch) == "no"
    keep_gains(tmp_path / "new" / "er", {"default": 1.2, "reduce-overhead": 1.4})
    assert chosen(tmp_path / "new" / "er", monkeypatch) == "reduce-overhead"
    assert chosen(tmp_path / "new" / "er", monkeypatch, works=False) == "no"
    assert chosen(tmp_path / "new" / "er", monkeypatch, device="cpu") == "no"
    assert chosen(tmp_path / "new" / "er", monkeypatch, n_processes=2) == "no"
    monkeypatch.setattr(torch, "__version__", "9.0")
    assert chosen(tmp_path / "new" / "er", monkeypatch) == "no"


@pytest.mark.parametrize(
    ("gains", "mode"),
    [
        ({"default": 1.3, "reduce-overhead": 1.1}, "default"),
        ({"default": 1.04, "reduce-overhead": 0.8}, "no"),
        ({"reduce-overhead": 1.05}, "reduce-overhead"),
    ],
)
def test_the_fastest_that_is_worth_its_minute_is_taken(tmp_path, monkeypatch, gains, mode):
    keep_gains(tmp_path, {"default": 9.0})
    keep_gains(tmp_path, gains)  # measured anew
    assert chosen(tmp_path, monkeypatch) == mode


def test_graphs_are_not_made_of_batches_in_parts(tmp_path, monkeypatch):
    keep_gains(tmp_path, {"default": 1.1, "reduce-overhead": 1.4})
    assert chosen(tmp_path, monkeypatch, "--train.accumulation", "2") == "default"


def test_other_hardware_is_kept_and_a_damaged_file_measured_anew(tmp_path, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(compile_choice, "hardware", lambda: "another GPU, torch 1")
        keep_gains(tmp_path, {"default": 3.0})
    keep_gains(tmp_path, {"default": 1.0})
    known = compile_choice.read_gains(tmp_path / compile_choice.FILE)
    assert known == {"another GPU, torch 1": {"default": 3.0}, hardware(): {"default": 1.0}}
    for damaged in "[1]", "{":
        (tmp_path / compile_choice.FILE).write_text(damaged, encoding="utf-8")
        assert chosen(tmp_path, monkeypatch) == "no"
    keep_gains(tmp_path, {"default": 2.0})
    assert chosen(tmp_path, monkeypatch) == "default"


def test_another_mode_is_taken_as_it_is(tmp_path):
    for mode in "no", "default", "reduce-overhead":
        assert choose_mode(parsed("--train.compile", mode), None, None) == mode


def test_it_is_tried_on_a_copy_which_leaves_nothing_behind(monkeypatch):
    compiled, seen, resets = [], [], []
    compile_, backward, reset = torch.compile, torch.Tensor.backward, torch.compiler.reset

    def compile_eagerly(call, mode, dynamic):
        compiled.append((mode, dynamic))
        return compile_(call, backend="eager", dynamic=dynamic)

    monkeypatch.setattr(torch, "compile", compile_eagerly)
    monkeypatch.setattr(torch.Tensor, "backward", lambda loss: (seen.append("backward"), backward(loss)))
    monkeypatch.setattr(torch.compiler, "reset", lambda: (resets.append(0), reset()))
    config = parsed("--train.compile", "auto", "--train.accumulation", "2")
    model, accelerator = (
        build_model(config, 5),
        SimpleNamespace(device=torch.device("cpu"), autocast=contextlib.nullcontext),
    )
    model.fit_normalization(torch.rand(2, 22050) - 0.5)
    before, random = {name: value.clone() for name, value in model.state_dict().items()}, torch.get_rng_state()
    hook = model.register_forward_pre_hook(lambda model, given: seen.append((model.training, *given[0].shape)))
    assert compiles(config, accelerator, model, "default") and compiled == [("default", False)] * 2
    assert seen == [(True, 4, 8000), "backward"] and len(resets) == 2  # a part of a batch; before and behind it
    hook.remove()
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert torch.equal(random, torch.get_rng_state())
    assert all(parameter.grad is None for parameter in model.parameters())
    assert model.frontend._compiled_call_impl is model.backbone._compiled_call_impl is None

    class Refused(nn.Linear):
        def forward(self, image):
            raise NotImplementedError("no kernel\nand a long stack")

    model.backbone = Refused(1, 5)
    with pytest.warns(
        EscGpuWarning, match=r"continues without compiling, which failed here \(no kernel\): set"
    ) as caught:
        assert not compiles(config, accelerator, model, "default")
    assert "\n" not in str(caught[0].message)


def test_gains_are_those_of_the_first_feature_from_the_store():
    def row(feature, feed, mode, median):
        return {"feature": feature, "feed": feed, "compile": mode, "training_augmented": {"median": median}}

    rows = [
        row("logmel", "f", "no", 9.0),
        row("logmel", "h", "no", 100.0),
        row("logmel", "h", "reduce-overhead", 150.0),
    ]
    assert gains_of_compiling([*rows, row("cqt", "h", "no", 1.0)]) == {"reduce-overhead": 1.5}
    assert gains_of_compiling(rows[:1]) == gains_of_compiling(rows[:2]) == {}
