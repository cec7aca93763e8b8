"""Several front-ends as the channels of one image."""

import json

import pytest
import torch

from esc_gpu.errors import EscGpuError
from esc_gpu.frontends.registry import create_frontend
from esc_gpu.frontends.stack import to_grid
from tests.helpers.backends import each_backend
from tests.helpers.one_line import assert_refused

RATE = 16000
SAMPLES = 8000
LOGMEL = {"name": "logmel", "n_fft": 512, "hop_length": 160, "n_mels": 32}
MFCC = {"name": "mfcc", "n_fft": 512, "hop_length": 160, "n_mels": 32, "n_mfcc": 13}
CQT = {"name": "cqt", "hop_length": 160, "fmin": 100.0, "n_bins": 32}
COARSE = {"name": "logmel", "n_fft": 1024, "hop_length": 320, "n_mels": 16}
MEMBERS = [LOGMEL, MFCC, CQT, COARSE]


def stack(*members, **options):
    return create_frontend("stack", members=members, sample_rate=RATE, **options)


def alone(member):
    return create_frontend(**member, sample_rate=RATE)


def noise(n_clips=2, n_samples=SAMPLES):
    return torch.rand(n_clips, n_samples, generator=torch.Generator().manual_seed(0)) - 0.5


def test_channels_on_the_grid_are_the_members_own():
    image = stack(LOGMEL, CQT)(noise())
    assert image.shape == (2, 2, 32, 51)
    assert torch.equal(image[:, :1], alone(LOGMEL)(noise()))
    assert torch.equal(image[:, 1:], alone(CQT)(noise()))


SPECTROGRAM = {"name": "spectrogram", "n_fft": 512, "hop_length": 160, "scale": "power"}
BANDS = {"n_fft": 512, "hop_length": 160, "fmin": 50.0, "fmax": 7000.0}
CHROMA = {"name": "chroma", "n_fft": 512, "hop_length": 160}
EMPHASISED = SPECTROGRAM | {"preemphasis": 0.9}
# Each pair differs in one option, or in its kind, and could be taken for one.
ALIKE = {
    "window": (SPECTROGRAM, SPECTROGRAM | {"window": "hamming"}),
    "its parameter": (SPECTROGRAM | {"window": ["kaiser", 2.0]}, SPECTROGRAM | {"window": ["kaiser", 9.0]}),
    "win_length": (SPECTROGRAM, SPECTROGRAM | {"win_length": 400}),
    "n_fft": (SPECTROGRAM | {"win_length": 400}, SPECTROGRAM | {"win_length": 400, "n_fft": 1024}),
    "hop_length": (SPECTROGRAM, SPECTROGRAM | {"hop_length": 80}),
    "pad_mode": (SPECTROGRAM, SPECTROGRAM | {"pad_mode": "constant"}),
    "sample_rate": (SPECTROGRAM | {"sample_rate": 8000}, SPECTROGRAM | {"sample_rate": 12000}),
    "its own rate": (SPECTROGRAM, SPECTROGRAM | {"sample_rate": 8000}),
    "kind of bands": (
        {"name": "lfcc", "n_filters": 24, "n_lfcc": 24, **BANDS},
        {"name": "gfcc", "n_bins": 24, "n_gfcc": 24, **BANDS},
    ),
    "number of bands": (LOGMEL, LOGMEL | {"n_mels": 31}),
    "fmax": (LOGMEL, LOGMEL | {"fmax": 7000.0}),
    "mel_scale": (LOGMEL, LOGMEL | {"mel_scale": "htk"}),
    "norm": (LOGMEL, LOGMEL | {"norm": None}),
    "top_db": (LOGMEL, LOGMEL | {"top_db": 5.0}),
    "exponent": (LOGMEL, LOGMEL | {"power": 1.0}),
    "center": (SPECTROGRAM, SPECTROGRAM | {"center": False}),
    "ref": (LOGMEL, LOGMEL | {"ref": 7.0}),
    "ref of each clip": (LOGMEL, MFCC | {"ref": "max"}),
    "amin": (LOGMEL, LOGMEL | {"amin": 1.0, "top_db": None}),
    "gamma": (CQT, CQT | {"name": "vqt", "gamma": 20.0}),
    "filter_scale": (CQT, CQT | {"filter_scale": 0.5}),
    "bins_per_octave": (CQT, CQT | {"bins_per_octave": 24}),
    "fmin": (CQT, CQT | {"fmin": 110.0}),
    "n_bins": (CQT, CQT | {"n_bins": 31}),
    "kernels": (CQT, CQT | {"kernels": "librosa"}),
    "tuning of the CQT": (CQT, CQT | {"tuning": 0.3}),
    "log_offset": (LOGMEL, LOGMEL | {"log_offset": 1e-3}),
    "first sample": (EMPHASISED, EMPHASISED | {"preemphasis_start": "drop"}),
    "octwidth": (CHROMA, CHROMA | {"octwidth": None}),
    "estimated tuning": (CHROMA, CHROMA | {"tuning": None}),
    "window of the CQT": (CQT, CQT | {"window": "hamming"}),
}


@pytest.mark.parametrize("pair", ALIKE.values(), ids=ALIKE)
def test_what_members_share_is_theirs_alone(pair):
    """A stack computes once what its members have in common, and nothing that one of them has otherwise."""
    for members in (pair, pair[::-1]):
        image = stack(*members)(noise())
        for channel, member in enumerate(members):
            layer = create_frontend(**{"sample_rate": RATE, **member})
            own = layer if layer.sample_rate == RATE else create_frontend(**layer.spec | {"input_sample_rate": RATE})
            expected = to_grid(own(noise()), image.shape[2:])[:, 0]
            torch.testing.assert_close(image[:, channel], expected, rtol=1e-4, atol=2e-3 if layer.value_unit else 1e-5)
        assert (image[:, 0] - image[:, 1]).abs().max() > 0.1


@pytest.mark.parametrize("name", ["delta", "model_input"])
def test_what_takes_the_whole_power_inside_another_goes_first(name, monkeypatch):
    """So that the other members reduce it, and no second Fourier transform is computed."""
    transform, calls = torch.fft.rfft, []
    monkeypatch.setattr(torch.fft, "rfft", lambda *given: calls.append(given) or transform(*given))
    layer = stack(LOGMEL, {"name": name, "member": SPECTROGRAM})
    calls.clear()
    layer(noise(1, 4000))
    assert len(calls) == 1


def test_a_padded_stack_inside_another_shares_nothing_of_the_clips_as_they_were():
    plain = SPECTROGRAM | {"pad_mode": "constant"}
    inner = {"name": "stack", "pad_short": True, "members": [plain, SPECTROGRAM | {"n_fft": 1024}]}
    short = noise(n_samples=400)
    padded = torch.nn.functional.pad(short, (0, 513 - 400))
    for members in ([plain, inner], [inner, plain]):
        image = stack(*members)(short)
        at = members.index(plain) * 2
        torch.testing.assert_close(image[:, at], to_grid(alone(plain)(short), image.shape[2:])[:, 0])
        expected = to_grid(alone(plain)(padded), (513, padded.shape[1] // 160 + 1))
        torch.testing.assert_close(image[:, 1 - at // 2], to_grid(expected, image.shape[2:])[:, 0])


def test_grid_is_that_of_the_largest_member():
    frontend = stack(*MEMBERS)
    assert frontend(noise()).shape[1:] == frontend.output_shape(SAMPLES) == (4, 32, 51)
    assert frontend.n_channels == 4
    assert frontend.hop_length == 160
    assert frontend.min_samples == max(alone(member).min_samples for member in MEMBERS)


@pytest.mark.parametrize("member", [MFCC, COARSE], ids=["mfcc", "coarse"])
@pytest.mark.parametrize("n_bins", [None, 7, 100])
def test_interpolation_keeps_the_corners(member, n_bins):
    own, image = alone(member)(noise())[:, 0], stack(LOGMEL, member, n_bins=n_bins)(noise())[:, 1]
    assert image.shape == (2, n_bins or 32, 51)
    for corner in ((0, 0), (0, -1), (-1, 0), (-1, -1)):
        at = (slice(None), *corner)
        # The weights of interpolation are float32: the last one may be an ulp off 1.
        torch.testing.assert_close(image[at], own[at], rtol=1e-5, atol=1e-4)
    assert image.min() >= own.min() - 1e-4
    assert image.max() <= own.max() + 1e-4


def test_interpolation_is_linear_between_frames():
    """Twice as many frames: every other one is a member's own, those between are means."""
    own = alone(COARSE)(noise())[:, 0]
    image = stack(LOGMEL, COARSE, n_bins=16)(noise())[:, 1]
    assert (own.shape[-1], image.shape[-1]) == (26, 51)
    torch.testing.assert_close(image[..., ::2], own, rtol=1e-5, atol=1e-3)
    torch.testing.assert_close(image[..., 1::2], (own[..., 1:] + own[..., :-1]) / 2, rtol=1e-5, atol=1e-3)


def test_an_event_stays_in_its_frame_in_every_channel():
    click = torch.zeros(1, SAMPLES)
    click[0, 30 * 160] = 0.5
    image = stack(LOGMEL, CQT, COARSE)(click)
    assert image.sum(dim=2).argmax(dim=-1).tolist() == [[30, 30, 30]]


@pytest.mark.parametrize("n_bins", [1, 5, 32, 200])
def test_n_bins_sets_the_grid(n_bins):
    frontend = stack(*MEMBERS, n_bins=n_bins)
    assert frontend(noise()).shape[1:] == frontend.output_shape(SAMPLES) == (4, n_bins, 51)
    assert len(frontend.frequencies) == n_bins
    assert frontend.spec["n_bins"] == n_bins


def test_axes_are_those_of_the_first_channel():
    for first, second in (LOGMEL, MFCC), (MFCC, LOGMEL):
        frontend, member = stack(first, second), alone(first)
        assert frontend.bin_unit == member.bin_unit
        assert frontend.frequencies[[0, -1]].tolist() == pytest.approx(member.frequencies[[0, -1]].tolist())
    assert torch.equal(stack(LOGMEL, MFCC).frequencies, alone(LOGMEL).frequencies)


def test_members_are_mappings_or_modules():
    expected = stack(LOGMEL, MFCC)(noise())
    for members in (
        [alone(LOGMEL), alone(MFCC)],
        [LOGMEL, alone(MFCC)],
        [{**LOGMEL, "sample_rate": RATE}, MFCC],
    ):
        frontend = stack(*members)
        assert torch.equal(frontend(noise()), expected)
        assert frontend.spec == stack(LOGMEL, MFCC).spec


def test_members_are_names():
    """With their default options, at the stack's rate; a delta's member as well."""
    named = stack("logmel", {"name": "delta", "member": "mfcc"})
    written = stack({"name": "logmel"}, {"name": "delta", "member": {"name": "mfcc"}})
    assert named.spec == written.spec
    assert_refused(lambda: stack("logmel", "mfc"), "'mfc'", "did you mean 'mfcc'?")


def test_mappings_are_left_as_they_were():
    member = dict(LOGMEL)
    stack(member)
    assert member == LOGMEL


def test_a_stack_of_stacks():
    frontend = stack({"name": "stack", "members": [LOGMEL, MFCC]}, CQT)
    assert torch.equal(frontend(noise()), stack(LOGMEL, MFCC, CQT)(noise()))
    twin = create_frontend(**json.loads(json.dumps(frontend.spec)))
    assert torch.equal(twin(noise()), frontend(noise()))


@each_backend("nnaudio", "torchaudio")
def test_members_of_other_backends(backend):
    frontend = stack(LOGMEL, {**LOGMEL, "backend": backend})
    image = frontend(noise())
    assert [member["backend"] for member in frontend.spec["members"]] == ["native", backend]
    # As in the comparison of the backends: 1e-2 dB at 80 dB under the loudest.
    torch.testing.assert_close(image[:, 1], image[:, 0], rtol=0, atol=1e-2)


def test_trainable_members_are_in_the_checkpoint():
    frontend = stack(LOGMEL, {**LOGMEL, "trainable_mel": True})
    (name,) = frontend.state_dict()
    assert name == "layers.1.layer.mel_basis"
    frontend(noise()).mean().backward()
    assert dict(frontend.named_parameters())[name].grad.any()


def test_shapes_hold_for_clips_of_many_lengths():
    """Hops of 160 and 320 give frame counts in every combination of odd and even."""
    frontend = stack(LOGMEL, COARSE)
    for n_samples in range(SAMPLES, SAMPLES + 640, 79):
        assert frontend(noise(1, n_samples)).shape[1:] == frontend.output_shape(n_samples)


def test_a_stack_in_a_stack_that_pads_its_clips():
    """Its members' spectra are of longer clips than those of the outer one's members."""
    inner = {"name": "stack", "pad_short": True, "members": [LOGMEL, {**LOGMEL, "n_fft": 2048}]}
    short = noise(2, 600)
    image = stack(LOGMEL, inner)(short)
    expected = to_grid(alone(LOGMEL)(short), image.shape[-2:])
    assert torch.equal(image[:, :1], expected)


def test_members_at_other_rates_in_members():
    """Frames are compared in seconds, not in samples of one rate or another."""
    slow = {"name": "logmel", "sample_rate": 8000, "n_fft": 256, "hop_length": 80, "n_mels": 20}
    delta = {"name": "delta", "member": slow}
    frontend = stack(delta, {**LOGMEL, "hop_length": 320})
    n_frames = frontend.n_frames(SAMPLES)
    assert n_frames == alone(delta).n_frames(SAMPLES) == 51
    assert frontend.times(n_frames)[-1] == pytest.approx(SAMPLES / RATE)
    twice = create_frontend("delta", sample_rate=RATE, member={"name": "stack", "members": [slow]}, width=3)
    assert twice(noise()).shape[1:] == twice.output_shape(SAMPLES)
    assert twice(noise(2, twice.min_samples)).shape[-1] == 3


def test_one_front_end_twice_is_refused():
    member = alone(LOGMEL)
    with pytest.raises(EscGpuError, match="twice"):
        stack(member, member)


def logmel(**options):
    return create_frontend("logmel", **{"sample_rate": 16000, "n_fft": 512, "n_mels": 20, **options})


@pytest.mark.parametrize("members", [[], (), None])
def test_stack_of_nothing(members):
    assert_refused(lambda: create_frontend("stack", members=members), "stack", "at least one", "members")


def test_stack_without_members():
    assert_refused(lambda: create_frontend("stack"), "members")


@pytest.mark.parametrize("members", [5, "logmel", [["logmel"]], [None], [{"n_mels": 20}], {"name": "logmel"}])
def test_stack_of_what_is_no_front_end(members):
    assert_refused(lambda: create_frontend("stack", members=members), "members")


def test_stack_of_different_sample_rates():
    members = [logmel(), logmel(sample_rate=8000)]
    assert_refused(lambda: create_frontend("stack", members=members, sample_rate=16000), "sample_rate", "16000", "8000")
    assert_refused(lambda: create_frontend("stack", members=[logmel()]), "sample_rate", "44100", "16000")


def test_mistakes_in_a_member_are_named():
    def stack(**member):
        return create_frontend("stack", members=[member])

    assert_refused(lambda: stack(name="mfc"), "'mfc'", "did you mean 'mfcc'?")
    assert_refused(lambda: stack(name="mfcc", n_mfc=20), "'n_mfc'", "did you mean 'n_mfcc'?")
    assert_refused(lambda: stack(name="mfcc", n_mfcc=200), "n_mfcc", "from 1 to 128")


@pytest.mark.parametrize("n_bins", [0, -1, 2.0, "64"])
def test_stack_with_a_bad_grid(n_bins):
    assert_refused(
        lambda: create_frontend("stack", members=[logmel()], sample_rate=16000, n_bins=n_bins),
        "n_bins",
        repr(n_bins),
    )
