"""Steps whose loss or gradient is not finite: the run stops there and names the clips, or leaves the step out."""

import json
import warnings

import numpy as np
import pytest
import torch

from esc_gpu.errors import EscGpuError, EscGpuWarning
from esc_gpu.experiment.folds_at_once import train_together
from esc_gpu.training import loop as training
from esc_gpu.training.accelerator import create_accelerator
from esc_gpu.training.loop import train_fold
from esc_gpu.training.nonfinite_steps import are_finite, check_logits, shortened, spread, sum_up
from tests.helpers.cut import Cut
from tests.helpers.own_warnings import own
from tests.helpers.tiny import parsed
from tests.helpers.tiny_fold import tiny_fold

NAN, INF = float("nan"), float("inf")
SKIP = "--train.on_nonfinite", "skip"


def longer(*options):
    return parsed("--train.epochs", "3", "--train.ema_decay", "0.9", *options)


def train(folder, *options, after_step=lambda: None, data=None, scaler=None):
    """Three epochs of two steps each."""
    folder.mkdir(exist_ok=True)
    config = longer(*options)
    accelerator = create_accelerator(config, folder)
    if scaler is not None:  # which a GPU would have in fp16
        accelerator.scaler, accelerator.native_amp, accelerator.state._mixed_precision = scaler, True, "fp16"
    return train_fold(config, accelerator, data or tiny_fold(), 1, folder, after_step)


def spoil(monkeypatch, *where):
    """Samples that are NaN in each (fold, epoch, step)."""
    original = training.training_batches

    def spoilt(config, accelerator, classifier, data, fold, epoch):
        for step, parts in enumerate(original(config, accelerator, classifier, data, fold, epoch)):
            factor = NAN if (fold, epoch, step) in where else 1.0
            yield ((waveform * factor, alter, target) for waveform, alter, target in parts)

    monkeypatch.setattr(training, "training_batches", spoilt)


def spoil_gradient(monkeypatch, number, part):
    """A gradient that is NaN in the step of this number, with a loss that is finite; of a weight of the part."""
    build, steps = training.build_model, []

    def build_spoilt(*arguments):
        model = build(*arguments)
        weight = next(getattr(model, part).parameters())
        weight.register_hook(lambda gradient: gradient * NAN if len(steps) == number + 1 else gradient)
        return model

    step = training.train_step
    monkeypatch.setattr(training, "train_step", lambda *given: (steps.append(0), step(*given))[1])
    monkeypatch.setattr(training, "build_model", build_spoilt)


def leave_out(monkeypatch, number):
    """The step of this number does not happen at all."""
    step, calls = training.train_step, []

    def other(accelerator, model, optimizer, parts, *options):
        calls.append(0)
        if len(calls) == number + 1:
            list(parts)  # its random numbers are drawn
            return torch.tensor(NAN), torch.tensor(False)
        return step(accelerator, model, optimizer, parts, *options)

    monkeypatch.setattr(training, "train_step", other)


def state_of(folder):
    """All that a checkpoint holds, by names; without times."""
    state = torch.load(folder / "state.pt", weights_only=True)
    tensors = {f"model {name}": value for name, value in state["model"].items()}
    tensors |= {f"average {name}": value for name, value in state["average"]["averages"].items()}
    for number, moments in state["optimizer"]["state"].items():
        tensors |= {f"{name} {number}": value for name, value in moments.items()}
    history = [{name: value for name, value in record.items() if name != "seconds"} for record in state["history"]]
    return tensors, history, state["average"]["step"]


def same(one, other):
    (tensors, *rest), (others, *other_rest) = one, other
    return (
        rest == other_rest
        and tensors.keys() == others.keys()
        and all(torch.equal(tensors[name], others[name]) for name in tensors)
    )


def test_where_all_is_finite_the_option_changes_no_bit(tmp_path):
    parts = "--train.accumulation", "2"
    results = [train(tmp_path / "stop", *parts), train(tmp_path / "skip", *parts, *SKIP)]
    assert torch.equal(results[0].logits, results[1].logits)
    assert same(state_of(tmp_path / "stop"), state_of(tmp_path / "skip"))


TRAINABLE = "--frontend.backend", "nnaudio", "--frontend.trainable_mel", "true"


@pytest.mark.parametrize(
    ("cause", "options"),
    [
        ("loss", ("--train.accumulation", "2")),
        ("gradient", ("--train.clip_norm", "0")),
        ("front-end's gradient", TRAINABLE),
    ],
)
def test_a_step_that_is_left_out_leaves_no_trace(tmp_path, monkeypatch, cause, options):
    options = (*options, *SKIP)
    with monkeypatch.context() as patch:
        leave_out(patch, 3)
        with pytest.warns(EscGpuWarning):
            train(tmp_path / "without", *options)
    if cause == "loss":
        spoil(monkeypatch, (1, 1, 1))
    else:
        spoil_gradient(monkeypatch, 3, "backbone" if cause == "gradient" else "frontend")
    with pytest.warns(EscGpuWarning) as said:
        result = train(tmp_path / "skipped", *options)
    assert same(state_of(tmp_path / "without"), state_of(tmp_path / "skipped"))
    assert result.logits.isfinite().all()
    (line,), record = own(said), result.history[1]
    assert line.startswith("fold 1, epoch 2: left out 1 step whose loss or gradient was not finite: 2, on the clips ")
    assert record["skipped_steps"] == [2] and len(record["skipped_clips"]) == 8
    assert all(name in line for name in record["skipped_clips"])
    assert all("skipped_steps" not in result.history[epoch] for epoch in (0, 2))
    steps = {int(value) for name, value in state_of(tmp_path / "skipped")[0].items() if name.startswith("step ")}
    assert steps == {5}
    lines = (tmp_path / "skipped" / "metrics.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line) for line in lines] == result.history


def test_the_clips_named_are_those_of_the_step(tmp_path, monkeypatch):
    spoil(monkeypatch, (1, 2, 0))
    seen, original = [], training.augment

    def look(config, image_size, waveform, *others):
        seen.append(waveform)
        return original(config, image_size, waveform, *others)

    monkeypatch.setattr(training, "augment", look)
    data = tiny_fold()
    with pytest.warns(EscGpuWarning):
        record = train(tmp_path, *SKIP, data=data).history[2]
    clips = [int(name.removeprefix("recording ")) for name in record["skipped_clips"]]
    assert torch.equal(seen[4], data.source.resident[clips])  # the fifth batch of two an epoch


def test_a_run_with_a_step_left_out_goes_on_to_the_bit(tmp_path, monkeypatch):
    spoil(monkeypatch, (1, 0, 1), (1, 1, 0))
    with pytest.warns(EscGpuWarning):
        whole = train(tmp_path / "whole", *SKIP)
    steps = iter(range(5))

    def cut():
        if next(steps) == 4:
            raise Cut

    with pytest.warns(EscGpuWarning), pytest.raises(Cut):
        train(tmp_path / "cut", *SKIP, after_step=cut)
    assert torch.equal(train(tmp_path / "cut", *SKIP).logits, whole.logits)
    assert same(state_of(tmp_path / "whole"), state_of(tmp_path / "cut"))


def test_without_any_finite_step_in_an_epoch_the_run_ends(tmp_path, monkeypatch):
    spoil(monkeypatch, (1, 1, 0), (1, 1, 1))
    with pytest.raises(
        EscGpuError, match="^fold 1, epoch 2: no step of 2 has a finite loss and gradient: lower train.lr"
    ):
        train(tmp_path, *SKIP)
    assert len(state_of(tmp_path)[1]) == 1  # the checkpoint of the first epoch


def test_folds_side_by_side_leave_out_their_own_steps(tmp_path, monkeypatch):
    config, folders = longer(*SKIP), [tmp_path / "1", tmp_path / "2"]
    for folder in folders:
        folder.mkdir()
    spoil(monkeypatch, (2, 1, 0))
    accelerator = create_accelerator(config, tmp_path)
    with pytest.warns(EscGpuWarning) as said:
        together = train_together(config, accelerator, [1, 2], [tiny_fold()] * 2, folders, threads=1)
    assert [line[:15] for line in own(said)] == ["fold 2, epoch 2"]
    assert [[record.get("skipped_steps") for record in fold.history] for fold in together] == [
        [None, None, None],
        [None, [1], None],
    ]
    assert torch.equal(together[0].logits, train(tmp_path / "alone").logits)


class CpuScaler(torch.amp.GradScaler):
    """As fp16 has it on a GPU, with a scale by which the first gradients overflow."""

    def __init__(self):
        super().__init__("cpu", init_scale=2.0**20)


def test_the_scaler_of_fp16_leaves_out_what_overflows_by_itself(tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("error", EscGpuWarning)
        result = train(tmp_path, scaler=CpuScaler())
    assert all("skipped_steps" not in record for record in result.history)
    taken = {int(value) for name, value in state_of(tmp_path)[0].items() if name.startswith("step ")}
    assert len(taken) == 1 and 0 < taken.pop() < 6  # of six steps


def test_with_the_scaler_a_loss_that_is_not_finite_counts(tmp_path, monkeypatch):
    spoil(monkeypatch, (1, 1, 1))
    with pytest.warns(EscGpuWarning):
        result = train(tmp_path, *SKIP, scaler=CpuScaler())
    assert result.history[1]["skipped_steps"] == [2] and result.logits.isfinite().all()


# ---- stopped at


def test_it_stops_with_the_step_and_its_clips_and_goes_on_without(tmp_path, monkeypatch):
    spoil(monkeypatch, (1, 1, 1))
    with pytest.raises(EscGpuError) as stopped:
        train(tmp_path / "run")
    line = str(stopped.value)
    start = "fold 1, epoch 2, step 2 of 2: the loss or its gradient is not finite, on the clips recording "
    assert line.startswith(start) and "\n" not in line
    assert "train.lr" in line and "--resume --train.on_nonfinite skip" in line
    assert len(state_of(tmp_path / "run")[1]) == 1  # the checkpoint of the first epoch stays
    with pytest.warns(EscGpuWarning):
        resumed, whole = train(tmp_path / "run", *SKIP), train(tmp_path / "whole", *SKIP)
    assert torch.equal(resumed.logits, whole.logits)


def test_a_gradient_of_the_last_step_stops_it_before_its_weights_are_kept(tmp_path, monkeypatch):
    spoil_gradient(monkeypatch, 5, "backbone")
    with pytest.raises(EscGpuError, match="^fold 1, epoch 3, step 2 of 2: the loss or its gradient is not finite"):
        train(tmp_path)
    assert len(state_of(tmp_path)[1]) == 2


def test_a_loss_that_is_not_finite_spreads_to_its_gradient():
    for value, expected in ((0.0, 3.0), (INF, NAN), (NAN, NAN)):
        weight = torch.tensor(2.0, requires_grad=True)
        loss = 3 * weight + value  # its own gradient is 3
        assert torch.equal(spread(loss), loss) or value != 0
        spread(loss).backward()
        assert weight.grad.item() == pytest.approx(expected, nan_ok=True)


def losses(*rows):
    return np.array(rows, np.float32)


def test_the_mean_is_that_of_the_finite_steps_over_all_processes():
    data, batches = tiny_fold(), [np.arange(start, start + 4) for start in range(0, 12, 4)]
    assert sum_up(losses([1, 2, 3], [2, 3, 4]), batches, data, "stop", 1, 0) == {"loss": 2.5}
    record = sum_up(losses([1, NAN, 3], [2, 3, INF]), batches, data, "skip", 1, 0)
    names = [f"recording {n}" for n in range(4, 12)]
    assert record == {"loss": 1.5, "skipped_steps": [2, 3], "skipped_clips": names}
    with pytest.raises(EscGpuError, match="^fold 1, epoch 1, step 2 of 3: .*recording 4, recording 5, .* 7: lower"):
        sum_up(losses([1, NAN, 3], [2, 3, INF]), batches, data, "stop", 1, 0)


def test_the_mean_has_the_bits_of_a_sum_on_the_device():
    values = torch.rand(999)
    total = torch.zeros(())
    for value in values:
        total += value
    batches = [np.arange(4)] * 999
    assert sum_up(values[None].numpy(), batches, tiny_fold(), "stop", 1, 0) == {"loss": (total / 999).item()}


def test_logits_that_are_not_finite_are_refused_by_name():
    data = tiny_fold()
    check_logits(logits := torch.zeros(8, 3), data)
    logits[2, 1] = INF
    with pytest.raises(EscGpuError, match="the logits of the test clips recording 18 are not finite: lower train.lr"):
        check_logits(logits, data)


def test_weights_that_are_infinite_at_the_end_give_no_result(tmp_path, monkeypatch):
    monkeypatch.setattr(training.WeightAverage, "copy_to_model", lambda average: average.values[0].fill_(INF))
    with pytest.raises(EscGpuError, match="the logits of the test clips"):
        train(tmp_path)


def test_many_names_are_cut():
    assert shortened(list("abcdefghijklmnopqrs")).endswith(", o, p and 3 more") and shortened(["a", "b"]) == "a, b"
    assert shortened(list("abcdefghijklmnop")).endswith(", o, p")


@pytest.mark.parametrize("norms", [(2.0,), (0.0, 3.0), (INF,), (NAN,), (1.0, NAN), (INF, 1.0), (-INF, NAN)])
def test_norms_are_finite_where_each_is(norms):
    assert are_finite([torch.tensor(norm) for norm in norms]).item() == all(np.isfinite(norms))
