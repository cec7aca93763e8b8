"""What every front-end promises: what a checkpoint holds of it makes the same front-end again."""

import copy
import json

import torch

from esc_gpu.frontends.registry import create_frontend
from esc_gpu.frontends.signature import option_names
from tests.helpers.clips import RATE, noise
from tests.helpers.frontend_cases import (
    CASES,
    SINGLE,
    TRAINABLE,
    each,
)


@each(CASES)
def test_frozen_front_ends_add_nothing_to_a_checkpoint(case):
    frontend = create_frontend(**case)
    frontend(noise())
    assert frontend.state_dict() == {}
    assert list(frontend.parameters()) == []
    frontend.load_state_dict({}, strict=True)


@each(CASES)
def test_spec_makes_the_same_front_end(case):
    frontend = create_frontend(**case)
    spec = json.loads(json.dumps(frontend.spec, allow_nan=False))
    twin = create_frontend(**spec)
    assert type(twin) is type(frontend)
    assert twin.spec == frontend.spec
    assert torch.equal(twin(noise()), frontend(noise()))
    plain = {key: value for key, value in case.items() if key not in ("members", "member")}
    assert {key: frontend.spec[key] for key in plain} == plain


@each(SINGLE)
def test_spec_keeps_every_option_that_was_not_the_default(case):
    others = {"hop_length": 200, "window": "hamming", "pad_mode": "constant", "top_db": None, "pad_short": True}
    known = option_names(type(create_frontend(**case)))
    others = {option: value for option, value in others.items() if option in known}
    frontend = create_frontend(**case | others)
    twin = create_frontend(**json.loads(json.dumps(frontend.spec)))
    assert others.items() <= twin.spec.items()
    assert torch.equal(twin(noise()), frontend(noise()))


@each(CASES)
def test_repr_names_the_options(case):
    text = repr(create_frontend(**case))
    assert f"sample_rate={RATE}" in text
    assert len(text.splitlines()[0]) < 400


@each(CASES | {f"trainable-{key}": case for key, case in TRAINABLE.items()})
def test_deepcopy_is_independent(case):
    frontend = create_frontend(**case)
    expected = frontend(noise())
    twin = copy.deepcopy(frontend)
    twin.double()
    assert torch.equal(frontend(noise()), expected)
    assert torch.equal(twin.float()(noise()), expected)
