"""Averaged weights: the equation, in place, to the bit after a resume, and the model's own again whatever happens."""

import copy

import pytest
import torch
from torch import nn

from esc_gpu import EscGpuError, WaveformClassifier, create_frontend
from esc_gpu.training.weight_average import WeightAverage

RATE = 8000
FRONTENDS = {
    "frozen": {"name": "logmel", "n_fft": 256, "hop_length": 256, "n_mels": 16},
    "kernels": {"name": "logmel", "backend": "nnaudio", "trainable_mel": True, "n_fft": 256, "n_mels": 16},
    "pcen": {"name": "pcen", "trainable": True, "n_fft": 256, "hop_length": 256, "n_mels": 16},
}
each_frontend = pytest.mark.parametrize("options", FRONTENDS.values(), ids=FRONTENDS)


def noise(seed):
    return 0.1 * torch.randn(4, RATE, generator=torch.Generator().manual_seed(seed))


def make(options=FRONTENDS["frozen"]):
    torch.manual_seed(0)
    model = WaveformClassifier(create_frontend(**{"sample_rate": RATE, **options}), 3, "test_resnet")
    model.fit_normalization(noise(0))
    return model


def train(model, average, steps, optimizer=None, run=None):
    """Steps that move everything that learns; the model's values after each."""
    optimizer = optimizer or torch.optim.SGD(model.parameters(), lr=0.1)
    states = []
    for step in steps:
        (run or model)(noise(step)).square().mean().backward()
        optimizer.step()
        optimizer.zero_grad()
        average.update()
        states.append(copy.deepcopy(model.state_dict()))
    return states


def same(one, other):
    return list(one) == list(other) and all(torch.equal(one[name], other[name]) for name in one)


@each_frontend
def test_against_a_float64_loop_by_hand(options):
    model = make(options)
    state = model.state_dict()
    expected = {name: value.double().clone() for name, value in state.items() if value.is_floating_point()}
    average = WeightAverage(model, 0.3)
    states = train(model, average, range(1, 8))
    for step, state in enumerate(states):
        decay = min(0.3, (1 + step) / (10 + step))  # 0.1, 0.18, 0.25, then 0.3
        for name in expected:
            expected[name] = decay * expected[name] + (1 - decay) * state[name].double()
    learnt = {name for name, value in model.named_parameters() if value.requires_grad}
    statistics = {name for name in state if "running" in name}
    assert set(average.state_dict()["averages"]) == learnt | statistics and statistics
    assert any(name.startswith("frontend") for name in learnt) == (options != FRONTENDS["frozen"])
    moved = 0
    for name, value in average.state_dict()["averages"].items():
        torch.testing.assert_close(value.double(), expected[name], rtol=1e-5, atol=1e-6)
        moved += not torch.equal(value, states[-1][name])
    assert moved > 0.9 * len(learnt | statistics)


def test_the_decay_warms_up_to_what_was_asked_for():
    model = make()
    parameter = model.backbone.get_classifier().bias
    average = WeightAverage(model, 0.5)
    with torch.no_grad():
        parameter.fill_(0)
        average = WeightAverage(model, 0.5)
        parameter.fill_(1)
    left = []  # of the initial value 0, after each step
    for _ in range(12):
        average.update()
        left.append(1 - average.state_dict()["averages"]["backbone.fc.bias"][0].item())
    decays = [left[0]] + [after / before for before, after in zip(left, left[1:], strict=False)]
    assert decays[:6] == pytest.approx([1 / 10, 2 / 11, 3 / 12, 4 / 13, 5 / 14, 6 / 15], rel=1e-2)
    assert decays[:3] != pytest.approx([0.5] * 3) and average.step == 12


def test_no_decay_is_the_last_weights():
    model = make()
    average = WeightAverage(model, 0.0)
    train(model, average, range(1, 3))
    averages = average.state_dict()["averages"]
    assert same(averages, {name: model.state_dict()[name] for name in averages})


def test_inside_swapped_the_model_has_the_averages_and_afterwards_its_own():
    model = make(FRONTENDS["pcen"])
    average = WeightAverage(model, 0.9)
    train(model, average, range(1, 5))
    own, addresses = copy.deepcopy(model.state_dict()), [value.data_ptr() for value in model.state_dict().values()]
    averages = copy.deepcopy(average.state_dict()["averages"])
    expected = copy.deepcopy(model)
    expected.load_state_dict(averages, strict=False)
    with average.swapped():
        assert same({name: model.state_dict()[name] for name in averages}, averages)
        assert torch.equal(model.eval()(noise(9)), expected.eval()(noise(9)))
        assert model.state_dict()["backbone.bn1.num_batches_tracked"] == 4
    assert same(model.state_dict(), own) and same(average.state_dict()["averages"], averages)
    assert [value.data_ptr() for value in model.state_dict().values()] == addresses  # in place
    assert all(value.requires_grad for value in model.parameters())
    train(model, average, [5])  # and goes on


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_an_exception_leaves_the_model_with_its_own(error):
    model = make()
    average = WeightAverage(model, 0.9)
    train(model, average, range(1, 4))
    own, averages = copy.deepcopy(model.state_dict()), copy.deepcopy(average.state_dict()["averages"])
    with pytest.raises(error), average.swapped(), average.swapped():  # one in the other, too
        with torch.no_grad():
            model.backbone.get_classifier().weight.fill_(torch.nan)
        raise error
    assert same(model.state_dict(), own) and same(average.state_dict()["averages"], averages)


def test_copied_to_the_model_they_stay():
    model = make()
    average = WeightAverage(model, 0.9)
    train(model, average, range(1, 4))
    average.copy_to_model()
    averages = average.state_dict()["averages"]
    assert same({name: model.state_dict()[name] for name in averages}, averages)
    with torch.no_grad():
        model.backbone.get_classifier().bias += 1
    assert not torch.equal(model.backbone.get_classifier().bias, averages["backbone.fc.bias"])  # memory of its own


@each_frontend
def test_a_resumed_average_is_the_same_to_the_bit(tmp_path, options):
    """The steps of one go, and the same with a stop in the middle: everything is read from a file, by a new model."""
    whole, first = make(options), make(options)
    average, part = WeightAverage(whole, 0.9), WeightAverage(first, 0.9)
    train(whole, average, range(1, 9))
    train(first, part, range(1, 5))
    torch.save({"model": first.state_dict(), "average": part.state_dict()}, tmp_path / "state.pt")
    resumed = make(options)
    state = torch.load(tmp_path / "state.pt", weights_only=True)
    resumed.load_state_dict(state["model"])
    again = WeightAverage(resumed, 0.9)
    again.load_state_dict(state["average"])
    train(resumed, again, range(5, 9))
    assert again.state_dict()["step"] == 8
    assert same(again.state_dict()["averages"], average.state_dict()["averages"])


def test_a_compiled_model_is_averaged_in_place():
    plain, compiled = make(), make()
    compiled.backbone.compile(backend="eager")
    one, other = WeightAverage(plain, 0.9), WeightAverage(compiled, 0.9)
    train(plain, one, range(1, 4)), train(compiled, other, range(1, 4))
    assert same(one.state_dict()["averages"], other.state_dict()["averages"])
    with one.swapped(), other.swapped():
        assert torch.equal(plain.eval()(noise(9)), compiled.eval()(noise(9)))
    torch.compiler.reset()


def test_a_model_behind_ddp_is_averaged_in_place(process_group):
    plain, inner = make(), make()
    average, other = WeightAverage(plain, 0.9), WeightAverage(inner, 0.9)
    train(plain, average, range(1, 4))
    train(inner, other, range(1, 4), run=nn.parallel.DistributedDataParallel(inner))
    for name, value in average.state_dict()["averages"].items():
        torch.testing.assert_close(other.state_dict()["averages"][name], value)


@pytest.mark.parametrize("decay", [-0.1, 1.0, 2, float("nan")])
def test_a_decay_out_of_range_is_refused(decay):
    with pytest.raises(EscGpuError, match="decay of averaged weights must be 0 to below 1, got"):
        WeightAverage(make(), decay)


def test_averages_of_another_model_are_refused():
    average = WeightAverage(make(), 0.9)
    state = average.state_dict()
    shorter = dict(list(state["averages"].items())[1:])
    reshaped = {**state["averages"], "backbone.fc.bias": torch.zeros(1)}
    for averages in shorter, reshaped:
        with pytest.raises(EscGpuError, match="averaged weights are of another model"):
            average.load_state_dict({**state, "averages": averages})
