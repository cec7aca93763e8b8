"""Trackers: where a run goes, and what it holds, read back from what wandb and TensorBoard wrote."""

import hashlib
import json
import os
import struct
import traceback
import zlib
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import soundfile
from PIL import Image

from esc_gpu.cli.commands.train import main as train
from esc_gpu.config.options import flatten
from esc_gpu.core.files import read_json
from esc_gpu.errors import EscGpuError
from esc_gpu.experiment.tracking import wandb_files_in, wandb_mode
from tests.helpers.csv_tables import predictions
from tests.helpers.tiny import OPTIONS, RATE, write_tones
from tests.helpers.workers import run_forked

pytestmark = pytest.mark.usefixtures("blank_pictures")

NETRC = "machine api.wandb.ai login user password {}\n".format("0" * 40)
SECRET = "0123456789abcdef" * 3
N_CLIPS = 5


@pytest.fixture
def no_account(monkeypatch, tmp_path):
    for name in ("WANDB_MODE", "WANDB_API_KEY", "WANDB_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


@pytest.mark.usefixtures("no_account")
def test_without_an_account_it_is_offline():
    assert wandb_mode() == "offline"


@pytest.mark.usefixtures("no_account")
def test_a_key_makes_it_online(monkeypatch):
    monkeypatch.setenv("WANDB_API_KEY", "0" * 40)
    assert wandb_mode() == "online"


def test_an_earlier_login_makes_it_online(no_account, monkeypatch):
    (no_account / ".netrc").write_text(NETRC, encoding="utf-8")
    (no_account / ".netrc").chmod(0o600)
    assert wandb_mode() == "online"
    monkeypatch.setenv("WANDB_BASE_URL", "https://wandb.example.org")  # the login was elsewhere
    assert wandb_mode() == "offline"


@pytest.mark.usefixtures("no_account")
def test_the_mode_asked_for_comes_first(monkeypatch):
    monkeypatch.setenv("WANDB_API_KEY", "0" * 40)
    monkeypatch.setenv("WANDB_MODE", "disabled")
    assert wandb_mode() == "disabled"


def test_flatten_gives_dotted_keys_and_plain_values():
    nested = {"data": {"root": None, "rate": 8000}, "folds": [1, 2], "resume": False}
    assert flatten(nested) == {"data.root": "None", "data.rate": 8000, "folds": "[1, 2]", "resume": False}


def test_a_folder_that_the_user_chose_for_wandb_stays(monkeypatch, tmp_path):
    monkeypatch.setenv("WANDB_CACHE_DIR", "/elsewhere")
    monkeypatch.delenv("WANDB_DATA_DIR", raising=False)
    with pytest.raises(RuntimeError), wandb_files_in(tmp_path):
        assert (os.environ["WANDB_CACHE_DIR"], os.environ["WANDB_DATA_DIR"]) == ("/elsewhere", str(tmp_path))
        raise RuntimeError
    assert os.environ["WANDB_CACHE_DIR"] == "/elsewhere" and "WANDB_DATA_DIR" not in os.environ


def options(folder, tracker):
    """The command line of a tiny training of fold 1 with a tracker; its output goes to `folder/run`."""
    table = write_tones(folder / "tones", lengths=(1.0, 2.5))
    words = [*OPTIONS, "--data.table", str(table), "--data.overlap", "0.5", "--data.cache_dir", str(folder / "cache")]
    return [*words, "--folds", "1", "--output_dir", str(folder / "run"), "--tracker.name", tracker]


@pytest.fixture(scope="module")
def wandb_run(tmp_path_factory):
    """The folder of a run that wandb tracked offline, though there is a key."""
    folder = tmp_path_factory.mktemp("wandb")
    kept = {name: value for name, value in os.environ.items() if not name.startswith("WANDB_")}
    (folder / "home").mkdir()
    secrets = {"WANDB_API_KEY": SECRET, "HF_TOKEN": SECRET}
    environment = {**kept, **secrets, "HOME": str(folder / "home"), "WANDB_MODE": "offline"}
    arguments = [*options(folder, "wandb"), "--tracker.clips", str(N_CLIPS)]
    status, said = run_forked(train, arguments, folder=folder, environment=environment)
    assert status == 0, said[-3000:]
    return folder / "run"


def read_records(path):
    """The records of a .wandb file: after 7 bytes, LevelDB's log of 32-KiB blocks (CRC, length, part, bytes)."""
    from wandb.proto.wandb_internal_pb2 import Record

    content, position, record = path.read_bytes(), 7, b""
    whole, first, last = 1, 2, 4
    while position + 7 <= len(content):
        if 32768 - position % 32768 < 7:
            position += 32768 - position % 32768
            continue
        checksum, length, part = struct.unpack_from("<IHB", content, position)
        piece = content[position + 7 : position + 7 + length]
        assert zlib.crc32(bytes([part]) + piece) == checksum
        record = piece if part in (whole, first) else record + piece
        position += 7 + length
        if part in (whole, last):
            yield Record.FromString(record)


@pytest.fixture(scope="module")
def records(wandb_run):
    (path,) = wandb_run.glob("wandb/offline-run-*/run-*.wandb")
    return list(read_records(path))


def by_filename(run):
    return {row["filename"]: row for row in predictions(run)}


def history_of(records):
    """By step, the numbers that were logged."""
    steps = {}
    for record in records:
        if record.WhichOneof("record_type") == "history":
            items = {item.key or "/".join(item.nested_key): json.loads(item.value_json) for item in record.history.item}
            steps.setdefault(record.history.step.num, {}).update(items)
    return steps


def test_wandb_has_the_curves_and_the_final_metrics(wandb_run, records):
    steps = history_of(records)
    epochs = [
        json.loads(line) for line in (wandb_run / "fold1" / "metrics.jsonl").read_text(encoding="utf-8").splitlines()
    ]
    assert sorted(steps) == [epoch["epoch"] for epoch in epochs] == [1, 2]
    for epoch in epochs:
        assert {name: steps[epoch["epoch"]][name] for name in epoch if name != "epoch"} == {
            name: pytest.approx(value) for name, value in epoch.items() if name != "epoch"
        }
    metrics = read_json(wandb_run / "fold1" / "metrics.json")
    for name in ("accuracy", "macro_f1", "top3_accuracy"):
        assert steps[2][f"final/{name}"] == pytest.approx(metrics[name])


def test_wandb_has_the_config_and_the_group(wandb_run, records):
    (start,) = [record.run for record in records if record.WhichOneof("record_type") == "run"]
    assert (start.run_group, start.display_name, start.project) == ("run", "run-fold1", "esc_gpu")
    updates = [start.config, *[record.config for record in records if record.WhichOneof("record_type") == "config"]]
    values = {update.key: json.loads(update.value_json) for config in updates for update in config.update if update.key}
    expected = flatten(read_json(wandb_run / "summary.json")["config"])
    assert expected["augment.noise_snr_db"] == "[10.0, 40.0]"
    assert {name: values.get(name) for name in expected} == expected
    assert values["frontend.n_mels"] == 16


def test_wandb_has_the_confusion_matrix_as_a_chart(wandb_run, records):
    (path,) = wandb_run.glob("wandb/offline-run-*/files/media/table/confusion_matrix_table_*.table.json")
    names, table = read_json(wandb_run / "summary.json")["class_names"], read_json(path)
    assert table["columns"] == ["Actual", "Predicted", "nPredictions"]
    counts = {(actual, predicted): count for actual, predicted, count in table["data"]}
    matrix = [[counts[actual, predicted] for predicted in names] for actual in names]
    assert matrix == read_json(wandb_run / "fold1" / "metrics.json")["confusion_matrix"]
    charts = [
        json.loads(update.value_json)
        for record in records
        if record.WhichOneof("record_type") == "config"
        for update in record.config.update
        if list(update.nested_key) == ["_wandb", "visualize", "confusion_matrix"]
    ]
    assert [chart["panel_config"]["panelDefId"] for chart in charts] == ["wandb/confusion_matrix/v1"]


@pytest.fixture(scope="module")
def artifact(records):
    """Where wandb keeps the files of the table of clips, by their names in it."""
    (found,) = [
        record.artifact
        for record in records
        if record.WhichOneof("record_type") == "artifact" and record.artifact.name.endswith("-clips")
    ]
    return {entry.path: Path(entry.local_path) for entry in found.manifest.contents}


def test_the_table_of_clips_has_the_mistakes_first_and_says_what_predictions_csv_says(wandb_run, artifact):
    table, said = read_json(artifact["clips.table.json"]), by_filename(wandb_run)
    assert table["columns"] == ["audio", "features", "label", "prediction", "probability", "correct", "file"]
    assert len(table["data"]) == N_CLIPS < len(said)
    for _, _, label, prediction, probability, correct, file in table["data"]:
        assert (label, prediction) == (said[file]["category"], said[file]["prediction"])
        assert correct is (label == prediction)
        assert probability == pytest.approx(float(said[file]["probability"]), abs=1e-6)
    files = [row[-1] for row in table["data"]]
    mistakes = sum(row["category"] != row["prediction"] for row in said.values())
    assert len(set(files)) == N_CLIPS
    assert [row[5] for row in table["data"]] == sorted(row[5] for row in table["data"])
    assert sum(not row[5] for row in table["data"]) == min(mistakes, N_CLIPS)


def test_each_clip_is_heard_as_its_file_and_seen_as_its_features(wandb_run, artifact):
    tones, pictures = wandb_run.parent / "tones", set()
    for audio, picture, *_, file in read_json(artifact["clips.table.json"])["data"]:
        sound = soundfile.info(artifact[audio["path"]])
        assert (sound.samplerate, sound.subtype, sound.frames) == (RATE, "PCM_16", RATE)
        heard, _ = soundfile.read(artifact[audio["path"]], dtype="int16")
        recorded, _ = soundfile.read(tones / file, dtype="int16", frames=RATE)
        np.testing.assert_array_equal(heard, recorded)
        with Image.open(artifact[picture["path"]]) as image:
            assert image.format == "PNG" and image.size == (1 + RATE // 256, 16)
            colours = np.asarray(image.convert("RGB")).astype(int).sum(axis=2)
        assert colours.std() > 0
        pictures.add(colours.tobytes())
    assert len(pictures) == N_CLIPS


def test_all_that_wandb_keeps_is_in_the_run_and_no_sound_twice(wandb_run, artifact):
    assert all(path.is_relative_to(wandb_run) for path in artifact.values())
    assert not list((wandb_run.parent / "home").rglob("*wandb*"))
    kept = [path for path in (wandb_run / "wandb").rglob("*") if path.is_file() and not path.is_symlink()]
    times = Counter(hashlib.sha256(path.read_bytes()).digest() for path in kept)
    media = [path for name, path in artifact.items() if name.startswith("media/")]
    assert len(media) == 2 * N_CLIPS
    assert all(times[hashlib.sha256(path.read_bytes()).digest()] == 1 for path in media)


def test_no_key_is_written(wandb_run):
    files = [path for path in wandb_run.rglob("*") if path.is_file()]
    assert len(files) > 20 and not [path for path in files if SECRET.encode() in path.read_bytes()]


def test_tensorboard_keeps_its_scalars(tmp_path):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    assert train(options(tmp_path, "tensorboard")) == 0
    run = tmp_path / "run"
    scalars = EventAccumulator(str(run / "esc_gpu")).Reload()
    assert {"loss", "lr", "test_loss", "test_accuracy", "final/accuracy"} <= set(scalars.Tags()["scalars"])
    epochs = [json.loads(line) for line in (run / "fold1" / "metrics.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [event.value for event in scalars.Scalars("loss")] == [pytest.approx(epoch["loss"]) for epoch in epochs]
    accuracy = read_json(run / "fold1" / "metrics.json")["accuracy"]
    assert scalars.Scalars("final/accuracy")[0].value == pytest.approx(accuracy)


def test_a_netrc_that_cannot_be_read_is_one_line(no_account):
    (no_account / ".netrc").write_text("machine\nlogin login password\nrubbish here", encoding="utf-8")
    (no_account / ".netrc").chmod(0o600)
    with pytest.raises(EscGpuError, match="the key of wandb cannot be read.*correct ~/.netrc"):
        wandb_mode()


def test_no_part_of_a_password_is_said(no_account):
    (no_account / ".netrc").write_text("machine api.wandb.ai\nlogin user\npassword ab s3cr3tpart\n", encoding="utf-8")
    (no_account / ".netrc").chmod(0o600)
    with pytest.raises(EscGpuError, match=r"cannot be read \(.*\.netrc, near line 4\): correct ~/.netrc") as error:
        wandb_mode()
    assert "s3cr3t" not in "".join(traceback.format_exception(error.value))


def test_a_mode_that_wandb_does_not_have(monkeypatch):
    monkeypatch.setenv("WANDB_MODE", "foo")
    with pytest.raises(EscGpuError, match="WANDB_MODE is 'foo'; expected one of online, offline"):
        wandb_mode()
