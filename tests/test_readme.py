"""README and docs are true: their Python runs as it stands, their tables are those of the result files, files exist."""

import re
import shutil

import numpy as np
import pytest
import torch

from esc_gpu import WaveformClassifier, create_frontend, list_frontends
from esc_gpu.config.frontend_options import known_options
from esc_gpu.config.help import all_keys
from esc_gpu.config.parse import parse_run
from esc_gpu.core.files import read_json
from esc_gpu.model import checkpoint
from esc_gpu.report.tables import mean_and_spread
from tests.helpers.paths import CONFIGS, DOCS, REPOSITORY
from tools.doc_tables import PAGES as TABLE_PAGES
from tools.doc_tables import RESULTS, fill

PAGES = [REPOSITORY / "README.md", *sorted(DOCS.glob("*.md"))]
README = PAGES[0].read_text(encoding="utf-8")
TEXT = "\n".join(page.read_text(encoding="utf-8") for page in PAGES)
# What export.md shows needs exported files, which its own tests make.
RUNNABLE = "\n".join(page.read_text(encoding="utf-8") for page in PAGES if page.name != "export.md")
PYTHON = re.findall(r"```python\n(.*?)```", RUNNABLE, re.DOTALL)


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """A folder with the run that the pages load: one fold of the demo, not trained."""
    runs = tmp_path_factory.mktemp("runs")
    folder = runs / "demo" / "fold1"
    folder.mkdir(parents=True)
    demo = parse_run(["--config", str(CONFIGS / "demo.yaml")], "train.py")
    frontend = create_frontend(**{"sample_rate": demo.data.sample_rate, **demo.frontend.arguments()})
    model = WaveformClassifier(frontend, 10)
    model.fit_normalization(0.1 * torch.randn(2, 5 * demo.data.sample_rate))
    checkpoint.save(folder, model, [f"class{k}" for k in range(10)])
    return runs


@pytest.mark.parametrize("code", PYTHON, ids=range(len(PYTHON)))
def test_the_python_runs_as_it_stands(code, runs, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shutil.copytree(runs, tmp_path / "runs")
    np.savez(tmp_path / "windows.npz", path=["a.wav"], start_seconds=[0.0], embedding=np.zeros((1, 4)))
    exec(compile(code, "README.md", "exec"), {})


def test_there_is_python_to_run():
    assert len(PYTHON) >= 5


def test_the_tables_are_those_of_the_result_files():
    assert fill(TEXT) == TEXT
    assert set(PAGES) == set(TABLE_PAGES)
    assert re.findall(r"<!-- table (\S+) -->", TEXT)


def test_the_numbers_of_the_readme_are_those_of_the_result_files():
    frontends = read_json(RESULTS / "frontends-cpu-2026-12-01.json")
    rows = {row["label"]: row for row in frontends["rows"] if row["name"] == "logmel" and "skipped" not in row}
    times = {label: row["us_per_clip"]["median"] for label, row in rows.items()}
    ours = times["native"]
    assert frontends["threads"] == 2 and f"Log-mel takes {ours / 1000:.1f} ms for each clip of 5 s in a batch" in README
    ratios = [times[label] / ours for label in ("torchaudio", "librosa", "nnAudio MelSpectrogram")]
    assert "takes {:.1f} times as long, librosa {:.1f} times and nnAudio {:.0f} times".format(*ratios) in README
    assert f"[{rows['native']['relative_error']:.1e}](benchmarks/results/frontends-cpu-2026-12-01.json)" in README

    speeds = {
        row["feed"]: row["training"]["median"]
        for row in read_json(RESULTS / "pipeline-cpu-2026-11-24.json")["rows"]
        if row["feature"] == "logmel" and row["compile"] == "no"
    }
    assert f"reaches {speeds['h'] / speeds['f']:.0%}".replace("%", " %") in README

    sizes = {row["extra"]: row for row in read_json(RESULTS / "installed-size-cpu-2026-11-30.json")["rows"]}
    alone = sizes[""]
    assert (
        f"{alone['bytes'] / 1e9:.1f} GB: torch with CUDA, and {alone['bytes_beside_torch'] / 1e9:.1f} GB for the rest"
        in README
    )
    assert all(
        f'`pip install ".[{extra}]"` | {sizes[extra]["bytes"] / 1e9:.1f} GB' in README for extra in ("train", "all")
    )


def test_an_accuracy_is_that_of_the_file_that_it_links_to():
    text = README + (DOCS / "choose.md").read_text(encoding="utf-8")  # docs/accuracy.md: tests/test_doc_figures.py
    named = re.findall(r"\[(\d\d\.\d\d ± \d\.\d\d)\]\((?:\.\./)?benchmarks/results/([\w.-]+)\)", text)
    found = [(mean_and_spread(read_json(RESULTS / file)["overall"]["accuracy"]), file) for _, file in named]
    assert len(named) >= 5 and named == found


def test_every_file_it_names_is_there():
    named = set(re.findall(r"\b(?:configs|benchmarks|tests|esc_gpu|docs)/[\w./-]+\.(?:yaml|py|json|md)", TEXT))
    assert named and not [name for name in named if not (REPOSITORY / name).exists()]


def test_every_option_it_names_is_one():
    named = set(re.findall(r"--((?:data|frontend|model|augment|train|tracker)\.[a-z_0-9]+)", TEXT))
    own = {f"frontend.{option}" for name in list_frontends() for option in known_options(name)}
    assert named and not named - own - set(all_keys())


def test_every_front_end_is_in_the_docs():
    table = (DOCS / "frontends.md").read_text(encoding="utf-8").split("## The family")[1].split("##")[0]
    assert all(f"`{name}`" in table for name in list_frontends())


def test_every_make_target_it_names_is_one():
    targets = set(re.findall(r"^([a-z]+):", (REPOSITORY / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    assert set(re.findall(r"(?:`|^)make ([a-z]+)", TEXT, re.MULTILINE)) <= targets
