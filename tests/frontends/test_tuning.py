"""The estimated tuning is librosa's: of clips that are out of tune, of recordings, of silence."""

import librosa
import numpy as np
import pytest
import soundfile
import torch

from benchmarks.exactness.float64_references import reference
from esc_gpu import EscGpuError, functional
from esc_gpu.frontends.registry import create_frontend
from esc_gpu.frontends.tuning import estimated_step, median_of, tunings
from tests.helpers.clips import RATE, noise
from tests.helpers.float64 import in_float64
from tests.helpers.signals import relative_l2


def chords():
    """`(3, T)`: notes a quarter of a semitone too high, a third too low, and silence."""
    seconds = np.arange(RATE) / RATE
    notes = np.array([220.0, 277.18, 329.63, 880.0])
    clips = [sum(np.sin(2 * np.pi * note * 2 ** (off / 12) * seconds) for note in notes) for off in (0.25, -0.33)]
    swelling = np.linspace(0.05, 0.2, RATE)
    return np.stack([clips[0] * swelling, clips[1] * swelling, np.zeros(RATE)])


@pytest.mark.parametrize(("n_fft", "n_chroma"), [(2048, 12), (1001, 12), (1024, 36)])
def test_it_is_that_of_librosa(n_fft, n_chroma):
    for clip in (*chords(), *noise(2).double().numpy()):
        spectrum = np.abs(librosa.stft(clip, n_fft=n_fft))
        step = estimated_step(torch.from_numpy(spectrum.T.copy())[None], RATE, n_fft, n_chroma)
        # Of an odd n_fft librosa knows only by being told.
        expected = librosa.estimate_tuning(S=spectrum, sr=RATE, n_fft=n_fft, bins_per_octave=n_chroma)
        assert tunings()[step.item()] == pytest.approx(expected, abs=1e-9)


def test_it_is_that_of_librosa_on_recordings(esc10_root):
    paths = sorted((esc10_root / "audio").iterdir())[::80]
    for path in paths:
        clip, rate = soundfile.read(path, dtype="float32")
        estimate = functional.estimate_tuning(torch.from_numpy(clip)[None], rate)
        assert estimate.item() == pytest.approx(librosa.estimate_tuning(y=clip, sr=rate), abs=1e-6)


@pytest.mark.parametrize(("peak", "counts"), [(149, False), (150, True), (3999, True), (4000, False)])
def test_peaks_from_150_to_below_4000_hz_count(peak, counts):
    rate = 9000
    spectrum = torch.zeros(1, 1, rate // 2 + 1, dtype=torch.float64)  # a bin is a hertz wide
    spectrum[..., peak] = 1
    estimate = tunings()[estimated_step(spectrum, rate, rate, 12).item()]
    assert (estimate != 0) == counts
    if counts:  # librosa warns where there is no peak
        assert estimate == librosa.estimate_tuning(S=spectrum[0].T.numpy(), sr=rate, n_fft=rate)


def test_chroma_of_an_estimated_tuning():
    frontend = create_frontend("chroma", sample_rate=RATE, tuning=None, n_fft=1024, octwidth=1.5)
    expected = reference(frontend, chords())
    assert relative_l2(in_float64(frontend)(torch.from_numpy(chords())).numpy(), expected) < 1e-6
    estimates = functional.estimate_tuning(torch.from_numpy(chords()).float(), RATE)
    assert estimates.tolist() == pytest.approx([0.25, -0.33, 0.0], abs=0.02)
    fixed = create_frontend("chroma", sample_rate=RATE, tuning=0.0, n_fft=1024, octwidth=1.5)
    assert relative_l2(fixed(torch.from_numpy(chords())).numpy(), expected) > 0.1


def test_each_clip_has_its_own():
    frontend = create_frontend("chroma", sample_rate=RATE, tuning=None)
    clips = torch.from_numpy(chords()).float()
    alone = torch.cat([frontend(clip[None]) for clip in clips])
    torch.testing.assert_close(frontend(clips), alone, rtol=1e-5, atol=1e-6)
    members = [{"name": "chroma", "tuning": None}, {"name": "chroma"}, {"name": "logmel", "n_mels": 12}]
    stack = create_frontend("stack", sample_rate=RATE, members=members)
    torch.testing.assert_close(stack(clips)[:, :1], alone, rtol=1e-5, atol=1e-6)


def test_a_stream_has_no_estimate():
    with pytest.raises(EscGpuError, match="estimated from the whole clip; set tuning"):
        create_frontend("chroma", tuning=None).stream()


def test_a_rate_without_such_frequencies_is_in_tune():
    assert functional.estimate_tuning(noise(2), 250, n_fft=64).tolist() == [0.0, 0.0]


def test_the_median_is_numpys():
    values = torch.tensor([[3.0, 1.0, 9.0, 2.0], [3.0, 1.0, 9.0, 2.0], [3.0, 1.0, 9.0, 2.0]])
    is_taken = torch.tensor([[True, True, True, True], [True, False, True, True], [False, True, False, False]])
    medians = [np.median(row[taken]) for row, taken in zip(values.numpy(), is_taken.numpy(), strict=True)]
    assert median_of(values, is_taken)[:, 0].tolist() == medians
