"""Options that were set and do nothing, because what they are options of is off."""

from esc_gpu.config.options import as_dict, flatten
from esc_gpu.config.schema import RunConfig

SWITCHES = {  # options, and the one that switches on what they belong to
    ("augment.crop_from",): "augment.crop_seconds",
    ("augment.noise_snr_db", "augment.noise_exponent"): "augment.noise_probability",
    ("augment.cutmix_axis",): "augment.cutmix_probability",
    ("augment.freq_mask_share",): "augment.freq_masks",
    ("augment.time_mask_share",): "augment.time_masks",
    ("tracker.project", "tracker.group", "tracker.clips"): "tracker.name",
}
OFF = (0, "none")
# Options that go with one value of another alone.
ONLY_WITH = {"train.frozen_stages": ("train.freeze", "stages")}
# Options of parts that are not trained, with the values of train.freeze that leave them out.
OF_FROZEN = {
    "train.frontend_lr": ("frontend", "stages", "backbone"),
    "train.lr": ("backbone",),
    "train.layer_decay": ("backbone",),
}


def idle_options(config: RunConfig) -> list[str]:
    """A sentence for each option that is not as by default and has no effect."""
    now, default = flatten(as_dict(config)), flatten(as_dict(RunConfig()))
    changed = {option for option in now if now[option] != default.get(option)}
    sentences = [
        f"{option} has no effect while {switch} is {now[switch]}: set {switch}, or leave {option} out"
        for options, switch in SWITCHES.items()
        for option in options
        if now[switch] in OFF and option in changed
    ]
    for option, (switch, value) in ONLY_WITH.items():
        if option in changed and now[switch] != value:
            sentences.append(
                f"{option} has no effect while {switch} is {now[switch]}: set {switch}={value}, or leave {option} out"
            )
    freeze, head_lr = config.train.freeze, config.train.head_lr
    for option, values in OF_FROZEN.items():
        if option in changed and freeze in values and not (option == "train.lr" and head_lr is None):
            sentences.append(
                f"{option} has no effect while train.freeze is {freeze}: set train.freeze, or leave {option} out"
            )
    if config.model.pretrained and config.model.weights is not None:
        sentences.append(
            f"model.pretrained has no effect while model.weights is {config.model.weights}: leave one of them out"
        )
    if config.train.class_weights == "balanced" and config.train.sampling == "balanced":
        sentences.append(
            "train.class_weights=balanced and train.sampling=balanced make up for rare classes twice: leave one out"
        )
    if freeze in ("stages", "backbone") and not starts_trained(config):
        sentences.append(
            f"train.freeze={freeze} keeps weights that were never trained: set model.weights or model.pretrained, or "
            "leave it out"
        )
    return sentences


def starts_trained(config: RunConfig) -> bool:
    """Whether the weights of the backbone are not drawn."""
    model = config.model
    return model.pretrained or model.weights is not None or "checkpoint_path" in model.options
