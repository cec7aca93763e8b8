"""Lists of tensors at once: the numbers of one after the other, with and without torch's private operations."""

import pytest
import torch

from esc_gpu.training.tensor_lists import Snapshot, add_to_all, copy_all, move_towards, on_the_host

FOREACH = "_foreach_copy_", "_foreach_add_", "_foreach_sub", "_foreach_mul_"


@pytest.fixture(params=["with", "without"], autouse=True)
def operations(request, monkeypatch):
    """torch's operations on lists; a later torch may have none."""
    for name in FOREACH if request.param == "without" else ():
        monkeypatch.delattr(torch, name)


def some(seed=0):
    generator = torch.Generator().manual_seed(seed)
    return [torch.randn(shape, generator=generator) for shape in ((3, 2), (), (5,))]


def equal(one, other):
    return all(torch.equal(here, there) and here.dtype == there.dtype for here, there in zip(one, other, strict=True))


def test_values_are_copied_into_their_counterparts():
    source, target = some(0), some(1)
    copy_all(source, target)
    assert equal(target, source) and not equal(some(1), source)


def test_values_take_the_type_of_where_they_go():
    source = some()
    target = [torch.empty_like(value, dtype=torch.bfloat16) for value in source]
    copy_all(source, target)
    assert equal(target, [value.bfloat16() for value in source])


def test_lists_of_unequal_lengths_are_refused():
    for call in (copy_all, some(), some()[:2]), (move_towards, some(), some()[:2], torch.tensor(0.5)):
        with pytest.raises((ValueError, RuntimeError)):
            call[0](*call[1:])


def test_a_number_is_added_to_all():
    counts = [torch.tensor(3), torch.tensor(0)]
    add_to_all(counts, 1)
    assert [count.item() for count in counts] == [4, 1]


class Device:
    type = "cuda"


class There(torch.Tensor):
    """It says that it is on a device."""

    device = Device

    @classmethod
    def __torch_function__(cls, function, types, args=(), kwargs=None):
        result = super().__torch_function__(function, types, args, kwargs)
        # What was copied, or made on the CPU, is there.
        is_here = function is torch.Tensor.cpu or (kwargs or {}).get("device") == "cpu"
        return result.as_subclass(torch.Tensor) if is_here else result


@pytest.mark.parametrize("is_there", [False, True], ids=["CPU", "GPU"])
@pytest.mark.parametrize("weight", [0.0, 0.25, 1.0])
def test_each_goes_a_share_of_the_way(monkeypatch, weight, is_there):
    tensors, values, together = some(0), some(1), []
    expected = [torch.lerp(here, there, weight) for here, there in zip(tensors, values, strict=True)]
    subtract = getattr(torch, "_foreach_sub", None)
    if subtract is not None:
        monkeypatch.setattr(torch, "_foreach_sub", lambda *lists: (together.append(0), subtract(*lists))[1])
    given = [tensor.as_subclass(There) for tensor in tensors] if is_there else tensors
    for part in slice(1), slice(1, None):
        move_towards(given[part], values[part], torch.tensor(weight))
    if not is_there:
        assert equal(tensors, expected)  # to the last bit
    torch.testing.assert_close(tensors, expected)
    assert len(together) == (2 if is_there and subtract is not None else 0)


@pytest.mark.parametrize("stays", [True, False])
def test_a_snapshot_is_put_back_where_it_shall(stays):
    tensors = [*some(0), torch.tensor(7), torch.tensor([1, 2])]
    before = [tensor.clone() for tensor in tensors]
    snapshot = Snapshot(tensors)
    for tensor in tensors:
        tensor.fill_(float("nan") if tensor.is_floating_point() else 0)
    after = [tensor.clone() for tensor in tensors]
    snapshot.put_back_unless(torch.tensor(stays))
    for tensor, expected in zip(tensors, after if stays else before, strict=True):
        torch.testing.assert_close(tensor, expected, rtol=0, atol=0, equal_nan=True)


def test_a_snapshot_of_nothing_puts_back_nothing():
    Snapshot([]).put_back_unless(torch.tensor(False))


def test_what_is_on_the_host_stays_as_it_is():
    tree = {"a": [torch.ones(2), (1, "b")], "c": None}
    assert on_the_host(tree)["a"][0] is tree["a"][0] and on_the_host(tree) == tree


def test_a_tree_comes_from_the_device_with_its_values_types_and_layout():
    image = torch.rand(2, 3, 4, 5).contiguous(memory_format=torch.channels_last)
    flags, numbers = torch.tensor([True, False]), torch.arange(3)
    tree = {"state": {0: {"image": image.as_subclass(There), "number": numbers.as_subclass(There)}}, "lr": [0.1]}
    tree |= {"flags": (flags.as_subclass(There), numbers), "same": tree["state"][0]["image"]}
    here = on_the_host(tree)
    found = here["state"][0]["image"], here["state"][0]["number"], *here["flags"], here["same"]
    for value, expected in zip(found, (image, numbers, flags, numbers, image), strict=True):
        assert type(value) is torch.Tensor and torch.equal(value, expected)
        assert value.dtype == expected.dtype and value.stride() == expected.stride()
        assert value.untyped_storage().nbytes() == expected.untyped_storage().nbytes()
    assert here["lr"] == [0.1] and isinstance(here["flags"], tuple) and list(here) == list(tree)
