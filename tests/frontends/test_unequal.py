"""Each clip of a batch of unequal ones has the frames, the numbers and the gradient that it has alone."""

import pytest
import torch

from esc_gpu import EscGpuError, create_frontend, pad_clips
from esc_gpu.frontends.base import Frontend
from esc_gpu.frontends.mel import MelFrontend
from tests.helpers.backends import needs
from tests.helpers.clips import RATE, noise, tone
from tests.helpers.fake_cuda import fake_cuda, faked, hindrances
from tests.helpers.frontend_cases import MEL, NATIVE, SMALL_CQT, STFT, each

# Of the largest value. Matrix products choose the order of their sums by the number of rows. A constant-Q transform
# takes the spectrum of another length, and float32 shows it in the decibels of the quietest bins.
TOLERANCE = 1e-5
CONSTANT_Q = 1e-4


def unequal(layer, n_samples=3000):
    """Clips from quiet to loud that begin with a click."""
    shortest = max(n_samples, layer.min_samples + 100)
    clips = [
        noise(1, n, seed=n)[0] * torch.linspace(1e-3, 1, n)
        for n in (shortest + 2717, layer.min_samples, shortest + 161, shortest)
    ]
    for clip in clips:
        clip[0] = 1
    return clips


def padded(clips, extra=300):
    """As `pad_clips`, in a longer batch, and with what nobody may read behind the clips."""
    waveform, lengths = pad_clips([*clips, clips[0].new_zeros(max(map(len, clips)) + extra)])
    for row, length in zip(waveform, lengths, strict=True):
        row[length:] = torch.nan if waveform.is_floating_point() else 12345
    return waveform[:-1], lengths[:-1]


def difference(layer, clips):
    """Between each clip's features in the batch and alone, relative to the largest value."""
    waveform, lengths = padded(clips)
    with torch.no_grad():
        features = layer(waveform, lengths=lengths)
        alone = [layer(clip[None])[0] for clip in clips]
    assert features.shape[-1] == layer.n_frames(waveform.shape[-1]) and features.isfinite().all()
    assert layer.n_frames(lengths).tolist() == [image.shape[-1] for image in alone]
    found = []
    for image, expected in zip(features, alone, strict=True):
        n_frames = expected.shape[-1]
        assert not image[..., n_frames:].any()
        found.append(float((image[..., :n_frames] - expected).abs().max() / expected.abs().max()))
    return max(found)


def tolerance(case):
    members = [case, case.get("member"), *case.get("members", [])]
    constant_q = any(member and "cqt" in str(member) or "vqt" in str(member) for member in members)
    return CONSTANT_Q if constant_q else TOLERANCE


@each(NATIVE)
def test_a_clip_has_the_features_that_it_has_alone(case):
    layer = create_frontend(**case)
    assert difference(layer, unequal(layer)) <= tolerance(case)


@pytest.mark.parametrize("name", ["cqt", "chroma_cqt"])
def test_a_constant_q_transform_is_the_same_in_magnitude(name):
    options = {"norm": None, "bins_per_octave": 12} if name == "chroma_cqt" else {"scale": "magnitude"}
    layer = create_frontend(name, **SMALL_CQT | {"fmin": 100.0} | options)
    assert difference(layer, unequal(layer)) <= 2e-6


@each({key: NATIVE[key] for key in ("logmel-native", "mfcc-native", "cqt-native", "spectral_contrast-native")})
def test_a_maximum_is_the_clips_own(case):
    """Far behind its end the clip's first sample is repeated, and louder than all that is heard of the clip."""
    layer = create_frontend(**case)
    clip = 1e-3 * tone(1000, 1000)[0]
    clip[0] = 1
    rows = [layer(torch.cat([clip, clip.new_ones(7000)])[None]), layer(clip[None])]
    assert not torch.equal(rows[0][..., :4], rows[1][..., :4])
    assert difference(layer, [clip, noise(1)[0]]) <= tolerance(case)


LOGMEL = {"name": "logmel", **MEL}
RMS = {"name": "rms", "frame_length": 400, "hop_length": 160}
OTHERS = {
    **{f"stft {mode}": LOGMEL | {"pad_mode": mode} for mode in ("constant", "edge", "wrap")},
    **{f"samples {mode}": RMS | {"pad_mode": mode} for mode in ("reflect", "edge", "wrap")},
    **{f"constant-Q {mode}": {"name": "cqt", **SMALL_CQT, "pad_mode": mode} for mode in ("constant", "wrap")},
    **{
        f"derivatives {mode}": {"name": "delta", "member": LOGMEL, "mode": mode}
        for mode in ("nearest", "constant", "wrap")
    },
    "odd n_fft": LOGMEL | {"n_fft": 401, "win_length": 333, "hop_length": 161},
    "around hops": {"name": "kaldi_fbank", "snip_edges": False, "use_energy": True},
    "around long hops": {"name": "kaldi_mfcc", "snip_edges": False, "win_length": 100, "hop_length": 400},
    "smoothed and wrapped": {"name": "pcen", **MEL, "pad_mode": "wrap"},
    "relative to the maximum": {"name": "spectrogram", **STFT, "ref": "max", "top_db": None},
    "emphasised": LOGMEL | {"preemphasis": 0.97, "preemphasis_start": "drop"},
    "resampled": LOGMEL | {"input_sample_rate": 22050},
    "padded": LOGMEL | {"pad_short": True, "preemphasis": 0.97},
    "a stack padded and resampled": {"name": "stack", "members": [LOGMEL, "mfcc"], "pad_short": True}
    | {"input_sample_rate": 8000},
    "stretched to each other": {
        "name": "stack",
        "members": [RMS, {"name": "kaldi_fbank"}, {"name": "pcen", "sample_rate": 8000, "hop_length": 100}],
    },
    "derivatives in a stack": {"name": "stack", "members": [LOGMEL, {"name": "delta", "member": LOGMEL}]},
    "a limited image": {"name": "model_input", "member": LOGMEL, "max_range": 40.0, "mean": -9.0},
    "a filled image": {"name": "model_input", "member": LOGMEL, "max_range": 40.0, "mean": -9.0, "image_frames": 25},
    "cut or filled with zeros": {"name": "model_input", "member": LOGMEL, "clip_seconds": 0.25},
    "cut or repeated": {"name": "model_input", "member": LOGMEL, "clip_seconds": 0.25, "fill": "repeat"},
}


@pytest.mark.parametrize("key", OTHERS)
def test_so_it_does_with_other_options(key):
    layer = create_frontend(**{"sample_rate": RATE} | OTHERS[key])
    assert difference(layer, unequal(layer)) <= (CONSTANT_Q if "constant-Q" in key else TOLERANCE)


@pytest.mark.parametrize("backend", [pytest.param(name, marks=needs(name)) for name in ("nnaudio", "torchaudio")])
def test_other_backends_have_them_where_no_clip_is_limited(backend):
    layers = [create_frontend("logmel", backend, **MEL, top_db=None)]
    layers += [create_frontend("cqt", backend, **SMALL_CQT, scale="power")] if backend == "nnaudio" else []
    assert all(difference(layer, unequal(layer)) <= TOLERANCE for layer in layers)
    with pytest.raises(EscGpuError, match=f"logmel takes no lengths: backend '{backend}' limits a clip by what stands"):
        create_frontend("logmel", backend, **MEL)(noise(2), lengths=torch.tensor([4000, 8000]))


def test_int16_and_autocast_change_nothing_and_float64_is_as_exact_as_it_is():
    layer = create_frontend(**NATIVE["stack-features"])
    clips = [(clip * 32767).to(torch.int16) for clip in unequal(layer)]
    waveform, lengths = padded(clips)
    expected = layer(waveform.float() / 32768, lengths=lengths)
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(layer(waveform, lengths=lengths.to(torch.int32)), expected)
    exact = create_frontend(**NATIVE["delta"]).double()
    assert difference(exact, [clip.double() for clip in unequal(exact)]) <= 1e-13


def test_a_gradient_is_the_clips_own():
    layer = create_frontend("stack", sample_rate=RATE, members=[LOGMEL, {"name": "delta", "member": "mfcc"}, "pcen"])
    clips = unequal(layer)
    waveform, lengths = padded(clips)
    layer(waveform.requires_grad_(), lengths=lengths).sum().backward()
    for clip, length, gradient in zip(clips, lengths, waveform.grad, strict=True):
        layer(clip[None].requires_grad_()).sum().backward() if (clip.requires_grad_() is clip) else None
        assert (gradient[:length] - clip.grad).norm() <= 1e-4 * clip.grad.norm() > 0
        assert not gradient[length:].any()


@each({key: NATIVE[key] for key in ("stack-features", "delta", "model_input", "spectrogram-options")})
def test_a_gpu_is_not_waited_for(case):
    """Once the lengths are on it; those on the CPU are checked there and sent."""
    layer = create_frontend(**case)
    with fake_cuda() as mode, torch.no_grad():
        layer = faked(layer, mode, "cpu").to("cuda")
        waveform, lengths = torch.empty(3, 8000, device="cuda"), torch.ones(3, dtype=torch.int64, device="cuda")
        layer.unequal_features(waveform, lengths)  # tables for this length go to the device
        assert hindrances(lambda: layer.unequal_features(waveform, lengths)) == []


@pytest.mark.parametrize(
    ("lengths", "said"),
    [
        ([8000, 4000], "lengths must be a tensor of 2 integers, the samples of each clip, got list: esc_gpu.pad_clips"),
        (torch.tensor([8000.0, 4000.0]), r"got torch.float32 \(2,\)"),
        (torch.tensor([True, True]), r"got torch.bool \(2,\)"),
        (torch.tensor([8000]), r"got torch.int64 \(1,\)"),
        (torch.tensor([[8000, 4000]]), r"got torch.int64 \(1, 2\)"),
        (torch.tensor([8000, 256]), "lengths of logmel must be from 257 samples to the 8000 .*, got 256 for clip 1"),
        (torch.tensor([8001, 4000]), "to the 8000 of the batch, got 8001 for clip 0: correct it"),
    ],
)
def test_wrong_lengths_are_refused(lengths, said):
    with pytest.raises(EscGpuError, match=said) as error:
        create_frontend(**NATIVE["logmel-native"])(noise(2), lengths=lengths)
    assert "\n" not in str(error.value)


class Own(Frontend):
    """It does not say where its frames lie."""

    name = "own"
    whole_clip = None

    @property
    def frequencies(self):
        return torch.zeros(1)

    def features(self, waveform, shared=None):
        return waveform[:, None, None]


class Whole(MelFrontend):
    """It does not say whether a frame needs more than its own samples."""

    name = "whole"

    @property
    def frequencies(self):
        return self.mel_centres


def test_what_cannot_be_the_same_is_refused_with_a_reason():
    own, whole = Own(160, sample_rate=RATE), Whole(sample_rate=RATE)
    reasons = {
        own: r"Own does not say where its frames lie \(`framing`\)",
        whole: "Whole does not say that a frame needs its own samples alone",
    }
    for layer, reason in reasons.items():
        refused = {
            layer: f"^{layer.name} takes no lengths: {reason}",
            create_frontend("stack", sample_rate=RATE, members=["rms", layer]): f"stack .*: its member .*: {reason}",
            create_frontend("delta", member=layer): f"delta .*: its member {layer.name}: {reason}",
            create_frontend("model_input", member=layer): f"model_input .*: its member {layer.name}: {reason}",
        }
        for frontend, said in refused.items():
            with pytest.raises(EscGpuError, match=said) as error:
                frontend(noise(2), lengths=torch.tensor([8000, 4000]))
            assert "\n" not in str(error.value)
