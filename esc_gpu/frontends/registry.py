"""Which front-ends there are, by name and backend, and how one is made.

Nothing heavy is imported before a front-end is asked for.
"""

import importlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from esc_gpu.core.checks import check_choice, nearest
from esc_gpu.core.extras import how_to_install
from esc_gpu.errors import EscGpuError
from esc_gpu.frontends.presets import PRESETS
from esc_gpu.frontends.signature import option_names, option_parameters

if TYPE_CHECKING:
    from esc_gpu.frontends.base import Frontend

# (module, class) by name and backend, imported when asked for: torchaudio is optional.
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
    "kaldi_fbank": {"native": ("kaldi", "KaldiFbank")},
    "kaldi_mfcc": {"native": ("kaldi", "KaldiMFCC")},
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
    "spectral_contrast": {"native": ("spectral_contrast", "SpectralContrast")},
    "zero_crossing_rate": {"native": ("temporal", "ZeroCrossingRate")},
    "rms": {"native": ("temporal", "RMS")},
    "delta": {"native": ("delta", "Delta")},
    "stack": {"native": ("stack", "Stack")},
    "model_input": {"native": ("model_input", "ModelInput")},
}
# Other libraries' names: what they are here, and with which options.
ALIASES: dict[str, tuple[str, dict[str, Any]]] = {"melspectrogram": ("logmel", {"scale": "power"})}
# Models' inputs are written out by their specs.
ALIASES |= {
    name: ("model_input", {**preset.options, "sample_rate": preset.sample_rate}) for name, preset in PRESETS.items()
}
# Other libraries' options, and what to write here.
ELSEWHERE = {
    "sr": "write sample_rate",
    "center": "a constant-Q transform is always centred, and Kaldi's features have snip_edges; leave it out",
    # Kaldi's, and torchaudio.compliance.kaldi's.
    "dither": "no noise is added; leave it out",
    "num_mel_bins": "write n_mels",
    "num_ceps": "write n_mfcc",
    "low_freq": "write fmin",
    "high_freq": "write fmax, in Hz",
    "frame_shift": "write hop_length, in samples",
    "frame_length": "write win_length, in samples",
    "window_type": "write window",
    "preemphasis_coefficient": "write preemphasis",
    "remove_dc_offset": "write remove_dc",
    "cepstral_lifter": "write lifter",
    "use_log_fbank": "write log='ln' or log=None",
    "log_mels": "write log='ln' and log_offset=1e-6",
    "use_power": "write mel_power=2 or mel_power=1",
}
# Backends of version 0.1 that its checkpoints may name, and those that give the same numbers.
EARLIER_BACKENDS = {("logmel", "triton"): "native", ("mfcc", "triton"): "native"}


def list_frontends() -> list[str]:
    """Names for `create_frontend`."""
    return list(_FRONTENDS)


def list_backends(name: str) -> list[str]:
    """Backends of one front-end, in the order in which `backend="auto"` tries them.

    Raises:
        EscGpuError: for an unknown name.

    >>> list_backends("cqt")
    ['native', 'nnaudio']
    """
    name, _, _ = canonical(name, "auto", {})
    check_choice("the front-end's name", name, [*_FRONTENDS, *PRESETS])
    return list(_FRONTENDS[name])


def create_frontend(name: str, backend: str = "auto", **options: Any) -> "Frontend":
    """The front-end `name`; `options` are those of its class.

    Args:
        name: one of `list_frontends()`, or of a preset of `list_presets()`, which is the input of a known model;
            "melspectrogram" is log-mel with `scale="power"`.
        backend: one of `list_backends(name)`, or "auto" for the fastest that has all the options.

    Raises:
        EscGpuError: for an unknown name, backend or option, or a value out of range.

    >>> create_frontend("mfcc", sample_rate=16000, n_mfcc=20).output_shape(16000)
    (1, 20, 32)
    """
    name, backend, options = canonical(name, backend, options)
    cls = resolve(name, backend, options)
    check_options(name, cls, options)
    return cls(**options)


def canonical(name: str, backend: str, options: dict[str, Any]) -> tuple[str, str, dict[str, Any]]:
    """The name, backend and options that are meant by another library's name, and by a backend that is gone."""
    if isinstance(name, str) and name in ALIASES:
        name, meant = ALIASES[name]
        member = options.get("member")
        if isinstance(member, Mapping) and "name" not in member and "member" in meant:
            options = {**options, "member": {**meant["member"], **member}}  # of the preset's own member
        options = {**meant, **options}
    is_gone = (name, backend) in list(EARLIER_BACKENDS)
    return name, EARLIER_BACKENDS[name, backend] if is_gone else backend, options


def resolve(name: str, backend: str, options: dict[str, Any]) -> "type[Frontend]":
    """The class of a front-end; of "auto" the first that can be imported and has all the options.

    Where none has them, the first one, which refuses them.

    Raises:
        EscGpuError: for an unknown name or backend, and one that cannot be imported here.
    """
    backends = list_backends(name)
    check_choice(f"the backend of {name}", backend, ["auto", *backends])
    if backend != "auto":
        return frontend_class(name, backend)
    missing = []
    for candidate in backends:
        try:
            cls = frontend_class(name, candidate)
        except EscGpuError as error:
            missing.append(str(error))
            continue
        if options.keys() <= set(option_names(cls)):
            return cls
    try:
        first = frontend_class(name, backends[0])
        check_options(name, first, options)
    except EscGpuError as error:
        raise EscGpuError("; ".join([str(error), *missing])) from error
    return first


def check_options(name: str, cls: "type[Frontend]", options: dict[str, Any]) -> None:
    """Refuse an option that the class does not have, with the nearest one that it has, and one that is missing."""
    known = option_names(cls)
    for option in options:
        if option not in known:
            found = of_other_backends(name, cls.backend, option)
            raise EscGpuError(
                f"{name} ({cls.backend}) has no option {option!r}{found or hint(option, known)}; "
                f"it has {', '.join(known)}"
            )
    for parameter in option_parameters(cls):
        if parameter.default is parameter.empty and parameter.name not in options:
            raise EscGpuError(f"{name} ({cls.backend}) needs a value for its option {parameter.name!r}: set it")


def of_other_backends(name: str, backend: str, option: str) -> str:
    """What the other backends of a front-end that can be imported here have for an option, or an empty string."""
    for other in list_backends(name):
        try:
            names = option_names(frontend_class(name, other)) if other != backend else []
        except EscGpuError:  # of a package that is not installed, whose options are not known
            continue
        if option in names:
            return f": backend={other!r} has it"
        if meant := [known for known in names if known.startswith(f"{option}_")]:
            return f": backend={other!r} has {' and '.join(meant)}"
    return ""


def hint(option: str, known: list[str], prefix: str = "") -> str:
    """What to write for an option that there is not: another library's in our words, or the nearest of the known."""
    if option in ELSEWHERE:
        return f": {ELSEWHERE[option]}"
    return nearest(option, known).replace("mean '", f"mean '{prefix}")


def frontend_class(name: str, backend: str = "native") -> "type[Frontend]":
    """The class of a front-end; its docstring has the options."""
    module, attribute = _FRONTENDS[name][backend]
    try:
        cls: type[Frontend] = getattr(importlib.import_module(f"esc_gpu.frontends.{module}"), attribute)
        return cls
    except ModuleNotFoundError as error:
        package = str(error.name).partition(".")[0]
        raise EscGpuError(
            f"backend {backend!r} of {name} needs {how_to_install(package)}, or use another backend"
        ) from error
    except (ImportError, OSError, RuntimeError) as error:  # torchaudio refuses a torch built for another CUDA
        raise EscGpuError(f"backend {backend!r} of {name} cannot be imported here: {error}") from error
