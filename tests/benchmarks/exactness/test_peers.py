"""The checks of other libraries, from arguments to table."""

import numpy as np
import pytest

from benchmarks.exactness import peers
from benchmarks.exactness.peer_checks import of_scipy
from benchmarks.exactness.peer_checks.checks import Check, unlooked
from tests.helpers.result_files import result_of
from tools import doc_tables as tables


def few_checks():
    """A window, a choice that is not expressible, and one of a window that is taken for another."""
    window, *_ = of_scipy.window_checks()
    lacking = next(check for check in of_scipy.checks() if check.reason)
    wrong = Check(window.function, {"window": "hamming"}, window.ours, lambda clip, rate: 0 * window.theirs(clip, rate))
    return [window, lacking, wrong]


def test_peers_from_arguments_to_table(tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(peers.PEERS, "librosa", ("librosa", ("of_nothing",)))
    checks = few_checks()[:2]
    monkeypatch.setattr(of_scipy, "checks", lambda: checks)
    assert peers.main(["--only", "scipy", "librosa", "--output", str(tmp_path)]) == 0
    printed = capsys.readouterr().out
    assert "scipy: 1 passed, 0 failed, " in printed and "librosa: skipped: No module named" in printed
    file, result = result_of(tmp_path, "peers")
    passed, lacking, *new = result["rows"]
    assert passed["ours"]["name"] == "spectrogram" and 0 <= passed["largest_difference"] <= 1e-5
    assert lacking["verdict"] == "not expressible" and lacking["reason"]
    # What the kept check of `scipy.signal.spectrogram` leaves out is said.
    assert new and {row["reason"] for row in new} == {"it was not looked at"}
    text = tables.table(file.name, tmp_path)
    assert "| all |" in text and "Not installed, and not compared: librosa." in text and lacking["reason"] in text


def test_a_difference_fails(tmp_path, monkeypatch, capsys):
    checks = few_checks()[2:]
    monkeypatch.setattr(of_scipy, "checks", lambda: checks)
    assert peers.main(["--only", "scipy", "--output", str(tmp_path)]) == 1
    assert "  failed: {" in capsys.readouterr().out
    _, result = result_of(tmp_path, "peers")
    assert result["rows"][0]["largest_difference"] > 0.1


def test_other_shapes_and_refused_options_fail():
    check, *_ = of_scipy.window_checks()
    shorter = Check("f", {}, check.ours, lambda clip, rate: check.theirs(clip, rate)[:, 1:])
    assert peers.judge(shorter, None)["largest_difference"] == np.inf
    refused = peers.judge(Check("f", {}, {"name": "logmel", "n_mels": 0}, check.theirs), None)
    assert refused["verdict"] == "failed" and "n_mels" in refused["error"]


@pytest.mark.parametrize("module", ["of_librosa", "of_librosa_frames", "of_librosa_pitches", "of_scipy"])
def test_no_option_is_left_out(module):
    import importlib

    checks = importlib.import_module(f"benchmarks.exactness.peer_checks.{module}").checks()
    assert len(checks) > 50 and unlooked(checks) == []
