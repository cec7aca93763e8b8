"""Launches, bytes and memory of the front-ends on a GPU, counted without one: ceilings that no change may raise."""

import pytest
import torch

from benchmarks.common.launches import Launches
from esc_gpu import create_frontend
from esc_gpu.augment import Draws, random_shift
from esc_gpu.core.waveform import to_float
from esc_gpu.frontends.resampling import Resample
from tests.helpers.fake_cuda import asked, fake_cuda, faked
from tests.helpers.peak_memory import PeakMemory

CLIPS, SAMPLES = 64, 5 * 44100
HOUR = 3600 * 44100
# Launches and MB a clip, from int16. With ATen's operators |z|² takes two passes, where a compiler needs one.
CEILINGS = {
    "spectrogram": (10, 30),
    "logmel": (11, 24),
    "mfcc": (12, 24.5),
    "lfcc": (12, 24.5),
    "gammatone": (11, 23.5),
    "gfcc": (12, 23.5),
    "chroma": (11, 23),
    "pcen": (25, 36),
    "cqt": (34, 20.8),
    "vqt": (35, 21.6),
    "kaldi_fbank": (12, 43.5),
    "kaldi_mfcc": (21, 58.5),
    "rms": (6, 6),
    "zero_crossing_rate": (9, 14),
    "spectral_contrast": (73, 25.5),
}


def work_of(layer, waveform, mode):
    """What a second call asks for, when tables for this length are there."""
    there = faked(layer, mode)
    there(waveform)
    return asked(lambda: there(waveform))


@pytest.mark.parametrize("name", CEILINGS)
def test_a_front_end_keeps_to_its_launches_and_bytes(name):
    layer = create_frontend(name)
    with fake_cuda() as mode, torch.no_grad():
        work = work_of(layer, torch.empty(CLIPS, SAMPLES, dtype=torch.int16, device="cuda"), mode)
    launches, megabytes = CEILINGS[name]
    assert work.launches <= launches
    assert work.bytes / CLIPS / 1e6 <= megabytes


def copied(work, waveform):
    """Bytes written by what only copies, in waveforms."""
    return work.hidden / (4 * waveform.numel())


@pytest.mark.parametrize(("source", "target"), [(44100, 22050), (44100, 16000), (48000, 44100), (16000, 44100)])
def test_resampling_reads_the_clip_where_it_is(source, target):
    layer = Resample(source, target)
    with fake_cuda() as mode, torch.no_grad():
        waveform = torch.empty(CLIPS, SAMPLES, device="cuda")
        work = work_of(layer, waveform, mode)
    assert copied(work, waveform) <= 1.5  # and once more to pad it
    assert work.operations["constant_pad_nd"] <= 1


@pytest.mark.parametrize("hop_length", [64, 512])
def test_direct_kernels_read_the_clip_where_it_is(hop_length):
    layer = create_frontend("cqt", hop_length=hop_length, fmin=2000.0, n_bins=24)
    assert layer.n_spectral == 0  # all of it in the time domain
    with fake_cuda() as mode, torch.no_grad():
        waveform = torch.empty(CLIPS, SAMPLES, device="cuda")
        assert copied(work_of(layer, waveform, mode), waveform) <= 2.5


def test_products_of_overlapping_frames_are_found():
    """What resampling was: a copy of a hundred clips."""
    with fake_cuda(), torch.no_grad():
        waveform, kernel = (torch.empty(*shape, device="cuda") for shape in ((2, SAMPLES), (206, 1)))
        assert asked(lambda: waveform.unfold(-1, 206, 2) @ kernel).bytes > 100 * 4 * waveform.numel()


def test_int16_becomes_float_in_one_kernel():
    with fake_cuda(), torch.no_grad():
        work = asked(lambda: to_float(torch.empty(CLIPS, SAMPLES, dtype=torch.int16, device="cuda")))
    assert (work.launches, work.bytes) == (1, 6 * CLIPS * SAMPLES)


def test_a_shift_of_int16_moves_half_of_the_bytes():
    def moved(dtype):
        with Launches("cpu") as counted:
            random_shift(torch.zeros(8, SAMPLES, dtype=dtype), 1000, Draws(torch.Generator()))
        return counted.total.bytes

    assert moved(torch.int16) <= 0.51 * moved(torch.float32)


def peak(layer, n_samples):
    with fake_cuda() as mode, torch.no_grad():
        there, waveform = faked(layer, mode), torch.empty(1, n_samples, dtype=torch.int16, device="cuda")
        with PeakMemory() as memory:
            there(to_float(waveform) if isinstance(layer, Resample) else waveform)
    return memory.peak


LONG = {
    "spectrogram": {},
    "logmel": {"hop_length": 64},
    "chroma": {},
    "delta": {"member": {"name": "logmel"}},
    "spectral_bandwidth": {},
    "spectral_contrast": {},
    "zero_crossing_rate": {},
    "rms": {},
}


@pytest.mark.parametrize("name", LONG)
def test_an_hour_of_audio_takes_at_most_8_gb(name):
    assert peak(create_frontend(name, **LONG[name]), HOUR) <= 4.5e9  # the samples themselves are under it


def test_an_hour_is_resampled_within_8_gb():
    assert peak(Resample(44100, 22050), HOUR) <= 4.5e9


def test_ten_minutes_of_a_constant_q_transform_take_a_sixth_of_that():
    assert peak(create_frontend("cqt"), HOUR // 6) <= 8e9 / 6


def test_memory_is_counted_as_long_as_it_is_held():
    with fake_cuda(), PeakMemory() as memory:
        first = torch.empty(1000, device="cuda")
        view = first[10:]
        del first
        second = view + 1  # 4,000 of the first are held by the view
        del view
        third = torch.empty(500, device="cuda")  # beside the second alone
        assert memory.peak == 4000 + 4 * 990
        assert sum(memory.held.values()) == second.untyped_storage().nbytes() + third.untyped_storage().nbytes()
