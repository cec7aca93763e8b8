"""The folder of a run is one run's at a time, and is begun, gone on with or replaced whatever a kill left in it."""

import dataclasses
import errno
import fcntl
import os
import signal
from contextlib import contextmanager

import pytest
import yaml
from torch import nn

from esc_gpu.config.options import as_dict
from esc_gpu.config.parse import parse_run
from esc_gpu.config.schema import RunConfig
from esc_gpu.core.files import PARTIAL, discard, read_json, synchronize, write_json
from esc_gpu.core.run_layout import CONFIG, DATA, LOCK
from esc_gpu.errors import EscGpuError
from esc_gpu.experiment.output_folder import (
    PRECISION,
    check_same_config,
    held_output,
    prepare_output,
    reporting_disk,
)

CLIPS = {"recordings": "a", "store": "b"}


@contextmanager
def held(folder, data=CLIPS, **options):
    with held_output(folder):
        prepare_output(dataclasses.replace(RunConfig(), **options), folder, nn.Linear(4, 4), data, 2)
        yield


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_second_run_is_refused_while_the_first_lasts(tmp_path):
    with held(tmp_path / "run"):
        for options in ({}, {"resume": True}, {"overwrite": True}):
            in_use = rf"{tmp_path / 'run'} is in use by another run \(process {os.getpid()} on .*--output_dir"
            with pytest.raises(EscGpuError, match=in_use), held(tmp_path / "run", **options):
                pass
        with held(tmp_path / "another"):
            pass
        assert names(tmp_path / "run") == [LOCK, CONFIG, DATA]
    assert names(tmp_path / "run") == [CONFIG, DATA]
    with held(tmp_path / "run", resume=True):
        pass


def test_a_kill_leaves_no_lock(tmp_path):
    ready, begun = os.pipe()
    process = os.fork()
    if not process:
        with held(tmp_path / "run"):
            os.write(begun, b"1")
            signal.pause()
    os.read(ready, 1)
    with pytest.raises(EscGpuError, match=f"process {process} "), held(tmp_path / "run", resume=True):
        pass
    os.kill(process, signal.SIGKILL)
    os.waitpid(process, 0)
    assert names(tmp_path / "run") == [LOCK, CONFIG, DATA]
    with held(tmp_path / "run", resume=True):
        pass


def test_a_run_that_fails_gives_its_folder_back(tmp_path):
    with pytest.raises(ZeroDivisionError), held(tmp_path):
        raise ZeroDivisionError
    with held(tmp_path, resume=True):
        pass


def test_a_lock_that_is_removed_while_it_is_waited_for_is_made_again(tmp_path, monkeypatch):
    lock, calls = fcntl.flock, []

    def removed_first(handle, how):
        calls.append(how)
        if len(calls) == 1:
            (tmp_path / LOCK).unlink()
        lock(handle, how)

    monkeypatch.setattr(fcntl, "flock", removed_first)
    with held(tmp_path):
        assert len(calls) == 2 and (tmp_path / LOCK).exists()
        with pytest.raises(EscGpuError, match="in use"), held(tmp_path, resume=True):
            pass


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.ENOSYS])
def test_where_there_are_no_locks_a_run_goes_on_without(tmp_path, monkeypatch, number):
    def refuse(handle, how):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(fcntl, "flock", refuse)
    with held(tmp_path):
        assert (tmp_path / CONFIG).exists()


def test_resuming_what_was_killed_before_its_config_simply_starts(tmp_path):
    (tmp_path / LOCK).write_text("process 1 on another", encoding="utf-8")
    (tmp_path / f"{PARTIAL}{CONFIG}-0.yaml").write_text("da", encoding="utf-8")
    with held(tmp_path, resume=True):
        assert yaml.safe_load((tmp_path / CONFIG).read_text(encoding="utf-8"))["train"]["epochs"] == 30
    assert names(tmp_path) == [CONFIG, DATA]
    with held(tmp_path / "nothing yet", resume=True):
        pass


def test_resuming_keeps_results_and_clears_what_was_being_written(tmp_path):
    with held(tmp_path):
        (tmp_path / "fold1").mkdir()
    for name in ("metrics.json", f"{PARTIAL}state.pt-1.pt"):
        (tmp_path / "fold1" / name).write_text("x", encoding="utf-8")
    (tmp_path / f"{PARTIAL}summary.json-1.json").write_text("x", encoding="utf-8")
    with held(tmp_path, resume=True):
        assert names(tmp_path) == [LOCK, CONFIG, DATA, "fold1"] and names(tmp_path / "fold1") == ["metrics.json"]


def test_overwriting_leaves_nothing_of_the_run_before(tmp_path):
    with held(tmp_path):
        (tmp_path / "fold1").mkdir()
        (tmp_path / "fold1" / "metrics.json").write_text("x", encoding="utf-8")
    with pytest.raises(EscGpuError, match="already holds a run"), held(tmp_path):
        pass
    assert names(tmp_path) == [CONFIG, DATA, "fold1"]
    with held(tmp_path, overwrite=True):
        assert names(tmp_path) == [LOCK, CONFIG, DATA]


@pytest.mark.parametrize("options", [{"resume": True}, {"resume": True, "overwrite": True}, {}])
@pytest.mark.parametrize("removed", range(4))
def test_an_overwriting_that_was_cut_off_leaves_nothing_to_go_on_with(tmp_path, monkeypatch, removed, options):
    rest = iter(range(removed))

    def cut_off(path):
        if next(rest, None) is None:
            raise KeyboardInterrupt
        discard(path)

    with held(tmp_path, data={"recordings": "another", "store": "b"}):
        for fold in ("fold1", "fold2"):
            (tmp_path / fold).mkdir()
            (tmp_path / fold / "metrics.json").write_text("x", encoding="utf-8")
    monkeypatch.setattr("esc_gpu.experiment.output_folder.discard", cut_off)
    with pytest.raises(KeyboardInterrupt), held(tmp_path, overwrite=True):
        pass
    assert len(names(tmp_path)) == 4 - removed
    monkeypatch.undo()
    with held(tmp_path, **options):
        assert names(tmp_path) == [LOCK, CONFIG, DATA]


def test_resuming_and_overwriting_goes_on_with_the_same_run_and_replaces_another(tmp_path):
    # What a run with --overwrite says when it is stopped, perhaps before it has replaced the one that was there.
    both = {"resume": True, "overwrite": True}
    other = [{"data": CLIPS | {"store": "c"}}, {"validate": True}]
    for number, options in enumerate(other):
        with held(tmp_path / str(number), **options):
            (tmp_path / str(number) / "fold1").mkdir()
        with held(tmp_path / str(number), **both):
            assert names(tmp_path / str(number)) == [LOCK, CONFIG, DATA]
            (tmp_path / str(number) / "fold2").mkdir()
        with held(tmp_path / str(number), **both):
            assert names(tmp_path / str(number)) == [LOCK, CONFIG, DATA, "fold2"]
    (tmp_path / "0" / CONFIG).write_text("train: {", encoding="utf-8")
    with held(tmp_path / "0", **both):
        assert names(tmp_path / "0") == [LOCK, CONFIG, DATA]


@pytest.mark.parametrize(
    ("changed", "differs"),
    [
        ({"recordings": "c"}, r"\(its files, classes, folds or sources\)"),
        ({"store": "c"}, r"\(the audio, or what .*\)"),
    ],
)
def test_other_recordings_are_not_gone_on_with(tmp_path, changed, differs):
    with held(tmp_path):
        pass
    refused = f"^the run to resume had other recordings {differs}: .*trained on.*bring them back, .*--overwrite.*$"
    for _ in range(2):
        with pytest.raises(EscGpuError, match=refused), held(tmp_path, data=CLIPS | changed, resume=True):
            pass
    with held(tmp_path, resume=True):
        pass
    with held(tmp_path, data=CLIPS | changed, overwrite=True):
        pass
    with held(tmp_path, data=CLIPS | changed, resume=True):
        pass


def test_a_run_without_a_note_of_its_recordings_goes_on_and_gets_one(tmp_path):
    with held(tmp_path):
        pass
    (tmp_path / DATA).unlink()
    with held(tmp_path, data=CLIPS | {"store": "c"}, resume=True):
        pass
    with pytest.raises(EscGpuError, match="other recordings"), held(tmp_path, resume=True):
        pass


@pytest.mark.parametrize("content", [b"", b"train: {", b"\xff\xfe", b"\0" * 100, b"- 1", b"[" * 5000])
def test_a_config_that_is_broken_is_one_line(tmp_path, content):
    (tmp_path / CONFIG).write_bytes(content)
    with pytest.raises(EscGpuError, match=f"{CONFIG} is broken: .*--overwrite"), held(tmp_path, resume=True):
        pass


def test_another_folder_is_left_alone(tmp_path):
    (tmp_path / "thesis.tex").write_text("x", encoding="utf-8")
    for options in ({}, {"resume": True}, {"overwrite": True}):
        with pytest.raises(EscGpuError, match="contains something other"), held(tmp_path, **options):
            pass
    assert names(tmp_path) == ["thesis.tex"]


def test_what_cannot_be_written_to_is_one_line(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("x", encoding="utf-8")
    with pytest.raises(EscGpuError, match="cannot write to .*Not a directory.*--output_dir"), held(tmp_path / "file"):
        pass

    def refuse(*arguments):
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    monkeypatch.setattr("esc_gpu.core.lock.os.open", refuse)
    read_only = "cannot write to .*Read-only file system.*--output_dir"
    with pytest.raises(EscGpuError, match=read_only), held(tmp_path / "run"):
        pass


def test_a_full_disk_in_the_midst_of_a_run_is_one_line_that_says_how_to_go_on(tmp_path):
    with (
        pytest.raises(EscGpuError, match="^cannot write a.json: No space left .*--resume$"),
        reporting_disk(tmp_path),
    ):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "a.json")
    with pytest.raises(EscGpuError, match=f"cannot write {tmp_path}: "), reporting_disk(tmp_path):
        raise OSError(errno.EDQUOT, os.strerror(errno.EDQUOT))
    with pytest.raises(FileNotFoundError), reporting_disk(tmp_path):  # a mistake of ours stays one
        raise FileNotFoundError(errno.ENOENT, "No such file", "a.json")


def test_a_folder_that_was_removed_in_the_midst_of_a_run_is_one_line(tmp_path):
    output = tmp_path / "run"
    for write, file in ((synchronize, output), (lambda file: write_json(file, {}), output / "fold1" / "a.json")):
        removed = f"^cannot write {file}: its folder was removed"
        with pytest.raises(EscGpuError, match=removed), reporting_disk(output):
            write(file)


def test_recordings_that_may_not_be_read_are_not_said_to_be_written(tmp_path):
    refused = "^ESC-50/meta/esc50.csv: Permission denied; expected .* may be used; change its permissions"
    with pytest.raises(EscGpuError, match=refused), reporting_disk(tmp_path):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), "ESC-50/meta/esc50.csv")


def test_a_run_goes_on_in_the_precision_that_it_was_begun_in(tmp_path):
    def precision(option, *, begun_in):
        train = dataclasses.replace(RunConfig().train, mixed_precision=option)
        return {"train": train, "data": CLIPS | {PRECISION: begun_in}, "resume": True}

    with held(tmp_path, **precision("auto", begun_in="bf16")):
        pass
    for option in ("auto", "no"):  # auto on a machine that is not fast in bf16
        refused = "had another config: train.mixed_precision was bf16, is no: give what it had"
        with pytest.raises(EscGpuError, match=refused), held(tmp_path, **precision(option, begun_in="no")):
            pass
    with held(tmp_path, **precision("bf16", begun_in="bf16")):
        pass


def test_a_run_of_an_earlier_version_keeps_the_precision_that_it_goes_on_in(tmp_path):
    with held(tmp_path):
        pass
    with held(tmp_path, data=CLIPS | {PRECISION: "bf16"}, resume=True):
        assert read_json(tmp_path / DATA) == CLIPS | {PRECISION: "bf16"}
    with pytest.raises(EscGpuError, match="was bf16, is no"), held(tmp_path, CLIPS | {PRECISION: "no"}, resume=True):
        pass


@pytest.mark.parametrize("front_end", ["logmel", "logmel_delta", "logmel_mfcc_cqt"])
def test_options_that_an_earlier_version_did_not_know_were_as_by_default(front_end):
    config = parse_run(["--config", f"configs/{front_end}.yaml"], "train.py")
    earlier = as_dict(config)
    check_same_config(config, earlier)
    del earlier["train"]["ema_decay"]
    check_same_config(config, earlier)
    averaged = dataclasses.replace(config.train, ema_decay=0.9)
    with pytest.raises(EscGpuError, match="train.ema_decay was 0.0, is 0.9"):
        check_same_config(dataclasses.replace(config, train=averaged), earlier)
