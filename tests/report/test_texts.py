"""What the report says of a run is true of it."""

import pytest

from esc_gpu.report.texts import protocol


@pytest.mark.parametrize(
    ("validation", "said", "unsaid"),
    [
        (False, "a model that was trained on all other folds", "validated"),
        (True, "a model that has seen neither it nor the next fold", "nothing was selected"),
    ],
)
@pytest.mark.parametrize(("ema_decay", "weights"), [(0, "those after the last step"), (0.999, "the last 1,000 steps")])
def test_the_protocol_is_that_of_the_run(validation, said, unsaid, ema_decay, weights):
    config = {"train": {"epochs": 30, "batch_size": 16, "lr": 1e-3, "ema_decay": ema_decay}}
    for folds, subject in ([1], "Fold 1 is"), ([1, 3], "Each of the folds 1, 3 is"):
        text = protocol({"validation": validation, "folds": [{"fold": fold} for fold in folds]}, config)
        assert text.startswith(subject) and said in text and unsaid not in text and weights in text


def test_the_protocol_of_a_run_of_an_earlier_version_has_no_averaged_weights():
    config = {"train": {"epochs": 30, "batch_size": 16, "lr": 1e-3}}
    assert "those after the last step" in protocol({"validation": False, "folds": [{"fold": 1}]}, config)
