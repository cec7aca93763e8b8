"""`esc-gpu embed` and `esc-gpu probe`, by the command line."""

import json

import numpy as np
import pytest

from tests.helpers.command import run_command
from tests.helpers.run_of_models import write_run
from tests.helpers.several_labels_runs import write_chords

CPU = ("--device", "cpu", "--precision", "no")
FAST = ("--bootstrap", "200")


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("embed")
    return folder, write_run(folder, lengths=(1.0, 2.2))


def test_files_and_data_sets_are_embedded_into_a_file(made, capfd, tmp_path):
    folder, table = made
    output = tmp_path / "all.npz"
    words = ("embed", "--table", table, "--model", folder / "run", "--pool", "clip", "--output", output, *CPU)
    status, out, errors = run_command(capfd, *words)
    assert status == 0 and out.startswith(f"written: {output}, 24 embeddings of ") and out.endswith("of 24 files\n")
    with np.load(output) as content:
        assert set(content["label"]) == {"high", "low", "middle"} and content["fold"].tolist()[:6] == [1, 1, 1, 2, 2, 2]
        about = json.loads(str(content["about"]))
        whole = content["embedding"]
    assert about["model"] == "run" and about["fold"] == 1 and about["clip_seconds"] == 1 and about["pool"] == "clip"
    files = [folder / "tones" / name for name in ("0.wav", "1.wav")]
    status, out, errors = run_command(
        capfd, "embed", *files, "--model", folder / "run/fold1", "--output", tmp_path / "two.csv", *CPU
    )
    assert out.endswith("of 2 files\n")
    rows = [line.split(",") for line in (tmp_path / "two.csv").read_text(encoding="utf-8").splitlines()]
    assert status == 0 and [row[1] for row in rows] == ["start_seconds", "0.0", "0.0", "0.5", "1.0", "1.2"]
    np.testing.assert_allclose(np.array(rows[1][2:], dtype=np.float32), whole[0], atol=1e-5)


def test_embeddings_do_not_replace_the_data_set_that_is_read(made, capfd, tmp_path):
    pytest.importorskip("pyarrow", reason="needs the package pyarrow: pip install 'esc_gpu[parquet]'")
    from tests.helpers.hugging_face import rows, write_parquet

    data_set = write_parquet(tmp_path / "set/train.parquet", rows(0, 4, fold=lambda number: number // 2))
    words = ("embed", "--root", tmp_path / "set", "--cache-dir", tmp_path / "cache", "--model", made[0] / "run")
    status, _, errors = run_command(capfd, *words, "--output", data_set, *CPU)
    assert status == 2 and f"{data_set} is one of the files that are read: choose another --output" in errors[-1]


def test_embed_says_what_is_wrong_in_a_line(made, capfd, tmp_path):
    folder, table = made
    bad = tmp_path / "bad.wav"
    bad.write_text("no sound", encoding="utf-8")
    sound, run = folder / "tones/0.wav", ("--model", folder / "run")
    for words, message in {
        (sound,): "--model is missing",
        run: "nothing to embed is given; expected files, or --root DIR or --table CSV; correct it",
        (sound, *run, "--n-folds", 2): "--subset and --n-folds belong to a data set",
        (sound, "--table", table, *run): "both files and a data set are given",
        (sound, *run, "--output", sound): "expected a name that ends in .npz, .csv, .parquet; correct it",
        ("--table", table, *run, "--output", table): f"{table} is one of the files that are read: choose another",
        (bad, *run): "Format not recognised",
        (bad, sound, *run): "1 of 2 files could not be embedded: ",
    }.items():
        output = () if "--output" in words else ("--output", tmp_path / "out.npz")
        status, out, errors = run_command(capfd, "embed", *words, *output, *CPU)
        assert status == 2 and message in errors[-1], words
    with np.load(tmp_path / "out.npz") as content:
        assert content["path"].tolist() == [str(sound)]


def test_probe_tests_each_fold_with_the_model_that_left_it_out(made, capfd, tmp_path):
    folder, table = made
    words = ("probe", "--table", table, "--model", folder / "run", "--output", tmp_path / "out", *FAST, *CPU)
    status, out, errors = run_command(capfd, *words)
    assert status == 0 and out.startswith("run: embeddings of 24 clips of 3 classes, 2 folds\n")
    assert "logistic regression" in out and "nearest neighbours" in out and "200 resamples of 24 files" in out
    assert "not known" not in out
    written = json.loads((tmp_path / "out/probe.json").read_text(encoding="utf-8"))
    assert written["models"] == [{"fold": 1, "model_fold": 1}, {"fold": 2, "model_fold": 2}]
    assert (tmp_path / "out/probe.md").read_text(encoding="utf-8").startswith("# run: embeddings of 24 clips")


def test_probe_ranks_several_labels(made, capfd, tmp_path):
    chords = write_chords(tmp_path / "chords", 2, 6)
    words = ("probe", "--table", chords, "--model", made[0] / "run/fold1", *FAST, *CPU)
    status, out, errors = run_command(capfd, *words)
    assert status == 0 and "run/fold1" in out and "mAP by fold" in out and "95 % interval of the mAP" in out
    status, out, errors = run_command(capfd, *words, "--json")
    result = json.loads(out)
    assert result["task"] == "multi_label" and result["clips"] == 12
    assert result["logistic_regression"]["map"] > result["prior"]["map"] + 0.1  # tones that are far apart


def test_probe_refuses_what_a_model_has_learnt_from(made, capfd, tmp_path):
    folder, table = made
    status, out, errors = run_command(
        capfd, "probe", "--table", table, "--model", folder / "run", "--fold", 1, *FAST, *CPU
    )
    assert status == 2 and "model of fold 1 was trained on 12 of the recordings that fold 2 is tested on" in errors[-1]
    alone = ("probe", "--table", table, "--model", folder / "run/fold1", "--folds", 1, *FAST, *CPU, "--json")
    status, out, errors = run_command(capfd, *alone)
    assert status == 0 and [fold["fold"] for fold in json.loads(out)["folds"]] == [1]
    elsewhere = tmp_path / "shared"
    elsewhere.mkdir()
    for name in ("model.safetensors", "pipeline.json"):
        (elsewhere / name).write_bytes((folder / "run/fold1" / name).read_bytes())
    status, out, errors = run_command(capfd, "probe", "--table", table, "--model", elsewhere, *FAST, *CPU)
    assert status == 0 and out.startswith("It is not known which recordings ") and "too high" in out
