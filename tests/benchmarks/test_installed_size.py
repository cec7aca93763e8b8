"""The room that an extra takes: each package once, with what it needs itself."""

import json

from benchmarks import installed_size
from tools.doc_tables import size_table


def test_an_extra_brings_its_packages_and_theirs():
    alone, _ = installed_size.packages("esc_gpu", "")
    onnx, missing = installed_size.packages("esc_gpu", "onnx")
    assert {"esc-gpu", "torch", "numpy"} <= set(alone) and "onnxruntime" not in alone
    assert {"onnxruntime", "flatbuffers", *alone} <= set(onnx) and missing == []


def test_what_is_not_installed_is_named():
    assert installed_size.packages("no-such-package", "") == ({}, ["no-such-package"])


def test_a_file_s_bytes_are_counted_and_torch_s_apart(tmp_path, monkeypatch):
    packages = {"torch": ["torch"], "esc_gpu": ["torch", "esc-gpu"]}
    monkeypatch.setattr(installed_size, "packages", lambda name, extra: (dict.fromkeys(packages[name]), []))
    monkeypatch.setattr(installed_size, "distribution", lambda name: name)
    monkeypatch.setattr(installed_size, "n_bytes", lambda package: 1_000_000_000)
    assert installed_size.main(["--output", str(tmp_path)]) == 0
    (file,) = tmp_path.iterdir()
    result = json.loads(file.read_text(encoding="utf-8"))
    assert size_table(result)[2:4] == ["| `esc_gpu` | 2 | 2.0 | 1.0 |", "| `esc_gpu[train]` | 2 | 2.0 | 1.0 |"]
