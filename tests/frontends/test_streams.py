"""Features of a stream are those of the whole waveform, however it is cut, or refused with a reason."""

import math
import random

import pytest
import torch

from esc_gpu import EscGpuError, create_frontend, list_frontends
from esc_gpu.frontends.images import DELTA_MEMBER, STACK_MEMBERS, default_options
from esc_gpu.frontends.mel import MelFrontend
from tests.helpers.backends import needs
from tests.helpers.clips import RATE, noise

SAMPLES = RATE + 77
LOCAL = ["kaldi_fbank", "kaldi_mfcc", "chroma", "pcen"]
LOCAL += [
    "spectral_centroid",
    "spectral_bandwidth",
    "spectral_rolloff",
    "spectral_flatness",
    "zero_crossing_rate",
    "rms",
]
# With their default options; what is not there says nothing for itself that another option would change.
REFUSED = {
    **dict.fromkeys(
        ["spectrogram", "logmel", "mfcc", "lfcc", "gammatone", "gfcc", "cqt", "vqt", "chroma_cqt"], "top_db"
    ),
    "spectral_contrast": "80 dB under the whole clip's maximum",
    "delta": "its member logmel: top_db",
    "stack": "its member logmel: top_db",
    "model_input": "a model's input is that of a whole clip",
}
# Relative to the largest value. All but these are to 1e-6. A constant-Q transform takes the spectrum of another length
# where the samples are others: 80 dB under the maximum, float32 leaves 0.02 of 100 dB. On some processors, a product of
# matrices sums in another order where there are other numbers of frames: 1.5e-6 was seen of sums of a thousand numbers.
TOLERANCES = {"cqt": 3e-4, "vqt": 3e-4, "stack": 3e-4, "chroma_cqt": 5e-6, "chroma": 3e-6, "kaldi_mfcc": 3e-6}


def options_of(name, local=False):
    """The default options at this rate, or those nearest to them with which a frame needs its own samples alone."""
    options = default_options(name, RATE)
    if not local or name in LOCAL:
        return options
    if name == "delta":
        return options | {"member": {"name": DELTA_MEMBER, "top_db": None}}
    if name == "stack":
        return options | {"members": [member | {"top_db": None} for member in options["members"]]}
    return options | {"top_db": None}


STREAMED = [name for name in list_frontends() if name in LOCAL or "top_db" in REFUSED.get(name, "")]


def cuttings(n_samples, n, seed=0):
    """Chunk lengths: whole, single samples, and others at random, with none among them."""
    rng = random.Random(seed)
    yield [n_samples]
    for longest in [1, *(round(10 ** rng.uniform(2.3, 4)) for _ in range(n - 2))]:
        lengths = []
        while (left := n_samples - sum(lengths)) > 0:
            # Single samples until the first frame is out, which is where they matter, and some more at the end.
            alone = longest > 1 or len(lengths) < 50 or left < 20
            lengths.append(min(left, rng.randint(longest > 1, longest) if alone else 3000))
        yield lengths


def streamed(frontend, waveform, lengths):
    stream = frontend.stream()
    parts = [stream.push(chunk) for chunk in waveform.split(lengths, dim=1)]
    return torch.cat([*parts, stream.end()], dim=-1)


def difference(actual, expected):
    """Relative to the largest value."""
    assert actual.shape == expected.shape and actual.dtype == expected.dtype
    return float((actual - expected).abs().max() / expected.abs().max())


@pytest.fixture(scope="module")
def waveform():
    """Loud and quiet, for the differences between them."""
    return noise(2, SAMPLES) * torch.linspace(0.01, 1, SAMPLES)


def test_every_front_end_is_local_or_refused():
    assert sorted(LOCAL + list(REFUSED)) == sorted(list_frontends())
    for name in list_frontends():
        reason = create_frontend(name, **options_of(name)).whole_clip
        assert (reason is None) == (name in LOCAL), name
        assert name in LOCAL or REFUSED[name] in reason, name


@pytest.mark.parametrize("name", STREAMED)
def test_ten_cuttings_give_the_features_of_the_whole(name, waveform):
    frontend = create_frontend(name, **options_of(name, local=True))
    with torch.no_grad():
        expected = frontend(waveform)
    tolerance = TOLERANCES.get(name, 1e-6)
    for lengths in cuttings(SAMPLES, 10):
        assert difference(streamed(frontend, waveform, lengths), expected) <= tolerance, lengths


@pytest.mark.parametrize("name", ["cqt", "vqt", "chroma_cqt"])
def test_a_constant_q_transform_is_the_same_in_magnitude(name, waveform):
    options = {"norm": None, "top_db": None} if name == "chroma_cqt" else {"scale": "magnitude"}
    frontend = create_frontend(name, **default_options(name, RATE) | options)
    assert difference(streamed(frontend, waveform, [4000] * 4 + [77]), frontend(waveform)) <= 1e-6


@pytest.mark.parametrize("name", ["mfcc", "pcen", "cqt", "delta"])
def test_float64_is_equal_to_its_own_precision(name, waveform):
    frontend = create_frontend(name, **options_of(name, local=True)).double()
    # The smoother's constants are rounded to float32; the share of the kernels that is left out depends on the length.
    limit = {"pcen": 1e-7, "cqt": 1e-5}.get(name, 1e-13)
    assert difference(streamed(frontend, waveform.double(), [999] * 16 + [93]), frontend(waveform.double())) <= limit


OTHERS = {
    "odd n_fft": {"name": "logmel", "n_fft": 801, "win_length": 700, "hop_length": 201, "top_db": None},
    "zeros at the ends": {"name": "spectrogram", "pad_mode": "constant", "scale": "magnitude"},
    "the ends go on": {"name": "mfcc", "pad_mode": "edge", "top_db": None, "window": ["kaiser", 8.6]},
    "the first sample dropped": {"name": "logmel", "preemphasis": 0.97, "preemphasis_start": "drop", "scale": "ln"},
    "librosa's kernels": {"name": "cqt", "kernels": "librosa", "tuning": 0.2, "n_bins": 60, "scale": "magnitude"},
    "hop longer than a frame": {"name": "rms", "frame_length": 100, "hop_length": 333},
    "mirrored": {"name": "rms", "pad_mode": "reflect"},
    "frames around hops": {"name": "kaldi_fbank", "snip_edges": False},
    "around long hops": {"name": "kaldi_fbank", "snip_edges": False, "win_length": 100, "hop_length": 400},
    "resampled": {"name": "logmel", "sample_rate": 11025, "input_sample_rate": RATE, "scale": "magnitude"},
    "resampled up": {"name": "rms", "sample_rate": 44100, "input_sample_rate": RATE},
    "trainable": {"name": "pcen", "trainable": True},
    "first derivatives of PCEN": {"name": "delta", "member": {"name": "pcen"}, "width": 5, "order": 1},
    "members with other latencies": {
        "name": "stack",
        "members": [
            "pcen",
            "rms",
            {"name": "logmel", "n_fft": 512, "top_db": None},
            {"name": "delta", "member": "rms"},
        ],
    },
    "a resampled member": {"name": "stack", "members": [{"name": "pcen", "sample_rate": 8000}]},
}


@pytest.mark.parametrize("key", OTHERS)
def test_so_do_other_options(key, waveform):
    frontend = create_frontend(**{"sample_rate": RATE} | OTHERS[key])
    with torch.no_grad():
        expected = frontend(waveform)
    for lengths in cuttings(SAMPLES, 4):
        assert difference(streamed(frontend, waveform, lengths), expected) <= 1e-6, lengths


@pytest.mark.parametrize("n_samples", [1, 500, 1025, 2047])
def test_a_waveform_that_is_too_short_is_padded_or_refused(n_samples):
    padding = create_frontend("logmel", sample_rate=RATE, top_db=None, pad_short=True)
    clip = noise(1, n_samples)
    assert difference(streamed(padding, clip, n_samples), padding(clip)) <= 1e-6
    strict = create_frontend("logmel", sample_rate=RATE, top_db=None)
    if n_samples < strict.min_samples:
        with pytest.raises(EscGpuError, match="logmel needs at least 1025 samples"):
            streamed(strict, clip, n_samples)


def test_frames_come_when_the_latency_says(waveform):
    for name in ("logmel", "zero_crossing_rate", "kaldi_fbank", "cqt", "delta"):
        frontend = create_frontend(name, **options_of(name, local=True))
        stream = frontend.stream()
        n_frames = 0
        for n_samples in range(16, SAMPLES, 16):
            n_frames += stream.push(waveform[:, n_samples - 16 : n_samples]).shape[-1]
            # The centres, in samples, that are far enough behind.
            first = round(frontend.first_seconds * RATE, 6)
            due = max(0, math.floor((n_samples - stream.latency_samples - first) / frontend.hop_length) + 1)
            if n_frames > 8:  # those at the beginning may wait for what is mirrored there
                assert n_frames == due, (name, n_samples)
        assert n_frames > 8
        assert stream.latency_seconds == stream.latency_samples / RATE


def test_int16_and_half_precision_and_autocast_change_nothing(waveform):
    frontend = create_frontend("mfcc", sample_rate=RATE, top_db=None)
    pcm = (waveform * 32767).to(torch.int16)
    with torch.autocast("cpu", torch.bfloat16):
        assert difference(streamed(frontend, pcm, 3000), frontend(pcm)) <= 1e-6
    assert difference(streamed(frontend, waveform.half(), 3000), frontend(waveform.half())) <= 1e-6


def test_two_streams_do_not_know_of_each_other(waveform):
    """Nor does the front-end of its streams: the smoother's state is theirs."""
    frontend = create_frontend("pcen", sample_rate=RATE)
    expected = frontend(waveform)
    first, second = frontend.stream(), frontend.stream()
    parts = [[], []]
    for chunk in waveform.split(2000, dim=1):
        parts[0].append(first.push(chunk))
        parts[1].append(second.push(chunk.flip(0)))
        assert frontend(waveform).equal(expected)
    for stream, found, own in (first, parts[0], expected), (second, parts[1], expected.flip(0)):
        assert difference(torch.cat([*found, stream.end()], dim=-1), own) <= 1e-6


def test_the_chunk_is_the_callers_own(waveform):
    frontend = create_frontend("rms", sample_rate=RATE)
    stream, buffer, parts = frontend.stream(), torch.empty(2, 500), []
    for chunk in waveform[:, :16000].split(500, dim=1):
        parts.append(stream.push(buffer.copy_(chunk)))
        buffer.zero_()
    assert difference(torch.cat([*parts, stream.end()], dim=-1), frontend(waveform[:, :16000])) <= 1e-6


def test_what_is_kept_does_not_grow():
    members = [{"name": "pcen"}, {"name": "delta", "member": {"name": "mfcc", "top_db": None}, "order": 1}]
    stream = create_frontend("stack", sample_rate=RATE, members=members).stream()
    chunk = noise(1, RATE)

    def kept(part):
        """Bytes of all tensors that a stream's parts hold, of the storages that they are views of."""
        values = list(vars(part).values())
        tensors = [value for value in values if isinstance(value, torch.Tensor)]
        tensors += [
            value for listed in values if isinstance(listed, list) for value in listed if hasattr(value, "storage")
        ]
        below = [
            value for value in values if type(value).__module__.startswith("esc_gpu.frontends") and part is not value
        ]
        below = [value for value in below if not isinstance(value, (torch.nn.Module, tuple))]
        below += [v for listed in values if isinstance(listed, list) for v in listed if not isinstance(v, torch.Tensor)]
        return sum(t.untyped_storage().nbytes() for t in tensors) + sum(kept(value) for value in below)

    sizes = []
    for _ in range(30):
        stream.push(chunk)
        sizes.append(kept(stream.frames))
    assert sizes[5] == sizes[-1] > 0


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"name": "logmel"}, "logmel cannot be streamed: top_db=80 is a limit .* set top_db=None"),
        (
            {"name": "spectral_contrast", "n_bands": 4},
            "spectral_contrast cannot be streamed: .* take another front-end",
        ),
        (
            {"name": "stack", "members": ["pcen", {"name": "rms", "hop_length": 256}]},
            "different hops, .* give all one hop",
        ),
        ({"name": "stack", "members": ["pcen", {"name": "rms", "frame_length": 1025}]}, "different numbers of frames"),
        ({"name": "stack", "members": list(STACK_MEMBERS[:2])}, "stack cannot be streamed: its member logmel: top_db"),
    ],
)
def test_what_needs_the_whole_clip_is_refused(options, said):
    frontend = create_frontend(**{"sample_rate": RATE} | options)
    with pytest.raises(EscGpuError, match=said) as error:
        frontend.stream()
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("backend", [pytest.param(name, marks=needs(name)) for name in ("nnaudio", "torchaudio")])
def test_other_backends_are_refused(backend):
    frontend = create_frontend("logmel", backend, sample_rate=RATE, top_db=None)
    with pytest.raises(EscGpuError, match=f"backend '{backend}' pads its clips itself; take backend='native'"):
        frontend.stream()


def test_one_that_does_not_say_so_is_refused():
    """Its frames might need those before them."""
    with pytest.raises(EscGpuError, match="Unsaid does not say that a frame needs its own samples alone"):
        type("Unsaid", (MelFrontend,), {"name": "unsaid"})(sample_rate=RATE).stream()


@pytest.mark.parametrize(
    ("chunk", "said"),
    [
        (torch.zeros(100), "shape"),
        (torch.zeros(1, 100, dtype=torch.int32), "int16 or floating point"),
        (torch.zeros(3, 100), "chunks of this stream are of 2 clips, got 3"),
        (torch.zeros(2, 100, device="meta"), "this stream is on cpu, got a chunk on meta: move it there"),
    ],
)
def test_wrong_chunks_are_refused_and_change_nothing(chunk, said, waveform):
    frontend = create_frontend("rms", sample_rate=RATE)
    stream = frontend.stream()
    parts = [stream.push(waveform[:, :5000])]
    with pytest.raises(EscGpuError, match=said):
        stream.push(chunk)
    parts += [stream.push(waveform[:, 5000:]), stream.end()]
    assert difference(torch.cat(parts, dim=-1), frontend(waveform)) <= 1e-6
    for call in (stream.end, lambda: stream.push(waveform)):
        with pytest.raises(EscGpuError, match="this stream has ended"):
            call()
    with pytest.raises(EscGpuError, match="no sample was pushed into this stream: push the waveform before its end"):
        create_frontend("rms", sample_rate=RATE, pad_short=True).stream().end()
