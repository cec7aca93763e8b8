"""Raw sound as it comes through a pipe."""

import io

import numpy as np
import pytest
import soundfile

from esc_gpu.data.clips.decode import decode_clip
from esc_gpu.inference.pcm import at_rate, mono, read_pcm
from tests.helpers.one_line import refusal

STEREO = np.array([[0, 32767], [-32768, -32768], [100, 200]], dtype="<i2")


class Dripping(io.RawIOBase):
    """A file that gives some bytes at a time, not whole samples."""

    def __init__(self, data, n_bytes):
        self.data, self.n_bytes = data, n_bytes

    def read(self, limit=-1):
        part, self.data = self.data[: self.n_bytes], self.data[self.n_bytes :]
        return part


@pytest.mark.parametrize("n_bytes", [1, 3, 7, 1000])
def test_samples_are_whole_however_the_bytes_come(n_bytes):
    expected = STEREO.astype(np.float32).mean(axis=1) / 32768
    found = list(read_pcm(Dripping(STEREO.tobytes() + b"\1", n_bytes), "s16le", 2))  # an odd byte at the end
    np.testing.assert_array_equal(np.concatenate(found), expected)
    floats = (STEREO / 32768).astype("<f4")
    found = list(read_pcm(Dripping(floats.tobytes(), n_bytes), "f32le", 2))
    np.testing.assert_allclose(np.concatenate(found), expected, atol=1e-7)


def test_a_long_part_comes_in_blocks_of_64_kib():
    asked = set()

    class Asked(io.BytesIO):
        def read1(self, limit=-1):
            asked.add(limit)
            return super().read1(limit)

    blocks = list(read_pcm(Asked(bytes(200_000)), "s16le", 2))
    assert asked == {65536}
    assert [len(block) for block in blocks] == [16384, 16384, 16384, 848]
    assert {block.dtype for block in blocks} == {np.dtype(np.float32)}


def test_the_channel_of_the_training_is_heard():
    for channel, place in (("left", 0), ("right", 1), (1, 1)):
        (found,) = read_pcm(io.BytesIO(STEREO.tobytes()), "s16le", 2, channel)
        np.testing.assert_array_equal(found, STEREO[:, place] / np.float32(32768))
    (found,) = read_pcm(io.BytesIO(STEREO.tobytes()), "s16le", 1, "loudest")
    np.testing.assert_array_equal(found, STEREO.ravel() / np.float32(32768))


@pytest.mark.parametrize(
    ("channels", "channel", "said"),
    [
        (2, "loudest", "which of several channels is the loudest is not known before a sound ends; pipe one"),
        (1, "right", "data.channel right, and the sound has channels 0 to 0; expected channel 1; correct --channels"),
    ],
)
def test_a_channel_that_cannot_be_heard_is_refused(channels, channel, said):
    assert said in refusal(lambda: list(read_pcm(io.BytesIO(STEREO.tobytes()), "s16le", channels, channel)))


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("pair", [(np.nan, np.nan), (np.inf, -np.inf)])
def test_another_format_is_refused(pair):
    noise = np.tile(np.array(pair, dtype="<f4"), 50).tobytes()
    for channels in (1, 2):
        assert refusal(lambda n=channels: list(read_pcm(io.BytesIO(noise), "f32le", n))) == (
            "the sound contains NaN or Inf: it has another format; correct --format and --channels"
        )


def test_samples_beyond_full_scale_are_clipped():
    loud = np.array([-3e38, -1.5, -1, -0.5, 0.99999, 1, 3e38], dtype=np.float32)
    (found,) = at_rate([mono(loud[:, None])], 8000, 8000)
    assert found.tolist() == [-32768, -32768, -32768, -16384, 32767, 32767, 32767]


@pytest.mark.filterwarnings("error")
def test_numbers_that_float32_does_not_hold_together_are_refused():
    """Finite each, and not so their mean, or what a resampler makes of them."""
    loud = np.full(4000, 3e38, dtype="<f4")
    loud[::2] *= np.tile([1, -1], 1000)
    for channels, rate in ((2, 8000), (1, 22050)):
        blocks = read_pcm(io.BytesIO(loud.tobytes() if channels == 1 else abs(loud).tobytes()), "f32le", channels)
        said = refusal(lambda blocks=blocks, rate=rate: list(at_rate(blocks, rate, 8000)))
        assert said.startswith("the sound contains NaN or Inf")


@pytest.mark.parametrize("rate", [8000, 22050])
def test_the_samples_are_those_of_a_recording(rate, tmp_path):
    """Of the recording at its own rate to the bit, of a resampled one to a bit or two."""
    samples = np.random.default_rng(0).uniform(-1, 1, 3 * rate).cumsum()
    samples = (samples / abs(samples).max()).astype(np.float32)
    soundfile.write(tmp_path / "clip.wav", samples, rate, "FLOAT")
    expected = decode_clip(tmp_path / "clip.wav", 0, sample_rate=8000, samples=3 * 8000)
    found = np.concatenate(list(at_rate(np.array_split(samples, 50), rate, 8000)))
    assert found.dtype == np.int16 and found.shape == expected.shape
    assert abs(found.astype(int) - expected).max() <= (0 if rate == 8000 else 2)
