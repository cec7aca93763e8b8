"""Clips of unequal length in one batch, with their lengths."""

import pytest
import torch

from esc_gpu import EscGpuError, pad_clips


@pytest.mark.parametrize("dtype", [torch.int16, torch.float32, torch.float64])
def test_zeros_stand_behind_the_shorter_ones(dtype):
    clips = [torch.arange(1, n + 1).to(dtype) for n in (3, 5, 1)]
    waveform, lengths = pad_clips(clips)
    assert waveform.dtype == dtype and lengths.dtype == torch.int64
    assert waveform.tolist() == [[1, 2, 3, 0, 0], [1, 2, 3, 4, 5], [1, 0, 0, 0, 0]]
    assert lengths.tolist() == [3, 5, 1]


def test_the_lengths_are_on_the_cpu_whatever_the_default_device_is():
    with torch.device("meta"):
        waveform, lengths = pad_clips((torch.zeros(4), torch.zeros(2)))
    assert waveform.device.type == "meta" and lengths.tolist() == [4, 2]


@pytest.mark.parametrize(
    ("clips", "said"),
    [
        ([], "list of tensors .*, got an empty list: put each clip into a list"),
        (torch.zeros(2, 8), r"list of tensors .*, got a tensor \(2, 8\)"),
        ([torch.zeros(3), torch.zeros(2, 3)], r"got a tensor \(2, 3\) for clip 1: take one channel"),
        ([torch.zeros(0)], r"one sample or more, got a tensor \(0,\) for clip 0"),
        ([[0.0, 0.1]], "got list for clip 0"),
        ([torch.zeros(3), torch.zeros(3).double()], "float32 on cpu, and torch.float64 on cpu for clip 1"),
        ([torch.zeros(3, dtype=torch.int32)], "int16 or floating point"),
    ],
)
def test_what_is_no_list_of_clips_is_refused(clips, said):
    with pytest.raises(EscGpuError, match=said) as error:
        pad_clips(clips)
    assert "\n" not in str(error.value)
