"""Kernels that slide over clips, against a strided convolution."""

import pytest
import torch
import torch.nn.functional as F

from esc_gpu.frontends.sliding import group_kernels, samples_read, slide

CASES = [(1, 1, 1), (3, 5, 8), (3, 8, 8), (3, 9, 8), (2, 16, 8), (2, 17, 8), (4, 100, 7), (1, 206, 2)]


@pytest.mark.parametrize(("rows", "length", "hop_length"), CASES)
@pytest.mark.parametrize("n_frames", [1, 2, 30])
def test_it_is_a_strided_convolution(rows, length, hop_length, n_frames):
    generator = torch.Generator().manual_seed(0)
    clips = torch.randn(2, (n_frames - 1) * hop_length + length, generator=generator, dtype=torch.float64)
    kernels = torch.randn(rows, length, generator=generator, dtype=torch.float64)
    expected = F.conv1d(clips[:, None], kernels[:, None], stride=hop_length).transpose(1, 2)
    grouped = group_kernels(kernels, hop_length)
    got = slide(clips, grouped, hop_length, n_frames)
    torch.testing.assert_close(got, expected)
    longer = F.pad(clips, (0, samples_read(grouped, hop_length, n_frames)))
    torch.testing.assert_close(slide(longer, grouped, hop_length, n_frames), expected)


@pytest.mark.parametrize(("rows", "length", "hop_length"), CASES)
def test_the_rows_do_not_overlap_and_at_least_a_half_is_kernel(rows, length, hop_length):
    parts, n_samples, columns = group_kernels(torch.ones(rows, length), hop_length).shape
    n_steps = n_samples // hop_length
    assert parts * n_samples >= (n_steps - 1) * hop_length + length
    assert columns == n_steps * rows
    assert parts * n_samples <= 2 * max(length, hop_length)
