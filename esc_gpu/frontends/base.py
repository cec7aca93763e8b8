"""The contract of every front-end: a waveform (B, T) in, features (B, C, F, N) in float32 out."""

import inspect

import torch
from torch import Tensor, nn

from esc_gpu.errors import EscGpuError
from esc_gpu.frontends.checks import check_int
from esc_gpu.waveform import to_float


def option_names(cls: type) -> list[str]:
    """Names of the keyword-only arguments of a front-end class, its bases' included."""
    names: dict[str, None] = {}
    for base in cls.__mro__:
        if "__init__" in vars(base):
            parameters = inspect.signature(base.__init__).parameters.values()
            names |= {p.name: None for p in parameters if p.kind is p.KEYWORD_ONLY}
    return list(names)


def make_buffers_transient(module: nn.Module) -> None:
    """Keep the constants of a library's layer out of the state dict: the options rebuild them."""
    for part in module.modules():
        for name, buffer in list(part.named_buffers(recurse=False)):
            part.register_buffer(name, buffer, persistent=False)


class Float32Module(nn.Module):
    """A module that stays float32 when the model around it is made `.half()` or `.bfloat16()`."""

    def _apply(self, fn, recurse=True):
        def keep_precision(tensor: Tensor) -> Tensor:
            moved = fn(tensor)
            lowered = moved.is_floating_point() and moved.dtype.itemsize < 4
            return tensor.to(moved.device) if lowered else moved

        return super()._apply(keep_precision, recurse)


class Frontend(Float32Module):
    """Base of all front-ends; a subclass computes `features` and knows its axes.

    Everything up to the output runs with autocast off, in the precision of the module's constants
    (float32; float64 after `.double()`).
    """

    name: str
    backend = "native"
    bin_unit = "Hz"
    n_channels = 1
    min_samples = 1

    def __init__(self, sample_rate: int, hop_length: int):
        super().__init__()
        check_int("sample_rate", sample_rate, 1)
        check_int("hop_length", hop_length, 1)
        self.sample_rate = sample_rate
        self.hop_length = hop_length
        # Carries the device and the precision of the constants, also where there are no others.
        self.register_buffer("precision", torch.empty(0), persistent=False)

    def forward(self, waveform: Tensor) -> Tensor:
        """`(B, T)` int16 or float, full scale at ±1 → `(B, C, F, N)` float32.

        Raises:
            EscGpuError: for another shape or dtype, or fewer than `min_samples` samples.
        """
        waveform = to_float(waveform, self.precision.dtype)
        if waveform.shape[-1] < self.min_samples:
            raise EscGpuError(
                f"{self.name} needs at least {self.min_samples} samples "
                f"({self.min_samples / self.sample_rate:.3f} s at {self.sample_rate} Hz), "
                f"got {waveform.shape[-1]}: pad the clip with zeros or choose shorter windows"
            )
        with torch.autocast(waveform.device.type, enabled=False):
            return self.features(waveform)

    def features(self, waveform: Tensor) -> Tensor:
        """`(B, T)` float → `(B, C, F, N)`, called with autocast off."""
        raise NotImplementedError

    @property
    def frequencies(self) -> Tensor:
        """`(F,)` centre of each bin in `bin_unit`."""
        raise NotImplementedError

    def n_frames(self, n_samples: int) -> int:
        """Frames of a clip of `n_samples` samples; frame `n` is centred on sample `n * hop_length`."""
        return n_samples // self.hop_length + 1

    def times(self, n_frames: int) -> Tensor:
        """`(N,)` centre of each frame in seconds."""
        return torch.arange(n_frames) * (self.hop_length / self.sample_rate)

    def output_shape(self, n_samples: int) -> tuple[int, int, int]:
        """`(C, F, N)` for a clip of `n_samples` samples."""
        return self.n_channels, len(self.frequencies), self.n_frames(n_samples)

    @property
    def options(self) -> dict[str, object]:
        """The constructor's arguments as plain types; `create_frontend` makes the same layer of them."""
        return {name: getattr(self, name) for name in option_names(type(self))}

    @property
    def spec(self) -> dict[str, object]:
        """`options` with `name` and `backend`: what a checkpoint stores, as `create_frontend(**spec)`."""
        return {"name": self.name, "backend": self.backend, **self.options}

    def extra_repr(self) -> str:
        return ", ".join(f"{name}={value!r}" for name, value in self.spec.items() if name not in ("name", "members"))
