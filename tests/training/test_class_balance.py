"""Weights of classes."""

import numpy as np
import pytest
import torch
from sklearn.utils.class_weight import compute_class_weight

from esc_gpu.training.class_balance import class_counts, class_weights, positive_weights
from tests.helpers.one_line import refusal

NAMES = ["dog", "rain", "siren"]
LABELS = torch.tensor([0] * 7 + [1] * 2 + [2])


def test_balanced_weights_are_those_of_scikit_learn_and_one_on_average():
    counts = class_counts(LABELS, 3)
    weights = class_weights("balanced", counts, NAMES)
    expected = compute_class_weight("balanced", classes=np.arange(3), y=LABELS.numpy())
    np.testing.assert_allclose(weights.numpy(), expected, rtol=1e-6)
    assert weights.dtype == torch.float32 and weights[LABELS].mean() == pytest.approx(1)
    assert class_weights("none", counts, NAMES) is None


def test_a_table_weighs_the_classes_that_it_names():
    weights = class_weights({"rain": 2.5, "dog": 0}, class_counts(LABELS, 3), NAMES)
    assert weights.tolist() == [0.0, 2.5, 1.0]


def test_of_several_labels_the_clips_with_a_class_count_as_much_as_those_without():
    labels = torch.zeros(1000, 3, dtype=torch.bool)
    labels[:200, 0] = labels[:2, 1] = labels[:, 2] = True
    counts = class_counts(labels, 3)
    assert counts.tolist() == [200, 2, 1000]
    weights = positive_weights("balanced", counts, 1000, NAMES)
    # 800 / 200; 998 / 2 and 0 are more and less than a weight may be
    torch.testing.assert_close(weights, torch.tensor([4.0, 100.0, 0.01]))
    assert positive_weights("none", counts, 1000, NAMES) is None
    assert positive_weights({"rain": 2.5, "dog": 0}, counts, 1000, NAMES).tolist() == [0.0, 2.5, 1.0]
    assert "names the class 'cat'" in refusal(positive_weights, {"cat": 1.0}, counts, 1000, NAMES)


@pytest.mark.parametrize(
    ("option", "said"),
    [
        ("inverse", "train.class_weights is 'inverse'; expected none, balanced, or a weight for some classes"),
        ({"cat": 1.0}, "names the class 'cat', which there is not; expected some of dog, rain, siren; correct it"),
        ({"dog": -1.0}, "has -1.0 for 'dog'; expected a number from 0 on; correct it"),
        ({"dog": float("nan")}, "has nan for 'dog'; expected a number from 0 on; correct it"),
        (dict.fromkeys(NAMES, 0.0), "train.class_weights is 0 for every class; expected one above 0; correct it"),
    ],
)
def test_what_is_no_weight_is_refused(option, said):
    assert said in refusal(class_weights, option, class_counts(LABELS, 3), NAMES)
