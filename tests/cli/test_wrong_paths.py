"""A path that leads nowhere is answered in one line before torch and its kin are loaded, which takes seconds."""

import json
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.helpers.paths import REPOSITORY

HEAVY = ("accelerate", "matplotlib", "pandas", "scipy", "sklearn", "timm", "torch", "torchmetrics", "wandb")
# Each command in a process of its own, forked when the command line is loaded and nothing else.
PROGRAM = f"""
import json, os, sys, traceback
from esc_gpu.cli.main import main

def answer(words):
    process = os.fork()
    if process:
        return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
    for stream in 1, 2:
        os.dup2(os.open(os.path.join(sys.argv[1], f"{{' '.join(words).replace('/', '_')}}.{{stream}}"), 0o101), stream)
    status = 1
    try:
        status = main(words)
        print(json.dumps([name for name in {HEAVY} if name in sys.modules]))
        sys.stdout.flush()
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(status)

print(json.dumps([answer(words.split()) for words in json.loads(sys.argv[2])]))
"""

NO_RUN = "holds no summary.json of a run; give the output folder of a training"
NO_PIPELINE = "nowhere is not a folder: name the folder of a run or of a fold"
NO_ROOT = "nowhere: no such folder; expected ESC-50, with its meta and audio; correct data.root"
WRONG = {
    "evaluate": ("evaluate nowhere", f"nowhere {NO_RUN}"),
    "evaluate a folder": ("evaluate empty", f"empty {NO_RUN}"),
    "compare": ("compare nowhere neither", f"nowhere {NO_RUN}"),
    "report": ("report nowhere", f"nowhere {NO_RUN}"),
    "report's recordings": ("report finished --root nowhere", NO_ROOT),
    "report's config": ("report finished", f"{NO_ROOT}; if the run's recordings have moved, name their folder"),
    "evaluate into a file": ("evaluate finished --output sound.wav", "cannot write to sound.wav (sound.wav is no fold"),
    "compare into a file": ("compare finished alike --output sound.wav/x", "cannot write to sound.wav/x (sound.wav is"),
    "predict": ("predict sound.wav --model nowhere", NO_PIPELINE),
    "predict with a folder": (
        "predict sound.wav --model empty",
        "empty holds no model.safetensors: name the folder",
    ),
    "predict a fold": ("predict sound.wav --model run --fold 9", "run has no trained fold 9; expected one of 1"),
    "predict a file": ("predict nowhere.wav --model run", "nowhere.wav: No such file or directory; expected an audio"),
    "predict files": ("predict a.wav b.wav --model run", "2 of 2 files could not be classified: a.wav: No such file"),
    "predict in a folder": ("predict empty --model run", "empty holds no audio files"),
    "export": ("export nowhere --format onnx", NO_PIPELINE),
    "export's recordings": ("export run --format onnx --recordings nowhere.wav", "nowhere.wav: No such file"),
    "export's config": ("export run --format onnx", f"the run's recordings cannot be read ({NO_ROOT}): name other"),
    "demo": ("demo --model run nowhere", NO_PIPELINE),
    "features": ("features nowhere.wav", "nowhere.wav: no such file; expected an audio file; correct its name"),
    "features into a file": ("features sound.wav --output sound.wav/x.png", "cannot write to sound.wav (sound.wav is"),
    "features of a config": ("features sound.wav --config no.yaml", "--config: there is no file no.yaml; correct the"),
    "features of a root": ("features --root nowhere --gallery", NO_ROOT),
    "features with a cache": (
        "features --root empty --statistics --cache-dir sound.wav",
        "cache folder sound.wav: sound.wav is no folder; expected a folder that can be written; correct it or choose "
        "another with --cache-dir",
    ),
    "features of a table": ("features --table no.csv --gallery", "no.csv: no such file; expected a csv with the col"),
    "train on a root": ("train --data.root nowhere", NO_ROOT),
    "train on another root": ("train --data.root=nowhere", NO_ROOT),
    "train on a table": ("train --data.table no.csv", "no.csv: no such file; expected a csv with the columns path, la"),
    "train from weights": ("train --model.weights no.pth", "model.weights: there is no file no.pth; correct the name"),
    "train on a config's root": ("train --config wrong.yaml", NO_ROOT),
    "train with a cache": ("train --data.cache_dir sound.wav/a", "cache folder sound.wav/a: sound.wav is no folder"),
    "train into a file": ("train --output_dir sound.wav", "cannot write to sound.wav ([Errno 20] Not a directory"),
    "train below a file": ("train --output_dir sound.wav/a", "cannot write to sound.wav/a (sound.wav is no folder)"),
    "train into a run": (
        "train --output_dir finished",
        "finished already holds a run: continue it with --resume, re",
    ),
    "train by a config": ("train --config no.yaml", "--config: there is no file no.yaml; correct the name"),
    "train by a name": (
        "train --config logmal",
        "--config: there is no file and no config 'logmal'; did you mean 'logm",
    ),
    "features of a name": (
        "features sound.wav --config logmal",
        "--config: there is no file and no config 'logmal'; d",
    ),
    "configs": ("configs logmal", "there is no config 'logmal'; did you mean 'logmel'?; esc-gpu configs lists them"),
    "prepare a root": ("prepare --data.root nowhere", NO_ROOT),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with an audio file's name, an empty folder, a trained fold's weights and a finished run, all hollow."""
    folder = tmp_path_factory.mktemp("wrong")
    for name in ("empty", "finished", "run/fold1"):
        (folder / name).mkdir(parents=True)
    for name in ("sound.wav", "run/fold1/model.safetensors"):
        (folder / name).write_bytes(b"anything")
    config = {"train": {"seed": 0, "epochs": 1}, "model": {"pretrained": False, "weights": None}}
    summary = {
        **{"class_categories": ["Other"], "class_names": ["dog"], "folds": [], "data": {}},
        **{"config": config, "frontend": {"name": "rms", "backend": "native"}},
    }
    (folder / "finished" / "summary.json").write_text(json.dumps(summary), encoding="utf-8")
    header = "filename,fold,category,prediction,probability,dog"
    (folder / "finished" / "predictions.csv").write_text(f"{header}\na.wav,1,dog,dog,1.0,1.0\n", encoding="utf-8")
    for name in ("wrong.yaml", "finished/config.yaml", "run/config.yaml"):
        (folder / name).write_text("data:\n  root: nowhere\n", encoding="utf-8")
    shutil.copytree(folder / "finished", folder / "alike")
    return folder


@pytest.fixture(scope="module")
def answers(folder, tmp_path_factory):
    """By the words of a command its exit status, what it printed and its errors."""
    said, all_words = tmp_path_factory.mktemp("said"), [words for words, _ in WRONG.values()]
    command = [sys.executable, "-c", PROGRAM, str(said), json.dumps(all_words)]
    environment = {"PYTHONPATH": str(REPOSITORY), "HOME": str(folder)}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    files = {words: [said / f"{words.replace('/', '_')}.{stream}" for stream in (1, 2)] for words in all_words}
    texts = {words: [file.read_text(encoding="utf-8") for file in pair] for words, pair in files.items()}
    statuses = json.loads(done.stdout)
    return {words: (status, *texts[words]) for words, status in zip(all_words, statuses, strict=True)}


@pytest.mark.parametrize(("words", "message"), WRONG.values(), ids=WRONG)
def test_it_is_answered_at_once(answers, words, message):
    if words.startswith("demo") and find_spec("gradio") is None:
        pytest.skip("gradio is not installed")
    status, printed, errors = answers[words]
    (line,) = errors.splitlines()
    assert status == 2 and line.startswith("error: ") and message in line
    assert json.loads(printed) == []


def test_a_config_may_name_other_recordings(folder, monkeypatch):
    """What stands before a file of options is not judged by, for the file may replace it."""
    from esc_gpu.cli.run_options import check_paths
    from esc_gpu.errors import EscGpuError

    monkeypatch.chdir(folder)
    Path("there.yaml").write_text("data: {root: empty}\n", encoding="utf-8")
    check_paths(["--data.root", "nowhere", "--config", "there.yaml"])
    check_paths(["--data.root", "nowhere", "--data.root", "empty", "--data.table", "null", "--model.weights", "~"])
    check_paths(["--config", "data: {root: nowhere}", "--data.root"])
    Path("above.yaml").write_text("config: wrong.yaml\nmodel: {}\n", encoding="utf-8")
    check_paths(["--config", "above.yaml"])  # what it takes of the other is the parser's to say
    check_paths(["--config", "wrong.yaml", "--data", "there.yaml"])
    check_paths(["--config", "wrong.yaml", "--data.root", "empty"])
    with pytest.raises(EscGpuError, match="nowhere: no such folder"):
        check_paths(["--config", "there.yaml", "--data.root", "nowhere"])
    Path("dotted.yaml").write_text("data.root: nowhere\n", encoding="utf-8")
    for config in ("dotted.yaml", "wrong.yaml"):
        with pytest.raises(EscGpuError, match="nowhere: no such folder"):
            check_paths(["--data.root", "empty", "--config", config])


def test_an_output_folder_is_looked_at_before_a_training_alone(folder, monkeypatch):
    from esc_gpu.cli.run_options import check_paths
    from esc_gpu.errors import EscGpuError

    monkeypatch.chdir(folder)
    into_a_run = ["--output_dir", "finished"]
    check_paths(into_a_run)  # `esc-gpu prepare` writes nothing there
    check_paths([*into_a_run, "--resume"], trains=True)
    check_paths(["--output_dir", "new"], trains=True)
    with pytest.raises(EscGpuError, match="finished already holds a run"):
        check_paths(into_a_run, trains=True)
    with pytest.raises(EscGpuError, match="empty/.. contains something other than a run"):
        check_paths(["--output_dir", "empty/.."], trains=True)
    monkeypatch.setenv("RANK", "1")
    check_paths(into_a_run, trains=True)  # the first process of a run has the folder
