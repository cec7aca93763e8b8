"""Memory that a call takes is seen, and that of tensors counted to the byte."""

import numpy as np
import torch

from benchmarks.common.memory import allocated_bytes, peak_bytes
from benchmarks.common.profiled_memory import profiled_bytes

CPU = torch.device("cpu")
MB = 10**6


def test_memory_of_a_call_is_seen():
    assert peak_bytes(lambda: np.ones(2**23), torch.device("cpu")) > 2**25


def test_memory_is_counted_to_the_byte():
    def call():
        first = torch.ones(1000, 1000)
        second = torch.ones(500, 1000)
        del first
        return second, torch.ones(750, 1000)

    assert allocated_bytes(call, CPU) == profiled_bytes(call) == 6 * MB


def test_memory_counts_gradients_and_not_what_was_there_before():
    weight = torch.ones(1000, 250, requires_grad=True)  # 1 MB
    before = [torch.ones(1000, 1000)]

    def call():
        before.clear()
        product = 2 * weight
        product.sum().backward()
        weight.grad = None

    for _ in range(3):  # the product, its gradient, and some numbers
        assert 2 * MB <= profiled_bytes(call) < 2 * MB + 100
