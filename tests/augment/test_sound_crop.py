"""Crops of the part of a clip that sounds."""

import pytest
import torch

from esc_gpu.augment import random_sound_crop
from esc_gpu.augment.sound_crop import sounding_part

LENGTH = 2000


class Given:
    """Draws that are these numbers."""

    def __init__(self, *numbers):
        self.numbers = torch.tensor(numbers)

    def parameters(self, make, options, n_clips, *shapes):
        return make(*options, self.numbers)


def clips(first, end, n_clips=3):
    """Silence, and from `first` to before `end` the positions of the samples plus 1, as int16."""
    waveform = torch.zeros(n_clips, LENGTH, dtype=torch.int16)
    waveform[:, first:end] = torch.arange(first + 1, end + 1)
    return waveform


DRAWN = Given(0.0, 0.5, 1 - 2**-24)  # the least, the middle and the most


def starts(cropped, first):
    """The sample of the clip that each crop begins with, by where the first that sounds is in it."""
    return (first - (cropped == first + 1).int().argmax(dim=1)).tolist()


def test_a_crop_that_is_longer_than_the_sound_holds_all_of_it():
    cropped = random_sound_crop(clips(300, 400), 500, DRAWN)
    assert cropped.shape == (3, 500) and cropped.dtype == torch.int16
    assert starts(cropped, 300) == [-100, 100, 300]  # from before the clip, which is a circle
    assert [row[row > 0].tolist() for row in cropped] == [list(range(301, 401))] * 3


def test_a_crop_that_is_shorter_than_the_sound_lies_in_it():
    cropped = random_sound_crop(clips(200, 1800), 500, DRAWN)
    assert (cropped[:, 0] - 1).tolist() == [200, 750, 1300]
    assert torch.equal(cropped.diff(dim=1), torch.ones(3, 499, dtype=torch.int16))


def test_a_crop_as_long_as_the_clip_does_not_part_the_sound():
    cropped = random_sound_crop(clips(0, 900), LENGTH, DRAWN)
    positions = [(row == 1).int().argmax().item() for row in cropped]
    assert positions == [1100, 550, 0]
    assert all(row[at : at + 900].tolist() == list(range(1, 901)) for row, at in zip(cropped, positions, strict=True))


def test_a_window_is_the_beginning_of_a_longer_piece():
    waveform = clips(200, 1800)
    pieces = random_sound_crop(waveform, LENGTH, DRAWN, window=500)
    assert torch.equal(pieces[:, :500], random_sound_crop(waveform, 500, DRAWN))
    assert torch.equal(pieces[1], waveform[1].roll(-750))


@pytest.mark.parametrize(("level", "part"), [(0.9e-3, (100, 101)), (1.1e-3, (20, 1991))])
@pytest.mark.parametrize("peak", [0.5, -0.5])
def test_what_is_60_db_below_the_peak_is_silence(level, part, peak):
    waveform = torch.zeros(1, LENGTH)
    waveform[0, [20, 100, 1990]] = torch.tensor([level * 0.5, peak, -level * 0.5])
    assert tuple(map(int, sounding_part(waveform))) == part


def test_silence_sounds_everywhere_and_so_does_the_lowest_int16():
    waveform = torch.zeros(2, LENGTH, dtype=torch.int16)
    waveform[1, 3] = -32768
    first, end = sounding_part(waveform)
    assert first.tolist() == [0, 3] and end.tolist() == [LENGTH, 4]
