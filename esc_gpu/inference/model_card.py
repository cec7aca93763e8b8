"""The README.md of a shared pipeline, with the head in YAML that the Hugging Face hub reads."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from huggingface_hub import EvalResult, ModelCard, ModelCardData

from esc_gpu.core.folds import the_fold
from esc_gpu.core.task import MULTI_LABEL, SINGLE_LABEL
from esc_gpu.core.text import describe_weights, escape
from esc_gpu.report.tables import percent

LIBRARY, TASK = "esc_gpu", "audio-classification"
LICENCES = {"CC BY 3.0": "cc-by-3.0", "CC BY-NC 3.0": "cc-by-nc-3.0"}  # as the hub calls them
METRICS = {
    "accuracy": ("accuracy", "accuracy"),
    "map": ("mean_average_precision", "mAP"),
    "auroc": ("roc_auc", "AUROC"),
    "lwlrap": ("lwlrap", "lwlrap"),
    "macro_f1": ("f1", "macro-F1"),
    "top3_accuracy": ("accuracy", "top-3"),
}
PRIMARY = {SINGLE_LABEL: "accuracy", MULTI_LABEL: "mean_average_precision"}
TASK_LIMITS = {
    SINGLE_LABEL: """\
- The model knows only its {num_classes} classes. It assigns every other sound, and silence, to one of them.
- Each clip gets one class, even if several sounds are heard at once.
- The probabilities come from the softmax. The accuracy does not show how well they are calibrated.""",
    MULTI_LABEL: """\
- The model knows only its {num_classes} classes. A clip may get several of them, or none.
- A class counts as present if its probability is 0.5 or more, unless you choose another threshold.
- The probabilities come from the sigmoid of each output, so they do not add up to 1. The scores do not show how well
  they are calibrated.""",
}

ONE_FOLD = "One fold is a small sample. A cross-validation over all folds says more."

TEMPLATE = """\
# {title}

A classifier of environmental sounds, trained with esc_gpu: the features `{frontend}` are a layer of the model; they are
computed from the waveform, normalised, and given to timm's `{backbone}`, which has {num_classes} outputs.

## Classes

{classes}

## Input

Mono, {sample_rate} Hz, clips of {clip_seconds:g} s: `(B, {n_samples})`, int16 or floating point with full scale at ±1.
`classify` and `esc-gpu predict` accept audio files of any length, format and sample rate. They mix them down to mono,
resample them, and cut windows of this length. The features have these options:

```yaml
{options}
```

## Evaluation

{evaluation}

## Use

```python
from esc_gpu import Pipeline

pipeline = Pipeline.from_pretrained("{address}")
print(pipeline.classify("recording.wav").{call})  # [(class, probability), ...]
```

```sh
esc-gpu predict recording.wav --model {command_address}
```

## Limits

{task_limits}
{limits}

## Licence

{licence}
"""


def write_card(description: Mapping[str, Any], sample_rate: int, repo_id: str | None = None) -> str:
    """The model card of a pipeline, Markdown.

    Args:
        description: the content of its `pipeline.json`.
        sample_rate: of the waveforms that it takes, in Hz.
        repo_id: its name on the hub, if it has one.
    """
    training, frontend, backbone = description["training"], description["frontend"], description["backbone"]
    class_names = description["class_names"]
    text = TEMPLATE.format(
        title=f"Environmental sounds with {frontend['name']} and {backbone}",
        frontend=frontend["name"],
        backbone=backbone,
        num_classes=len(class_names),
        classes=", ".join(map(escape, class_names)),
        sample_rate=sample_rate,
        clip_seconds=description["clip_seconds"],
        n_samples=round(description["clip_seconds"] * sample_rate),
        options=yaml.safe_dump(frontend, sort_keys=False).rstrip(),
        evaluation=_start(training) + _evaluation(training),
        call="top(3)" if description["task"] == SINGLE_LABEL else "present()",
        address=repo_id or "FOLDER",
        command_address=f"hf-hub:{repo_id}" if repo_id else "FOLDER",
        task_limits=TASK_LIMITS[description["task"]].format(num_classes=len(class_names)),
        limits=_limits(training),
        licence=_licence(training),
    )
    return f"---\n{_head(description, repo_id).to_yaml()}\n---\n\n{text}"


def is_card(file: Path) -> bool:
    """Whether a README.md is the card of such a pipeline, which may be replaced."""
    try:
        return ModelCard(file.read_text(encoding="utf-8")).data.get("library_name") == LIBRARY
    except (ValueError, yaml.YAMLError):  # no UTF-8, no YAML
        return False


def _head(description: Mapping[str, Any], repo_id: str | None) -> ModelCardData:
    training, frontend, backbone = description["training"], description["frontend"]["name"], description["backbone"]
    name = repo_id.rpartition("/")[2] if repo_id else f"{frontend}-{backbone}"
    recordings = str(training.get("recordings"))
    results = [
        EvalResult(
            task_type=TASK,
            dataset_type=recordings,
            dataset_name=recordings,
            dataset_split=_split(training),
            metric_type=metric_type,
            metric_name=metric_name,
            metric_value=round(training["metrics"][metric], 4),
        )
        for metric, (metric_type, metric_name) in METRICS.items()
        if metric in (training.get("metrics") or {})
    ]
    return ModelCardData(
        license=LICENCES.get(str(training.get("licence"))),
        library_name=LIBRARY,
        pipeline_tag=TASK,
        tags=["environmental-sound-classification", "audio", "timm", frontend, backbone],
        metrics=[PRIMARY[description["task"]], "f1"] if results else None,
        model_name=name if results else None,
        eval_results=results or None,
    )


def _start(training: dict[str, Any]) -> str:
    """Which trained model it began with, and what of that was kept; a paragraph, or nothing."""
    start, freeze = training.get("start") or {}, training.get("freeze", "none")
    if not start:
        return ""
    recordings = f", trained on {escape(str(start['recordings']))}" if "recordings" in start else ""
    licence = f" under {escape(str(start['licence']))}" if "licence" in start else ""
    kept = {
        "frontend": "Its front-end was not changed.",
        "stages": "Its front-end and the first stages of its backbone were not changed.",
        "backbone": "Only its last layer was trained.",
    }.get(freeze, "All its weights were trained further.")
    return f"The training started from the model {escape(str(start.get('name')))}{recordings}{licence}. {kept}\n\n"


def _evaluation(training: dict[str, Any]) -> str:
    metrics = training.get("metrics")
    if not metrics:
        return "Not known."
    rows = [f"| {title} | {percent(metrics[name])} % |" for name, (_, title) in METRICS.items() if name in metrics]
    fold: Any = training.get("fold")
    if isinstance(fold, str):
        trained = "trained on the train split"
        trained += ", so that options can be chosen. This is not a test" * bool(training.get("validation"))
    elif training.get("validation"):
        trained = "trained on the other folds except the next one, so that options can be chosen. This is not a test"
    else:
        trained = "trained on all other folds. The program selected nothing on this fold"
    normalized = f"the training {'recordings' if isinstance(fold, str) else 'folds'}"
    if (training.get("start") or {}).get("normalization"):
        normalized = "the model that the training started from"
    return (
        f"The model was evaluated on {the_fold(fold)} of {escape(str(training.get('recordings')))}, with "
        f"{metrics.get('clips')} recordings. It was {trained}. The number of epochs was fixed in advance, the weights "
        f"are {describe_weights(training.get('ema_decay', 0))}, and the normalisation is that of {normalized}."
        "\n\n| metric | value |\n| --- | --- |\n"
        + "\n".join(rows)
        + ("" if isinstance(fold, str) else f"\n\n{ONE_FOLD}")
    )


def _split(training: Mapping[str, Any]) -> str:
    """Which part of the recordings the metrics are of, in a word."""
    fold = training.get("fold")
    if isinstance(fold, str):
        return fold
    return f"fold {fold}{' (validation)' * bool(training.get('validation'))}"


def _limits(training: dict[str, Any]) -> str:
    if training.get("synthetic"):
        return "- The model was trained on synthetic sounds. Its results say nothing about real recordings."
    return "- With other microphones, rooms and levels than in the training recordings, the results may be worse."


def _licence(training: dict[str, Any]) -> str:
    if training.get("licence") is not None:
        licence = escape(str(training["licence"]))
        return (
            f"Trained on recordings of ESC-50 under {licence}: K. J. Piczak, *ESC: Dataset for Environmental Sound "
            "Classification*, ACM Multimedia 2015, [doi:10.1145/2733373.2806390]"
            "(https://doi.org/10.1145/2733373.2806390). The weights are shared under the same licence."
        )
    if training.get("synthetic"):
        return "The model was trained on synthetic sounds, and only their makers hold rights in them."
    return "The program does not know the licence of the recordings. State it here before you share the weights."
