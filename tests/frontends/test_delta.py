"""Derivatives over time against librosa, and what they know of the front-end that they are of."""

import librosa
import numpy as np
import pytest
import torch

from esc_gpu.errors import EscGpuError
from esc_gpu.frontends.delta import samples_of_frames
from esc_gpu.frontends.free_length import least_free
from esc_gpu.frontends.members import OfOneMember
from esc_gpu.frontends.registry import create_frontend
from tests.helpers.descriptor_cases import SMALL_MEL, noise
from tests.helpers.second_at_22050 import RATE, for_signals, signal

LOGMEL = {"name": "logmel", "n_mels": 32, "n_fft": 1024, "hop_length": 512}


@for_signals
@pytest.mark.parametrize(("width", "order"), [(9, 2), (3, 1), (5, 2), (21, 2)])
def test_deltas_are_those_of_librosa(clip_name, width, order):
    clip = torch.from_numpy(signal(clip_name))[None]
    image = create_frontend("delta", member=LOGMEL, sample_rate=RATE, width=width, order=order)(clip)
    own = create_frontend(**LOGMEL, sample_rate=RATE)(clip)
    assert image.shape == (1, order + 1, 32, own.shape[-1])
    assert torch.equal(image[:, :1], own)
    own = own[0, 0].double().numpy()
    for k in range(1, order + 1):
        expected = librosa.feature.delta(own, width=width, order=k, mode="interp")
        # Differences of decibels: float32 rounds those, up to 100, where the differences may be 0. The weights of
        # a second derivative over few frames are up to 2.
        assert np.abs(image[0, k].numpy() - expected).max() < 2e-6 * np.abs(own).max()


def test_deltas_of_a_parabola():
    n = torch.arange(30, dtype=torch.float64)
    frontend = create_frontend("delta", member=LOGMEL, sample_rate=RATE)
    first, second = frontend.derivatives((3 * n.square() + 2 * n)[None, None, None])
    torch.testing.assert_close(second, torch.full_like(second, 6.0))
    torch.testing.assert_close(first[..., 4:-4], (6 * n + 2)[4:-4].expand(1, 1, 1, -1))


def test_delta_knows_its_members_axes():
    member = create_frontend(**SMALL_MEL, sample_rate=16000)
    frontend = create_frontend("delta", member=member, width=5)
    assert frontend.sample_rate == 16000
    assert frontend.hop_length == 160
    assert torch.equal(frontend.frequencies, member.frequencies)
    assert frontend.min_samples == 640
    assert frontend.n_frames(frontend.min_samples) == 5
    assert create_frontend("delta", member=SMALL_MEL, sample_rate=22050).layer.sample_rate == 22050


def test_delta_of_a_resampled_member():
    frontend = create_frontend("delta", member={**SMALL_MEL, "sample_rate": 8000}, sample_rate=16000, width=5)
    assert (frontend.sample_rate, frontend.layer.sample_rate) == (16000, 8000)
    enough = frontend.min_samples
    assert frontend.n_frames(enough) == 5
    assert frontend.n_frames(enough - 1) < 5
    assert frontend(noise(1, enough)).shape[1:] == frontend.output_shape(enough) == (3, 20, 5)
    assert create_frontend(**frontend.spec).spec == frontend.spec
    outer = create_frontend("delta", member=SMALL_MEL, sample_rate=8000, input_sample_rate=16000, width=5)
    assert torch.equal(outer(noise()), frontend(noise()))


def test_delta_of_a_stack():
    stack = {"name": "stack", "members": [SMALL_MEL, {"name": "rms", "hop_length": 160}]}
    frontend = create_frontend("delta", member=stack, sample_rate=16000, order=1)
    assert frontend(noise()).shape[1:] == frontend.output_shape(8000) == (4, 20, 51)
    padded = create_frontend(
        "stack", members=[{"name": "delta", "member": SMALL_MEL, "pad_short": True}, SMALL_MEL], sample_rate=16000
    )
    assert padded(noise(1, 300)).shape[1] == 4


def test_delta_of_a_member_at_another_rate():
    member = create_frontend(**SMALL_MEL, sample_rate=16000)
    with pytest.raises(EscGpuError, match="44100 Hz, logmel takes 16000"):
        create_frontend("delta", member=member, sample_rate=44100)


@pytest.mark.parametrize("mode", ["nearest", "mirror", "constant", "wrap"])
@pytest.mark.parametrize("clip_name", ["noise", "chirp"])
def test_the_ends_are_those_of_librosa(clip_name, mode):
    clip = torch.from_numpy(signal(clip_name))[None]
    options = {"member": LOGMEL, "sample_rate": RATE, "width": 7}
    frontend = create_frontend("delta", **options, mode=mode).double()
    image = frontend(clip)
    own = image[0, 0].numpy()
    for k in (1, 2):
        expected = librosa.feature.delta(own, width=7, order=k, mode=mode)
        np.testing.assert_allclose(image[0, k].numpy(), expected, rtol=1e-9, atol=1e-9)
    assert create_frontend(**frontend.spec).mode == mode
    inner = create_frontend("delta", **options)(clip)
    torch.testing.assert_close(image[..., 3:-3].float(), inner[..., 3:-3], rtol=1e-4, atol=1e-3)


def test_repeated_ends_are_those_of_torchaudio():
    functional = pytest.importorskip("torchaudio.functional")
    image = create_frontend("delta", member=LOGMEL, sample_rate=RATE, width=5, order=1, mode="nearest")(noise())
    expected = functional.compute_deltas(image[:, 0].double(), win_length=5)
    torch.testing.assert_close(image[:, 1].double(), expected, rtol=1e-5, atol=1e-5)


def test_a_stream_has_no_other_end_of_the_clip():
    options = {"member": LOGMEL | {"top_db": None}, "sample_rate": RATE}
    with pytest.raises(EscGpuError, match="delta cannot be streamed: mode='wrap' .* set another mode"):
        create_frontend("delta", **options, mode="wrap").stream()
    clip = noise(1, 12000)
    for mode in ("nearest", "mirror", "constant"):
        frontend = create_frontend("delta", **options, mode=mode)
        stream = frontend.stream()
        parts = [*map(stream.push, clip.split(777, dim=1)), stream.end()]
        torch.testing.assert_close(torch.cat(parts, dim=-1), frontend(clip), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("name", ["delta", "model_input"])
def test_what_is_made_of_one_member_has_its_axes(name):
    member = {"name": "logmel", "n_mels": 20, "n_fft": 512, "hop_length": 160, "center": False, "sample_rate": 16000}
    layer = create_frontend(**member)
    made = create_frontend(name, member=layer)
    assert isinstance(made, OfOneMember) and made.sample_rate == 16000 and made.layer is layer
    assert made.member == layer.spec and made.hop_length == 160 and made.hop_seconds == 0.01
    assert made.first_seconds == layer.first_seconds == 256 / 16000
    assert torch.equal(made.frequencies, layer.frequencies) and made.bin_unit == "Hz"


@pytest.mark.parametrize("member", [LOGMEL | {"center": False}, {"name": "kaldi_fbank"}])
def test_a_member_that_fills_short_clips_says_of_how_many_samples_it_has_enough_frames(member):
    layers = [
        create_frontend("delta", sample_rate=RATE, member=member | {"pad_short": fills}) for fills in (True, False)
    ]
    assert layers[0].min_samples == layers[1].min_samples
    assert layers[0](noise(1, layers[0].min_samples)).shape[-1] == 9
    assert layers[0].n_frames(layers[0].min_samples - 1) == 8
    assert least_free(create_frontend(**member, sample_rate=RATE, pad_short=True)) == samples_of_frames(
        layers[1].layer, 2
    )


def test_a_member_that_never_has_enough_frames_is_refused():
    member = {"name": "model_input", "member": LOGMEL, "image_frames": 8}
    with pytest.raises(
        EscGpuError, match="^model_input makes 8 frames of every clip, expected at least 9: let it"
    ) as error:
        create_frontend("delta", sample_rate=RATE, member=member)
    assert "\n" not in str(error.value)
    assert create_frontend("delta", sample_rate=RATE, member=member, width=7)(noise()).shape[-1] == 8
