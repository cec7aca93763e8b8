"""The training of a fold: accumulation, history, averages, crops, what a resumed fold needs."""

import dataclasses
import json

import pytest
import torch

from esc_gpu import WaveformClassifier, create_frontend
from esc_gpu.data.store.source import WaveformSource
from esc_gpu.errors import EscGpuError
from esc_gpu.training.accelerator import create_accelerator
from esc_gpu.training.loop import derive_seed, train_fold
from tests.helpers.cut import Cut
from tests.helpers.tiny import parsed
from tests.helpers.tiny_fold import tiny_fold


def test_training_moves_trainable_kernels_a_little_and_they_stay_finite(tmp_path):
    options = ["--frontend.backend", "nnaudio", "--frontend.trainable_mel", "true", "--frontend.trainable_stft", "true"]
    config = parsed(*options)
    result = train_fold(config, create_accelerator(config, tmp_path), tiny_fold(), 1, tmp_path)
    trained = dict(result.model.frontend.named_parameters())
    fresh = dict(create_frontend(**result.model.frontend.spec).named_parameters())
    for name, kernel in trained.items():
        change = ((kernel - fresh[name]).norm() / fresh[name].norm()).item()
        assert 0 < change < 0.05, name


def test_accumulation_gives_the_gradients_of_the_whole_batch(tmp_path):
    """Batch statistics differ between parts, so only a backbone without them can show it."""
    options = ["--model.backbone", "test_vit", "--model.options", '{"img_size": [16, 32], "patch_size": 16}']
    still = ["--augment.freq_masks", "0", "--augment.time_masks", "0", "--augment.mixup_alpha", "0"]
    quiet = ["--augment.shift_seconds", "0", "--augment.gain_db", "0"]
    weights = []
    for parts in ("1", "4"):
        config = parsed(*options, *still, *quiet, "--train.accumulation", parts)
        folder = tmp_path / parts
        folder.mkdir()
        result = train_fold(config, create_accelerator(config, folder), tiny_fold(), 1, folder)
        weights.append(torch.cat([p.detach().flatten() for p in result.model.parameters()]))
    # Summation in another order, amplified by Adam's division: far under a learning rate of 1e-3.
    assert (weights[0] - weights[1]).abs().max() < 1e-4


def test_the_history_is_whole_whatever_the_checkpoints_are(tmp_path):
    config = parsed("--train.epochs", "3", "--train.checkpoint_every", "2")
    result = train_fold(config, create_accelerator(config, tmp_path), tiny_fold(), 1, tmp_path)
    lines = (tmp_path / "metrics.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line) for line in lines] == result.history and len(lines) == 3


def test_a_loss_that_is_not_finite_is_an_error_and_leaves_no_checkpoint(tmp_path):
    config = parsed("--train.lr", "1e30", "--train.warmup_epochs", "0")
    with pytest.raises(EscGpuError, match="fold 1, epoch ., step . of 2: the loss .*train.lr"):
        train_fold(config, create_accelerator(config, tmp_path), tiny_fold(), 1, tmp_path)


def test_seeds_of_neighbours_differ():
    seeds = {derive_seed(s, f, e, r) for s in range(3) for f in range(3) for e in range(3) for r in range(3)}
    assert len(seeds) == 81


def test_the_normalisation_is_that_of_the_training_clips_only(tmp_path):
    config, data = parsed(), tiny_fold()
    changed = data.source.resident.numpy().copy()
    changed[data.test] = 0
    other = dataclasses.replace(data, source=WaveformSource(changed, torch.device("cpu")))
    models = []
    for number, fold in enumerate((data, other)):
        folder = tmp_path / str(number)
        folder.mkdir()
        models.append(train_fold(config, create_accelerator(config, folder), fold, 1, folder).model)
    assert all(
        torch.equal(a, b) for a, b in zip(models[0].state_dict().values(), models[1].state_dict().values(), strict=True)
    )


def test_a_fold_that_was_cut_off_goes_on_with_its_average_and_drops_out_the_same(tmp_path, capsys):
    """An epoch's dropout follows from its seed: a generator's state is not kept."""
    config = parsed("--train.epochs", "3", "--train.ema_decay", "0.9", "--model.options", "{drop_rate: 0.5}")
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    whole.mkdir(), cut.mkdir()
    expected = train_fold(config, create_accelerator(config, whole), tiny_fold(), 1, whole)
    steps = iter(range(3))  # two an epoch: the cut comes in the second

    def after_step():
        if next(steps) == 2:
            raise Cut

    with pytest.raises(Cut):
        train_fold(config, create_accelerator(config, cut), tiny_fold(), 1, cut, after_step)
    capsys.readouterr()
    result = train_fold(config, create_accelerator(config, cut), tiny_fold(), 1, cut)
    assert torch.equal(result.logits, expected.logits)
    shown = capsys.readouterr().err
    assert "| 2/6 [" in shown and " 6/6 [" in shown and " 0/6 [" not in shown  # the bar counts the epoch that was done


def test_the_result_is_the_average_of_the_weights(tmp_path):
    last = parsed()
    averaged = parsed("--train.ema_decay", "0.9")
    results = []
    for number, config in enumerate((last, averaged)):
        folder = tmp_path / str(number)
        folder.mkdir()
        results.append(train_fold(config, create_accelerator(config, folder), tiny_fold(), 1, folder))
    assert [record["loss"] for record in results[0].history] == [record["loss"] for record in results[1].history]
    assert not torch.equal(results[0].logits, results[1].logits)
    state = torch.load(tmp_path / "1" / "state.pt", weights_only=True)
    name = "backbone.fc.weight"
    weights = dict(results[1].model.named_parameters())[name]
    assert torch.equal(weights, state["average"]["averages"][name])
    assert not torch.equal(weights, state["model"][name])


def test_crops_are_trained_on_and_whole_clips_are_evaluated(tmp_path):
    config = parsed("--augment.crop_seconds", "0.5")
    seen = []
    original = WaveformClassifier.forward

    def forward(self, waveform, alter=None):
        seen.append((self.training, waveform.shape[1]))
        return original(self, waveform, alter)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(WaveformClassifier, "forward", forward)
        train_fold(config, create_accelerator(config, tmp_path), tiny_fold(), 1, tmp_path)
    assert set(seen) == {(True, 4000), (False, 8000)}
