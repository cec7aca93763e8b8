"""Answers for recordings of any length: those of the evaluation for a clip, and a timeline of the long ones."""

import csv
import tracemalloc
from types import SimpleNamespace

import numpy as np
import pytest
import soundfile
import soxr
import torch

from esc_gpu import EscGpuError, Pipeline, WaveformClassifier, create_frontend, load_pipeline
from esc_gpu.cli.main import main
from esc_gpu.data.store.build import open_store
from esc_gpu.inference import predict as module
from esc_gpu.inference.predict import file_windows, predict_file, predict_waveform
from tests.helpers.bars import watch_bars
from tests.helpers.csv_tables import predictions
from tests.helpers.tiny import FREQUENCIES, OPTIONS, RATE, write_tone, write_tones
from tests.helpers.trained_model import NAMES

pytestmark = pytest.mark.usefixtures("blank_pictures")

LENGTHS = (0.7, 1.0, 1.6, 2.6)
LEARN = (
    *("--folds", "2", "--train.epochs", "8", "--train.lr", "0.01"),
    *("--train.warmup_epochs", "1", "--augment.shift_seconds", "0"),
)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A trained run of recordings of several lengths, cut into windows, and its table."""
    folder = tmp_path_factory.mktemp("run")
    table = write_tones(folder / "tones", lengths=LENGTHS)
    options = ["--data.table", str(table), "--data.cache_dir", str(folder / "cache"), "--data.overlap", "0.5"]
    assert main(["train", *OPTIONS, *options, "--output_dir", str(folder / "out"), *LEARN]) == 0
    return folder / "out", table


def direct(pipeline, samples, starts):
    """Probabilities of the windows of int16 `samples` that begin at `starts`, each by itself."""
    clips = [torch.zeros(1, pipeline.n_samples, dtype=torch.int16) for _ in starts]
    for clip, start in zip(clips, starts, strict=True):
        part = torch.from_numpy(samples[start : start + pipeline.n_samples])
        clip[0, : len(part)] = part
    with torch.no_grad():
        return torch.cat([pipeline(clip).softmax(1) for clip in clips]).numpy()


# ---- the same as the evaluation


def test_the_answers_are_those_of_the_evaluation(run):
    """To the printed digits: the last one may be rounded otherwise, for batches of other sizes."""
    output, table = run
    pipeline, rows, windows = load_pipeline(output), predictions(output), 0
    for row in rows:
        prediction = predict_file(pipeline, table.parent / row["filename"], overlap=0.5)
        expected = np.array([float(row[name]) for name in pipeline.class_names])
        np.testing.assert_allclose(prediction.probabilities, expected, rtol=0, atol=1.01e-6)
        assert prediction.top(1)[0][0] == row["prediction"]
        windows += len(prediction.starts_seconds)
    assert windows > len(rows) == 12 and len({row["prediction"] for row in rows}) > 1


def test_so_are_those_of_the_command(run, capsys):
    output, table = run
    expected = {row["filename"]: row for row in predictions(output)}
    paths = [str(table.parent / name) for name in expected]
    assert main(["predict", *paths, "--model", str(output), "--csv", "--top", "3"]) == 0
    rows = list(csv.DictReader(capsys.readouterr().out.splitlines()))
    assert len(rows) == 3 * len(expected) == 36
    for row in rows:
        trained_on = expected[row["path"].rpartition("/")[2]]
        assert abs(float(row["probability"]) - float(trained_on[row["class"]])) <= 1.01e-6
        assert row["rank"] != "1" or row["class"] == trained_on["prediction"]


def test_the_checkpoint_knows_what_it_was_trained_on(run):
    pipeline = load_pipeline(run[0])
    assert (pipeline.sample_rate, pipeline.n_samples) == (RATE, RATE)
    training, rows = pipeline.training_info, predictions(run[0])
    assert (training["recordings"], training["fold"], training["licence"]) == ("tones", 2, None)
    right = sum(row["category"] == row["prediction"] for row in rows)
    assert training["metrics"]["clips"] == len(rows) and training["metrics"]["accuracy"] == pytest.approx(right / 12)
    assert training["mixed_precision"] == pipeline.precision == "no"


def test_real_recordings_are_heard_as_from_the_store(esc10_root, tmp_path):
    """Of Ogg files that are a little longer than their clip, at their own rate and at half of it."""
    paths = sorted((esc10_root / "audio").iterdir())[:3]
    for rate in (44100, 22050):
        torch.manual_seed(0)
        frontend = create_frontend("logmel", sample_rate=rate, n_fft=1024, hop_length=1024, n_mels=32)
        pipeline = Pipeline(WaveformClassifier(frontend, 10, "test_resnet"), list("abcdefghij"), 5.0)
        store = open_store(paths, sample_rate=rate, clip_seconds=5.0, cache_dir=tmp_path, progress=False)
        clips = torch.from_numpy(store.read(np.arange(3)))
        pipeline.model.fit_normalization(clips)
        with torch.no_grad():
            expected = pipeline(clips).softmax(1).numpy()
        for path, probabilities in zip(paths, expected, strict=True):
            prediction = predict_file(pipeline, path)
            assert prediction.window_probabilities.shape == (1, 10) and prediction.duration_seconds > 5
            np.testing.assert_allclose(prediction.probabilities, probabilities, rtol=0, atol=1e-6)


# ---- windows


def test_a_long_recording_is_heard_in_windows(pipeline, changing):
    samples, _ = soundfile.read(changing, dtype="int16")
    prediction = predict_file(pipeline, changing, overlap=0.5)
    last = len(samples) - RATE
    starts = [*range(0, last + 1, RATE // 2), *([last] if last % (RATE // 2) else [])]
    np.testing.assert_allclose(prediction.starts_seconds * RATE, starts)
    np.testing.assert_allclose(prediction.window_probabilities, direct(pipeline, samples, starts), atol=1e-6)
    np.testing.assert_allclose(prediction.probabilities, prediction.window_probabilities.mean(0), atol=1e-6)
    assert prediction.path == changing and prediction.class_names == NAMES and prediction.clip_seconds == 1.0
    assert prediction.duration_seconds == pytest.approx(len(samples) / RATE)


def test_neither_batches_nor_spans_change_the_answer(pipeline, changing, monkeypatch):
    expected = predict_file(pipeline, changing, overlap=0.8)
    for batch_size, span_seconds in ((1, 300), (5, 300), (32, 2), (3, 1), (1000, 3)):
        monkeypatch.setattr(module, "SPAN_SECONDS", span_seconds)
        found = predict_file(pipeline, changing, overlap=0.8, batch_size=batch_size)
        np.testing.assert_array_equal(found.starts_seconds, expected.starts_seconds)
        np.testing.assert_allclose(found.window_probabilities, expected.window_probabilities, rtol=0, atol=1e-6)


def test_no_more_than_a_span_is_decoded_at_once(pipeline, changing, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "SPAN_SECONDS", 2)
    read, lengths = module.read_samples, []

    def watch(path, start, *, samples, **options):
        lengths.append(samples)
        return read(path, start, samples=samples, **options)

    monkeypatch.setattr(module, "read_samples", watch)
    predict_file(pipeline, changing, overlap=0.5)
    assert len(lengths) == 4 and max(lengths) <= (2 + 1) * RATE
    monkeypatch.undo()
    monkeypatch.setattr(module, "read_samples", watch)
    lengths.clear()
    soundfile.write(tmp_path / "long.wav", np.zeros(601 * 1000, np.int16), 1000)
    slow = SimpleNamespace(sample_rate=1000, n_samples=1000, channel="mix")
    sizes = [len(batch) for batch in file_windows(slow, tmp_path / "long.wav", 0.0, 200)[2]]
    assert lengths == [300_000, 300_000, 1000] and sizes == [200, 100, 200, 100, 1]  # five minutes


@pytest.mark.parametrize("asked", [{}, {"progress": True}], ids=["quiet", "asked for"])
def test_a_bar_counts_the_windows_only_where_it_is_asked_for(pipeline, changing, monkeypatch, asked):
    bars = watch_bars(monkeypatch, module)
    n_windows = len(predict_file(pipeline, changing, **asked).starts_seconds)
    shown = [(options["disable"], bar.total, bar.n) for options, bar in bars]
    assert shown == [(not asked, n_windows, n_windows if asked else 0)]
    assert [(options["delay"], options["leave"]) for options, _ in bars] == [(1, False)]  # of a second, and then away


def test_32_windows_are_heard_at_once(pipeline, changing, monkeypatch):
    sizes, waveform = [], soundfile.read(changing)[0]
    monkeypatch.setattr(Pipeline, "forward", lambda self, clips: sizes.append(len(clips)) or torch.zeros(len(clips), 3))
    predict_file(pipeline, changing, 0.85)
    predict_waveform(pipeline, waveform, overlap=0.85)
    pipeline.classify(changing, overlap=0.85)
    assert sizes == 3 * [32, 9]


def test_the_memory_does_not_grow_with_the_length(pipeline, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "SPAN_SECONDS", 20)
    noise, peaks = np.random.default_rng(0).integers(-9000, 9000, 60 * RATE, dtype=np.int16), []
    for minutes in (2, 8):
        with soundfile.SoundFile(tmp_path / "long.flac", "w", RATE, 1) as file:
            for _ in range(minutes):
                file.write(noise)
        tracemalloc.start()
        predict_file(pipeline, tmp_path / "long.flac", overlap=0)
        peaks.append(tracemalloc.get_traced_memory()[1] / 1e6)
        tracemalloc.stop()
    assert peaks[1] < 1.2 * peaks[0] < 8 * 60 * RATE * 2 / 1e6  # MB; the samples alone take 7.7


@pytest.mark.parametrize(("seconds", "windows"), [(0.3, 1), (1.0, 1), (1.04, 1), (1.05, 2), (1.06, 2)])
def test_a_recording_of_about_a_clip_is_one_window(pipeline, tmp_path, seconds, windows):
    """Encoders pad the last block: that is not to be heard as a second clip."""
    write_tone(tmp_path / "tone.wav", 900, seconds, 1)
    samples, _ = soundfile.read(tmp_path / "tone.wav", dtype="int16")
    prediction = predict_file(pipeline, tmp_path / "tone.wav")
    assert len(prediction.starts_seconds) == windows
    np.testing.assert_allclose(prediction.window_probabilities[:1], direct(pipeline, samples, [0]), atol=1e-6)


def test_without_overlap_only_the_beginning_is_heard(pipeline, changing):
    samples, _ = soundfile.read(changing, dtype="int16")
    prediction = predict_file(pipeline, changing, overlap=None)
    np.testing.assert_allclose(prediction.window_probabilities, direct(pipeline, samples, [0]), atol=1e-6)
    assert [(part.start_seconds, part.end_seconds) for part in prediction.timeline()] == [(0, 1)]


def write_two_tones(path, rate, channels):
    """A second of the high tone and one of the low one, all channels the same: backwards it is another recording."""
    time, generator = np.arange(RATE) / RATE, np.random.default_rng(0)
    tones = [0.3 * np.sin(2 * np.pi * FREQUENCIES[name] * time) for name in ("high", "low")]
    samples = soxr.resample(np.concatenate(tones) + 0.1 * generator.standard_normal(2 * RATE), RATE, rate)
    soundfile.write(path, np.stack([samples] * channels, axis=1), rate)
    return path


@pytest.mark.parametrize("name", ["a.flac", "a.ogg", "a.mp3", "a.aiff", "a.w64", "name with spaces é 音.wav"])
def test_any_format_rate_and_number_of_channels_is_heard(run, tmp_path, name):
    """In stereo at another rate it is nearly what it is in mono at the pipeline's, window by window."""
    pipeline = load_pipeline(run[0])
    own = predict_file(pipeline, write_two_tones(tmp_path / "own.wav", RATE, 1)).window_probabilities
    heard = predict_file(pipeline, write_two_tones(tmp_path / name, 44100, 2))
    assert heard.duration_seconds == pytest.approx(2, abs=0.06)
    atol = 0.05 if name in ("a.ogg", "a.mp3") else 0.005
    np.testing.assert_allclose(heard.window_probabilities[: len(own)], own, atol=atol)
    assert np.abs(own - own[::-1]).max() > 0.5  # or a recording that is read backwards would do


# ---- waveforms


@pytest.mark.parametrize("rate", [RATE, 11025])
def test_a_waveform_is_heard_as_the_file_that_holds_it(pipeline, tmp_path, rate):
    file = write_two_tones(tmp_path / "tones.wav", rate, 1)
    expected = predict_file(pipeline, file)
    for dtype in ("int16", "float32", "float64"):
        waveform, _ = soundfile.read(file, dtype=dtype)
        for given in (waveform, torch.from_numpy(waveform)):
            found = predict_waveform(pipeline, given, rate)
            assert found.path is None
            np.testing.assert_array_equal(found.window_probabilities, expected.window_probabilities)
    lower = torch.from_numpy(waveform).half()
    np.testing.assert_allclose(predict_waveform(pipeline, lower, rate).probabilities, expected.probabilities, atol=0.02)
    if rate == RATE:  # by default the pipeline's own
        assert pipeline.classify(waveform).top(3) == expected.top(3)
    assert pipeline.classify(waveform, rate, overlap=0.1).top(3) == pipeline.classify(file, overlap=0.1).top(3)


def test_a_sample_rate_beside_a_file_is_refused(pipeline, tmp_path):
    """The file has its own, and this one would not be heeded."""
    file = write_two_tones(tmp_path / "tones.wav", RATE, 1)
    with pytest.raises(EscGpuError, match="sample_rate=16000 works only with waveforms, but .*tones.wav is a file"):
        pipeline.classify(file, sample_rate=16000)


def test_the_timeline_follows_the_recording(run, changing):
    """Trained on tones, it hears the three of them one after the other."""
    segments = load_pipeline(run[0]).classify(changing, overlap=0.75).timeline()
    heard = {
        name: sum(p.end_seconds - p.start_seconds for p in segments if p.class_name == name) for name in FREQUENCIES
    }
    assert all(1.5 < seconds < 3.2 for seconds in heard.values()) and sum(heard.values()) == pytest.approx(7, abs=0.01)
    assert [part.class_name for part in segments] == list(FREQUENCIES)


def test_answers_leave_the_model_fit_for_gradients(pipeline, changing):
    predict_file(pipeline, changing)
    pipeline.model(torch.zeros(2, RATE)).sum().backward()
    assert next(pipeline.model.backbone.parameters()).grad.isfinite().all()
