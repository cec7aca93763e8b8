"""A disk that fills up in the midst of a training: one line, nothing half written, and the run can go on."""

import contextlib
import resource
import shutil
import signal
import subprocess

import pytest

from esc_gpu.cli.main import main
from esc_gpu.training.resume_state import read_state
from tests.helpers.one_line import error_line
from tests.helpers.tiny import OPTIONS, write_tones

pytestmark = pytest.mark.usefixtures("blank_pictures")


@pytest.fixture(scope="module")
def options(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tones")
    table = write_tones(folder)
    return [*OPTIONS, "--folds", "1", "--data.table", str(table), "--data.cache_dir", str(folder / "cache")]


@pytest.fixture(scope="module")
def expected(options, tmp_path_factory):
    """Predictions of a run with room."""
    output = tmp_path_factory.mktemp("undisturbed") / "run"
    assert main(["train", *options, "--output_dir", str(output)]) == 0
    return (output / "fold1" / "predictions.csv").read_text(encoding="utf-8")


@pytest.fixture
def small_disk(tmp_path):
    """A folder that is a file system of its own."""
    folder = tmp_path / "disk"
    folder.mkdir()
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", str(folder)], capture_output=True, text=True
    )
    if made.returncode:
        pytest.skip(f"no file system can be mounted here: {made.stderr.strip()}")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


@contextlib.contextmanager
def small_files():
    """No file can grow beyond a few bytes inside the block; restored afterwards."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # an error instead
    resource.setrlimit(resource.RLIMIT_FSIZE, (16, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, ignored)


def run_out(monkeypatch, target, number, hinder):
    """Have `hinder` in force around the `number`th call of a function."""
    module, _, name = target.rpartition(".")
    original, calls = getattr(__import__(module, fromlist=[name]), name), []

    def call(*arguments, **options):
        calls.append(name)
        with hinder() if len(calls) == number else contextlib.nullcontext():
            return original(*arguments, **options)

    monkeypatch.setattr(target, call)


def check_one_line(error, file):
    line = error_line(error)
    assert f"cannot write {file}: " in line and line.endswith("--resume") and "Traceback" not in error


MOMENTS = {
    "checkpoint": ("esc_gpu.training.loop.save_state", 2, "fold1/state.pt"),
    "results": ("esc_gpu.experiment.cross_validation.write_fold", 1, "fold1/predictions.csv"),
    "summary": ("esc_gpu.experiment.cross_validation.join_predictions", 1, "predictions.csv"),
}


@pytest.mark.parametrize(("target", "number", "file"), MOMENTS.values(), ids=MOMENTS.keys())
def test_where_nothing_can_be_written(options, expected, tmp_path, monkeypatch, capsys, target, number, file):
    output = tmp_path / "run"
    with monkeypatch.context() as context:
        run_out(context, target, number, small_files)
        assert main(["train", *options, "--output_dir", str(output)]) == 2
    check_one_line(capsys.readouterr().err, output / file)
    assert not list(output.rglob(".*"))  # neither a lock nor anything half written
    assert all(read_state(state) for state in output.rglob("state*.pt"))
    assert main(["train", *options, "--output_dir", str(output), "--resume"]) == 0
    assert (output / "fold1" / "predictions.csv").read_text(encoding="utf-8") == expected


def test_where_the_output_folder_is_removed(options, tmp_path, monkeypatch, capsys):
    output = tmp_path / "run"

    @contextlib.contextmanager
    def removed():
        shutil.rmtree(output)
        yield

    run_out(monkeypatch, "esc_gpu.training.loop.save_state", 2, removed)
    assert main(["train", *options, "--output_dir", str(output)]) == 2
    line = error_line(capsys.readouterr().err)
    assert line.startswith(f"cannot write {output / 'fold1' / 'state.pt'}: its folder was removed")
    assert not output.exists()


def test_on_a_disk_that_is_full(options, expected, small_disk, monkeypatch, capsys):
    output, ballast = small_disk / "run", small_disk / "ballast"

    @contextlib.contextmanager
    def full():
        with contextlib.suppress(OSError), open(ballast, "wb", buffering=0) as file:
            while file.write(bytes(1 << 16)):
                pass
        yield

    with monkeypatch.context() as context:
        run_out(context, "esc_gpu.training.loop.save_state", 2, full)
        assert main(["train", *options, "--output_dir", str(output)]) == 2
    error = capsys.readouterr().err
    check_one_line(error, output / "fold1" / "state.pt")
    assert "No space left on device" in error
    assert sorted(path.name for path in (output / "fold1").iterdir()) == ["metrics.jsonl", "state.pt"]
    assert len(read_state(output / "fold1" / "state.pt")["history"]) == 1
    ballast.unlink()
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    assert main(["train", *options, "--output_dir", str(output), "--resume"]) == 2
    assert f"cannot write to {output} " in capsys.readouterr().err
    subprocess.run(["mount", "-o", "remount,rw", str(small_disk)], check=True)
    assert main(["train", *options, "--output_dir", str(output), "--resume"]) == 0
    assert (output / "fold1" / "predictions.csv").read_text(encoding="utf-8") == expected
