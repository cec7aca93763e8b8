"""What a run keeps of its recordings: read again, known again, and used where their folds were made."""

import hashlib
import shutil

import pytest

from esc_gpu.cli.main import main
from esc_gpu.config.schema import DataConfig
from esc_gpu.core.folds import TEST, TRAIN
from esc_gpu.data.recordings.layouts import read_recordings
from esc_gpu.data.store.recording_files import LocalFiles
from esc_gpu.experiment import kept_recordings
from esc_gpu.experiment.kept_recordings import (
    contents_of,
    data_of_run,
    describe_learnt,
    learns,
    learnt_by,
    read_recordings_of,
    write_recordings,
)
from tests.helpers.csv_tables import read_csv
from tests.helpers.one_line import refusal
from tests.helpers.run_of_models import write_run
from tests.helpers.several_labels_runs import write_chords


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("kept")
    recordings = read_recordings(None, "all", write_run(folder))
    write_recordings(folder / "run", recordings, contents_of(recordings.paths, {1}, LocalFiles()))
    return folder / "run", recordings


def test_the_table_has_all_that_a_run_needs_and_what_is_in_the_files(run):
    folder, recordings = run
    rows = read_csv(folder / "recordings.csv")
    assert list(rows[0]) == ["path", "label", "fold", "source", "content"]
    bytes_of = {path.name: path.read_bytes() for path in recordings.paths}
    for number, row in enumerate(rows):
        assert row["path"] == recordings.filenames[number] and int(row["fold"]) == recordings.folds[number]
        assert row["label"] == recordings.class_names[recordings.labels[number]]
        # b2sum FILE | cut -c1-32; the second was skipped
        assert row["content"] == ("" if number == 1 else hashlib.blake2b(bytes_of[row["path"]]).hexdigest()[:32])
    again = read_recordings(recordings.root, "all", folder / "recordings.csv")
    assert again.digest == recordings.digest


def test_labels_stand_there_as_they_are_read(tmp_path):
    recordings = read_recordings(None, "all", write_chords(tmp_path / "chords", 2, 6))
    write_recordings(tmp_path / "chords", recordings, [""] * 12)
    again = read_recordings(None, "all", tmp_path / "chords/recordings.csv")
    assert again.digest == recordings.digest and again.task == "multi_label"


def test_a_model_has_learnt_all_folds_but_its_own_and_of_splits_the_one_to_train_on(run):
    folder, recordings = run
    fold = dict(zip(recordings.filenames, recordings.folds.tolist(), strict=True))
    learnt = {kept.filename for kept in learnt_by(folder / "fold1")}
    skipped = recordings.filenames[1]
    assert learnt == {name for name in fold if fold[name] == 2 and name != skipped}
    assert learns(TEST, TRAIN) and not learns(TEST, TEST) and learns(1, 2) and not learns(1, 1)
    assert learnt_by(folder) is None and learnt_by(folder.parent / "other/fold1") is None


def test_files_that_a_model_was_trained_on_are_told_under_any_name(run, tmp_path, capfd):
    folder, recordings = run
    first = {fold: recordings.paths[recordings.folds.tolist().index(fold)] for fold in (1, 2)}
    new = shutil.copy(first[2], tmp_path / "new.wav")
    own = shutil.copy(first[1], tmp_path / "own.wav")
    assert describe_learnt(folder / "fold1", [tmp_path / "own.wav"]) == ""
    said = (
        f"the model of fold 1 was trained on 1 of the 2 files, {new} for one, as {first[2].name} of its run: it knows "
        "the answer there, which says nothing about other recordings"
    )
    assert describe_learnt(folder / "fold1", [own, new]) == said
    options = ["--model", str(folder), "--device", "cpu", "--precision", "no"]
    assert main(["predict", str(own), str(new), *options]) == 0
    printed = capfd.readouterr()
    assert printed.err == f"warning: {said}\n" and len(printed.out.splitlines()) >= 2
    assert main(["predict", str(own), *options]) == 0
    assert capfd.readouterr().err == ""


def test_made_folds_are_read_from_the_table_and_others_from_where_they_are(run, tmp_path):
    data = DataConfig(root="tones", n_folds=2)
    assert data_of_run(tmp_path, data) == data
    (tmp_path / "recordings.csv").touch()
    made = data_of_run(tmp_path, data)  # by a run of before, which kept no other table
    assert made.table == str(tmp_path / "recordings.csv") and made.n_folds is None and made.task == "single_label"
    (tmp_path / "data.json").write_text('{"folds": "made"}', encoding="utf-8")
    assert data_of_run(tmp_path, data) == made
    (tmp_path / "data.json").write_text('{"folds": "given"}', encoding="utf-8")
    assert data_of_run(tmp_path, data) == data


def test_a_table_of_before_has_no_contents_and_a_broken_one_is_refused(tmp_path, monkeypatch):
    (tmp_path / "recordings.csv").write_text("path,label,fold,source\na.wav,dog,train,a\n", encoding="utf-8")
    (kept,) = read_recordings_of(tmp_path)
    assert kept == ("a.wav", "train", None)
    (tmp_path / "recordings.csv").write_text("path,label,fold\na.wav,dog,first\n", encoding="utf-8")
    said = refusal(read_recordings_of, tmp_path)
    assert said.startswith(f"{tmp_path / 'recordings.csv'} is not as the run wrote it (ValueError(")

    def unreadable(file, **options):
        raise PermissionError(13, "Permission denied", str(file))

    monkeypatch.setattr(kept_recordings, "open", unreadable, raising=False)
    assert "recordings.csv cannot be read (Permission denied); expected" in refusal(read_recordings_of, tmp_path)
