"""A batch that does not fit into memory is cut into more parts, as long as it divides."""

import pytest
import torch

from esc_gpu.errors import EscGpuError, EscGpuWarning
from esc_gpu.experiment.folds_at_once import train_together
from esc_gpu.frontends.base import Frontend
from esc_gpu.training import loop as training
from esc_gpu.training.accelerator import create_accelerator
from esc_gpu.training.out_of_memory import in_smaller_batches, is_out_of_memory, with_smaller_parts
from tests.helpers.own_warnings import own
from tests.helpers.tiny import parsed
from tests.helpers.tiny_fold import tiny_fold

NO_MEMORY = torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.\nSee documentation.")


def train(folder, monkeypatch, most_clips, first_call, *options):
    """Train on a device that holds so many clips at once from so many steps on; the records of the epochs."""
    step, calls = training.train_step, []

    def limited(accelerator, model, optimizer, parts, n_parts, *options):
        calls.append(n_parts)
        if len(calls) > first_call and 8 // n_parts > most_clips:
            raise NO_MEMORY
        return step(accelerator, model, optimizer, parts, n_parts, *options)

    monkeypatch.setattr(training, "train_step", limited)
    config = parsed(*options)
    (result,) = train_together(config, create_accelerator(config, folder), [1], [tiny_fold()], [folder], threads=1)
    return result.history


def test_the_fold_goes_on_from_its_last_checkpoint_in_smaller_parts(tmp_path, monkeypatch):
    with pytest.warns(EscGpuWarning) as said:
        history = train(tmp_path, monkeypatch, 2, 2)  # two steps an epoch of two: the second epoch does not fit
    assert [record["accumulation"] for record in history] == [1, 4]
    lines = own(said)
    assert len(lines) == 2 and "fold 1 ran out of memory" in lines[0] and "train.accumulation=2:" in lines[0]
    assert "train.accumulation=4: batches of 8 as before, but batch norm sees 2 clips" in lines[1]
    assert len((tmp_path / "metrics.jsonl").read_text(encoding="utf-8").splitlines()) == 2


def test_parts_that_cannot_be_halved_are_an_error_that_names_the_options(tmp_path, monkeypatch):
    limits = (
        r"train.batch_size=6 and train.accumulation=2, and 6 clips do not divide into 4 parts: lower .*CUDA out of "
    )
    with pytest.raises(EscGpuError, match=limits) as refused, pytest.warns(EscGpuWarning):
        train(tmp_path, monkeypatch, 0, 0, "--train.batch_size", "6")
    assert "\n" not in str(refused.value)


def train_parts_of_4(folder):
    config = parsed("--train.accumulation", "2")
    return train_together(config, create_accelerator(config, folder), [1], [tiny_fold()], [folder], threads=1)[0]


def limit(monkeypatch, most_clips, is_limited=lambda frontend: True):
    """Have the device hold so many clips at once."""
    forward = Frontend.forward

    def limited(self, waveform):
        if len(waveform) > most_clips and is_limited(self):
            raise NO_MEMORY
        return forward(self, waveform)

    monkeypatch.setattr(Frontend, "forward", limited)


def test_normalisation_and_evaluation_take_smaller_batches_and_training_stays_as_it_is(tmp_path, monkeypatch, recwarn):
    for name in ("enough", "little"):
        (tmp_path / name).mkdir()
    expected = train_parts_of_4(tmp_path / "enough")
    limit(monkeypatch, 4)
    result = train_parts_of_4(tmp_path / "little")
    assert [record["accumulation"] for record in result.history] == [2, 2]
    assert not [warning for warning in recwarn if issubclass(warning.category, EscGpuWarning)]
    torch.testing.assert_close(result.logits, expected.logits, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize(("what", "trains"), [("normalisation", True), ("evaluation", False)])
def test_where_a_single_clip_does_not_fit_the_error_names_what_was_done(tmp_path, monkeypatch, what, trains):
    limit(monkeypatch, 0, lambda frontend: frontend.training == trains)
    refused = f"^the {what} ran out of memory with a single clip: .*shorter clips .*smaller model .CUDA out of memory.$"
    with pytest.raises(EscGpuError, match=refused):
        train_parts_of_4(tmp_path)


def test_another_error_passes(tmp_path, monkeypatch):
    def fail(*arguments):
        raise RuntimeError("CUDA error: device-side assert triggered")

    monkeypatch.setattr(training, "train_step", fail)
    config = parsed()
    with pytest.raises(RuntimeError, match="device-side"):
        train_together(config, create_accelerator(config, tmp_path), [1], [tiny_fold()], [tmp_path], threads=1)


@pytest.mark.parametrize(
    ("options", "n_processes", "reason"),
    [
        ((), 2, "one of several processes cannot change it"),
        (("--train.batch_size", "9"), 1, "9 clips do not divide into 2 parts"),
        (("--train.compile", "reduce-overhead"), 1, "takes the batch as one part"),
        (("--train.batch_size", "64"), 1, "31 clips do not divide into 2 parts"),
        (
            ("--train.batch_size", "2", "--augment.mixup_alpha", "0.3"),
            1,
            "mixup_alpha cannot mix clips that are alone in their part",
        ),
    ],
)
def test_what_keeps_parts_from_being_halved(options, n_processes, reason):
    with pytest.raises(EscGpuError, match=f"fold 3 ran out of memory .*{reason}: lower train.batch_size or raise"):
        with_smaller_parts(parsed(*options), n_processes, 31, 3, NO_MEMORY)


def test_smaller_parts_are_not_profiled():
    config, _ = with_smaller_parts(parsed("--train.profile", "true"), 1, 31, 3, NO_MEMORY)
    assert (config.train.accumulation, config.train.profile, config.train.batch_size) == (2, False, 8)


def test_batches_are_halved_until_one_fits():
    tried = []

    def work(batch_size):
        tried.append(batch_size)
        if batch_size > 1:
            raise NO_MEMORY
        return "done"

    assert in_smaller_batches(work, 12, "it") == in_smaller_batches(work, 8, "it") == "done"
    assert tried == [12, 6, 3, 1, 8, 4, 2, 1]


def test_what_is_out_of_memory():
    assert is_out_of_memory(NO_MEMORY)
    assert is_out_of_memory(
        RuntimeError("[enforce fail at alloc_cpu.cpp:1] . DefaultCPUAllocator: can't allocate memory: x")
    )
    assert not is_out_of_memory(RuntimeError("mat1 and mat2 shapes cannot be multiplied"))
