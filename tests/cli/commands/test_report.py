"""`esc-gpu report`: what it writes, and what it says of mistakes."""

import functools
import shutil

import pytest

from esc_gpu.cli.main import main
from esc_gpu.data.recordings.synthetic import write_synthetic
from esc_gpu.evaluation.finished_run import read_run
from esc_gpu.experiment import recordings
from tests.helpers.tiny import OPTIONS
from tests.helpers.tiny_run import train_tones
from tests.helpers.undrawn import undrawn


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return train_tones(tmp_path_factory.mktemp("tones"))


def test_a_page_is_written_into_the_run(run, capfd):
    before = {path.name for path in run.iterdir()}
    assert main(["report", str(run)]) == 0
    printed = capfd.readouterr()
    assert {path.name for path in run.iterdir()} - before == {"report.html"}
    html = (run / "report.html").read_text(encoding="utf-8")
    assert html.startswith("<!DOCTYPE html>") and html.rstrip().endswith("</html>")
    assert all(name in html for name in read_run(run).filenames)
    assert printed.out == f"written: {run / 'report.html'} ({len(html.encode()) / 1e6:.1f} MB)\n"
    assert "clips: 100%" in printed.err


def test_markdown_goes_into_a_folder_with_its_figures(run, tmp_path, capfd):
    output, document = tmp_path / "tones.html", tmp_path / "tones" / "tones.md"
    with undrawn():
        assert main(["report", str(run), "--output", str(output), "--format", "markdown", "--mistakes", "2"]) == 0
    assert [path.name for path in tmp_path.iterdir()] == ["tones"]
    assert sorted(path.name for path in document.parent.iterdir()) == ["figures", "tones.md"]
    assert capfd.readouterr().out == f"written: {document}\n"


def test_options_leave_sounds_and_mistakes_out(run, tmp_path):
    output = tmp_path / "short.html"
    assert main(["report", str(run), "--output", str(output), "--audio", "no", "--mistakes", "1"]) == 0
    html = output.read_text(encoding="utf-8")
    assert "<audio" not in html and html.count('class="card mistake"') == 1


def test_a_run_that_moved_with_its_recordings(run, tmp_path, capfd):
    moved, tones = tmp_path / "moved", run.parent / "tones"
    shutil.copytree(run, moved)
    shutil.copytree(tones, tmp_path / "recordings")
    tones.rename(run.parent / "gone")
    try:
        assert main(["report", str(moved)]) == 2
        (line,) = capfd.readouterr().err.splitlines()
        assert line.startswith("error: ") and "name their folder with --root DIR" in line
        assert main(["report", str(moved), "--root", str(tmp_path / "recordings")]) == 0
    finally:
        (run.parent / "gone").rename(tones)


def test_a_run_on_the_embedded_recordings_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr(recordings, "write_synthetic", functools.partial(write_synthetic, clips_per_class=5))
    output = tmp_path / "demo"
    data = ["--data.cache_dir", str(tmp_path / "cache"), "--folds", "[2]", "--train.epochs", "1"]
    with undrawn():
        assert main(["train", *OPTIONS, *data, "--output_dir", str(output)]) == 0
    assert main(["report", str(output), "--audio", "no", "--mistakes", "1"]) == 0
    assert "Synthetic recordings." in (output / "report.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--output", "page.pdf"], "output is page.pdf; expected a name that ends in .html"),
        (["--output", "/nowhere/page.html"], "cannot write /nowhere/page.html"),
        (["--mistakes", "-1"], "mistakes is -1; expected 0 or more; correct it, or leave it out for all"),
        (["--root", "/nowhere"], "/nowhere: no such folder"),
        (["--validated", "runs/other"], "--validated chooses a threshold, which a run with one class a clip does not"),
    ],
)
def test_a_mistake_is_one_line_and_status_2(run, capfd, arguments, message):
    (run / "report.html").unlink(missing_ok=True)
    assert main(["report", str(run), *arguments]) == 2
    (line,) = capfd.readouterr().err.splitlines()
    assert line.startswith("error: ") and message in line
    assert not (run / "report.html").exists()


def test_a_folder_without_a_run_and_one_without_models(run, tmp_path, capfd):
    assert main(["report", str(tmp_path)]) == 2
    assert "holds no summary.json of a run" in capfd.readouterr().err
    bare = tmp_path / "bare"
    shutil.copytree(run, bare, ignore=shutil.ignore_patterns("model.safetensors"))
    assert main(["report", str(bare)]) == 2
    assert f"error: {bare / 'fold1'} has no model.safetensors: train the run again" in capfd.readouterr().err
