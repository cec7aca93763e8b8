"""Options that were set and do nothing, because what they are options of is off."""

from esc_gpu.config.options import as_dict, flatten
from esc_gpu.config.schema import RunConfig

SWITCHES = {  # options, and the one that switches on what they belong to
    ("augment.noise_snr_db", "augment.noise_exponent"): "augment.noise_probability",
    ("augment.cutmix_axis",): "augment.cutmix_probability",
    ("augment.freq_mask_share",): "augment.freq_masks",
    ("augment.time_mask_share",): "augment.time_masks",
    ("tracker.project", "tracker.group", "tracker.clips"): "tracker.name",
}
OFF = (0, "none")


def idle_options(config: RunConfig) -> list[str]:
    """A sentence for each option that is not as by default and has no effect."""
    now, default = flatten(as_dict(config)), flatten(as_dict(RunConfig()))
    return [
        f"{option} has no effect while {switch} is {now[switch]}: set {switch}, or leave {option} out"
        for options, switch in SWITCHES.items()
        for option in options
        if now[switch] in OFF and now[option] != default[option]
    ]
