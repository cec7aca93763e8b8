"""What both reports of a run say in words and numbers."""

from collections.abc import Mapping
from pathlib import PurePath
from typing import Any, NamedTuple

from esc_gpu.core.folds import the_fold
from esc_gpu.core.text import describe_weights
from esc_gpu.frontends.registry import canonical, resolve
from esc_gpu.frontends.signature import option_texts
from esc_gpu.report.contents import FrontendSummary
from esc_gpu.report.tables import counted, mean_and_spread, numbered, percent, percent_range
from esc_gpu.report.words import words_of

SYNTHETIC = (
    "These recordings are synthetic: a program made the sounds. The numbers below show that everything works. They say "
    "nothing about real recordings."
)
WITHOUT_MEANING = ("name", "backend", "members", "member")


class Number(NamedTuple):
    """A number of the headline and what it is."""

    label: str
    value: str
    detail: str


class Options(NamedTuple):
    """The options of a front-end: its name, and rows of option, value and meaning."""

    title: str
    rows: list[tuple[str, str, str]]


def has_unequal_classes(assessment: Mapping[str, Any]) -> bool:
    """Whether some class has more clips than another: else the balanced accuracy is the accuracy."""
    return len({of_class["support"] for of_class in assessment["per_class"]}) > 1


def headlines(assessment: Mapping[str, Any]) -> list[Number]:
    """The run in a few numbers, in percent."""
    n_folds = len(assessment["folds"])
    split = split_of(assessment)
    single = "of a single fold" if split is None else f"of {the_fold(split)}"
    detail = f"mean ± standard deviation of {n_folds} folds" if n_folds > 1 else single
    words = words_of(assessment)
    numbers = [
        Number(label, mean_and_spread(assessment["over_folds"][name]) + " %", detail)
        for name, label in words.headlines.items()
        if name != "balanced_accuracy" or has_unequal_classes(assessment)
    ]
    bootstrap, interval = assessment["bootstrap"], assessment["intervals"][words.score]
    whole, mean = (percent(value) for value in (assessment[words.score], assessment["over_folds"][words.score]["mean"]))
    of_all = "" if whole == mean else f" ({whole} %)"  # where it is not the mean over the folds
    detail = (
        f"confidence interval of the {words.score_name} of all clips{of_all}, from a bootstrap over "
        f"{bootstrap['unit']}s"
    )
    numbers.insert(1, Number("95 % interval", percent_range(interval) + " %" if interval else "–", detail))
    if "prior" in assessment:
        detail = "of a model that gives each class its share of the clips as the probability"
        numbers.append(Number("mAP of the prior", percent(assessment["prior"]["map"]) + " %", detail))
    return numbers


def facts(
    summary: Mapping[str, Any], config: Mapping[str, Any], assessment: Mapping[str, Any]
) -> list[tuple[str, str]]:
    """What was trained and tested on what, when and where."""
    data, environment, gpu = summary["data"], summary["environment"], summary["environment"]["gpu"]
    versions = {"Python": environment["python"], **environment["versions"]}
    cuda = f", CUDA {environment['cuda']}" if environment["cuda"] else ""
    hardware = f"{gpu['count']} × {gpu['name']}{cuda}" if gpu else "no GPU"
    subset = "" if data["subset"] == "all" else f" (subset {data['subset']})"
    processes = "one process" if summary["processes"] == 1 else f"{summary['processes']} processes"
    tested, numbers = assessment["clips"], [fold["fold"] for fold in assessment["folds"]]
    share = "all" if tested == data["clips"] else f"{tested:,} of them"
    per_clip = assessment.get("labels_per_clip")
    labels = "" if per_clip is None else f"; {per_clip:.2f} labels a clip on average"
    verb = f"{'is' if tested == 1 else 'are'} {'validated' if assessment['validation'] else 'tested'}"
    return [
        (
            "recordings",
            f"{data['recordings']}{subset}: {counted(data['clips'], 'recording')}, {data['classes']} classes; {share} "
            f"{verb}, in {numbered('fold', numbers)}{labels}; clips of {config['data']['clip_seconds']:g} s at "
            f"{config['data']['sample_rate']:,} Hz",
        ),
        ("front-end", f"{summary['frontend']['name']} ({summary['frontend']['backend']})"),
        ("backbone", f"{config['model']['backbone']}, {start_of(config)}, precision {summary['mixed_precision']}"),
        ("date", str(environment["date"])),
        (
            "training",
            f"{counted(config['train']['epochs'], 'epoch')}{' for each fold' * (split_of(assessment) is None)}, "
            f"{summary['seconds']:,.0f} s in total, {processes}",
        ),
        ("hardware", f"{hardware}; {environment['cpu']}, {counted(environment['cores'], 'core')}"),
        ("versions", ", ".join(f"{name} {version}" for name, version in versions.items() if version)),
    ]


def protocol(assessment: Mapping[str, Any], config: Mapping[str, Any]) -> str:
    """How the numbers were computed, in a few sentences."""
    name = words_of(assessment).score_name
    train, folds, split = config["train"], [str(fold["fold"]) for fold in assessment["folds"]], split_of(assessment)
    tested = f"Each of the folds {', '.join(folds)}" if len(folds) > 1 else f"Fold {folds[0]}"
    if split is not None:
        tested = f"{the_fold(split).capitalize()} is evaluated with a model that was trained on the train split"
        unused = f"Nothing was selected on {the_fold(split)}: its {name} during training is drawn but not used"
        if assessment["validation"]:
            unused = "It is there to choose options by: no result comes from a test"
    elif assessment["validation"]:
        tested += " is validated with a model that has seen neither it nor the next fold, so that options can be chosen"
        unused = "No result comes from a test"
    else:
        tested += " is tested with a model that was trained on all other folds"
        unused = f"Nothing was selected on the test fold: its {name} during training is drawn but not used"
    weights = describe_weights(train.get("ema_decay", 0))
    other = ", or from the model that the training started from" if config.get("model", {}).get("weights") else ""
    return (
        f"{tested}. The training takes {counted(train['epochs'], 'epoch')} of AdamW in batches of "
        f"{train['batch_size']} clips, with a peak learning rate of {train['lr']:g}. The number of epochs was fixed in "
        f"advance, the weights are {weights}, and the normalisation comes from the training "
        f"{'folds' if split is None else 'recordings'}{other}. {unused}."
    )


def start_of(config: Mapping[str, Any]) -> str:
    """from scratch; pre-trained; pre-trained (esc10), backbone frozen."""
    model, freeze = config["model"], config["train"].get("freeze", "none")
    if not (model["pretrained"] or model["weights"]):
        return "from scratch"
    name = f" ({PurePath(model['weights']).name})" if model["weights"] else ""
    return f"pre-trained{name}{'' if freeze == 'none' else f', {freeze} frozen'}"


def split_of(assessment: Mapping[str, Any]) -> str | None:
    """The split that was evaluated; None where the folds have numbers."""
    fold = assessment["folds"][0]["fold"]
    return fold if isinstance(fold, str) else None


def frontend_sentence(frontend: FrontendSummary, sample_rate: int, clip_seconds: float) -> str:
    """What goes into the front-end and what comes out."""
    n_channels, n_bins, n_frames = frontend.shape
    return (
        f"From a clip of {clip_seconds:g} s ({round(clip_seconds * sample_rate):,} samples at {sample_rate:,} Hz), the "
        f"front-end computes {counted(n_channels, 'image')} of {counted(n_bins, 'bin')} × "
        f"{counted(n_frames, 'frame')}. The frames are {1000 * frontend.hop_seconds:.1f} ms apart."
    )


def option_tables(spec: Mapping[str, Any]) -> list[Options]:
    """The options of a front-end, with what its class says of them, then those of its members."""
    name, backend, _ = canonical(spec["name"], spec["backend"], {})
    meanings = option_texts(resolve(name, backend, {}))
    rows = [("backend", backend, "the library that computes the features")]
    for option, value in spec.items():
        if option not in WITHOUT_MEANING and not (option == "input_sample_rate" and value is None):
            rows.append((option, option_text(value), meanings.get(option, "").rstrip(".")))
    tables = [Options(str(spec["name"]), rows)]
    for member in [*spec.get("members", ()), *([spec["member"]] if spec.get("member") else [])]:
        tables += option_tables(member)
    return tables


def option_text(value: object) -> str:
    """An option's value in words and short numbers."""
    if isinstance(value, bool) or value is None:
        return {True: "yes", False: "no", None: "none"}[value]
    return f"{value:.6g}" if isinstance(value, float) else str(value)
