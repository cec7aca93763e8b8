"""The contract of every front-end: a waveform (B, T) in, features (B, C, F, N) in float32 out."""

import copy
import inspect
import reprlib
from collections.abc import Callable, Hashable
from typing import TYPE_CHECKING, Any, ClassVar, Self

import torch
import torch.nn.functional as F
from torch import Tensor

from esc_gpu.core.checks import check_bool, check_int
from esc_gpu.core.waveform import check_waveform, to_float
from esc_gpu.errors import EscGpuError
from esc_gpu.frontends.axes import ChannelAxis, numbered
from esc_gpu.frontends.blocks import exporting
from esc_gpu.frontends.constants import constants, keep_values, on_the_cpu
from esc_gpu.frontends.emphasis import emphasised
from esc_gpu.frontends.float32_module import Float32Module
from esc_gpu.frontends.framing import Count, Framing, at_least
from esc_gpu.frontends.full_precision import full_precision
from esc_gpu.frontends.resampling import Resample
from esc_gpu.frontends.sharing import Shared as Shared
from esc_gpu.frontends.sharing import reuse
from esc_gpu.frontends.signature import option_names, option_parameters
from esc_gpu.frontends.streams import FrameStream, SampleStream, StreamedFeatures
from esc_gpu.frontends.unequal import checked_lengths, features_of, refusal


class Frontend(Float32Module):
    """Base of all front-ends; a subclass computes `features` and knows its axes.

    Everything up to the output runs with autocast off, in the precision of the module's constants
    (float32; float64 after `.double()`).

    Args:
        hop_length: samples between frames.
        sample_rate: samples per second at which the features are computed.
        input_sample_rate: sample rate of the waveforms if it differs from `sample_rate`; they are resampled first.
        pad_short: pad clips that are too short for one frame with zeros at their end instead of refusing them.
    """

    name: str
    precision: Tensor
    __signature__: ClassVar[inspect.Signature]
    backend = "native"
    bin_unit = "Hz"
    is_signed = False  # whether the values lie around 0
    n_channels = 1
    windows_int16 = False  # whether `features`, by the native backend, takes int16 as well
    # Members of a stack that take the whole power spectrum go first: others reduce it instead of their own.
    takes_whole_power = False
    emphasis = 0.0  # share of the sample before that is taken off each of a clip's samples
    n_dropped = 0  # samples from a clip's first one on that have none before them, and are left out for it
    limits_own_frames = False  # whether what `whole_clip` names of a clip is taken of its `own_frames`
    is_cut = False  # whether the clips are frames already, cut out of a stream: then their ends are not padded

    def __init_subclass__(cls, **arguments: Any) -> None:
        super().__init_subclass__(**arguments)
        # By their names: an editor would take an assignment for the constructor that it is to complete.
        for name in {"__init__", "frequencies"} & vars(cls).keys():
            own = vars(cls)[name]
            getter = own.fget if isinstance(own, property) else None
            setattr(cls, name, property(on_the_cpu(getter)) if getter else on_the_cpu(own))
        # All options, where the constructor hands those of its bases on as **kwargs.
        cls.__signature__ = inspect.Signature(option_parameters(cls))

    def __init__(
        self,
        hop_length: int,
        *,
        sample_rate: int = 44100,
        input_sample_rate: int | None = None,
        pad_short: bool = False,
    ):
        super().__init__()
        check_int("sample_rate", sample_rate, 1)
        check_int("hop_length", hop_length, 1)
        check_bool("pad_short", pad_short)
        self.sample_rate = sample_rate
        self.hop_length = hop_length
        if input_sample_rate is not None:
            check_int("input_sample_rate", input_sample_rate, 1)
        self.input_sample_rate = input_sample_rate
        self.pad_short = pad_short
        self.least = 1  # samples, at sample_rate, of which a frame can be made
        self.resample = None if self.input_rate == sample_rate else Resample(self.input_rate, sample_rate)
        # Carries the device and the precision of the constants, also where there are no others.
        self.register_buffer("precision", torch.empty(0, dtype=torch.float32, device="cpu"), persistent=False)

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> Self:
        before = constants(self)
        changed = super()._apply(fn, recurse)
        keep_values(self, before, lambda: type(self)(**self.options))
        return changed

    if TYPE_CHECKING:

        def __call__(self, waveform: Tensor, lengths: Tensor | None = None) -> Tensor: ...

    def forward(self, waveform: Tensor, lengths: Tensor | None = None) -> Tensor:
        """`(B, T)` int16 or float, full scale at ±1 → `(B, C, F, N)` float32.

        Args:
            waveform: the clips.
            lengths: `(B,)` samples of each clip, from `min_samples` to T, where not all are T; what stands behind them
                is not read. The first `n_frames(lengths)` frames are those that the clip has alone, zeros follow.

        Raises:
            EscGpuError: for another shape or dtype, too few samples, and lengths where `refuses_lengths` says why not.
        """
        check_waveform(waveform)
        if lengths is not None:
            lengths = checked_lengths(self, lengths, waveform)
        if not self.takes_as_int16(waveform):
            waveform = to_float(waveform, self.precision.dtype)
        self.check_length(waveform.shape[-1])
        if waveform.is_cuda and not torch.compiler.is_compiling():
            with full_precision:
                return self.without_autocast(waveform, lengths)
        return self.without_autocast(waveform, lengths)

    def check_length(self, n_samples: int) -> None:
        """Refuse a clip of which no frame can be made."""
        if n_samples < self.min_samples:
            raise EscGpuError(
                f"{self.name} needs at least {self.min_samples} samples "
                f"({self.min_samples / self.input_rate:.3f} s at {self.input_rate} Hz), "
                f"got {n_samples}: pad the clip with zeros (pad_short=True does) or choose shorter windows"
            )

    def takes_as_int16(self, waveform: Tensor) -> bool:
        """Whether `features` is to have these clips as int16: a GPU converts them while it multiplies by the window."""
        is_eager = waveform.is_cuda and not torch.compiler.is_compiling()
        is_able = self.windows_int16 and self.backend == "native" and self.resample is None and self.emphasis == 0
        return is_able and is_eager and waveform.dtype == torch.int16

    def without_autocast(self, waveform: Tensor, lengths: Tensor | None) -> Tensor:
        """`features` of the prepared clips, in full precision whatever the caller's autocast is."""
        # An exported graph may run under autocast later.
        if not torch.is_autocast_enabled(waveform.device.type) and not exporting():
            return self.compute(waveform, lengths)
        with torch.autocast(waveform.device.type, enabled=False):
            return self.compute(waveform, lengths)

    def compute(self, waveform: Tensor, lengths: Tensor | None) -> Tensor:
        """The features of clips that are not prepared, all of T samples or of `lengths`."""
        return self.features(self.prepare(waveform)) if lengths is None else self.unequal_features(waveform, lengths)

    def prepare(self, waveform: Tensor, shared: Shared | None = None) -> Tensor:
        """The clips at this front-end's own rate, with `pad_short` at least one frame long, and emphasised."""
        return self.fitted(self.resampled(waveform, shared))

    def resampled(self, waveform: Tensor, shared: Shared | None) -> Tensor:
        """The clips at this front-end's own rate."""
        if (resample := self.resample) is None:
            return waveform
        return reuse(shared, ("waveform", self.sample_rate), lambda: resample(waveform))

    def fitted(self, waveform: Tensor) -> Tensor:
        """Clips at this front-end's own rate, with `pad_short` at least one frame long, and emphasised."""
        if self.pad_short and waveform.shape[-1] < self.least:
            waveform = F.pad(waveform, (0, self.least - waveform.shape[-1]))
        return emphasised(waveform, self.emphasis)[:, self.n_dropped :] if self.emphasis else waveform

    def features(self, waveform: Tensor, shared: Shared | None = None) -> Tensor:
        """`(B, T)` float, prepared → `(B, C, F, N)`, called with autocast off; `shared` is a stack's."""
        raise NotImplementedError

    def unequal_features(self, waveform: Tensor, lengths: Tensor, shared: Shared | None = None) -> Tensor:
        """`features` of clips that are not prepared, of `lengths` `(B,)` at the input rate, with zeros behind them."""
        return features_of(self, waveform, lengths, shared)

    @property
    def refuses_lengths(self) -> str | None:
        """Why clips of unequal length have not the features here that each has alone; None where they have."""
        return refusal(self, self.limits_own_frames)

    @property
    def changes_clips(self) -> bool:
        """Whether prepared clips can be others than those given: then a stack's results are not of them."""
        return self.resample is not None or self.pad_short or self.emphasis != 0

    @property
    def sharing(self) -> Hashable:
        """Equal for front-ends whose intermediate results are the same tensors, given the same options."""
        return self.backend if self.backend == "native" else id(self)  # other layers can be trained

    @property
    def input_rate(self) -> int:
        """Samples per second of the waveforms."""
        return self.sample_rate if self.input_sample_rate is None else self.input_sample_rate

    @property
    def min_samples(self) -> int:
        """Samples of the shortest clip that is taken."""
        if self.pad_short:
            return 1
        return self.least if self.resample is None else self.resample.least_input(self.least)

    @property
    def frequencies(self) -> Tensor:
        """`(F,)` centre of each bin in `bin_unit`."""
        raise NotImplementedError

    @property
    def value_unit(self) -> str:
        """Unit of the values, such as "dB"; "" for numbers without one. A class may have it as an attribute."""
        return ""

    def channel_axes(self) -> list[ChannelAxis]:
        """The axis of each channel, under unique names."""
        frequencies = self.frequencies.cpu().numpy()
        axis = ChannelAxis(self.name, frequencies, self.bin_unit, self.value_unit, self.is_signed)
        return numbered([axis] * self.n_channels)

    def n_frames(self, n_samples: Count) -> Count:
        """Frames of a clip of `n_samples` samples, or of each of several `(B,)`; `times` says where they are."""
        if self.resample is not None:
            n_samples = self.resample.output_length(n_samples)
        return self.count_frames(self.fitted_length(n_samples))

    def fitted_length(self, n_samples: Count) -> Count:
        """Samples of `fitted` clips."""
        return (at_least(n_samples, self.least) if self.pad_short else n_samples) - self.n_dropped

    def count_frames(self, n_samples: Count) -> Count:
        """Frames of a prepared clip."""
        return n_samples // self.hop_length + 1

    def stream(self) -> StreamedFeatures:
        """The features of a waveform that comes in chunks; another call begins another waveform.

        Raises:
            EscGpuError: for a front-end whose frames need the whole clip.
        """
        return StreamedFeatures(self)

    @property
    def whole_clip(self) -> str | None:
        """Why a frame needs more of a clip than its own samples, and what to do; None where it does not."""
        return f"{type(self).__name__} does not say that a frame needs its own samples alone (`whole_clip`)"

    @property
    def framing(self) -> Framing:
        """Where the frames of a prepared clip lie; asked where `whole_clip` is None."""
        raise AttributeError("framing")  # torch.jit.trace asks for every property, and passes over this error alone

    def frame_stream(self) -> FrameStream:
        """What computes the frames of a stream."""
        return SampleStream(self)

    def frames_alone(self) -> Self:
        """This layer for the samples of whole frames: it has the same constants, and pads no ends."""
        alone = copy.copy(self)
        alone.is_cut = True
        return alone

    def frames_within(self, waveform: Tensor) -> int:
        """Frames of prepared clips, or of the samples of whole frames."""
        n_samples = waveform.shape[-1]
        return self.framing.count(n_samples) if self.is_cut else self.count_frames(n_samples)

    def times(self, n_frames: int) -> Tensor:
        """`(N,)` centre of each frame in seconds."""
        steps = torch.arange(n_frames, dtype=torch.float64, device="cpu") * self.hop_seconds
        return (steps + self.first_seconds).float()

    @property
    def first_seconds(self) -> float:
        """Centre of the first frame in seconds: 0 where frame n is centred on sample `n * hop_length`."""
        return self.n_dropped / self.sample_rate

    @property
    def hop_seconds(self) -> float:
        """Seconds between frames."""
        return self.hop_length / self.sample_rate

    def output_shape(self, n_samples: int) -> tuple[int, int, int]:
        """`(C, F, N)` for a clip of `n_samples` samples."""
        return self.n_channels, len(self.frequencies), self.n_frames(n_samples)

    @property
    def options(self) -> dict[str, Any]:
        """The constructor's arguments as plain types; `create_frontend` makes the same layer of them."""
        return {name: getattr(self, name) for name in option_names(type(self))}

    @property
    def spec(self) -> dict[str, Any]:
        """`options` with `name` and `backend`: what a checkpoint stores, as `create_frontend(**spec)`."""
        return {"name": self.name, "backend": self.backend, **self.options}

    def extra_repr(self) -> str:
        """Backend, sample rate and the options that were not left as they are; of long lists the beginnings."""
        default = {parameter.name: parameter.default for parameter in option_parameters(type(self))}
        hidden = ("sample_rate", "members", "member")
        chosen = {name: value for name, value in self.options.items() if name not in hidden and value != default[name]}
        texts = [f"{name}={reprlib.repr(value)}" for name, value in chosen.items()]
        return ", ".join([f"backend={self.backend!r}", f"sample_rate={self.sample_rate}", *texts])
