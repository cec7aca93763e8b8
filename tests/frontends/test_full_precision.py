"""TF32 off inside, and outside all as it was: the value of each setting, and whose it is."""

import itertools

import pytest
import torch

from esc_gpu.frontends.full_precision import full_precision, own_precision

BACKENDS = torch.backends
SETTINGS = BACKENDS, BACKENDS.cudnn, BACKENDS.cuda.matmul, BACKENDS.cudnn.conv
VALUES = "none", "ieee", "tf32"


def put(values):
    for setting, value in zip(SETTINGS, values, strict=False):
        setting.fp32_precision = value


def read():
    return tuple(setting.fp32_precision for setting in SETTINGS)


@pytest.fixture(autouse=True)
def defaults():
    yield
    put(("none", "none", "none", "tf32"))


def after_changes_above():
    """What holds after each change of what the two settings inherit from."""
    found = []
    for values in itertools.product(VALUES, repeat=2):
        put(values)
        found.append(read())
    return found


def is_restored(values, context):
    put(values)
    before, expected = read(), after_changes_above()
    put(values)
    with context:
        inside = read()
    return inside, read() == before and after_changes_above() == expected


@pytest.mark.parametrize("values", list(itertools.product(VALUES, repeat=4)), ids="-".join)
def test_nothing_inside_is_tf32_and_nothing_outside_is_changed(values):
    inside, restored = is_restored(values, full_precision)
    assert "tf32" not in inside[2:] and restored


class WritesBack:
    """As it was: the value that was read is written."""

    def __enter__(self):
        self.value = BACKENDS.cuda.matmul.fp32_precision
        BACKENDS.cuda.matmul.fp32_precision = "ieee"

    def __exit__(self, *_):
        BACKENDS.cuda.matmul.fp32_precision = self.value


def test_a_setting_that_stays_though_it_was_inherited_is_found():
    assert not is_restored(("tf32", "none", "none", "tf32"), WritesBack())[1]


@pytest.mark.parametrize("values", list(itertools.product(VALUES, repeat=4)), ids="-".join)
def test_each_settings_own_value_is_found(values):
    put(values)
    above = BACKENDS.cudnn, BACKENDS
    own = own_precision(BACKENDS), own_precision(*above), *(own_precision(each, *above) for each in SETTINGS[2:])
    assert own == values and read() == (put(values) or read())


def test_of_several_inside_the_last_restores():
    BACKENDS.cuda.matmul.fp32_precision = "tf32"
    with pytest.raises(ZeroDivisionError), full_precision:
        with full_precision:
            pass
        assert read()[2:] == ("ieee", "ieee")
        raise ZeroDivisionError
    assert read()[2:] == ("tf32", "tf32")
