"""A whole run on recordings with several labels, and every command on it."""

import csv
import json

import numpy as np
import pytest
import soundfile
from sklearn.metrics import average_precision_score

from esc_gpu import load, load_pipeline
from esc_gpu.cli.main import main
from esc_gpu.core.files import read_json
from esc_gpu.evaluation.finished_run import read_run
from esc_gpu.evaluation.multi_label import best_threshold
from esc_gpu.experiment.examine_run import collect
from esc_gpu.inference.demo import answer, describe
from esc_gpu.report.page.render import render_page
from tests.helpers.one_line import error_line
from tests.helpers.several_labels_runs import write_chords
from tests.helpers.tiny import OPTIONS, RATE
from tests.helpers.undrawn import undrawn, unplotted

MIXED = ("--augment.mixup_alpha", "0.2", "--augment.between_class_probability", "0.3", "--train.ema_decay", "0.5")
RARE = ("--train.class_weights", "balanced", "--train.sampling", "square_root", "--train.focal_gamma", "1")


@pytest.fixture(scope="module")
def work(tmp_path_factory):
    """Two trainings: one that is tested on fold 2, and one that is validated on fold 1 with fold 2 left out."""
    folder = tmp_path_factory.mktemp("several")
    data = ["--data.table", str(write_chords(folder / "chords")), "--data.cache_dir", str(folder / "cache")]
    with unplotted():
        for name, more in {"run": ["--folds", "2"], "validated": ["--folds", "1", "--validate", "true"]}.items():
            assert main(["train", *OPTIONS, *MIXED, *RARE, *data, *more, "--output_dir", str(folder / name)]) == 0
    time = np.arange(3 * RATE) / RATE
    soundfile.write(folder / "long.wav", 0.2 * np.sin(2 * np.pi * 300 * time), RATE)
    return folder


def test_the_files_of_a_run(work):
    summary, fold = read_json(work / "run" / "summary.json"), read_json(work / "run" / "fold2" / "metrics.json")
    assert summary["task"] == "multi_label" and summary["overall"]["map"]["mean"] == fold["map"]
    rows = list(csv.DictReader((work / "run" / "predictions.csv").open(encoding="utf-8")))
    assert {"low|middle", "high", "high|low"} & {row["category"] for row in rows}
    for row in rows:
        shares = {name: float(row[name]) for name in ("high", "low", "middle")}
        assert row["prediction"] == "|".join(name for name, share in shares.items() if share >= 0.5)
        assert float(row["probability"]) == max(shares.values())
    run = read_run(work / "run")
    assert fold["map"] == pytest.approx(average_precision_score(run.labels, run.probabilities), abs=1e-4)
    assert "test_map" in run.history(2)[-1] and "test_accuracy" not in run.history(2)[-1]
    assert read_json(work / "validated" / "fold1" / "metrics.json")["left_out"] == [2]
    pictures = {path.name for path in (work / "run" / "fold2").iterdir()}
    assert "average_precision.png" in pictures and "confusion.png" not in pictures


def test_evaluate_and_compare(work, capsys, tmp_path):
    with undrawn():
        arguments = ["evaluate", str(work / "run"), "--bootstrap", "20", "--validated", str(work / "validated")]
        assert main([*arguments, "--output", str(tmp_path / "out")]) == 0
    assert "chosen on validation clips of validated" in capsys.readouterr().out
    evaluation = read_json(tmp_path / "out" / "evaluation.json")
    assert evaluation["thresholds"]["validated"] == "validated"
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        *("evaluation.json", "evaluation.md", "average_precision.png", "average_precision.pdf"),
        *("reliability.png", "reliability.pdf"),
    }
    assert main(["compare", str(work / "run"), str(work / "validated"), "--bootstrap", "20"]) == 2
    assert "one is validated" in error_line(capsys.readouterr().err)


def test_a_report_of_missed_and_wrongly_heard_classes(work):
    run, validated = read_run(work / "run"), read_run(work / "validated")
    report = collect(run, audio=False, progress=False, validated=validated)
    (fold,) = report.assessment["folds"]
    assert fold["threshold"] == best_threshold(validated.probabilities, validated.labels)
    called = run.probabilities >= fold["threshold"]
    assert sorted(clip.row for clip in report.mistakes) == np.flatnonzero((called != run.labels).any(axis=1)).tolist()
    model = load(work / "run" / "fold2")
    for clip in report.mistakes:
        assert clip.heat.keys() == report.decisions.surest(clip.row).keys() and clip.heat
    assert [bool(run.labels[clip.row, label]) for clip, label in zip(report.examples, report.labels, strict=True)] == (
        [True] * 3
    )
    assert [run.labels[clip.row].sum() for clip in report.examples] == [1, 1, 1]  # of tones alone, where there are any
    assert report.statistics.frames.tolist() == [
        model.frontend.n_frames(RATE) * count for count in run.labels.sum(axis=0)
    ]
    assert report.statistics.without is not None
    page = render_page(report)
    assert "mAP (macro)" in page and f"<td>{fold['threshold']:.2f}</td>" in page and 'class="matrix' not in page


def test_the_pipeline_gives_each_class_a_probability_of_its_own(work, tmp_path):
    pipeline = load_pipeline(work / "run")
    assert pipeline.task == "multi_label"
    prediction = pipeline.classify(work / "long.wav")
    assert prediction.present(0.0) == prediction.top(3) and prediction.present(1.1) == []
    names = [name for name, share in prediction.top(3) if share >= 0.4]
    assert [name for name, _ in prediction.answers(threshold=0.4)] == names
    assert prediction.answers(1, 0.0) == prediction.top(1)
    pipeline.save_pretrained(tmp_path / "saved")
    again = load_pipeline(tmp_path / "saved")
    assert again.task == "multi_label"
    np.testing.assert_array_equal(again.classify(work / "long.wav").probabilities, prediction.probabilities)
    card = (tmp_path / "saved" / "README.md").read_text(encoding="utf-8")
    assert "A clip may get several of them, or none." in card and "| mAP |" in card and ".present()" in card
    assert "several of them at once" in describe(pipeline) and "mean average precision" in describe(pipeline)
    assert set(answer(pipeline, work / "long.wav").probabilities) == {"high", "low", "middle"}


def test_predict_prints_all_classes_from_the_threshold_on(work, capsys):
    command = ["predict", str(work / "long.wav"), "--model", str(work / "run")]
    assert main([*command, "--threshold", "0"]) == 0
    said = capsys.readouterr().out.partition(": ")[2].split(", ")
    assert {text.split()[0] for text in said} == {"high", "low", "middle"}
    assert main([*command, "--threshold", "1"]) == 0
    assert capsys.readouterr().out.rstrip().endswith(": no class")
    assert main([*command, "--threshold", "0", "--top", "2", "--json", "--timeline"]) == 0
    document = json.loads(capsys.readouterr().out)
    (file,) = document["files"]
    assert document["model"]["task"] == "multi_label" and len(file["top"]) == 2
    spans = {part["class"]: (part["start_seconds"], part["end_seconds"]) for part in file["timeline"]}
    assert spans == dict.fromkeys(("high", "low", "middle"), (0.0, 3.0))
