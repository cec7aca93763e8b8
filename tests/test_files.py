"""Files are whole or not there, whatever happens while they are written."""

import json
import os
import stat

import pytest

from esc_gpu import EscGpuError
from esc_gpu.files import read_json, replacing, write_json


def test_an_error_while_writing_leaves_the_earlier_file(tmp_path):
    file = tmp_path / "a.json"
    write_json(file, {"a": 1})
    with pytest.raises(RuntimeError), replacing(file) as temporary:
        temporary.write_text("half")
        raise RuntimeError
    assert json.loads(file.read_text()) == {"a": 1} and list(tmp_path.iterdir()) == [file]


def test_a_value_that_is_not_json_writes_nothing(tmp_path):
    with pytest.raises(TypeError):
        write_json(tmp_path / "a.json", {"a": object()})
    assert not list(tmp_path.iterdir())


def test_the_file_has_the_permissions_of_any_new_file(tmp_path):
    write_json(tmp_path / "a.json", {})
    umask = os.umask(0)
    os.umask(umask)
    assert stat.S_IMODE((tmp_path / "a.json").stat().st_mode) == 0o666 & ~umask


def test_reading(tmp_path):
    write_json(tmp_path / "a.json", {"name": "Säge"})
    assert read_json(tmp_path / "a.json") == {"name": "Säge"}
    with pytest.raises(EscGpuError, match="no file"):
        read_json(tmp_path / "b.json")
    (tmp_path / "a.json").write_text("{")
    with pytest.raises(EscGpuError, match="is not JSON"):
        read_json(tmp_path / "a.json")
