"""The limits of a device, of the CPU here."""

import json

import pytest
import torch

from benchmarks.speed import limits


def test_what_is_measured(tmp_path, capsys):
    assert limits.main(["--megabytes", "1", "--repeats", "2", "--output", str(tmp_path)]) == 0
    (file,) = tmp_path.glob("limits-*.json")
    result = json.loads(file.read_text(encoding="utf-8"))
    assert result["benchmark"] == "limits" and result["copied_bytes"] == 10**6
    assert result["bandwidth_gb"] > 0 and result["start_us"] > 0 and result["repeats"] == 2
    assert result["joules_per_gb"] is None or torch.cuda.is_available()
    assert "GB/s in a copy of 1 MB" in capsys.readouterr().out


def test_the_figures_are_those_of_the_seconds(monkeypatch):
    class MadeUp:
        """Takes a millisecond for whatever it is asked, and 0.02 J for a copy."""

        device, name = torch.device("cpu"), "made up"

        def synchronize(self):
            pass

        def seconds(self, call):
            return 1e-3

    monkeypatch.setattr(limits, "find_device", MadeUp)
    monkeypatch.setattr(limits, "joules_per_call", lambda call, seconds, device: 0.02)
    result = limits.measure_limits(10**6, 3)
    assert result["device"] == "made up" and result["bandwidth_gb"] == pytest.approx(2.0)
    assert result["start_us"] == pytest.approx(1.0) and result["joules_per_gb"] == pytest.approx(10.0)
