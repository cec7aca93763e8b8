"""What is collected of a run for its report: its test clips, seen again by the models of their folds."""

import shutil
from dataclasses import replace

import numpy as np
import pytest
import torch
from sklearn.metrics import pairwise_distances
from tqdm import tqdm

from esc_gpu import EscGpuError, load
from esc_gpu.data.clips.decode import decode_clip
from esc_gpu.evaluation.decisions import decide
from esc_gpu.evaluation.feature_statistics import RunningStatistics
from esc_gpu.evaluation.finished_run import read_run
from esc_gpu.experiment.examine_run import collect, look_at, map_to_plane
from esc_gpu.experiment.run_clips import open_run_clips
from esc_gpu.model.explain import grad_cam
from tests.helpers.tiny import RATE
from tests.helpers.tiny_run import train_tones

LENGTHS = (1.6, 0.7, 1.3, 1.0)  # s: 3, 1, 2 and 1 windows of 1 s that share half
OPTIONS = (*("--data.overlap", "0.5"), *("--frontend.n_mels", "64", "--frontend.hop_length", "64"))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return train_tones(tmp_path_factory.mktemp("tones"), *OPTIONS, lengths=LENGTHS)


@pytest.fixture(scope="module")
def run(folder):
    return read_run(folder)


@pytest.fixture(scope="module")
def report(run):
    return collect(run, progress=False)


def test_there_is_a_clip_of_each_class_and_every_mistake(run, report):
    assert [run.labels[clip.row] for clip in report.examples] == report.labels == [0, 1, 2]
    assert [clip.row for clip in report.mistakes] == decide(run).mistakes.tolist()
    assert report.n_mistakes == len(report.mistakes) == int((run.predictions != run.labels).sum()) > 0
    surest = run.probabilities.max(axis=1)[[clip.row for clip in report.mistakes]]
    assert (np.diff(surest) <= 0).all()


def test_clips_are_those_of_the_recordings(folder, run, report):
    for clip in report.examples:
        path = folder.parent / "tones" / run.filenames[clip.row]
        expected = decode_clip(path, 0, sample_rate=RATE, samples=RATE) / 32768
        assert np.array_equal(clip.waveform, expected) and clip.start_seconds == 0


def test_inputs_are_what_the_backbone_of_the_clips_own_fold_sees(run, report):
    for clip in report.examples:
        model = load(run.fold_folder(int(run.folds[clip.row])))
        waveform = torch.from_numpy(clip.waveform[None]).float()
        with torch.no_grad():
            assert np.allclose(clip.inputs.values, model.image(waveform)[0].numpy(), atol=1e-4)
            assert np.allclose(clip.features.values, model.frontend(waveform)[0].numpy(), atol=1e-3)
        assert clip.inputs.value_unit == "standard deviations" and clip.inputs.is_signed


def test_a_mistake_shows_the_window_that_speaks_most_for_it(folder, run, report):
    clips = open_run_clips(run, progress=False)
    several = [clip for clip in report.mistakes if (clips.windows.recording == clip.row).sum() > 1]
    assert several
    for clip in several:
        model = load(run.fold_folder(int(run.folds[clip.row])))
        numbers = np.flatnonzero(clips.windows.recording == clip.row)
        waveforms = clips.read(numbers)
        with torch.no_grad():
            best = int(model(waveforms).softmax(dim=1)[:, run.predictions[clip.row]].argmax())
        assert clip.start_seconds == clips.windows.start[numbers[best]] / RATE
        for kind, label in (("predicted", run.predictions[clip.row]), ("true", run.labels[clip.row])):
            expected = grad_cam(model, waveforms[best : best + 1], [int(label)])[0]
            assert np.allclose(clip.heat[kind], expected, atol=2e-3)  # float16


def test_statistics_are_of_all_sounding_frames_of_a_class(run, report):
    """Without the zeros behind the end of a recording."""
    clips = open_run_clips(run, progress=False)
    model = load(run.fold_folder(1))
    numbers = np.flatnonzero(run.labels[clips.windows.recording] == 1)
    waveforms, hop = clips.read(numbers), model.frontend.hop_length
    with torch.no_grad():
        features = model.frontend(waveforms).double().numpy()
    padded = np.pad(waveforms.numpy(), ((0, 0), (hop // 2, hop)))
    around = [padded[:, n * hop : (n + 1) * hop].any(axis=1) for n in range(features.shape[-1])]
    sounding = np.stack(around, axis=1)
    frames = np.moveaxis(features, -1, 1)[sounding]  # (frames, C, F)
    assert 0 < len(frames) < sounding.size
    assert np.allclose(report.statistics.means[1], frames.mean(axis=0), atol=1e-4)
    assert np.allclose(report.statistics.spreads[1], frames.std(axis=0), atol=1e-4)
    assert report.statistics.frames[1] == len(frames)
    assert report.statistics.without is None  # Fisher's ratio is that of all classes


def test_maps_hold_each_test_clip_once_and_keep_neighbours(run, report):
    assert [part.fold for part in report.maps] == run.fold_numbers
    rows = np.concatenate([part.rows for part in report.maps])
    assert sorted(rows.tolist()) == list(range(len(run.labels)))
    for part in report.maps:
        assert part.points.shape == (len(part.rows), 2)
        assert part.points.min() >= 0 and part.points.max() <= 1


def test_the_plane_keeps_groups_together_and_is_the_same_each_time():
    generator = np.random.default_rng(0)
    groups = np.repeat(np.eye(3), 20, axis=0)
    embeddings = 10 * groups @ generator.standard_normal((3, 16)) + 0.1 * generator.standard_normal((60, 16))
    points = map_to_plane(embeddings)
    assert np.array_equal(points, map_to_plane(embeddings))
    distances = pairwise_distances(points) + np.eye(60) * 10
    assert (groups[distances.argmin(axis=1)] == groups).all()
    assert points.min(axis=0).tolist() == [0, 0] and points.max(axis=0).tolist() == [1, 1]


@pytest.mark.parametrize("shape", [(1, 4), (2, 4), (3, 4), (5, 1), (4, 4)])
def test_a_plane_of_few_clips(shape):
    points = map_to_plane(np.random.default_rng(0).standard_normal(shape))
    assert points.shape == (shape[0], 2) and np.isfinite(points).all() and points.min() >= 0 and points.max() <= 1


def test_clips_that_are_all_the_same_have_a_place():
    points = map_to_plane(np.ones((6, 4)))
    assert np.isfinite(points).all() and points.min() >= 0 and points.max() <= 1


def test_less_can_be_asked_for(run):
    report = collect(run, audio=False, n_mistakes=2, progress=False)
    assert len(report.mistakes) == 2 and report.n_mistakes > 2
    assert all(clip.audio is None for clip in (*report.examples, *report.mistakes))
    assert not collect(run, audio=False, n_mistakes=0, progress=False).mistakes


def test_recordings_that_moved_are_found_by_root(folder, run, tmp_path):
    tones = folder.parent / "tones"
    moved = tmp_path / "elsewhere"
    shutil.copytree(tones, moved)
    (tones / "tones.csv").rename(tones / "away.csv")
    try:
        with pytest.raises(EscGpuError, match=r"tones.csv.*have moved, give their folder with --root DIR"):
            open_run_clips(run, progress=False)
        clips = open_run_clips(run, moved, progress=False)
        assert [path.parent for path in clips.paths] == [moved] * len(run.filenames)
        assert [path.name for path in clips.paths] == list(run.filenames)
    finally:
        (tones / "away.csv").rename(tones / "tones.csv")


def test_recordings_of_another_class_are_refused(folder, run, tmp_path):
    moved = tmp_path / "others"
    shutil.copytree(folder.parent / "tones", moved)
    table = moved / "tones.csv"
    text = table.read_text(encoding="utf-8").replace("high", "lofty").replace("low", "high").replace("lofty", "low")
    table.write_text(text, encoding="utf-8")
    shutil.move(folder.parent / "tones" / "tones.csv", tmp_path / "kept.csv")
    try:
        with pytest.raises(EscGpuError, match=r"16 of 24 are missing or of another fold or class"):
            open_run_clips(run, moved, progress=False)
    finally:
        shutil.move(tmp_path / "kept.csv", folder.parent / "tones" / "tones.csv")


def test_other_probabilities_than_those_of_the_run_are_refused(run):
    other = replace(run, probabilities=np.roll(np.eye(3)[run.labels], 1, axis=1))
    with pytest.raises(EscGpuError, match="gives these recordings other probabilities than predictions.csv has, 0"):
        collect(other, audio=False, progress=False)


def test_a_model_that_is_evaluated_over_shifts_has_the_probabilities_of_the_run(tmp_path):
    options = ("--model.test_shifts", "2", "--folds", "1")
    run = read_run(train_tones(tmp_path, *options, per_class=2, lengths=(0.5,)))  # silent halves: shifts show
    clips, model = open_run_clips(run, progress=False), load(run.fold_folder(1))
    with tqdm(disable=True) as bar:
        statistics = RunningStatistics(3, len(clips.windows.start), (1, 16))
        seen = look_at(model, clips, run, 1, statistics, bar)
    np.testing.assert_allclose(seen.probabilities, run.probabilities[seen.rows], atol=1e-4)


def test_a_missing_model_and_a_bad_number_are_refused(run, tmp_path):
    with pytest.raises(EscGpuError, match="has no model.safetensors: train the run again"):
        bare = tmp_path / "bare"
        bare.mkdir()
        shutil.copytree(run.folder, bare, ignore=shutil.ignore_patterns("*.safetensors"), dirs_exist_ok=True)
        collect(replace(run, folder=bare), progress=False)
    with pytest.raises(EscGpuError, match="mistakes is -1; expected 0 or more"):
        collect(run, n_mistakes=-1, progress=False)


def test_curves_that_are_missing_are_named(run, tmp_path):
    bare = shutil.copytree(run.folder, tmp_path / "bare")
    (bare / "fold1" / "metrics.jsonl").write_text("", encoding="utf-8")
    with pytest.raises(EscGpuError, match="metrics.jsonl is empty: train the run again"):
        collect(replace(run, folder=bare), progress=False)
    (bare / "fold1" / "metrics.jsonl").unlink()
    with pytest.raises(EscGpuError, match="metrics.jsonl cannot be read"):
        collect(replace(run, folder=bare), progress=False)
