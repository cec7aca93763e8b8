"""A run's configuration: the only place with the defaults of training. A field is `--section.name` to the user."""

from dataclasses import dataclass, field
from typing import Any, Literal

from esc_gpu.core.waveform import clip_samples


@dataclass(frozen=True)
class DataConfig:
    """The recordings.

    Args:
        root: folder in ESC-50's layout (meta/esc50.csv and audio/); null for the embedded synthetic recordings.
        table: CSV of any recordings, with the columns path, label and fold; paths are relative to root, or to it.
        subset: "esc10" keeps the ten classes of ESC-10.
        sample_rate: samples per second to which every clip is resampled.
        clip_seconds: length to which every clip is cut or padded with silence.
        overlap: cut longer recordings into clips that share this part with the next; null takes the first clip only.
        cache_dir: folder of the decoded stores and of the embedded recordings.
        workers: threads that decode; null for one a core.
        on_error: "skip" leaves out recordings that cannot be decoded, and says which; "fail" refuses the first.
        residence: where the clips are during training: "device", "stream" (from the store, ahead) or "auto".
        budget_gb: most memory that "auto" lets the clips take, in 1e9 bytes; null for half of what the device has free.
    """

    root: str | None = None
    table: str | None = None
    subset: Literal["all", "esc10"] = "all"
    sample_rate: int = 44100
    clip_seconds: float = 5.0
    overlap: float | None = None
    cache_dir: str = "~/.cache/esc_gpu"
    workers: int | None = None
    on_error: Literal["fail", "skip"] = "fail"
    residence: Literal["auto", "device", "stream"] = "auto"
    budget_gb: float | None = None


@dataclass(frozen=True)
class MemberConfig:
    """A front-end; an option left null takes the front-end's own default, one it does not have is refused.

    Args:
        name: the front-end, one of `esc_gpu.list_frontends()`.
        backend: "native", "torchaudio", "nnaudio", or "auto" for the fastest that has the options.
        n_fft: samples of an STFT frame.
        win_length: samples of the window inside the frame.
        hop_length: samples between frames.
        window: window function, a name of scipy.signal.get_window.
        pad_mode: "reflect" or "constant" at both ends of the clip.
        scale: "db", "power" or "magnitude".
        top_db: range kept under each clip's maximum in dB.
        n_mels: mel bands.
        fmin: lowest frequency in Hz.
        fmax: highest frequency in Hz.
        mel_scale: "slaney" or "htk".
        norm: of the mel triangles, "slaney" (equal area); of chroma, "max", "l1" or "l2".
        n_mfcc: coefficients of the MFCC.
        n_lfcc: of the LFCC.
        n_gfcc: of the GFCC.
        n_filters: linear bands under the LFCC.
        n_bins: bins of the CQT and VQT, filters of the gammatone bank, or bins of a stack's grid.
        bins_per_octave: CQT bins of each octave.
        filter_scale: factor on the length of the CQT kernels.
        gamma: Hz that the VQT adds to the bandwidth of each bin.
        n_chroma: pitch classes.
        tuning: of the instruments above A4 = 440 Hz, in pitch classes.
        gain: exponent of PCEN's gain control.
        bias: offset of PCEN's compression.
        power: exponent of PCEN's compression, or of the magnitudes of the spectral flatness.
        time_constant: of PCEN's smoothing in seconds.
        eps: PCEN's floor under the smoothed energy.
        mel_power: 1 or 2, PCEN of a mel spectrogram of magnitudes or powers.
        input_scale: factor on PCEN's mel spectrogram.
        p: order of the spectral bandwidth.
        roll_percent: share of the magnitude under the roll-off.
        amin: floor of the spectral flatness.
        n_bands: octaves of the spectral contrast.
        quantile: share of a band that is a peak or a valley of the spectral contrast.
        frame_length: samples of a frame of zero-crossing rate and RMS.
        width: frames that a derivative is fitted to.
        order: the highest derivative of delta.
        sample_rate: samples per second of the features, where it is not that of the clips.
        pad_short: pad clips that are too short for a frame instead of refusing them.
        trainable: let the CQT kernels (nnaudio) or PCEN's gain, bias and power learn.
        trainable_stft: let the Fourier kernels learn (nnaudio).
        trainable_mel: let the mel basis learn (nnaudio).
    """

    name: str = "logmel"
    backend: str = "auto"
    n_fft: int | None = None
    win_length: int | None = None
    hop_length: int | None = None
    window: str | None = None
    pad_mode: str | None = None
    scale: str | None = None
    top_db: float | None = None
    n_mels: int | None = None
    fmin: float | None = None
    fmax: float | None = None
    mel_scale: str | None = None
    norm: str | None = None
    n_mfcc: int | None = None
    n_lfcc: int | None = None
    n_gfcc: int | None = None
    n_filters: int | None = None
    n_bins: int | None = None
    bins_per_octave: int | None = None
    filter_scale: float | None = None
    gamma: float | None = None
    n_chroma: int | None = None
    tuning: float | None = None
    gain: float | None = None
    bias: float | None = None
    power: float | None = None
    time_constant: float | None = None
    eps: float | None = None
    mel_power: float | None = None
    input_scale: float | None = None
    p: float | None = None
    roll_percent: float | None = None
    amin: float | None = None
    n_bands: int | None = None
    quantile: float | None = None
    frame_length: int | None = None
    width: int | None = None
    order: int | None = None
    sample_rate: int | None = None
    pad_short: bool | None = None
    trainable: bool | None = None
    trainable_stft: bool | None = None
    trainable_mel: bool | None = None

    def arguments(self) -> dict[str, Any]:
        """What `create_frontend` is called with."""
        arguments = {name: value for name, value in vars(self).items() if value is not None}
        if "members" in arguments:
            arguments["members"] = [member.arguments() for member in arguments["members"]]
        if "member" in arguments:
            arguments["member"] = arguments["member"].arguments()
        return arguments


@dataclass(frozen=True)
class FrontendConfig(MemberConfig):
    __doc__ = str(MemberConfig.__doc__) + (
        "    members: front-ends of a stack, each with the keys of this section but members and member.\n"
        "        member: the front-end whose derivatives delta takes, with the same keys.\n"
    )

    members: list[MemberConfig] | None = None
    member: MemberConfig | None = None


@dataclass(frozen=True)
class ModelConfig:
    """The backbone behind the front-end.

    Args:
        backbone: any timm image model by name.
        pretrained: start from timm's weights on the hub.
        weights: start from a local file of backbone weights.
        normalize: statistics of the training clips for each "bin" or each "channel".
        options: further arguments of timm.create_model, as {drop_rate: 0.1, global_pool: fastavgmax}.
        stem_stride: strides of the first convolution over [bins, frames]; null keeps the backbone's.
        stem_kernel: size of its kernel over [bins, frames]; null keeps the backbone's, as pretrained weights need.
        stem_pool: keep the max pooling behind it; false gives maps twice as fine both ways, at four times the work.
        coordinates: further input channels: the position of each bin ("frequency"), or of bins and frames ("both").
        test_shifts: evaluate the mean over the clip rolled in time by so many even steps; 1 takes it as it is.
    """

    backbone: str = "resnet18"
    pretrained: bool = False
    weights: str | None = None
    normalize: Literal["bin", "channel"] = "bin"
    options: dict[str, int | float | bool | str | list[int]] = field(default_factory=dict)
    stem_stride: tuple[int, int] | None = None
    stem_kernel: tuple[int, int] | None = None
    stem_pool: bool = True
    coordinates: Literal["none", "frequency", "both"] = "none"
    test_shifts: int = 1


@dataclass(frozen=True)
class AugmentConfig:
    """Augmentation of the training clips, in this order; 0 switches a part off.

    Args:
        shift_seconds: each clip is rolled in time by up to this much.
        crop_seconds: train on a piece of so many seconds, from anywhere in the clip; 0 takes the whole clip.
        speed: speed, and pitch with it, changes by a factor of up to 1 + this either way.
        gain_db: the clip is scaled by up to this much either way.
        polarity_probability: share of clips that are turned upside down.
        equalizer_db: a random smooth frequency response raises and lowers parts of the spectrum by up to this much.
        noise_probability: share of clips that get noise.
        noise_snr_db: lowest and highest signal-to-noise ratio of that noise.
        noise_exponent: lowest and highest exponent a of its spectrum 1/f^a: 0 is white, 1 pink, 2 brown.
        between_class_probability: share of clips mixed with another by their sound levels, and labels alike.
        mixup_alpha: clips and labels are blended by a share from Beta(alpha, alpha).
        cutmix_probability: share of clips of which a part of the image is replaced by another's, and labels alike.
        cutmix_axis: what is replaced: a run of frames ("time") or a band of bins ("frequency").
        freq_warp: the bins are scaled and shifted by up to this share of them.
        time_stretch: the frames are scaled by a factor of up to 1 + this either way, at the same pitch.
        filter_std: FilterAugment: bands of bins are raised and lowered by up to so many standard deviations.
        erase_probability: share of clips of which a rectangle of the image is erased.
        freq_masks: SpecAugment masks over bins.
        freq_mask_share: widest of them, as a share of the bins.
        time_masks: SpecAugment masks over frames.
        time_mask_share: widest of them, as a share of the frames.
    """

    shift_seconds: float = 2.5
    crop_seconds: float = 0.0
    speed: float = 0.0
    gain_db: float = 6.0
    polarity_probability: float = 0.0
    equalizer_db: float = 0.0
    noise_probability: float = 0.0
    noise_snr_db: tuple[float, float] = (10.0, 40.0)
    noise_exponent: tuple[float, float] = (0.0, 0.0)
    between_class_probability: float = 0.0
    mixup_alpha: float = 0.0
    cutmix_probability: float = 0.0
    cutmix_axis: Literal["time", "frequency"] = "time"
    freq_warp: float = 0.0
    time_stretch: float = 0.0
    filter_std: float = 0.0
    erase_probability: float = 0.0
    freq_masks: int = 1
    freq_mask_share: float = 0.2
    time_masks: int = 1
    time_mask_share: float = 0.2


@dataclass(frozen=True)
class TrainConfig:
    """The training of each fold: AdamW, linear warm-up, cosine decay to zero.

    Args:
        epochs: passes over the training clips, fixed in advance; the last checkpoint is the result.
        batch_size: clips of an optimiser step, over all processes.
        accumulation: parts into which each process cuts its share of the batch to save memory.
        lr: peak learning rate of the backbone.
        frontend_lr: peak learning rate of trainable front-end kernels, which a larger one destroys.
        weight_decay: of the backbone's weights; none on biases, norms and the front-end.
        warmup_epochs: length of the warm-up.
        label_smoothing: share of each label spread over all classes.
        ema_decay: the result is the average of the weights over about 1 / (1 - this) steps; 0 for the last weights.
        clip_norm: largest gradient norm, of backbone and front-end apart; 0 for no limit.
        on_nonfinite: "stop" at a step whose loss or gradient is not finite, or "skip" it and say which clips it had.
        mixed_precision: "auto" is bf16 where the hardware multiplies it, else "no".
        seed: of the weights, the order of the clips and the augmentation.
        eval_every: epochs between evaluations for the curves; the last epoch is always evaluated.
        checkpoint_every: epochs between checkpoints to resume from.
        threads: CPU threads of each process; null for an equal share of the cores.
        folds_at_once: folds trained side by side on the CPU, each with its share of the threads; null for one a thread.
        compile: torch.compile's mode for front-end and backbone: "reduce-overhead" (CUDA graphs), "default", or "no".
        deterministic: only kernels that give the same bits each time, which may be slower; refused where there is none.
        profile: write where a step's time goes, and a trace of torch's profiler, into each fold's folder.
    """

    epochs: int = 30
    batch_size: int = 16
    accumulation: int = 1
    lr: float = 1e-3
    frontend_lr: float = 1e-5
    weight_decay: float = 0.05
    warmup_epochs: float = 2.0
    label_smoothing: float = 0.1
    ema_decay: float = 0.0
    clip_norm: float = 5.0
    on_nonfinite: Literal["stop", "skip"] = "stop"
    mixed_precision: Literal["auto", "no", "bf16", "fp16"] = "auto"
    seed: int = 0
    eval_every: int = 5
    checkpoint_every: int = 1
    threads: int | None = None
    folds_at_once: int | None = None
    compile: Literal["no", "default", "reduce-overhead"] = "no"
    deterministic: bool = False
    profile: bool = False


@dataclass(frozen=True)
class TrackerConfig:
    """Where the curves go besides the run's folder.

    Args:
        name: "wandb" (offline where there is no account), "tensorboard" or "none".
        project: name of the project there.
        group: name that the folds of this run share; null for the output folder's name.
        clips: most test clips of a fold to listen to in wandb; 0 for none.
    """

    name: Literal["none", "wandb", "tensorboard"] = "none"
    project: str = "esc_gpu"
    group: str | None = None
    clips: int = 50


@dataclass(frozen=True)
class RunConfig:
    """Train and evaluate on the official folds.

    Args:
        data: the recordings.
        frontend: the audio features.
        model: the backbone.
        augment: augmentation of the training clips.
        train: the training of each fold.
        tracker: where the curves go besides the run's folder.
        folds: test folds to run, as 1 or [1,2]; null for all.
        validate: choose options without a look at a test fold: the folds to run are validated on, and the next one,
            which would be tested on, is left out altogether.
        output_dir: folder of the results; null for runs/FRONTEND.
        resume: go on with the run in the output folder.
        overwrite: replace the run in the output folder; with `resume` only if it had other options or recordings.
    """

    data: DataConfig = DataConfig()
    frontend: FrontendConfig = FrontendConfig()
    model: ModelConfig = field(default_factory=ModelConfig)
    augment: AugmentConfig = AugmentConfig()
    train: TrainConfig = TrainConfig()
    tracker: TrackerConfig = TrackerConfig()
    folds: int | list[int] | None = None
    validate: bool = False
    output_dir: str | None = None
    resume: bool = False
    overwrite: bool = False


def training_samples(config: RunConfig) -> int:
    """Samples of a clip as the model sees it in training."""
    return clip_samples(config.data.sample_rate, config.augment.crop_seconds or config.data.clip_seconds)
