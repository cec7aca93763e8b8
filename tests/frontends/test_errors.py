"""A user's mistakes: one line that names what was wrong and what to do, and one type for all of them."""

import re
import subprocess
import sys

import pytest
import torch

from esc_gpu.errors import EscGpuError
from esc_gpu.frontends.registry import create_frontend, list_backends, list_frontends
from tests.helpers.paths import REPOSITORY

NAN = float("nan")


def assert_refused(call, *parts):
    """`call` raises an EscGpuError of one line that has all `parts`."""
    with pytest.raises(EscGpuError) as caught:
        call()
    message = str(caught.value)
    assert "\n" not in message
    for part in parts:
        assert part in message


def test_errors_are_value_errors():
    assert issubclass(EscGpuError, ValueError)


# ---- names


def test_unknown_front_end():
    assert_refused(lambda: create_frontend("log_mel"), "'log_mel'", "did you mean 'logmel'?", *list_frontends())
    assert_refused(lambda: create_frontend("xyz"), "'xyz'", *list_frontends())
    assert_refused(lambda: list_backends("log_mel"), "'log_mel'", "did you mean 'logmel'?")


@pytest.mark.parametrize("name", list_frontends())
def test_unknown_backend(name):
    backends = ["auto", *list_backends(name)]
    assert_refused(lambda: create_frontend(name, "nativ"), name, "'nativ'", "did you mean 'native'?", *backends)


def test_backend_without_the_feature():
    assert_refused(lambda: create_frontend("cqt", "torchaudio"), "cqt", "'torchaudio'", "native", "nnaudio")


@pytest.mark.parametrize(
    ("name", "backend"),
    [(name, backend) for name in list_frontends() for backend in ["auto", *list_backends(name)]],
)
def test_unknown_option(name, backend):
    known = {"stack": "n_bins", "delta": "width"}.get(name, "hop_length")
    wrong = known[:-1]
    assert_refused(
        lambda: create_frontend(name, backend, **{wrong: 512}),
        name,
        repr(wrong),
        f"did you mean {known!r}?",
        "sample_rate",
    )
    assert_refused(lambda: create_frontend(name, backend, xyz=1), "'xyz'", known)


def test_option_of_another_backend():
    assert_refused(lambda: create_frontend("logmel", "native", trainable_stft=True), "'trainable_stft'", "native")
    assert create_frontend("logmel", trainable_stft=True, n_fft=256, n_mels=8).backend == "nnaudio"


# ---- values of options

BAD = [
    # front-ends, option, bad values, what the message has
    ("spectrogram logmel mfcc cqt", "sample_rate", [0, -1, 44100.0, "44100", None, True], "sample_rate"),
    ("spectrogram logmel mfcc cqt", "hop_length", [0, -512, 512.0, "512", None, False], "hop_length"),
    ("spectrogram logmel mfcc", "n_fft", [1, 0, 2048.0, "2048", None], "n_fft"),
    ("spectrogram logmel mfcc", "win_length", [0, 2049, 1024.0, "1024"], "win_length"),
    ("spectrogram logmel mfcc cqt", "window", ["hnan", "", None, 8.0, ("kaiser", 8.0)], "window"),
    ("spectrogram logmel mfcc cqt", "pad_mode", ["reflekt", "replicate", None], "pad_mode"),
    ("logmel mfcc", "n_mels", [0, -1, 128.0, "128", None], "n_mels"),
    ("logmel mfcc", "fmin", [-1.0, 22050.0, NAN, "low", None], "fmin"),
    ("logmel mfcc", "fmax", [0.0, -1.0, 22051.0, NAN, "high"], "fmax"),
    ("logmel mfcc", "mel_scale", ["slany", "mel", None], "mel_scale"),
    ("logmel mfcc", "norm", ["slany", 1, "l1"], "norm"),
    ("mfcc", "n_mfcc", [0, -1, 129, 40.0, "40", None], "n_mfcc"),
    ("spectrogram logmel cqt", "scale", ["dB", "log", None], "scale"),
    ("spectrogram logmel mfcc cqt", "top_db", [0, -80.0, NAN, "80"], "top_db"),
    ("logmel cqt rms", "pad_short", ["yes", 1, None], "pad_short"),
    ("logmel cqt rms", "input_sample_rate", [0, -1, 44100.0, "44100"], "input_sample_rate"),
    ("lfcc", "n_lfcc", [0, 129, 40.0, None], "n_lfcc"),
    ("lfcc", "n_filters", [0, -1, 128.0, None], "n_filters"),
    ("lfcc gammatone gfcc", "fmin", [-1.0, 22050.0, NAN, "low", None], "fmin"),
    ("lfcc gammatone gfcc", "fmax", [0.0, 22051.0, NAN, "high"], "fmax"),
    ("gammatone gfcc", "n_bins", [0, -1, 64.0, None], "n_bins"),
    ("gfcc", "n_gfcc", [0, 65, 40.0, None], "n_gfcc"),
    ("vqt", "gamma", [-1.0, NAN, "ear"], "gamma"),
    ("cqt", "n_bins", [0, -1, 84.0, "84", None, 114], "n_bins"),
    ("cqt", "bins_per_octave", [0, -12, 12.0, "12", None], "bins_per_octave"),
    ("cqt", "fmin", [0.0, -32.7, NAN, "C1", None, 30000.0], "fmin"),
    ("cqt", "filter_scale", [0.0, -1.0, NAN, float("inf"), "1", None], "filter_scale"),
]


def bad_values():
    for names, option, values, part in BAD:
        for name in names.split():
            for value in values:
                yield pytest.param(name, option, value, part, id=f"{name}-{option}-{value!r}")


@pytest.mark.parametrize(("name", "option", "value", "part"), list(bad_values()))
def test_bad_value_of_an_option(name, option, value, part):
    assert_refused(lambda: create_frontend(name, **{option: value}), part)


@pytest.mark.parametrize("backend", ["native", "torchaudio", "nnaudio"])
@pytest.mark.parametrize(
    ("option", "value"),
    [("n_mfcc", 129), ("win_length", 4096), ("mel_scale", "slany"), ("norm", "l1"), ("window", "hnan")],
)
def test_every_backend_checks_first(backend, option, value):
    """nnAudio itself takes some of these without a word."""
    assert_refused(lambda: create_frontend("mfcc", backend, **{option: value}), option, repr(value))


def test_messages_name_value_and_limits():
    assert_refused(lambda: create_frontend("mfcc", n_mels=40, n_mfcc=41), "n_mfcc", "from 1 to 40", "41")
    assert_refused(lambda: create_frontend("logmel", n_fft=512, win_length=600), "win_length", "from 1 to 512", "600")
    assert_refused(lambda: create_frontend("logmel", pad_mode="reflekt"), "constant", "did you mean 'reflect'?")
    assert_refused(lambda: create_frontend("logmel", fmin=900.0, fmax=800.0), "fmin=900", "fmax=800", "22050 Hz")
    assert_refused(lambda: create_frontend("logmel", sample_rate=16000, fmax=9000.0), "8000 Hz", "fmax=9000")
    assert_refused(lambda: create_frontend("spectrogram", window="hnan"), "'hnan'", "scipy.signal.get_window")


@pytest.mark.parametrize("backend", list_backends("cqt"))
def test_cqt_above_the_nyquist_frequency(backend):
    options = {"sample_rate": 16000, "fmin": 500.0, "n_bins": 50, "hop_length": 160}
    assert_refused(lambda: create_frontend("cqt", backend, **options), "n_bins=50", "8476 Hz", "8000 Hz", "lower")
    create_frontend("cqt", backend, **options | {"n_bins": 49})  # exactly 8000 Hz


# ---- stacks


def logmel(**options):
    return create_frontend("logmel", **{"sample_rate": 16000, "n_fft": 512, "n_mels": 20, **options})


@pytest.mark.parametrize("members", [[], (), None])
def test_stack_of_nothing(members):
    assert_refused(lambda: create_frontend("stack", members=members), "stack", "at least one", "members")


def test_stack_without_members():
    assert_refused(lambda: create_frontend("stack"), "members")


@pytest.mark.parametrize("members", [5, "logmel", ["logmel"], [None], [{"n_mels": 20}], {"name": "logmel"}])
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


# ---- the input

FRONTENDS = {
    "logmel": {"n_fft": 512, "n_mels": 20},
    "mfcc": {"n_fft": 512, "n_mels": 20, "n_mfcc": 13},
    "spectrogram": {"n_fft": 512},
    "cqt": {"fmin": 200.0, "n_bins": 24},
    "stack": {
        "members": [
            {"name": "logmel", "n_fft": 512, "n_mels": 20},
            {"name": "cqt", "fmin": 200.0, "n_bins": 9},
        ]
    },
}


def small(name, backend="auto", **options):
    return create_frontend(name, backend, **{"sample_rate": 16000, **FRONTENDS[name], **options})


@pytest.mark.parametrize(
    ("name", "backend"), [(name, backend) for name in FRONTENDS for backend in list_backends(name)]
)
def test_too_few_samples(name, backend):
    frontend = small(name, backend)
    enough = frontend.min_samples
    assert enough > 1
    frontend(torch.zeros(1, enough))
    assert_refused(lambda: frontend(torch.zeros(1, enough - 1)), name, f"{enough} samples", f"got {enough - 1}", "pad")
    assert_refused(lambda: frontend(torch.zeros(1, 0)), f"{enough} samples", "got 0")


def test_no_samples_with_constant_padding():
    assert_refused(lambda: small("logmel", pad_mode="constant")(torch.zeros(2, 0)), "at least 1 samples", "got 0")


@pytest.mark.parametrize("name", FRONTENDS)
@pytest.mark.parametrize("shape", [(), (4000,), (2, 1, 4000), (1, 2, 1, 4000)])
def test_wrong_number_of_dimensions(name, shape):
    assert_refused(lambda: small(name)(torch.zeros(shape)), "(B, T)", str(shape))


@pytest.mark.parametrize("name", FRONTENDS)
@pytest.mark.parametrize("dtype", [torch.int8, torch.uint8, torch.int32, torch.int64, torch.bool, torch.complex64])
def test_wrong_dtype(name, dtype):
    assert_refused(lambda: small(name)(torch.zeros(1, 4000, dtype=dtype)), "int16", str(dtype))


# ---- empty mel bands


@pytest.mark.parametrize("name", ["logmel", "mfcc"])
@pytest.mark.parametrize("backend", ["native", "torchaudio", "nnaudio"])
@pytest.mark.filterwarnings("ignore:Empty filters", "ignore:At least one mel filterbank has all zero")
def test_empty_mel_bands_are_warned_of(name, backend):
    with pytest.warns(UserWarning, match=r"^\d+ of 128 mel bands hold no FFT bin: lower n_mels, .*n_fft") as caught:
        frontend = create_frontend(name, backend, n_fft=512)
    ours = [str(warning.message) for warning in caught if "hold no FFT bin" in str(warning.message)]
    assert len(ours) == 1
    assert int(re.match(r"\d+", ours[0])[0]) == (frontend.filterbank().sum(dim=1) == 0).sum()
    assert frontend(torch.zeros(1, 4000)).isfinite().all()


@pytest.mark.parametrize("name", ["logmel", "mfcc"])
def test_full_mel_bands_are_not_warned_of(name, recwarn):
    create_frontend(name, "native")
    assert not any("mel bands" in str(warning.message) for warning in recwarn)


# ---- packages that are not there


@pytest.fixture
def hide(monkeypatch):
    """Make a package impossible to import, as where it is not installed."""

    def hide(package, *adapters):
        monkeypatch.setitem(sys.modules, package, None)
        for adapter in adapters:
            monkeypatch.delitem(sys.modules, f"esc_gpu.frontends.{adapter}", raising=False)

    return hide


@pytest.mark.parametrize(("backend", "package"), [("nnaudio", "nnAudio"), ("torchaudio", "torchaudio")])
@pytest.mark.parametrize("name", ["spectrogram", "logmel", "mfcc"])
def test_missing_package(hide, name, backend, package):
    hide(package, backend)
    assert_refused(lambda: create_frontend(name, backend), name, repr(backend), repr(package), f"pip install {package}")
    assert small(name, "native").backend == small(name).backend == "native"


def test_missing_nnaudio_for_the_cqt(hide):
    hide("nnAudio", "nnaudio")
    assert_refused(lambda: create_frontend("cqt", trainable=True), "'nnAudio'", "pip install nnAudio")


def test_missing_torchaudio_does_not_keep_auto_from_nnaudio(hide):
    hide("torchaudio", "torchaudio")
    assert small("logmel", trainable_stft=True).backend == "nnaudio"


@pytest.mark.parametrize("package", ["nnAudio", "torchaudio"])
def test_missing_package_does_not_hide_a_wrong_option(hide, package):
    hide(package, package.lower())
    assert_refused(lambda: create_frontend("logmel", n_mel=64), "'n_mel'", "did you mean 'n_mels'?")


def test_other_front_ends_need_neither_package():
    code = "from esc_gpu.frontends import create_frontend as make; import sys; make('mfcc'); make('cqt'); "
    code += "print([name for name in ('nnAudio', 'torchaudio', 'librosa') if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_broken_package_is_named(monkeypatch):
    """torchaudio refuses a torch built for another CUDA with a RuntimeError at import."""
    import importlib

    def refuse(module):
        raise RuntimeError("torch and torchaudio were built for different CUDA versions")

    monkeypatch.setattr(importlib, "import_module", refuse)
    with pytest.raises(EscGpuError, match="'torchaudio' of logmel cannot be imported here: .*different CUDA"):
        create_frontend("logmel", "torchaudio")


@pytest.mark.parametrize(
    ("waveform", "message"),
    [(torch.zeros(0, 44100), "holds no clips"), ([[0.0] * 44100], "is a tensor, got list")],
    ids=["empty batch", "list"],
)
def test_what_is_no_batch_of_clips(waveform, message):
    with pytest.raises(EscGpuError, match=message):
        create_frontend("logmel")(waveform)


def test_cqt_keeps_the_spectra_of_few_clip_lengths():
    layer = create_frontend("cqt", sample_rate=8000, fmin=50.0, n_bins=12, hop_length=256)
    for n_samples in range(4000, 4000 + 20 * 256, 256):
        layer(torch.zeros(1, n_samples))
    assert 1 <= len(layer._plans) <= 8


def test_torchaudios_limit_of_the_lfcc():
    options = {"n_fft": 16, "n_lfcc": 20, "n_filters": 40}
    with pytest.warns(UserWarning, match="linear bands hold no FFT bin"):
        assert_refused(lambda: create_frontend("lfcc", "torchaudio", **options), "n_lfcc", "from 1 to 16")


def test_none_is_no_typo():
    assert_refused(lambda: create_frontend("logmel", norm="None"), "norm", "got 'None'")
    with pytest.raises(EscGpuError) as caught:
        create_frontend("logmel", norm="None")
    assert "did you mean" not in str(caught.value)
