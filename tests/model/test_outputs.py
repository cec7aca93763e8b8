"""Between logits and probabilities, there and back."""

import pytest
import torch

from esc_gpu.model.outputs import OUTPUTS


@pytest.mark.parametrize("task", OUTPUTS)
def test_logits_have_the_probabilities_that_they_were_made_of(task):
    outputs = OUTPUTS[task]
    logits = torch.randn(8, 5, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    probabilities = outputs.probabilities(logits)
    torch.testing.assert_close(outputs.probabilities(outputs.logits(probabilities)), probabilities)
    expected = {"softmax": logits.softmax(1), "sigmoid": logits.sigmoid()}[outputs.function]
    assert torch.equal(probabilities, expected)


@pytest.mark.parametrize("task", OUTPUTS)
def test_what_is_certain_has_finite_logits(task):
    outputs = OUTPUTS[task]
    logits = outputs.logits(torch.tensor([[1.0, 0.0, 0.0]], dtype=torch.float64))
    assert logits.isfinite().all() and logits.float().isfinite().all()
    assert outputs.answers(logits).equal(outputs.answers(torch.tensor([[9.0, -9.0, -9.0]])))


def test_an_answer_is_the_likeliest_class_or_all_from_a_half_on():
    logits = torch.tensor([[2.0, 3.0, -1.0], [-1.0, -2.0, -3.0], [0.0, -1.0, 1.0]])
    assert OUTPUTS["single_label"].answers(logits).tolist() == [[1], [0], [2]]
    assert OUTPUTS["multi_label"].answers(logits).int().tolist() == [[1, 1, 0], [0, 0, 0], [1, 0, 1]]
