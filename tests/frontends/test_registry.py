"""Front-ends by name and backend: a wrong name, a wrong option, a package that is not there."""

import subprocess
import sys

import pytest

from esc_gpu.errors import EscGpuError
from esc_gpu.frontends.registry import create_frontend, list_backends, list_frontends
from tests.helpers.backends import needs
from tests.helpers.frontend_cases import MEL, small_options
from tests.helpers.one_line import assert_refused, refusal
from tests.helpers.paths import REPOSITORY

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
    [
        pytest.param(name, backend, marks=needs(backend))
        for name in list_frontends()
        for backend in ["auto", *list_backends(name)]
    ],
)
def test_unknown_option(name, backend):
    known = {"stack": "n_bins", "delta": "width", "model_input": "image_frames"}.get(name, "hop_length")
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
    assert_refused(lambda: create_frontend("mfcc", "native", trainable_mel=True), "backend='nnaudio' has it")
    both = "backend='nnaudio' has trainable_stft and trainable_mel"
    assert_refused(lambda: create_frontend("logmel", trainable=True), "'trainable'", both)
    assert create_frontend("logmel", trainable_stft=True, n_fft=256, n_mels=8).backend == "nnaudio"


# ---- packages that are not there


@pytest.fixture
def hide(monkeypatch):
    """Make a package impossible to import, as where it is not installed."""

    def hide(package, *adapters):
        monkeypatch.setitem(sys.modules, package, None)
        for adapter in adapters:
            monkeypatch.delitem(sys.modules, f"esc_gpu.frontends.backends.{adapter}", raising=False)

    return hide


@pytest.mark.parametrize(("backend", "package"), [("nnaudio", "nnAudio"), ("torchaudio", "torchaudio")])
@pytest.mark.parametrize("name", ["spectrogram", "logmel", "mfcc"])
def test_missing_package(hide, name, backend, package):
    hide(package, backend)
    installed = {"nnAudio": "nnAudio", "torchaudio": '"esc_gpu[torchaudio]"'}[package]
    expected = f"backend {backend!r} of {name} needs {package}: pip install {installed}, or use another backend"
    assert refusal(create_frontend, name, backend) == expected
    backends = [create_frontend(name, backend, **small_options(name)).backend for backend in ("native", "auto")]
    assert backends == ["native", "native"]


def test_missing_nnaudio_for_the_cqt(hide):
    hide("nnAudio", "nnaudio")
    assert_refused(lambda: create_frontend("cqt", trainable=True), "needs nnAudio: pip install nnAudio")


def test_missing_torchaudio_does_not_keep_auto_from_nnaudio(hide):
    hide("torchaudio", "torchaudio")
    assert create_frontend("logmel", **MEL, trainable_stft=True).backend == "nnaudio"


@pytest.mark.parametrize("package", ["nnAudio", "torchaudio"])
def test_missing_package_does_not_hide_a_wrong_option(hide, package):
    hide(package, package.lower())
    assert_refused(lambda: create_frontend("logmel", n_mel=64), "'n_mel'", "did you mean 'n_mels'?")


def test_other_front_ends_load_no_package_that_they_do_not_need():
    code = "from esc_gpu.frontends import create_frontend as make; import sys; make('mfcc'); make('cqt'); "
    names = "nnAudio", "torchaudio", "librosa", "scipy.signal", "torch._dynamo"
    code += f"print([name for name in {names} if name in sys.modules])"
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
