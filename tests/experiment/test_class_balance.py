"""The options for rare classes in a training, and what is said of them."""

import dataclasses
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from esc_gpu.data.recordings.layouts import read_recordings
from esc_gpu.experiment.class_balance import check_class_balance
from esc_gpu.training.loop import epoch_order, loss_of_fold, train_fold
from tests.helpers.one_line import refusal
from tests.helpers.tiny import parsed, write_tones
from tests.helpers.tiny_fold import tiny_fold

RARE = ("--train.class_weights", "balanced", "--train.sampling", "square_root", "--train.focal_gamma", "1")


@pytest.fixture
def data():
    """10 clips of the first class, 4 of the second and 2 of the third; the rest is tested."""
    data = tiny_fold()
    labels = data.labels.clone()
    labels[:16] = torch.tensor([0] * 10 + [1] * 4 + [2] * 2)
    return dataclasses.replace(data, labels=labels, class_names=("a", "b", "c"))


class StoppedError(Exception):
    """The training was interrupted."""


def test_an_interrupted_training_ends_as_it_would_have(data, tmp_path):
    from esc_gpu.training.accelerator import create_accelerator

    config = parsed(*RARE, "--train.batch_size", "4")
    accelerator = create_accelerator(config, tmp_path)
    results, steps = [], []

    def stop():
        steps.append(1)
        if len(steps) == 6:  # in the second epoch
            raise StoppedError

    for name, after_step in (("whole", lambda: None), ("stopped", stop), ("stopped", lambda: None)):
        folder = tmp_path / name
        folder.mkdir(exist_ok=True)
        try:
            results.append(train_fold(config, accelerator, data, 1, folder, after_step))
        except StoppedError:
            assert after_step is stop and (folder / "state.pt").exists()
    whole, resumed = results
    assert torch.equal(whole.logits, resumed.logits)
    assert [record["loss"] for record in whole.history] == [record["loss"] for record in resumed.history]


def test_the_order_is_that_of_one_process_and_the_loss_has_the_weights_of_the_training_clips(data):
    config = parsed(*RARE, "--train.batch_size", "4")
    orders = [epoch_order(config, SimpleNamespace(num_processes=n), data, 1, 0) for n in (1, 2, 4)]
    for order in orders[1:]:
        np.testing.assert_array_equal(order, orders[0])
    counts = data.labels[torch.from_numpy(np.concatenate(orders[0]))].bincount(minlength=3).tolist()
    assert counts == [8, 5, 3]  # 16 in the ratio of the roots of 10, 4 and 2 is 7.7, 4.9, 3.4
    loss = loss_of_fold(config, data)
    assert loss.keywords["gamma"] == 1
    torch.testing.assert_close(loss.keywords["weight"], torch.tensor([16 / 30, 16 / 12, 16 / 6]))


def test_options_that_find_nothing_to_make_up_for_are_said(tmp_path):
    recordings = read_recordings(None, table=write_tones(tmp_path))
    config = parsed("--train.class_weights", "balanced", "--train.sampling", "square_root")
    assert check_class_balance(config, recordings, [1, 2]) == [
        f"{option} has no effect, because every class has as many training clips: leave it out"
        for option in ("train.class_weights", "train.sampling")
    ]
    assert check_class_balance(parsed(), recordings, [1, 2]) == []
    windows = dataclasses.replace(config, data=dataclasses.replace(config.data, overlap=0.5))
    assert check_class_balance(windows, recordings, [1, 2]) == []
    labels = recordings.labels.copy()
    labels[3] = 1  # of fold 2
    rare = dataclasses.replace(recordings, labels=labels)
    assert check_class_balance(config, rare, [1]) == [] != check_class_balance(config, rare, [2])
    table = parsed("--train.class_weights", "{high: 2, bass: 1}")
    assert "names the class 'bass'" in refusal(check_class_balance, table, recordings, [1])


def test_several_labels_a_clip_have_weights_of_their_own(tmp_path, data):
    recordings = read_recordings(None, table=write_tones(tmp_path), task="multi_label")
    config = parsed("--train.class_weights", "balanced", "--train.sampling", "balanced", "--train.focal_gamma", "2")
    assert check_class_balance(config, recordings, [1]) == [
        "train.sampling has no effect, because the rarest labels of all training clips are equally frequent: leave it "
        "out"
    ]
    table = parsed("--train.class_weights", "{bass: 1}")
    assert "names the class 'bass'" in refusal(check_class_balance, table, recordings, [1])
    labels = recordings.labels.copy()
    labels[:, 0] = np.arange(24) % 4 < 2  # half of the clips of either fold
    labels[:, 1] = labels[:, 2] = ~labels[:, 0]
    halves = dataclasses.replace(recordings, labels=labels)
    assert [line.partition(" has no effect, because ")[2] for line in check_class_balance(config, halves, [1, 2])] == [
        "every class is in half of the training clips: leave it out",
        "the rarest labels of all training clips are equally frequent: leave it out",
    ]
    several = dataclasses.replace(data, labels=data.labels[:, None] == torch.arange(3))
    order = np.concatenate(epoch_order(config, SimpleNamespace(num_processes=1), several, 1, 0))
    assert sorted(several.labels[torch.from_numpy(order)].sum(dim=0).tolist()) == [5, 5, 6]  # of 10, 4 and 2 clips
    weight = loss_of_fold(config, several).keywords["positive_weight"]
    torch.testing.assert_close(weight, torch.tensor([6 / 10, 12 / 4, 14 / 2]))
