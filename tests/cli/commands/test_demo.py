"""`esc-gpu demo`: what it says before it serves."""

import pytest

from esc_gpu.cli.main import main


def test_without_gradio_it_says_what_to_install(monkeypatch, capsys):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert main(["demo", "--model", "runs/logmel"]) == 2
    assert capsys.readouterr().err == 'error: the demo needs gradio: pip install "esc_gpu[demo]"\n'


def test_mistakes_on_the_command_line_are_one_line(monkeypatch, capsys, tmp_path):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: name)
    assert main(["demo", "--model", "runs/logmel", "--port", "70000"]) == 2
    assert capsys.readouterr().err == "error: --port is 70000; expected 1 to 65535; choose another port\n"
    assert main(["demo", "--model", str(tmp_path)]) == 2
    assert "holds no model.safetensors" in capsys.readouterr().err
    for option in ("--share", "--host"):
        with pytest.raises(SystemExit):
            main(["demo", "--model", "runs/logmel", option, "0.0.0.0"])
