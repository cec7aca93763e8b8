"""What every front-end with trainable kernels promises."""

import io

import torch

from esc_gpu.frontends.registry import create_frontend
from tests.helpers.clips import extremes, noise
from tests.helpers.frontend_cases import (
    TRAINABLE,
    each,
)


@each(TRAINABLE)
def test_trainable_kernels_start_as_the_frozen_ones(case):
    frozen = {key: value for key, value in case.items() if not key.startswith("trainable")}
    with torch.no_grad():
        expected = create_frontend(**frozen, backend="nnaudio")(noise())
        assert torch.equal(create_frontend(**case)(noise()), expected)


@each(TRAINABLE)
def test_trainable_kernels_train(case):
    frontend = create_frontend(**case)
    assert frontend.backend == "nnaudio"
    parameters = dict(frontend.named_parameters())
    assert parameters
    before = frontend(noise())
    before.square().mean().backward()
    for parameter in parameters.values():
        assert parameter.grad.isfinite().all()
        assert parameter.grad.any()
    torch.optim.SGD(frontend.parameters(), lr=1e-6).step()
    assert not torch.equal(frontend(noise()), before)


@each(TRAINABLE)
def test_trainable_kernels_are_in_the_checkpoint(case):
    frontend = create_frontend(**case)
    assert frontend.state_dict().keys() == dict(frontend.named_parameters()).keys()
    with torch.no_grad():
        for parameter in frontend.parameters():
            parameter.mul_(1.01)
    file = io.BytesIO()
    torch.save(frontend.state_dict(), file)
    file.seek(0)
    twin = create_frontend(**frontend.spec)
    assert not torch.equal(twin(noise()), frontend(noise()))
    twin.load_state_dict(torch.load(file, weights_only=True))
    assert torch.equal(twin(noise()), frontend(noise()))


@each(TRAINABLE)
def test_trainable_kernels_stay_finite_on_extremes(case):
    """Among them a mel basis that training has pushed below 0."""
    frontend = create_frontend(**case)
    with torch.no_grad():
        for parameter in frontend.parameters():
            parameter.sub_(1e-3)
    output = frontend(extremes())
    output.square().mean().backward()
    assert output.isfinite().all()
    assert all(parameter.grad.isfinite().all() for parameter in frontend.parameters())
