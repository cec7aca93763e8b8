"""What `esc_gpu.experiment.examine_run.collect` would give for a made-up run, without training anything."""

import json
from pathlib import Path

import numpy as np
import torch

from esc_gpu.evaluation.decisions import decide
from esc_gpu.evaluation.feature_statistics import RunningStatistics
from esc_gpu.evaluation.finished_run import read_run
from esc_gpu.evaluation.task_assessment import assess_runs
from esc_gpu.experiment.examine_run import example_rows, renumbered, standardised
from esc_gpu.frontends.images import feature_image
from esc_gpu.frontends.registry import create_frontend
from esc_gpu.report.audio import encode_audio
from esc_gpu.report.contents import Example, FoldMap, FrontendSummary, Mistake, RunReport
from tests.helpers.made_up_runs import write_run
from tests.helpers.several_labels_runs import write_several

RATE = 8000
SMALL = {"sample_rate": RATE, "n_fft": 256, "hop_length": 256}
LOGMEL = {"name": "logmel", "n_mels": 16, **SMALL}


def make_report(
    folder: Path,
    frontend: dict = LOGMEL,
    *,
    audio: bool = True,
    heat: bool = True,
    several: bool = False,
    **options: object,
) -> RunReport:
    """A report of noise; `options` are those of `write_run`, or with `several` labels a clip of `write_several`."""
    run = read_run(complete((write_several if several else write_run)(folder, **options)))
    layer, generator = create_frontend(**frontend), np.random.default_rng(0)
    waveforms = (3000 * generator.standard_normal((len(run.labels), RATE))).astype(np.int16)
    with torch.no_grad():
        features = layer(torch.from_numpy(waveforms))
    labels = np.flatnonzero(run.has_class.any(axis=0))
    statistics = RunningStatistics(len(labels), len(run.labels), features.shape[1:3])
    statistics.update(features, renumbered(run), np.arange(len(run.labels)))
    assessment = assess_runs([run], n_bootstrap=20)
    decisions = decide(run, assessment)
    wrong = decisions.mistakes.tolist()
    sound = encode_audio(waveforms[0], RATE) if audio else None

    def clip(row):
        return {"row": row, "start_seconds": 0.0, "features": feature_image(layer, features[row]), "audio": sound}

    hot = generator.random(features.shape[2:]).astype(np.float16)
    heats = {"predicted": hot, "true": 1 - hot}

    def heat_of(row):
        return {name: heats[name] for name in decisions.surest(row)} if heat else {}

    return RunReport(
        run=run,
        assessment=assessment,
        sample_rate=RATE,
        clip_seconds=1.0,
        frontend=FrontendSummary(layer.spec, layer.channel_axes(), tuple(features.shape[1:]), layer.hop_seconds),
        labels=labels.tolist(),
        statistics=statistics.result(),
        examples=[
            Example(
                **clip(row), waveform=waveforms[row] / 32768, inputs=standardised(feature_image(layer, features[row]))
            )
            for row in example_rows(run, labels).tolist()
        ],
        maps=[
            FoldMap(fold, np.flatnonzero(run.folds == fold), generator.random((int((run.folds == fold).sum()), 2)))
            for fold in run.fold_numbers
        ],
        mistakes=[Mistake(**clip(row), heat=heat_of(row)) for row in wrong],
        n_mistakes=len(wrong),
        heat_cells=(2, 3) if heat else None,
        no_heat=None if heat else "Grad-CAM needs maps <here>",
    )


def complete(folder: Path) -> Path:
    """The run with all that a real one's summary and folds hold."""
    summary = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    n_clips = len((folder / "predictions.csv").read_text(encoding="utf-8").splitlines()) - 1
    summary["data"] |= {"subset": "all", "clips": n_clips, "classes": len(summary["class_names"])}
    summary |= {"seconds": 12.5, "processes": 1, "mixed_precision": "no"}
    summary["environment"] = {
        **{"date": "2026-11-24", "cpu": "some <CPU>", "cores": 2, "threads": 2, "gpu": None, "cuda": None},
        **{"platform": "Linux", "python": "3.11.7", "versions": {"torch": "2.11.0", "soxr": None}},
    }
    (folder / "summary.json").write_text(json.dumps(summary), encoding="utf-8")
    for fold in summary["folds"]:
        (folder / f"fold{fold['fold']}").mkdir(exist_ok=True)
        records = [{"epoch": epoch, "loss": 2 / epoch, "lr": 1e-3, "seconds": 1.0} for epoch in (1, 2, 3)]
        score = "test_map" if summary.get("task") == "multi_label" else "test_accuracy"
        records[-1] |= {"test_loss": 0.9, score: 0.5}
        lines = "".join(json.dumps(record) + "\n" for record in records)
        (folder / f"fold{fold['fold']}" / "metrics.jsonl").write_text(lines, encoding="utf-8")
    return folder
