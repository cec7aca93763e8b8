"""A run of recordings with one good channel, at levels that int16 does not hold: all who read them agree."""

import warnings

import numpy as np
import pytest
import soundfile

from esc_gpu import load_pipeline
from esc_gpu.core.files import read_json
from esc_gpu.errors import EscGpuWarning
from esc_gpu.evaluation.finished_run import read_run
from esc_gpu.experiment.cross_validation import run
from esc_gpu.experiment.recordings import open_clips, open_recordings
from esc_gpu.experiment.run_clips import open_run_clips
from esc_gpu.inference.export import read_clips
from esc_gpu.inference.predict import predict_file
from tests.helpers.csv_tables import predictions
from tests.helpers.tiny import RATE, parsed, write_tones

pytestmark = pytest.mark.usefixtures("blank_pictures")


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    """Tones in the left channel, in turn as they were, at -80 dB in 24 bits and at four times full scale in floats."""
    table = write_tones(tmp_path_factory.mktemp("levels"))
    for number in range(24):
        path = table.parent / f"{number}.wav"
        tone = soundfile.read(path)[0]
        scale, subtype = ((1.0, "PCM_16"), (3e-4, "PCM_24"), (12.0, "FLOAT"))[number // 3 % 3]
        soundfile.write(path, scale * np.stack([tone, -0.8 * tone], axis=1), RATE, subtype)
    return table


def test_evaluation_prediction_report_and_export_read_the_same_samples(table, tmp_path):
    options = ["--data.table", str(table), "--data.cache_dir", str(tmp_path / "cache"), "--data.channel", "left"]
    config = parsed(*options, "--output_dir", str(tmp_path / "run"), "--folds", "2", "--train.epochs", "1")
    with warnings.catch_warnings():
        warnings.simplefilter("error", EscGpuWarning)
        summary = run(config)
        recordings = open_recordings(config, False, lambda line: None)
        store, windows, _ = open_clips(config, recordings, False)
    assert summary["data"]["channel"] == summary["config"]["data"]["channel"] == "left"
    assert sorted(set(store.exponents.tolist())) == [-12, 0, 3]
    pipeline = load_pipeline(tmp_path / "run")
    assert pipeline.channel == "left" == read_json(tmp_path / "run" / "fold2" / "pipeline.json")["training"]["channel"]
    for row in predictions(tmp_path / "run"):
        found = predict_file(pipeline, table.parent / row["filename"], overlap=None).probabilities
        np.testing.assert_allclose(found, [float(row[name]) for name in pipeline.class_names], rtol=0, atol=1.01e-6)
    tested = np.flatnonzero(recordings.folds == 2)
    read = open_run_clips(read_run(tmp_path / "run"), progress=False).read(np.arange(len(tested)))
    np.testing.assert_array_equal(read.numpy(), store.read(tested))
    exported = read_clips(pipeline, [recordings.paths[number] for number in tested])
    np.testing.assert_array_equal(exported.numpy(), store.read(tested))


def test_the_mean_of_channels_that_cancel_is_warned_of_each_time(table, tmp_path):
    config = parsed("--data.table", str(table), "--data.cache_dir", str(tmp_path / "cache"))
    recordings = open_recordings(config, False, lambda line: None)
    said = "^24 of 24 clips are left with less than a tenth .*: 0.wav, 1.wav, 2.wav, [.]{4} Read"
    for _ in range(2):  # from a store that is there, too
        with pytest.warns(EscGpuWarning, match=said):
            open_clips(config, recordings, False)
