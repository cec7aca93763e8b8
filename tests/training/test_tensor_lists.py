"""Lists of tensors at once: the numbers of one after the other, with and without torch's private operations."""

import pytest
import torch

from esc_gpu.training.tensor_lists import Snapshot, add_to_all, copy_all, move_towards

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


def test_a_number_is_added_to_all():
    counts = [torch.tensor(3), torch.tensor(0)]
    add_to_all(counts, 1)
    assert [count.item() for count in counts] == [4, 1]


@pytest.mark.parametrize("weight", [0.0, 0.25, 1.0])
def test_each_goes_a_share_of_the_way(weight):
    tensors, values = some(0), some(1)
    expected = [torch.lerp(here, there, weight) for here, there in zip(tensors, values, strict=True)]
    move_towards(tensors, values, torch.tensor(weight))
    assert equal(tensors, expected)


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
