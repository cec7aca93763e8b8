"""The speed of front-ends, from arguments to table and plot."""

import sys

import numpy as np
import pytest

from benchmarks.common.difference import relative_error
from benchmarks.exactness.float64_references import reference
from benchmarks.speed import frontends
from esc_gpu import create_frontend
from esc_gpu.data.recordings.synthetic import write_synthetic
from tests.helpers.result_files import result_of
from tools import doc_tables as tables


def test_frontends_from_arguments_to_table_and_plot(tmp_path):
    root = write_synthetic(tmp_path / "data", clips_per_class=5, progress=False)
    options = [
        "--root",
        root,
        "--cache-dir",
        tmp_path,
        "--only",
        "rms",
        "--repeats",
        1,
        "--batch",
        2,
        "--error-clips",
        1,
    ]
    assert frontends.main([str(option) for option in [*options, "--output", tmp_path]]) == 0
    file, result = result_of(tmp_path, "frontends")
    rows = {row["label"]: row for row in result["rows"]}
    assert rows["native"]["is_ours"] and rows["native"]["state_dict_bytes"] == 0
    for label in "native", "librosa":
        assert rows[label]["relative_error"] < 1e-6
        assert rows[label]["us_per_clip"]["min"] > 0
        assert rows[label]["ratio_to_fastest_peer"] > 0
    assert file.with_suffix(".png").read_bytes().startswith(b"\x89PNG")
    assert "| rms |" in tables.table(file.name, tmp_path)


def test_an_unknown_frontend_is_refused(capsys):
    with pytest.raises(SystemExit):
        frontends.main(["--only", "loudness"])
    assert "loudness" in capsys.readouterr().err


def test_errors_without_librosa_are_against_the_layer_in_float64(monkeypatch):
    """As on a GPU host that lacks it."""
    monkeypatch.setitem(sys.modules, "benchmarks.exactness.float64_references", None)
    exact, name = frontends.exact_features()
    assert "float64" in name and "not installed" in name
    clips = np.random.default_rng(0).uniform(-1, 1, (2, 4000)).astype(np.float32)
    expected = reference(create_frontend("logmel", scale="power"), clips)
    assert relative_error(exact(create_frontend("logmel", scale="power"), clips), expected) < 1e-6
