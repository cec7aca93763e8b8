"""What is said of a config that is none: what it is, and what was expected."""

import pytest

from esc_gpu.config.messages import explain
from esc_gpu.config.parse import parse_run
from tests.helpers.one_line import refusal


@pytest.mark.parametrize(("text", "given"), [("", "''"), ("- 1\n", "'- 1'"), ("words\n", "'words'")])
def test_a_file_without_sections_is_said_to_have_none(tmp_path, text, given):
    file = tmp_path / "a.yaml"
    file.write_text(text, encoding="utf-8")
    said = refusal(parse_run, ["--config", str(file)], "train.py")
    assert said == f"--config is {given}; expected sections with options; name a YAML file that has some"


def test_a_config_that_is_a_folder_is_said_to_be_no_file(tmp_path):
    (tmp_path / "a.yaml").mkdir()
    said = refusal(parse_run, ["--config", str(tmp_path / "a.yaml")], "train.py")
    assert said.startswith(f"--config: {tmp_path / 'a.yaml'} is not a file, or cannot be read; expected")
    assert explain("config: File is not readable: '/a.yaml'", []).startswith(
        "--config: /a.yaml is not a file, or cannot"
    )


def test_what_is_wrong_with_yaml_is_said_with_the_name_of_its_file(tmp_path):
    (tmp_path / "base.yaml").write_text("train:\n  epochs: 3\n  epochs: 4\n", encoding="utf-8")
    (tmp_path / "run.yaml").write_text("config: base.yaml\n", encoding="utf-8")
    said = refusal(parse_run, ["--config", str(tmp_path / "run.yaml")], "train.py")
    assert said.startswith("base.yaml: epochs appears twice in one section of the YAML, in lines 2 and 3; expected it")
