"""What all augmentations of images promise: drawn first and applied later, each clip by its own numbers."""

import pytest
import torch

from esc_gpu.augment.image import Hide, cells_inside
from tests.helpers.draws import seeded
from tests.helpers.images import CLIPS, DRAWN, images
from tests.helpers.private_torch import find_or_skip

for_all = pytest.mark.parametrize("draw", DRAWN.values(), ids=DRAWN)


@for_all
@pytest.mark.parametrize("n_clips", [1, 5])
def test_no_strength_gives_the_input_back(draw, n_clips):
    assert torch.equal(draw(n_clips, 0.0, seeded())(images(n_clips)), images(n_clips))


@for_all
def test_full_strength_changes_most_clips_and_leaves_the_input_alone(draw):
    image = images()
    augmented = draw(CLIPS, 1.0, seeded())(image)
    assert augmented.shape == image.shape and augmented.dtype == image.dtype
    assert (augmented != image).flatten(1).any(dim=1).sum() >= CLIPS - 2
    assert torch.equal(image, images())


@for_all
def test_every_clip_is_its_own(draw):
    same = images(1).expand(64, -1, -1, -1).clone()
    same[1::2] += 1  # for CutMix, which needs another clip beside it
    assert len(draw(64, 1.0, seeded())(same)[::2].unique(dim=0)) > 20


@for_all
def test_applying_draws_nothing(draw):
    draws = seeded()
    apply = draw(CLIPS, 1.0, draws)
    state, shared = draws.generator.get_state(), torch.get_rng_state()
    assert torch.equal(apply(images()), apply(images()))
    assert torch.equal(draws.generator.get_state(), state)
    assert torch.equal(torch.get_rng_state(), shared)


@for_all
def test_the_seed_decides_and_nothing_else(draw):
    first, again, other = (draw(CLIPS, 1.0, seeded(seed))(images()) for seed in (3, 3, 4))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


@for_all
def test_the_strength_does_not_change_how_many_numbers_are_drawn(draw):
    none, full = seeded(), seeded()
    draw(CLIPS, 0.0, none), draw(CLIPS, 1.0, full)
    assert torch.equal(none.generator.get_state(), full.generator.get_state())


@for_all
@pytest.mark.parametrize("n_parts", [2, 4])
def test_the_parts_of_a_batch_are_augmented_as_the_whole(draw, n_parts):
    image, share = images(), CLIPS // n_parts
    whole = draw(CLIPS, 1.0, seeded())(image)
    parts = [
        draw(share, 1.0, seeded(0, first, CLIPS))(image[first : first + share]) for first in range(0, CLIPS, share)
    ]
    assert torch.equal(torch.cat(parts), whole)
    assert not torch.equal(torch.cat([parts[0]] * n_parts), whole)


@for_all
def test_silence_stays_finite(draw):
    assert draw(CLIPS, 1.0, seeded())(torch.zeros_like(images())).isfinite().all()
    assert draw(CLIPS, 1.0, seeded())(torch.full_like(images(), -4.0)).isfinite().all()


@for_all
def test_channels_and_layout_make_no_difference(draw):
    image, apply = images(), draw(CLIPS, 1.0, seeded())
    assert torch.equal(apply(image.contiguous(memory_format=torch.channels_last)), apply(image))
    assert torch.equal(apply(image.flip(1)), apply(image).flip(1))


@for_all
def test_gradients_pass(draw):
    apply = draw(2, 1.0, seeded(2))
    assert torch.autograd.gradcheck(apply, images(2, torch.float64).requires_grad_(), fast_mode=True)


def refuse_waiting():
    """Refuses what reads values back to the host, or makes a shape of them."""

    class RefuseWaiting(find_or_skip("torch.utils._python_dispatch", "TorchDispatchMode")):
        def __torch_dispatch__(self, func, types, args=(), kwargs=None):
            name = func.name().partition(".")[0]
            if name == "aten::index":
                masks = [index for index in args[1] if index is not None and index.dtype == torch.bool]
            else:
                masks = []
            if masks or name in {"aten::_local_scalar_dense", "aten::nonzero", "aten::masked_select", "aten::unique"}:
                raise RuntimeError(f"{name} waits for the device")
            return func(*args, **(kwargs or {}))

    return RefuseWaiting()


@for_all
def test_nothing_waits_for_the_device(draw):
    image, draws = images(), seeded()
    with refuse_waiting():
        draw(CLIPS, 1.0, draws)(image)


@pytest.mark.parametrize("wait", [lambda image: image[image > 0], lambda image: image.sum().item(), torch.nonzero])
def test_waiting_is_noticed(wait):
    with pytest.raises(RuntimeError, match="waits for the device"), refuse_waiting():
        wait(images())


@for_all
def test_it_compiles_to_one_graph(draw):
    apply = draw(CLIPS, 1.0, seeded())
    compiled = torch.compile(lambda image: apply(image), backend="eager", fullgraph=True)
    assert torch.equal(compiled(images()), apply(images()))


def test_a_cell_is_inside_by_its_middle():
    start, width = torch.tensor([0.0, 0.4, 0.6, 2.0]), torch.tensor([0.0, 1.0, 1.0, 2.0])
    expected = [[False] * 4, [True, False, False, False], [False, True, False, False], [False, False, True, True]]
    assert cells_inside(start, width, 4).tolist() == expected


def test_hidden_cells_are_the_mean_whatever_was_there():
    hidden = torch.zeros(1, 1, 2, 3, dtype=torch.bool)
    hidden[..., 1, 2] = True
    image = torch.full((1, 2, 2, 3), torch.inf)
    assert Hide(hidden)(image)[0, :, 1, 2].tolist() == [0, 0]
    assert Hide(hidden)(image).isinf().sum() == 10
