"""What cannot be heard: options out of range, files and waveforms without audio, a model or a device that fails."""

import numpy as np
import pytest
import soundfile
import torch

from esc_gpu import EscGpuError, Pipeline
from esc_gpu.inference.predict import predict_file, predict_waveform
from tests.helpers.tiny import RATE
from tests.helpers.trained_model import FRONTENDS, NAMES, trained


@pytest.mark.parametrize(
    ("waveform", "rate", "message"),
    [
        (np.zeros((1, RATE)), RATE, "a waveform is (T,) int16 or floating, got (1, 8000) torch.float64"),
        (np.zeros(RATE, dtype=np.int64), RATE, "got (8000,) torch.int64"),
        (np.zeros(0), RATE, "the waveform: has no audio"),
        (np.full(RATE, np.nan), RATE, "the waveform: has NaN or Inf samples"),
        (np.full(RATE, -1e300), RATE, "the waveform: has samples of up to 1e+300, which float32 does not hold"),
        (np.zeros(RATE), 0, "sample_rate is 0"),
        (np.zeros(RATE), 7999.5, "sample_rate is 7999.5; expected a whole number of Hz"),
        (np.zeros(RATE), np.nan, "sample_rate is nan; expected a whole number of Hz"),
    ],
)
def test_what_is_no_waveform_is_refused(pipeline, waveform, rate, message):
    with pytest.raises(EscGpuError) as error:
        predict_waveform(pipeline, waveform, rate)
    assert message in str(error.value) and "\n" not in str(error.value)


def test_sample_rates_end_where_those_of_files_do(pipeline):
    assert predict_waveform(pipeline, np.zeros(100), 100).duration_seconds == pytest.approx(1)
    with pytest.raises(EscGpuError, match="^sample_rate is 99; expected a whole number of Hz from 100 to 768000"):
        predict_waveform(pipeline, np.zeros(100), 99)
    with pytest.raises(EscGpuError, match="^sample_rate is 768001; "):
        predict_waveform(pipeline, np.zeros(100), 768_001)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"overlap": 1.0}, "overlap is 1.0; expected a share from 0 to 0.95"),
        ({"overlap": -0.1}, "overlap is -0.1"),
        ({"overlap": float("nan")}, "overlap is nan"),
        ({"batch_size": 0}, "the batch size is 0"),
    ],
)
def test_options_out_of_range_are_refused(pipeline, changing, options, message):
    with pytest.raises(EscGpuError, match=message):
        predict_file(pipeline, changing, **options)


def test_files_that_cannot_be_read_are_refused(pipeline, changing, tmp_path):
    (tmp_path / "text.wav").write_text("no audio", encoding="utf-8")
    (tmp_path / "empty.wav").write_bytes(b"")
    (tmp_path / "cut.flac").write_bytes(b"")
    soundfile.write(tmp_path / "cut.flac", soundfile.read(changing)[0], RATE)
    whole = (tmp_path / "cut.flac").read_bytes()
    (tmp_path / "cut.flac").write_bytes(whole[: len(whole) // 2])
    soundfile.write(tmp_path / "nan.wav", np.full(RATE, np.inf), RATE, "FLOAT")
    for name in ("missing.wav", "text.wav", "empty.wav", "cut.flac", "nan.wav"):
        with pytest.raises(EscGpuError) as error:
            predict_file(pipeline, tmp_path / name)
        assert str(tmp_path / name) in str(error.value) and "\n" not in str(error.value)


def test_a_full_disk_is_told_of_where_a_file_has_to_be_kept(pipeline, monkeypatch):
    def fail(*arguments, **options):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(soundfile, "write", fail)
    with pytest.raises(EscGpuError, match=r"the waveform cannot be kept in .* \(No space left on device\)"):
        predict_waveform(pipeline, np.zeros(RATE))


def test_a_model_that_gives_nan_is_told_of(changing):
    model, _ = trained(FRONTENDS["logmel"])
    with torch.no_grad():
        next(model.backbone.parameters()).fill_(float("nan"))
    with pytest.raises(EscGpuError, match="the model returns NaN"):
        predict_file(Pipeline(model, NAMES, 1.0), changing)


@pytest.mark.parametrize(
    "error",
    [torch.OutOfMemoryError("CUDA out of memory"), RuntimeError("MPS backend out of memory (MPS allocated: 5.5 GB)")],
    ids=["CUDA", "MPS"],
)
def test_a_batch_too_large_for_the_device_is_told_of(pipeline, changing, monkeypatch, error):
    def fail(self, waveform):
        raise error

    monkeypatch.setattr(Pipeline, "forward", fail)
    told = "does not have enough memory for 13 clips at once: choose a smaller batch size"
    with pytest.raises(EscGpuError, match=told):
        predict_file(pipeline, changing)


def test_another_error_of_the_device_is_passed_on(pipeline, changing, monkeypatch):
    def fail(self, waveform):
        raise RuntimeError("mat1 and mat2 shapes cannot be multiplied")

    monkeypatch.setattr(Pipeline, "forward", fail)
    with pytest.raises(RuntimeError, match="^mat1 and mat2 shapes"):
        predict_file(pipeline, changing)
