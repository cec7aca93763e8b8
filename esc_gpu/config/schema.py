"""A run's configuration: the only place with the defaults of training. A field is `--section.name` to the user.

The text under a field is its help; its range stands in its type.
"""

from dataclasses import dataclass, field
from typing import Annotated, Literal

from esc_gpu.config.frontend import FrontendConfig
from esc_gpu.config.ranges import BELOW_ONE, NOT_NEGATIVE, POSITIVE, SHARE, THREADS, between, up_to
from esc_gpu.core.clip import clip_samples


@dataclass(frozen=True)
class DataConfig:
    """The recordings."""

    root: str | None = None
    """Folder in ESC-50's layout (meta/esc50.csv and audio/); null for the embedded synthetic recordings."""
    table: str | None = None
    """CSV of any recordings, with the columns path, label and fold; paths are relative to root, or to it."""
    subset: Literal["all", "esc10"] = "all"
    """Keep all classes, or with "esc10" the ten of ESC-10."""
    sample_rate: Annotated[int, POSITIVE] = 44100
    """Samples per second to which every clip is resampled."""
    clip_seconds: Annotated[float, POSITIVE] = 5.0
    """Seconds to which every clip is cut or padded with silence."""
    overlap: float | None = None
    """Cut longer recordings into clips that share this part with the next; null takes the first clip only."""
    cache_dir: str = "~/.cache/esc_gpu"
    """Folder of the decoded stores and of the embedded recordings."""
    workers: int | None = None
    """Threads that decode; null for one a core."""
    on_error: Literal["fail", "skip"] = "fail"
    """What to do with a recording that cannot be decoded: "fail" ends the run, "skip" leaves it out and says so."""
    residence: Literal["auto", "device", "stream"] = "auto"
    """Where the clips are during training: "device", "stream" (from the store, ahead) or "auto"."""
    budget_gb: float | None = None
    """Most memory that "auto" lets the clips take, in 1e9 bytes; null for half of what the device has free."""


@dataclass(frozen=True)
class ModelConfig:
    """The backbone behind the front-end."""

    backbone: str = "resnet18"
    """Image model of timm, by name."""
    pretrained: bool = False
    """Start from timm's weights on the hub."""
    weights: str | None = None
    """Start from a local file of backbone weights."""
    normalize: Literal["bin", "channel"] = "bin"
    """Normalise by statistics of the training clips, for each "bin" or each "channel"."""
    options: dict[str, int | float | bool | str | list[int]] = field(default_factory=dict)
    """Further arguments of timm.create_model, as {drop_rate: 0.1, global_pool: fastavgmax}."""
    stem_stride: tuple[int, int] | None = None
    """Strides of the first convolution over [bins, frames]; null keeps the backbone's."""
    stem_kernel: tuple[int, int] | None = None
    """Size of its kernel over [bins, frames]; null keeps the backbone's, as pretrained weights need."""
    stem_pool: bool = True
    """Keep the max pooling behind it; false gives maps twice as fine both ways, at four times the work."""
    coordinates: Literal["none", "frequency", "both"] = "none"
    """Further input channels: the position of each bin ("frequency"), or of bins and frames ("both")."""
    test_shifts: Annotated[int, POSITIVE] = 1
    """Evaluate the mean over the clip rolled in time by so many even steps; 1 takes it as it is."""


@dataclass(frozen=True)
class AugmentConfig:
    """Augmentation of the training clips, in this order; 0 switches a part off."""

    shift_seconds: Annotated[float, up_to(3600)] = 2.5
    """Each clip is rolled in time by up to this much."""
    crop_seconds: Annotated[float, NOT_NEGATIVE] = 0.0
    """Train on a piece of so many seconds, from anywhere in the clip; 0 takes the whole clip."""
    speed: Annotated[float, up_to(1)] = 0.0
    """Speed, and pitch with it, changes by a factor of up to 1 + this either way."""
    gain_db: Annotated[float, up_to(60)] = 6.0
    """The clip is scaled by up to this much either way."""
    polarity_probability: Annotated[float, SHARE] = 0.0
    """Share of clips that are turned upside down."""
    equalizer_db: Annotated[float, up_to(60)] = 0.0
    """A random smooth frequency response raises and lowers parts of the spectrum by up to this much."""
    noise_probability: Annotated[float, SHARE] = 0.0
    """Share of clips that get noise."""
    noise_snr_db: Annotated[tuple[float, float], between(100)] = (10.0, 40.0)
    """Lowest and highest signal-to-noise ratio of that noise."""
    noise_exponent: Annotated[tuple[float, float], between(4)] = (0.0, 0.0)
    """Lowest and highest exponent a of its spectrum 1/f^a: 0 is white, 1 pink, 2 brown."""
    between_class_probability: Annotated[float, SHARE] = 0.0
    """Share of clips mixed with another by their sound levels, and labels alike."""
    mixup_alpha: Annotated[float, up_to(100)] = 0.0
    """Clips and labels are blended by a share from Beta(alpha, alpha)."""
    cutmix_probability: Annotated[float, SHARE] = 0.0
    """Share of clips of which a part of the image is replaced by another's, and labels alike."""
    cutmix_axis: Literal["time", "frequency"] = "time"
    """What is replaced: a run of frames ("time") or a band of bins ("frequency")."""
    freq_warp: Annotated[float, BELOW_ONE] = 0.0
    """The bins are scaled and shifted by up to this share of them."""
    time_stretch: Annotated[float, BELOW_ONE] = 0.0
    """The frames are scaled by a factor of up to 1 + this either way, at the same pitch."""
    filter_std: Annotated[float, up_to(10)] = 0.0
    """FilterAugment: bands of bins are raised and lowered by up to so many standard deviations."""
    erase_probability: Annotated[float, SHARE] = 0.0
    """Share of clips of which a rectangle of the image is erased."""
    freq_masks: Annotated[int, up_to(20)] = 1
    """SpecAugment masks over bins."""
    freq_mask_share: Annotated[float, SHARE] = 0.2
    """Widest of them, as a share of the bins."""
    time_masks: Annotated[int, up_to(20)] = 1
    """SpecAugment masks over frames."""
    time_mask_share: Annotated[float, SHARE] = 0.2
    """Widest of them, as a share of the frames."""


@dataclass(frozen=True)
class TrainConfig:
    """The training of each fold: AdamW, linear warm-up, cosine decay to zero."""

    epochs: Annotated[int, POSITIVE] = 30
    """Passes over the training clips, fixed in advance; the last checkpoint is the result."""
    batch_size: Annotated[int, POSITIVE] = 16
    """Clips of an optimiser step, over all processes."""
    accumulation: Annotated[int, POSITIVE] = 1
    """Parts into which each process cuts its share of the batch to save memory."""
    lr: Annotated[float, POSITIVE] = 1e-3
    """Peak learning rate of the backbone."""
    frontend_lr: Annotated[float, NOT_NEGATIVE] = 1e-5
    """Peak learning rate of trainable front-end kernels, which a larger one destroys."""
    weight_decay: Annotated[float, NOT_NEGATIVE] = 0.05
    """Weight decay of the backbone's weights; biases, norms and the front-end have none."""
    warmup_epochs: Annotated[float, NOT_NEGATIVE] = 2.0
    """Epochs in which the learning rate rises to its peak."""
    label_smoothing: Annotated[float, SHARE] = 0.1
    """Share of each label spread over all classes."""
    ema_decay: Annotated[float, BELOW_ONE] = 0.0
    """The result is the average of the weights over about 1 / (1 - this) steps; 0 for the last weights."""
    clip_norm: Annotated[float, NOT_NEGATIVE] = 5.0
    """Largest gradient norm, of backbone and front-end apart; 0 for no limit."""
    on_nonfinite: Literal["stop", "skip"] = "stop"
    """What to do at a step whose loss or gradient is not finite: "stop", or "skip" it and say which clips it had."""
    mixed_precision: Literal["auto", "no", "bf16", "fp16"] = "auto"
    """Precision of the backbone; "auto" is the launcher's, else bf16 or fp16 where the hardware has it, else "no"."""
    seed: Annotated[int, NOT_NEGATIVE] = 0
    """Seed of the weights, the order of the clips and the augmentation."""
    eval_every: Annotated[int, POSITIVE] = 5
    """Epochs between evaluations for the curves; the last epoch is always evaluated."""
    checkpoint_every: Annotated[int | None, POSITIVE] = None
    """Epochs between checkpoints to resume from; null for so many that they take less than a twentieth of the time."""
    threads: Annotated[int | None, THREADS] = None
    """CPU threads of each process; null for an equal share of the cores."""
    folds_at_once: Annotated[int | None, POSITIVE] = None
    """Folds trained side by side on the CPU, each with its share of the threads; null for one a thread."""
    compile: Literal["no", "auto", "default", "reduce-overhead"] = "no"
    """Mode of torch.compile: "no", "default", "reduce-overhead" (CUDA graphs); "auto" for one measured to win here."""
    deterministic: bool = False
    """Only kernels that give the same bits each time, which may be slower; refused where there is none."""
    profile: bool = False
    """Write where a step's time goes, and a trace of torch's profiler, into each fold's folder."""


@dataclass(frozen=True)
class TrackerConfig:
    """Where the curves go besides the run's folder."""

    name: Literal["none", "wandb", "tensorboard"] = "none"
    """The tracker; "wandb" works offline where there is no account."""
    project: str = "esc_gpu"
    """Name of the project there."""
    group: str | None = None
    """Name that the folds of this run share; null for the output folder's name."""
    clips: Annotated[int, NOT_NEGATIVE] = 50
    """Most test clips of a fold to listen to in wandb; 0 for none."""


@dataclass(frozen=True)
class RunConfig:
    """Train and evaluate on the official folds."""

    data: DataConfig = DataConfig()
    """The recordings."""
    frontend: FrontendConfig = field(default_factory=FrontendConfig)
    """The audio features."""
    model: ModelConfig = field(default_factory=ModelConfig)
    """The backbone."""
    augment: AugmentConfig = AugmentConfig()
    """Augmentation of the training clips."""
    train: TrainConfig = TrainConfig()
    """The training of each fold."""
    tracker: TrackerConfig = TrackerConfig()
    """Where the curves go besides the run's folder."""
    folds: int | list[int] | None = None
    """Test folds to run, as 1 or [1,2]; null for all."""
    validate: bool = False
    """Choose options without a look at a test fold: the folds to run are validated on, and the next one, which would
    be tested on, is left out altogether."""
    output_dir: str | None = None
    """Folder of the results; null for runs/FRONTEND."""
    resume: bool = False
    """Go on with the run in the output folder."""
    overwrite: bool = False
    """Replace the run in the output folder; with `resume` only if it had other options or recordings."""


def training_samples(config: RunConfig) -> int:
    """Samples of a clip as the model sees it in training."""
    return clip_samples(config.data.sample_rate, config.augment.crop_seconds or config.data.clip_seconds)
