"""`esc-gpu export`: from a run's folder to a file that gives the run's predictions, or to one line on what is wrong."""

from pathlib import Path

import numpy as np
import pytest
import torch

import esc_gpu.inference.export as exporting
from esc_gpu.cli.commands.export import find_test_clips, spread
from esc_gpu.cli.main import main
from esc_gpu.data.recordings.layouts import read_recordings
from esc_gpu.data.recordings.synthetic import write_synthetic
from esc_gpu.data.store.skipped import write_skipped
from esc_gpu.evaluation.finished_run import read_run
from esc_gpu.inference.export import SUFFIXES, read_clips
from esc_gpu.inference.pipeline import load_pipeline
from tests.helpers.exported import OPEN, each_format
from tests.helpers.tiny import OPTIONS, write_tones

pytestmark = pytest.mark.usefixtures("blank_pictures")


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A run of two folds on tones."""
    folder = tmp_path_factory.mktemp("run")
    table = write_tones(folder / "tones", lengths=(1.0, 0.6))
    options = [*OPTIONS, "--data.table", table, "--data.cache_dir", folder / "cache", "--output_dir", folder / "tiny"]
    assert main(["train", *map(str, options)]) == 0
    return folder / "tiny"


@pytest.fixture(scope="module", autouse=True)
def one_graph_for_a_fold(onnx_operators):
    """A fold's graph is made once for all that is written of it."""
    trace, graphs = exporting.trace, {}

    def remember(pipeline, length, outputs):
        key = pipeline.training_info["fold"], length, *outputs
        if key not in graphs:
            graphs[key] = trace(pipeline, length, outputs)
        return graphs[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(exporting, "trace", remember)
        yield


@each_format
def test_the_command_writes_what_gives_the_predictions_of_the_run(run, format, capfd):
    assert main(["export", str(run), "--fold", "2", "--format", format, "--clips", "7"]) == 0
    printed, file = capfd.readouterr(), run / "fold2" / f"model{SUFFIXES[format]}"
    lines = printed.out.splitlines()
    assert lines[0].endswith(f"as {format}; the file will be checked on 7 of the test clips of fold2")
    agreement = "checked on 7 clips: the file predicts the same class as the checkpoint for each; "
    assert lines[1].startswith(f"{agreement}the largest difference of a logit is ")
    assert float(lines[1].split()[-1]) < 1e-3
    assert lines[2].startswith(f"written: {file} (") and len(lines) == 3
    assert all(line.strip().startswith("check:") for line in printed.err.splitlines() if line)  # the bar alone
    results, pipeline = read_run(run), load_pipeline(run, 2)
    test = np.flatnonzero(results.folds == 2)
    clips = read_clips(pipeline, [run.parent / "tones" / results.filenames[n] for n in test])
    with torch.no_grad():
        probabilities = OPEN[format](file)(clips).softmax(1)
    np.testing.assert_allclose(probabilities.numpy(), results.probabilities[test], rtol=0, atol=2e-5)
    file.unlink()


def test_any_length_and_embeddings_on_request(run, tmp_path, capfd):
    file = tmp_path / "model.pt2"
    form = ["--length", "free", "--outputs", "logits,embedding", "--output", str(file), "--clips", "3"]
    assert main(["export", str(run), "--fold", "2", "--format", "torch", *form]) == 0
    lines = capfd.readouterr().out.splitlines()
    assert (
        lines[2] == "3 of them were checked at 256, 4001 and 10667 samples as well; the file takes 256 samples or more"
    )
    assert lines[3].startswith("the embeddings agree within ") and lines[4].startswith(f"written: {file} (")
    logits, embeddings = OPEN["torch"](file)(torch.zeros(2, 5000))
    assert logits.shape == (2, 3) and embeddings.shape[0] == 2


def test_recordings_that_are_gone_are_replaced_by_others(run, tmp_path, capfd):
    tones = run.parent / "tones"
    moved = tones.rename(tmp_path / "moved")
    command = ["export", str(run), "--format", "torch", "--output", str(tmp_path / "model.pt2")]
    try:
        assert main(command) == 2
        message = capfd.readouterr().err
        assert message.startswith("error: the run's recordings cannot be read (") and "--recordings" in message
        assert not list(tmp_path.glob("*.pt2"))
        assert main([*command, "--recordings", str(moved), "--clips", "3"]) == 0
        assert "the file will be checked on 3 of the recordings given" in capfd.readouterr().out
    finally:
        moved.rename(tones)


def test_a_saved_pipeline_needs_recordings(run, tmp_path, capfd):
    load_pipeline(run).save_pretrained(tmp_path / "saved")
    command = ["export", str(tmp_path / "saved"), "--format", "torch"]
    assert main(command) == 2
    assert "saved is not the folder of a fold, so its test clips are unknown: " in capfd.readouterr().err
    assert main([*command, "--recordings", str(run.parent / "tones"), "--clips", "1"]) == 0
    printed = capfd.readouterr().out
    assert "checked on 1 clip:" in printed and (tmp_path / "saved" / "model.pt2").is_file()
    assert "esc-gpu predict" not in printed


def test_a_pipeline_that_predicts_in_half_precision_is_compared_with_its_predictions(run, tmp_path, capfd, monkeypatch):
    pipeline = load_pipeline(run)
    pipeline.training_info["mixed_precision"] = "bf16"
    pipeline.save_pretrained(tmp_path)
    monkeypatch.setattr("esc_gpu.inference.pipeline.is_fast", lambda precision, device: True)
    command = ["export", str(tmp_path), "--format", "torch", "--recordings", str(run.parent / "tones"), "--clips", "3"]
    assert main(command) == 0
    assert "predict uses bf16 here and predicts another class for 0 of the clips" in capfd.readouterr().out


MISTAKES = {
    "no run": (["/nowhere", "--format", "onnx"], "/nowhere is not a folder"),
    "fold": (["RUN", "--format", "onnx", "--fold", "9"], "no trained fold 9"),
    "clips": (["RUN", "--format", "onnx", "--clips", "0"], "--clips is 0"),
    "suffix": (["RUN", "--format", "torch", "--output", "model.onnx"], "model.onnx does not end in .pt2"),
    "hub": (["hf-hub:user/name", "--format", "onnx"], "name the exported file with --output FILE, and the clips"),
    "recordings": (["RUN", "--format", "onnx", "--recordings", "/nowhere.wav"], "/nowhere.wav: No such file"),
    "folder": (["RUN", "--format", "onnx", "--recordings", str(Path(__file__).parent)], "holds no audio files"),
}


@pytest.mark.parametrize(("arguments", "message"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_one_line(run, arguments, message, capfd):
    assert main(["export", *(str(run) if word == "RUN" else word for word in arguments)]) == 2
    errors = capfd.readouterr().err.splitlines()
    assert len(errors) == 1 and errors[0].startswith("error: ") and message in errors[0]


def test_the_embedded_recordings_are_found_in_their_folder(tmp_path):
    root = write_synthetic(tmp_path / "data", clips_per_class=5, progress=False)
    (tmp_path / "config.yaml").write_text(f"data: {{root: {root}}}", encoding="utf-8")
    paths = find_test_clips(tmp_path / "fold3")
    assert len(paths) == 10 and all(path.name.startswith("3-") and path.is_file() for path in paths)
    recordings = read_recordings(root)
    write_skipped(tmp_path, recordings, {recordings.paths.index(path): "damaged, cut off" for path in paths[:2]})
    assert find_test_clips(tmp_path / "fold3") == paths[2:]


@pytest.mark.parametrize(("n_paths", "n"), [(1, 32), (5, 1), (7, 3), (80, 32), (33, 32), (32, 33)])
def test_clips_are_spread_evenly(n_paths, n):
    chosen = spread(list(range(n_paths)), n)
    assert len(chosen) == min(n, n_paths) and chosen[0] == 0
    steps = np.diff([*chosen, n_paths])
    assert steps.min() >= 1 and steps.max() - steps.min() <= 1
