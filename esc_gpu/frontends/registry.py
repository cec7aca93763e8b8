"""Which front-ends there are, by name and backend, and how one is made."""

import importlib
from typing import Any

from esc_gpu.core.checks import check_choice, nearest
from esc_gpu.errors import EscGpuError
from esc_gpu.frontends.base import Frontend, option_names

# (module, class) by name and backend, imported when asked for: nnAudio and torchaudio stay optional.
# "auto" takes the first backend of a row that has all the options: the fastest one stands first.
_FRONTENDS = {
    "spectrogram": {
        "native": ("spectrogram", "Spectrogram"),
        "torchaudio": ("backends.torchaudio", "TorchaudioSpectrogram"),
        "nnaudio": ("backends.nnaudio", "NnAudioSpectrogram"),
    },
    "logmel": {
        "native": ("mel", "LogMel"),
        "torchaudio": ("backends.torchaudio", "TorchaudioLogMel"),
        "nnaudio": ("backends.nnaudio", "NnAudioLogMel"),
    },
    "mfcc": {
        "native": ("cepstral", "MFCC"),
        "torchaudio": ("backends.torchaudio", "TorchaudioMFCC"),
        "nnaudio": ("backends.nnaudio", "NnAudioMFCC"),
    },
    "lfcc": {
        "native": ("cepstral", "LFCC"),
        "torchaudio": ("backends.torchaudio", "TorchaudioLFCC"),
    },
    "gammatone": {"native": ("gammatone", "Gammatone")},
    "gfcc": {"native": ("cepstral", "GFCC")},
    "cqt": {
        "native": ("cqt", "CQT"),
        "nnaudio": ("backends.nnaudio", "NnAudioCQT"),
    },
    "vqt": {"native": ("cqt", "VQT")},
    "chroma": {"native": ("chroma", "Chroma")},
    "chroma_cqt": {"native": ("chroma", "ChromaCQT")},
    "pcen": {"native": ("pcen", "PCEN")},
    "spectral_centroid": {"native": ("spectral", "SpectralCentroid")},
    "spectral_bandwidth": {"native": ("spectral", "SpectralBandwidth")},
    "spectral_rolloff": {"native": ("spectral", "SpectralRolloff")},
    "spectral_flatness": {"native": ("spectral", "SpectralFlatness")},
    "spectral_contrast": {"native": ("spectral", "SpectralContrast")},
    "zero_crossing_rate": {"native": ("temporal", "ZeroCrossingRate")},
    "rms": {"native": ("temporal", "RMS")},
    "delta": {"native": ("delta", "Delta")},
    "stack": {"native": ("stack", "Stack")},
}


def list_frontends() -> list[str]:
    """Names for `create_frontend`."""
    return list(_FRONTENDS)


def list_backends(name: str) -> list[str]:
    """Backends of one front-end, in the order in which `backend="auto"` tries them."""
    check_choice("the front-end's name", name, _FRONTENDS)
    return list(_FRONTENDS[name])


def create_frontend(name: str, backend: str = "auto", **options: Any) -> Frontend:
    """The front-end `name`; `options` are those of its class.

    Args:
        name: one of `list_frontends()`.
        backend: one of `list_backends(name)`, or "auto" for the fastest that has all the options.

    Raises:
        EscGpuError: for an unknown name, backend or option, or a value out of range.
    """
    backends = list_backends(name)
    check_choice(f"the backend of {name}", backend, ["auto", *backends])
    if backend != "auto":
        return _build(name, backend, options)
    missing = []
    for candidate in backends:
        try:
            known = option_names(frontend_class(name, candidate))
        except EscGpuError as error:
            missing.append(str(error))
            continue
        if options.keys() <= set(known):
            return _build(name, candidate, options)
    try:
        return _build(name, backends[0], options)  # raises, naming the option
    except EscGpuError as error:
        raise EscGpuError("; ".join([str(error), *missing])) from error


def frontend_class(name: str, backend: str = "native") -> type[Frontend]:
    """The class of a front-end; its docstring has the options."""
    module, attribute = _FRONTENDS[name][backend]
    try:
        cls: type[Frontend] = getattr(importlib.import_module(f"esc_gpu.frontends.{module}"), attribute)
        return cls
    except ModuleNotFoundError as error:
        raise EscGpuError(
            f"backend {backend!r} of {name} needs the package {error.name!r}: pip install {error.name}, "
            "or take another backend"
        ) from error
    except (ImportError, OSError, RuntimeError) as error:  # torchaudio refuses a torch built for another CUDA
        raise EscGpuError(f"backend {backend!r} of {name} cannot be imported here: {error}") from error


def _build(name: str, backend: str, options: dict[str, Any]) -> Frontend:
    cls = frontend_class(name, backend)
    known = option_names(cls)
    for option in options:
        if option not in known:
            raise EscGpuError(
                f"{name} ({backend}) has no option {option!r}{nearest(option, known)}; it has {', '.join(known)}"
            )
    return cls(**options)
