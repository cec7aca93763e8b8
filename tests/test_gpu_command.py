"""The one command for a GPU: what it makes of its parts, shown with parts that need none."""

import json
import sys

import pytest

from benchmarks import gpu, tables

WRITES = """
import json, pathlib, sys
folder = pathlib.Path(sys.argv[sys.argv.index("--output") + 1])
(folder / "graphs-cpu.json").write_text(json.dumps({"benchmark": "graphs", "rows": []}))
(folder / "graphs-cpu.png").write_bytes(b"picture")
print("done")
"""


def python(code):
    return [sys.executable, "-c", code]


def test_every_part_is_kept_whatever_becomes_of_it(tmp_path, capsys):
    parts = {
        "tests": python("print('2 passed')"),
        "graphs": python(WRITES),
        "broken": python("print('so far'); raise SystemExit('no memory')"),
        "endless": python("print('begun', flush=True); import time; time.sleep(600)"),
        "late": python("import time; time.sleep(600)"),
    }
    file = gpu.run_parts(parts, 8.0, tmp_path)
    outcomes = json.loads(file.read_text())["parts"]
    assert list(outcomes) == list(parts)
    assert outcomes["tests"]["status"] == "passed" and outcomes["tests"]["last_lines"] == ["2 passed"]
    assert outcomes["graphs"]["result"]["benchmark"] == "graphs"
    assert (tmp_path / "graphs-cpu.png").read_bytes() == b"picture"
    assert outcomes["broken"]["status"] == "failed (1)" and outcomes["broken"]["last_lines"] == ["so far", "no memory"]
    assert outcomes["endless"]["status"].startswith("stopped after") and outcomes["endless"]["last_lines"] == ["begun"]
    assert outcomes["late"]["seconds"] < 5  # the time was up
    assert "broken: failed (1)" in capsys.readouterr().out


def test_a_table_is_made_of_a_part(tmp_path):
    file = gpu.run_parts({"graphs": python(WRITES)}, 60.0, tmp_path)
    text = tables.table(f"{file.name}#graphs", tmp_path)
    assert text.startswith("| front-end | torch.compile |") and f"`benchmarks/results/{file.name}`" in text


def test_the_parts_are_commands_that_this_repository_has(monkeypatch):
    """Their options, too: each is parsed as its command would."""
    from benchmarks import frontends, pipeline
    from esc_gpu.arguments import parse_run

    parts = gpu.commands("ESC-10")
    assert list(parts) == ["tests", "pipeline", "cross_validation", "frontends"]
    for name, module in (("pipeline", pipeline), ("frontends", frontends)):
        monkeypatch.setattr(module, "require_gpu", lambda: sys.exit("parsed"))
        with pytest.raises(SystemExit, match="parsed"):
            module.main(parts[name][3:])
    options = parts["cross_validation"][3:]
    assert parse_run([word for word in options if word != "--require-gpu"], "x").train.epochs == 100
    assert all((gpu.REPOSITORY / word).is_file() for word in parts["tests"] if word.endswith(".py"))


@pytest.mark.skipif("__import__('torch').cuda.is_available()", reason="there is a CUDA device")
def test_without_a_gpu_it_is_refused(capsys, tmp_path):
    assert gpu.main(["--root", "ESC-10", "--output", str(tmp_path)]) == 2
    assert "torch sees no CUDA device" in capsys.readouterr().err and not list(tmp_path.iterdir())
