"""What this machine lacks for the parts of `benchmarks.gpu`, told before anything else is imported.

Only the standard library is imported here: what is missing is a line, never a traceback.
"""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.machinery import ModuleSpec
from pathlib import Path

# What importing this package and any benchmark takes.
EVERY = ("torch", "numpy", "scipy", "psutil")
# What reading recordings and drawing bars takes, and what trainings take besides.
RECORDINGS = ("contourpy", "filelock", "matplotlib", "PIL", "soundfile", "cffi", "soxr", "tqdm")
TRAINING = (
    *(*RECORDINGS, "accelerate", "huggingface_hub", "jinja2", "jsonargparse", "docstring_parser", "typeshed_client"),
    *("markupsafe", "safetensors", "sklearn", "timm", "torchvision", "yaml"),
)
TESTS = ("pytest",)
# What the parts do without, each with what there is none of then.
OPTIONAL = {
    "nnAudio": "nnAudio's rows",
    "torchaudio": "torchaudio's rows and feed (b)",
    "librosa": "librosa's rows and feed (a); errors are against the native layers in float64",
    "torchlibrosa": "torchlibrosa's rows",
    "nvidia.dali": "DALI's rows",
    "triton": "compiled rows",
    "pynvml": "utilisation of the GPU and joules a clip",
}
# What pip calls a package, and what else it brings, where it is not its own name and nothing.
WHEELS = {
    "PIL": ("pillow",),
    "cffi": ("cffi", "pycparser"),
    "docstring_parser": ("docstring-parser",),
    "jsonargparse": ("jsonargparse", "docstring-parser", "typeshed-client"),
    "librosa": ("librosa", "audioread", "decorator", "lazy-loader", "msgpack", "numba", "llvmlite", "pooch", "soxr"),
    "nvidia.dali": ("nvidia-dali-cuda120", "optree", "makefun", "astunparse", "six", "wheel"),
    "pynvml": ("nvidia-ml-py",),
    "pytest": ("pytest", "iniconfig", "pluggy"),
    "sklearn": ("scikit-learn", "joblib", "threadpoolctl"),
    "soundfile": ("soundfile", "cffi", "pycparser"),
    "typeshed_client": ("typeshed-client", "importlib-resources"),
    "yaml": ("PyYAML",),
}
ON_TORCH = ("accelerate", "timm", "torchvision")
TABLE = Path("meta") / "esc50.csv"


@dataclass(frozen=True)
class Found:
    """What a preflight found.

    Attributes:
        lines: what is to be said, one thing a line.
        missing: packages that are not installed, as they are imported.
        fatal: whether no part can run.
    """

    lines: list[str]
    missing: frozenset[str]
    fatal: bool


def look(
    needs: dict[str, Sequence[str]], root: str | None, device: str, esc50: str | None = None, weights: str | None = None
) -> Found:
    """Look for all that the parts need.

    Args:
        needs: packages by part.
        root: of the recordings; None takes synthetic ones.
        device: "cuda" or "cpu".
        esc50: the folder of ESC-50, if it is named.
        weights: the file of ResNet-18's weights, if it is named.
    """
    wanted = list(dict.fromkeys([*EVERY, *(package for packages in needs.values() for package in packages)]))
    missing = [package for package in wanted if not is_installed(package)]
    lines = [f"missing: {package}; {who_needs(package, needs)}; bring {wheels_of(package)}" for package in missing]
    without = [package for package in OPTIONAL if package not in missing and not is_installed(package)]
    lines += [
        f"not installed: {package}; no {OPTIONAL[package]}; {wheels_of(package)} would bring it" for package in without
    ]
    fatal = bool(set(EVERY) & set(missing))
    lines += how_to_bring(missing)
    if "torch" not in missing:
        device_line, has_device = describe_device(device)
        lines.append(device_line)
        fatal = fatal or not has_device
    if root is None:
        lines.append("recordings: none are named; the embedded synthetic ones are taken; name real ones with --root")
    for option, folder in (("--root", root), ("--esc50", esc50)):
        if folder is None:
            continue
        is_there = (Path(folder) / TABLE).is_file()
        fatal = fatal or not is_there
        lines.append(
            f"recordings: {folder}"
            if is_there
            else f"missing: {Path(folder) / TABLE}; {option} names a folder in ESC-50's layout, with meta and audio"
        )
    if weights is not None and not Path(weights).is_file():
        lines.append(f"missing: {weights}; --weights names a file of timm's weights of ResNet-18")
        fatal = True
    return Found(lines, frozenset(missing), fatal)


def how_to_bring(missing: Sequence[str]) -> list[str]:
    """A line of commands for what is missing, with all that it needs; each machine has a torch of its own."""
    wheels = list(dict.fromkeys(wheel for each in missing if each != "torch" for wheel in WHEELS.get(each, (each,))))
    if not wheels:
        return []
    # These would bring torch along, and gigabytes with it.
    bare = [wheel for wheel in wheels if wheel in ON_TORCH]
    whole = [wheel for wheel in wheels if wheel not in ON_TORCH]
    downloads = [
        *([f"pip download --dest wheels {' '.join(whole)}"] if whole else []),
        *([f"pip download --no-deps --dest wheels {' '.join(bare)}"] if bare else []),
    ]
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    return [
        f"where there is a package index, with Python {python}: {' && '.join(downloads)}; "
        f"here: pip install --no-index --find-links wheels {' '.join(wheels)}"
    ]


def is_installed(package: str) -> bool:
    """Whether Python finds a package, as if nothing had been imported yet."""
    return find(package) is not None


def find(package: str) -> ModuleSpec | None:
    """Where Python finds a package, which may be inside another one, as "nvidia.dali"."""
    parent, _, _ = package.rpartition(".")
    inside = find(parent) if parent else None
    if parent and inside is None:
        return None
    path = inside.submodule_search_locations if inside else None
    specs = (finder.find_spec(package, path) for finder in sys.meta_path if hasattr(finder, "find_spec"))
    return next((spec for spec in specs if spec is not None), None)


def who_needs(package: str, needs: dict[str, Sequence[str]]) -> str:
    """The parts that do not run without a package, as a clause."""
    parts = [part for part, packages in needs.items() if package in packages]
    return "no part runs without it" if package in EVERY else f"needed by {', '.join(parts)}"


def wheels_of(package: str) -> str:
    """The wheels to bring for a package, as words."""
    wheels = WHEELS.get(package, (package,))
    return f"the wheel{'s' if len(wheels) > 1 else ''} {', '.join(wheels)}"


def describe_device(device: str) -> tuple[str, bool]:
    """A line of the device, and whether it is there."""
    import torch

    if device == "cpu":
        return f"device: the CPU; torch {torch.__version__}; nothing here is a figure of a GPU", True
    if not torch.cuda.is_available():
        built = f"was built for CUDA {torch.version.cuda}" if torch.version.cuda else "was built without CUDA"
        return (
            f"missing: torch sees no CUDA device here; torch {torch.__version__} {built}; run this where there is one, "
            "or with --device cpu --tiny",
            False,
        )
    major, minor = torch.cuda.get_device_capability()
    return (
        f"device: {torch.cuda.get_device_name()}, compute capability {major}.{minor}; torch {torch.__version__}",
        True,
    )
