"""A fold's clips: those it is trained on and those it is tested on are kept apart, whoever asks for them."""

import dataclasses

import numpy as np
import pytest
import torch

from esc_gpu.data.clips.windows import Windows
from esc_gpu.errors import EscGpuError
from esc_gpu.experiment.cross_validation import fold_data
from esc_gpu.training import loop as training
from esc_gpu.training.accelerator import create_accelerator
from esc_gpu.training.fold import FoldData
from esc_gpu.training.loop import fit_normalization, train_fold, training_batches
from tests.helpers.known_recordings import recordings
from tests.helpers.small_model import trainable_model
from tests.helpers.tiny import parsed
from tests.helpers.tiny_fold import tiny_fold


def test_windows_of_a_recording_on_both_sides_are_refused():
    recording = np.array([0, 0, 1, 1, 2, 2])
    names = ("a.wav", "b.wav", "c.wav")
    FoldData(None, None, 2, np.arange(4), np.arange(4, 6), recording, names)
    with pytest.raises(EscGpuError, match="^b.wav has clips to train on and clips to test on") as refused:
        FoldData(None, None, 2, np.arange(3), np.arange(3, 6), recording, names)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("validate", ["false", "true"])
def test_what_the_folds_are_made_of_is_checked_whatever_split_the_recordings(monkeypatch, validate):
    config = parsed("--validate", validate)
    known, windows = recordings(), Windows(np.repeat(np.arange(6), 2), np.zeros(12, np.int64))
    data = fold_data(config, known, windows, None, None, 2)
    assert set(known.folds[windows.recording[data.train]]) == ({1} if validate == "true" else {1, 3})
    monkeypatch.setattr(type(known), "split", lambda *arguments: (np.arange(4), np.arange(3, 6)))
    with pytest.raises(EscGpuError, match="^3.wav has clips to train on and clips to test on"):
        fold_data(config, known, windows, None, None, 2)


def test_each_side_gives_its_own_clips_only():
    data = dataclasses.replace(tiny_fold(), filenames=tuple(f"{n}.wav" for n in range(24)))
    ((waveform, clips),) = data.train_batches([np.array([3, 1])])
    assert clips.tolist() == [3, 1] and torch.equal(waveform, data.source.resident[[3, 1]])
    assert list(data.train_batches([])) == []
    with pytest.raises(EscGpuError, match="^20.wav is none of the fold's clips to train on"):
        data.train_batches([np.arange(8), np.array([1, 20])])
    with pytest.raises(EscGpuError, match="^2.wav is none of the fold's clips to test on"):
        data.test_batches([np.array([16, 2])])


class Everything(np.ndarray):
    """Stands for a slip: training clips that turn into all clips when they are cut into batches."""

    def __getitem__(self, key):
        return np.arange(24)[key]


def test_a_normalisation_of_other_clips_is_refused(config, accelerator):
    data = tiny_fold()
    slipped = dataclasses.replace(data, train=data.train.view(Everything))
    with pytest.raises(EscGpuError, match="recording 16 is none of the fold's clips to train on"):
        fit_normalization(accelerator, trainable_model(), slipped)


def test_training_on_other_clips_is_refused(config, accelerator, monkeypatch):
    monkeypatch.setattr(training, "shuffled_batches", lambda *arguments: [np.arange(12, 20)])
    with pytest.raises(EscGpuError, match="recording 16 is none of the fold's clips to train on"):
        next(training_batches(config, accelerator, trainable_model(), tiny_fold(), 1, 0))


def test_an_augmentation_in_evaluation_is_refused(config, tmp_path, monkeypatch):
    """As if the loop went on augmenting when it evaluates."""
    original = training.predict

    def augmented(accelerator, model, data):
        forward = model.forward
        monkeypatch.setattr(model, "forward", lambda waveform: forward(waveform, lambda image: image))
        return original(accelerator, model, data)

    monkeypatch.setattr(training, "predict", augmented)
    with pytest.raises(EscGpuError, match="evaluation mode, where an augmentation is not allowed"):
        train_fold(config, create_accelerator(config, tmp_path), tiny_fold(), 1, tmp_path)


@pytest.mark.parametrize("decay", ["0", "0.5"])
def test_the_result_is_the_last_evaluation_and_of_the_model_given_back(decay, tmp_path, monkeypatch):
    config = parsed("--train.epochs", "4", "--train.eval_every", "3", "--train.ema_decay", decay)
    original, answers = training.predict, []
    monkeypatch.setattr(training, "predict", lambda *given: answers.append(original(*given)) or answers[-1])
    accelerator = create_accelerator(config, tmp_path)
    result = train_fold(config, accelerator, tiny_fold(), 1, tmp_path)
    assert ["test_loss" in record for record in result.history] == [False, False, True, True] and len(answers) == 2
    assert ("average" in torch.load(tmp_path / "state.pt")) == (decay == "0.5")
    assert torch.equal(result.logits, original(accelerator, result.model, tiny_fold()))
    resumed = train_fold(config, accelerator, tiny_fold(), 1, tmp_path)  # as of one interrupted after its last epoch
    assert torch.equal(resumed.logits, result.logits) and resumed.history == result.history
