"""Two processes with half a batch each compute what one does with the whole."""

import copy

import pytest
import timm
import torch
from timm.layers import BatchNormAct2d
from torch import nn
from torch.nn.parallel import DistributedDataParallel

from esc_gpu.training.sync_batch_norm import CpuSyncBatchNorm, dense, synchronize_batch_norm
from tests.helpers.batch_norm_kernels import in_their_place
from tests.helpers.workers import run_together

CPU, CUDA = torch.device("cpu"), torch.device("cuda")
DEVICES = CPU, CUDA  # what is for a GPU runs here on tensors of the CPU, with its kernels by their formulas
# float64 on both sides; sums in another order through up to a dozen layers.
CLOSE = {"rtol": 1e-10, "atol": 1e-11}


def small_cnn():
    return nn.Sequential(
        *(nn.Conv2d(3, 6, 3, bias=False), nn.BatchNorm2d(6), nn.ReLU()),
        *(nn.Conv2d(6, 4, 3), BatchNormAct2d(4, momentum=0.3), nn.Conv2d(4, 2, 1)),
    )


MODELS = {
    "batch norm": lambda: nn.BatchNorm2d(3, eps=1e-3, momentum=0.25),
    "small CNN": small_cnn,
    "timm": lambda: timm.create_model("test_resnet", in_chans=3, num_classes=5),
}


def made(name):
    """A model in float64 whose batch norms' parameters and statistics are not the initial ones."""
    torch.manual_seed(0)
    model = MODELS[name]().double()
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            for tensor in (module.weight, module.bias, module.running_mean, module.running_var):
                tensor.data.add_(0.5 * torch.rand_like(tensor))
    return model


def batch():
    return 2 + torch.randn(8, 3, 32, 32, dtype=torch.float64, generator=torch.Generator().manual_seed(1))


def two_batches(model, clips):
    """Output, gradients and state after training on some clips of two batches; each clip weighs differently."""
    for scale in (1, 2):
        model.zero_grad()
        output = model(scale * batch()[clips])
        weight = torch.linspace(1, 2, 8, dtype=torch.float64)[clips].view(-1, *[1] * (output.ndim - 1))
        (weight * output.square()).mean().backward()
    plain = getattr(model, "module", model)
    return output.detach(), {name: p.grad for name, p in plain.named_parameters()}, plain.state_dict()


def train_on_a_half(rank):
    """What one of two processes does: every model, with DDP, on its half of the clips."""
    torch.distributed.init_process_group("gloo")
    clips = slice(4 * rank, 4 * rank + 4)
    models = {
        (device.type, name): DistributedDataParallel(synchronize_batch_norm(made(name), device))
        for device in DEVICES
        for name in MODELS
    }
    with pytest.MonkeyPatch.context() as patch:
        in_their_place(patch)
        torch.save({key: two_batches(model, clips) for key, model in models.items()}, "result.pt")


@pytest.fixture(scope="module")
def halves(tmp_path_factory):
    """What each of two processes got."""
    folders = [tmp_path_factory.mktemp("rank") for _ in range(2)]
    statuses = run_together(train_on_a_half, [(0,), (1,)], folders)
    assert statuses == [0, 0], (folders[0] / "output.txt").read_text(encoding="utf-8")
    return [torch.load(folder / "result.pt") for folder in folders]


for_all = pytest.mark.parametrize("name", MODELS)
for_both = pytest.mark.parametrize("device", DEVICES, ids=str)


@for_all
@for_both
def test_two_halves_give_the_outputs_of_the_whole(halves, name, device):
    outputs = [half[device.type, name][0] for half in halves]
    torch.testing.assert_close(torch.cat(outputs), two_batches(made(name), ...)[0], **CLOSE)


@for_all
@for_both
def test_two_halves_give_the_mean_gradients_of_the_whole(halves, name, device):
    whole = two_batches(made(name), ...)[1]
    for half in halves:
        assert all(gradient.any() for gradient in whole.values())
        torch.testing.assert_close(half[device.type, name][1], whole, **CLOSE)


@for_all
@for_both
def test_two_halves_leave_the_statistics_of_the_whole_under_the_same_names(halves, name, device):
    whole = two_batches(made(name), ...)[2]
    for half in halves:
        state = half[device.type, name][2]
        assert list(state) == list(whole)
        torch.testing.assert_close(state, whole, **CLOSE)


@for_all
@for_both
def test_a_checkpoint_goes_both_ways(name, device):
    plain, synchronised = made(name), synchronize_batch_norm(made(name), device)
    assert list(synchronised.state_dict()) == list(plain.state_dict())
    synchronised.load_state_dict(plain.state_dict())
    plain.load_state_dict(synchronised.state_dict())


@for_all
@pytest.mark.parametrize("training", [False, True], ids=["evaluation", "training"])
def test_alone_it_is_plain_batch_norm(name, training):
    """Without a process group in training, and in evaluation mode always."""
    plain = made(name).train(training)
    synchronised = synchronize_batch_norm(made(name), CPU).train(training)
    assert any(isinstance(module, CpuSyncBatchNorm) for module in synchronised.modules())
    torch.testing.assert_close(synchronised(batch()), plain(batch()), rtol=0, atol=0)


def test_batch_norms_of_other_dimensions_are_torchs_own_on_a_gpu():
    for norm in nn.BatchNorm1d, nn.BatchNorm3d:
        there, here = (synchronize_batch_norm(nn.Sequential(norm(2), nn.ReLU()), device) for device in (CUDA, CPU))
        assert type(there[0]) is nn.SyncBatchNorm and type(here[0]) is norm and type(there[1]) is nn.ReLU


def test_images_are_laid_out_as_the_kernels_take_them():
    image = torch.rand(2, 4, 3, 5)
    last = image.contiguous(memory_format=torch.channels_last)
    assert dense(last) is last and dense(image) is image
    assert dense(image[:, :, ::2]).is_contiguous() and torch.equal(dense(image[:, :, ::2]), image[:, :, ::2])


@pytest.fixture
def twins(monkeypatch):
    """One process, which takes itself for two that have the same clips."""
    monkeypatch.setattr(torch.distributed, "is_initialized", lambda: True)
    monkeypatch.setattr(torch.distributed, "get_world_size", lambda: 2)
    monkeypatch.setattr(torch.distributed, "all_reduce", lambda tensor: tensor.mul_(2))
    monkeypatch.setattr(
        torch.distributed, "all_gather_into_tensor", lambda everyones, own: everyones.copy_(own.repeat(2))
    )
    in_their_place(monkeypatch)


@pytest.mark.usefixtures("twins")
@for_both
@pytest.mark.parametrize(("of_x", "of_weight"), [(True, True), (True, False), (False, True)])
def test_twins_compute_what_one_does_with_the_clips_of_both(device, of_x, of_weight):
    found = []
    for norm in made("batch norm"), synchronize_batch_norm(made("batch norm"), device):
        norm.weight.requires_grad_(of_weight), norm.bias.requires_grad_(of_weight)
        n_copies = 1 if found else 2
        x = batch()[:, :, ::2].repeat(n_copies, 1, 1, 1).requires_grad_(of_x)
        output = norm(x)
        (output**3).sum().backward()
        gradients = (
            x.grad[:8] if of_x else None,
            *(p.grad / n_copies if of_weight else p.grad for p in norm.parameters()),
        )
        found.append((output[:8].detach(), gradients, norm.state_dict()))
    assert [gradient is None for gradient in found[1][1]] == [not of_x, not of_weight, not of_weight]
    torch.testing.assert_close(*found, **CLOSE)


def test_evaluation_asks_no_other_process(monkeypatch):
    monkeypatch.setattr(torch.distributed, "is_initialized", lambda: True)
    monkeypatch.setattr(torch.distributed, "all_reduce", lambda tensor: pytest.fail("communicates"))
    plain = made("timm").eval()
    assert torch.equal(synchronize_batch_norm(copy.deepcopy(plain), CPU).eval()(batch()), plain(batch()))


def test_activation_and_dropout_of_timm_stay():
    norm = BatchNormAct2d(3, act_layer=nn.LeakyReLU, drop_layer=nn.Dropout).double().eval()
    out = CpuSyncBatchNorm(norm)
    assert [type(layer) for layer in out.after] == [nn.Dropout, nn.LeakyReLU]
    assert torch.equal(out.eval()(-batch()), norm(-batch()))


def test_options_of_the_batch_norm_stay():
    norm = CpuSyncBatchNorm(nn.BatchNorm2d(3, eps=0.5, momentum=0.7))
    assert (norm.eps, norm.momentum, norm.num_features) == (0.5, 0.7, 3)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32])
@pytest.mark.usefixtures("twins")
def test_half_types_are_computed_in_float32(dtype):
    """As by batch norm itself, which takes float32 statistics of them."""
    x = (100 + batch()).to(dtype)  # a variance in half precision would be far off around 100
    norm = synchronize_batch_norm(nn.BatchNorm2d(3), CPU)
    expected = nn.BatchNorm2d(3)(x.float())
    output = norm(x)
    assert output.dtype == dtype
    # The output's rounding is half of eps, relative; the float32 sums are of values around 100.
    torch.testing.assert_close(output.float(), expected, rtol=torch.finfo(dtype).eps, atol=1e-4)
