"""Extras of setup.cfg hold what only some uses need: a package that is missing is one line that names its extra."""

import importlib.util
from collections.abc import Iterator
from contextlib import contextmanager

from esc_gpu.errors import EscGpuError

# By extra, the packages as they are imported.
EXTRAS = {
    "train": (
        *(
            "accelerate",
            "contourpy",
            "filelock",
            "huggingface_hub",
            "jinja2",
            "jsonargparse",
            "markupsafe",
            "matplotlib",
        ),
        *("PIL", "psutil", "safetensors", "sklearn", "soundfile", "soxr", "timm", "torchvision", "tqdm", "yaml"),
    ),
    "wandb": ("wandb",),
    "tensorboard": ("tensorboard",),
    "torchaudio": ("torchaudio",),
    "onnx": ("onnx", "onnxruntime", "onnxscript"),
    "demo": ("gradio",),
    "listen": ("sounddevice",),
    "parquet": ("pyarrow",),
    "remote": ("fsspec", "aiohttp"),
    "soundata": ("soundata",),
}
# What pip calls those that it calls otherwise.
PIP_NAMES = {
    "PIL": "pillow",
    "jinja2": "Jinja2",
    "markupsafe": "MarkupSafe",
    "sklearn": "scikit-learn",
    "yaml": "PyYAML",
}


def how_to_install(package: str) -> str:
    """`timm: pip install "esc_gpu[train]"`, for a package as it is imported; its own name where no extra has it."""
    extras = [extra for extra, packages in EXTRAS.items() if package in packages]
    return f"{PIP_NAMES.get(package, package)}: pip install " + (f'"esc_gpu[{extras[0]}]"' if extras else package)


def require(package: str, subject: str, otherwise: str = "") -> None:
    """Refuse, without importing it, to go on where a package is not installed.

    Args:
        package: as it is imported.
        subject: what needs it, as the line begins.
        otherwise: what else can be done, as the line goes on.

    Raises:
        EscGpuError: where it is missing.
    """
    if importlib.util.find_spec(package) is None:
        raise EscGpuError(f"{subject} needs {how_to_install(package)}{otherwise}")


@contextmanager
def naming_extras(subject: str = "this") -> Iterator[None]:
    """Inside the block, or the function that this decorates, a missing package of an extra is an EscGpuError.

    Any other module that is missing is an error of the code, and stays what it is.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        package = str(error.name).partition(".")[0]
        if not any(package in packages for packages in EXTRAS.values()):
            raise
        raise EscGpuError(f"{subject} needs {how_to_install(package)}") from error
