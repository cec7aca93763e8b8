"""The configuration of a run: the only place with the defaults of training. A field is the option `--section.name`.

The text under a field is its help. Its type holds its range.
"""

from dataclasses import dataclass, field
from typing import Annotated, Literal

from esc_gpu.config.frontend import FrontendConfig
from esc_gpu.config.ranges import BELOW_ONE, CHANNEL, FOLDS, NOT_NEGATIVE, POSITIVE, SHARE, THREADS, between, up_to
from esc_gpu.core.channel import Channel
from esc_gpu.core.clip import clip_samples


@dataclass(frozen=True)
class DataConfig:
    """The recordings."""

    root: str | None = None
    """Folder of the recordings: ESC-50, another known data set, or a folder for each class; or an address, such as
    s3://bucket/folder or hf://datasets/OWNER/NAME; null uses the embedded synthetic recordings."""
    layout: (
        Literal["esc50", "urbansound8k", "fsd50k", "speech_commands", "hugging_face", "folders", "soundata"] | None
    ) = None
    """How the recordings lie in root; null finds it out."""
    n_folds: Annotated[int | None, FOLDS] = None
    """Number of folds to make for recordings that have none; null makes 5."""
    table: str | None = None
    """CSV that lists your own recordings, with the columns path, label and fold; paths are relative to root if given,
    otherwise to the folder of the CSV."""
    subset: Literal["all", "esc10"] = "all"
    """Use all classes; "esc10" uses only the ten classes of ESC-10."""
    task: Literal["auto", "single_label", "multi_label"] = "auto"
    """One class a clip, or several (a label such as a|b); "auto" finds it out."""
    sample_rate: Annotated[int, POSITIVE] = 44100
    """Sample rate in Hz; every clip is resampled to it."""
    clip_seconds: Annotated[float, POSITIVE] = 5.0
    """Length of a clip in seconds; recordings are cut or padded with silence to it."""
    channel: Annotated[Channel, CHANNEL] = "mix"
    """Channel of recordings: the mean of all ("mix"), a name, a number from 0 on, or the one with the most energy."""
    overlap: float | None = None
    """Cut longer recordings into clips that overlap by this part of their length; null uses only their beginning."""
    keep_copy: bool = True
    """Keep a copy of the recordings at an address; false keeps the store only."""
    cache_dir: str = "~/.cache/esc_gpu"
    """Folder for the decoded stores and the embedded recordings."""
    workers: int | None = None
    """Number of decoding threads; null uses one for each core."""
    on_error: Literal["fail", "skip"] = "fail"
    """What to do with a recording that cannot be decoded: "fail" ends the run, "skip" leaves it out and reports it."""
    residence: Literal["auto", "device", "stream"] = "auto"
    """Where clips are: on the "device", in a "stream" from the store, or "auto"."""
    budget_gb: float | None = None
    """Memory limit for "auto" in GB (1e9 bytes); null allows half of the free device memory."""


@dataclass(frozen=True)
class ModelConfig:
    """The backbone behind the front-end."""

    backbone: str = "resnet18"
    """Name of an image model in timm."""
    pretrained: bool = False
    """Start from timm's pretrained weights, which are downloaded from the hub."""
    weights: str | None = None
    """Start from the folder of a run or a fold, hf-hub:USER/NAME, or a file."""
    normalize: Literal["bin", "channel"] = "bin"
    """Normalise each "bin" or each "channel" with statistics of the training clips."""
    options: dict[str, int | float | bool | str | list[int]] = field(default_factory=dict)
    """Further arguments of timm.create_model, such as {drop_rate: 0.1}."""
    stem_stride: tuple[int, int] | None = None
    """Strides of the first convolution over [bins, frames]; null keeps those of the backbone."""
    stem_kernel: tuple[int, int] | None = None
    """Kernel size of the first convolution over [bins, frames]; null keeps the backbone's, as pretrained weights
    need."""
    stem_pool: bool = True
    """Keep the max pooling after the first convolution; false doubles the resolution both ways and costs four times the
    computation."""
    receptive_field: tuple[int, int] | None = None
    """Most [bins, frames] that a cell of a ResNet's last map may see, with smaller kernels in its last blocks; null
    keeps them."""
    coordinates: Literal["none", "frequency", "both"] = "none"
    """Append the position of each bin ("frequency"), or of bins and frames ("both"), as channels."""
    test_shifts: Annotated[int, POSITIVE] = 1
    """Evaluate the mean over this number of copies of the clip, rolled in time in equal steps; 1 uses the clip
    itself."""


@dataclass(frozen=True)
class AugmentConfig:
    """Augmentation of the training clips, applied in this order; 0 switches a part off."""

    shift_seconds: Annotated[float, up_to(3600)] = 2.5
    """Roll each clip in time by up to this many seconds."""
    crop_seconds: Annotated[float, NOT_NEGATIVE] = 0.0
    """Train on a random part of the clip, this many seconds long; 0 uses the whole clip."""
    crop_from: Literal["clip", "sound"] = "clip"
    """What that part is taken from: the whole "clip", or its first "sound" to its last, without silence before and
    behind; clips are not shifted then."""
    speed: Annotated[float, up_to(1)] = 0.0
    """Change the speed, and the pitch with it, by a factor of up to 1 + this value."""
    gain_db: Annotated[float, up_to(60)] = 6.0
    """Scale the clip by up to this many dB, louder or quieter."""
    polarity_probability: Annotated[float, SHARE] = 0.0
    """Share of clips whose sign is flipped."""
    equalizer_db: Annotated[float, up_to(60)] = 0.0
    """Filter with a random smooth frequency response that raises and lowers parts of the spectrum by up to this many
    dB."""
    noise_probability: Annotated[float, SHARE] = 0.0
    """Share of clips to which noise is added."""
    noise_snr_db: Annotated[tuple[float, float], between(100)] = (10.0, 40.0)
    """Lowest and highest signal-to-noise ratio of that noise in dB."""
    noise_exponent: Annotated[tuple[float, float], between(4)] = (0.0, 0.0)
    """Range of the exponent a of the noise spectrum 1/f^a: 0 is white, 1 pink, 2 brown."""
    between_class_probability: Annotated[float, SHARE] = 0.0
    """Share of clips mixed with another clip, corrected for their sound levels; labels are mixed in the same way."""
    mixup_alpha: Annotated[float, up_to(100)] = 0.0
    """Blend clips and labels with a share drawn from Beta(alpha, alpha)."""
    cutmix_probability: Annotated[float, SHARE] = 0.0
    """Share of clips that get a part of another clip's image; labels are mixed in the same way."""
    cutmix_axis: Literal["time", "frequency"] = "time"
    """What CutMix replaces: frames ("time") or bins ("frequency")."""
    freq_warp: Annotated[float, BELOW_ONE] = 0.0
    """Scale and shift the bins by up to this share of their number."""
    time_stretch: Annotated[float, BELOW_ONE] = 0.0
    """Stretch or shrink the frames by a factor of up to 1 + this value."""
    filter_std: Annotated[float, up_to(10)] = 0.0
    """FilterAugment: raise and lower bands by up to this many standard deviations."""
    erase_probability: Annotated[float, SHARE] = 0.0
    """Share of clips in which a rectangle of the image is erased."""
    freq_masks: Annotated[int, up_to(20)] = 1
    """Number of SpecAugment masks over bins."""
    freq_mask_share: Annotated[float, SHARE] = 0.2
    """Largest width of a mask over bins, as a share of all bins."""
    time_masks: Annotated[int, up_to(20)] = 1
    """Number of SpecAugment masks over frames."""
    time_mask_share: Annotated[float, SHARE] = 0.2
    """Largest width of a mask over frames, as a share of all frames."""


@dataclass(frozen=True)
class TrainConfig:
    """The training of each fold, with AdamW, a linear warm-up and a cosine decay to zero."""

    epochs: Annotated[int, POSITIVE] = 30
    """Passes over the training clips, fixed in advance; the last checkpoint is the result."""
    batch_size: Annotated[int, POSITIVE] = 16
    """Number of clips in an optimiser step, over all processes."""
    accumulation: Annotated[int, POSITIVE] = 1
    """Number of parts into which each process splits its share of the batch, to save memory."""
    lr: Annotated[float, POSITIVE] = 1e-3
    """Peak learning rate of the backbone."""
    head_lr: Annotated[float | None, POSITIVE] = None
    """Peak learning rate of the backbone's last layer; null uses lr."""
    layer_decay: Annotated[float, SHARE] = 1.0
    """Factor on the learning rate from each layer to the one below it."""
    frontend_lr: Annotated[float, NOT_NEGATIVE] = 1e-5
    """Peak learning rate of trainable front-end kernels; they need a small one."""
    weight_decay: Annotated[float, NOT_NEGATIVE] = 0.05
    """Weight decay of the backbone's weights, without biases and normalisation layers."""
    freeze: Literal["none", "frontend", "stages", "backbone"] = "none"
    """What stays as it is: the "frontend", also the first "stages", or all but the last layer ("backbone")."""
    frozen_stages: Annotated[int, POSITIVE] = 1
    """Number of stages behind the stem that freeze=stages keeps."""
    warmup_epochs: Annotated[float, NOT_NEGATIVE] = 2.0
    """Number of epochs in which the learning rate rises to its peak."""
    label_smoothing: Annotated[float, SHARE] = 0.1
    """Share of each label that is spread over all classes."""
    class_weights: Literal["none", "balanced"] | dict[str, float] = "none"
    """Weights of the classes in the loss, from their numbers of training clips ("balanced") or a table."""
    sampling: Literal["shuffled", "balanced", "square_root"] = "shuffled"
    """How often an epoch visits a class: by its clips ("shuffled"), as often as others, or by their square root."""
    focal_gamma: Annotated[float, up_to(10)] = 0.0
    """Exponent of the focal loss; 0 uses the cross-entropy."""
    ema_decay: Annotated[float, BELOW_ONE] = 0.0
    """Average the weights over about 1 / (1 - this value) steps; 0 uses the last weights."""
    clip_norm: Annotated[float, NOT_NEGATIVE] = 5.0
    """Largest gradient norm, for backbone and front-end separately; 0 sets no limit."""
    on_nonfinite: Literal["stop", "skip"] = "stop"
    """What to do at a step whose loss or gradient is not finite: "stop", or "skip" the step and name its clips."""
    mixed_precision: Literal["auto", "no", "bf16", "fp16"] = "auto"
    """Precision of the backbone; "auto" uses that of the launcher if it sets one, otherwise what the hardware
    supports."""
    seed: Annotated[int, NOT_NEGATIVE] = 0
    """Seed of the weights, the order of the clips and the augmentation."""
    eval_every: Annotated[int, POSITIVE] = 5
    """Epochs between evaluations for the curves; the last epoch is always evaluated."""
    checkpoint_every: Annotated[int | None, POSITIVE] = None
    """Number of epochs between checkpoints; null chooses it so that they take less than a twentieth of the time."""
    threads: Annotated[int | None, THREADS] = None
    """CPU threads of each process; null shares the cores equally."""
    folds_at_once: Annotated[int | None, POSITIVE] = None
    """Number of folds that train side by side on the CPU and share its threads; null trains one fold for each
    thread."""
    compile: Literal["no", "auto", "default", "reduce-overhead"] = "no"
    """Mode of torch.compile; "auto" uses one only if it was measured to be faster here."""
    deterministic: bool = False
    """Use only kernels that give the same bits each time; they may be slower, and the run is refused if one is
    missing."""
    profile: bool = False
    """Write the times of a step's phases and a trace of torch's profiler."""


@dataclass(frozen=True)
class TrackerConfig:
    """Tracking: where the curves are shown in addition to the run's folder."""

    name: Literal["none", "wandb", "tensorboard"] = "none"
    """The tracker; "wandb" works offline if there is no account."""
    project: str = "esc_gpu"
    """Name of the project in the tracker."""
    group: str | None = None
    """Name of the group of this run's folds; null uses the output folder's name."""
    clips: Annotated[int, NOT_NEGATIVE] = 50
    """Largest number of test clips of a fold to listen to in wandb; 0 uploads none."""


@dataclass(frozen=True)
class RunConfig:
    """Train and evaluate a model on the official folds."""

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
    """Tracking: where the curves are shown in addition to the run's folder."""
    folds: int | list[int] | None = None
    """Test folds to run, such as 1 or [1,2]; null runs all."""
    validate: bool = False
    """Validate instead of testing, to choose options: each fold to run is used for validation, and the next fold, which
    is the test fold, is left out of the training."""
    output_dir: str | None = None
    """Folder for the results; null uses runs/FRONTEND."""
    resume: bool = False
    """Continue the run in the output folder."""
    overwrite: bool = False
    """Replace the run in the output folder; with `resume`, only if it differs."""


def training_samples(config: RunConfig) -> int:
    """Samples of a clip as the model sees it in training."""
    return clip_samples(config.data.sample_rate, config.augment.crop_seconds or config.data.clip_seconds)
