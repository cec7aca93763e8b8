"""Runs and checkpoints of version 0.1.0, as it wrote them: in `earlier/`, a finished run of a stack and one cut off."""

import json
import shutil
from pathlib import Path

import soundfile
import torch
import yaml

import esc_gpu
from esc_gpu.cli.main import main
from esc_gpu.config.parse import parse_run
from esc_gpu.evaluation.finished_run import read_run
from esc_gpu.training.build_model import build_model
from tests.helpers.tiny import OPTIONS, write_tones

EARLIER = Path(__file__).parent / "earlier"
SMALL = ["--model.backbone", "resnet18", "--model.options", "{layers: [1, 1, 1, 1], channels: [8, 8, 8, 8]}"]
LOGITS = [0.10917063057422638, 0.04536475986242294, 0.1949876844882965]  # of the first tone, by version 0.1.0


def first_tone(folder):
    samples, _ = soundfile.read(write_tones(folder).parent / "0.wav", dtype="float32")
    return torch.from_numpy(samples)[None]


def is_of(spec, earlier):
    """All that was said then is said now, beside the defaults of what has become an option since."""
    assert {**spec, "members": []}.items() >= {**earlier, "members": []}.items()
    for now, then in zip(spec["members"], earlier["members"], strict=True):
        assert now.items() >= then.items()


def test_a_checkpoint_gives_the_same_logits(tmp_path):
    model = esc_gpu.load(EARLIER / "finished" / "fold1").eval()
    with torch.no_grad():
        logits = model(first_tone(tmp_path / "tones"))
    # Another processor adds up in another order.
    torch.testing.assert_close(logits, torch.tensor([LOGITS]), rtol=0, atol=1e-5)


def test_a_checkpoint_of_the_backend_triton_is_of_the_same_numbers(tmp_path):
    folder = shutil.copytree(EARLIER / "finished" / "fold1", tmp_path / "fold1")
    text = (folder / "pipeline.json").read_text(encoding="utf-8")
    description = json.loads(text)
    for member in description["frontend"]["members"]:
        member["backend"] = "triton"  # of log-mel and MFCC, in version 0.1.0
    (folder / "pipeline.json").write_text(json.dumps(description), encoding="utf-8")
    with torch.no_grad():
        logits = esc_gpu.load(folder).eval()(first_tone(tmp_path / "tones"))
    torch.testing.assert_close(logits, torch.tensor([LOGITS]), rtol=0, atol=1e-5)
    members, earlier = (
        esc_gpu.load_pipeline(folder).model.frontend.spec["members"],
        json.loads(text)["frontend"]["members"],
    )
    for now, then in zip(members, earlier, strict=True):
        assert now.items() >= then.items()  # and the defaults of what has become an option since


def test_a_pipeline_predicts(tmp_path):
    first_tone(tmp_path)
    prediction = esc_gpu.load_pipeline(EARLIER / "finished").classify(tmp_path / "0.wav")
    (label, probability), *_ = prediction.top()
    assert label == "middle" and abs(probability - float(torch.tensor(LOGITS).softmax(0).max())) < 1e-4


def test_a_finished_run_is_read():
    run = read_run(EARLIER / "finished")
    assert run.class_names == ["high", "low", "middle"]


def test_its_config_is_of_the_same_model():
    config = parse_run(["--config", str(EARLIER / "finished" / "config.yaml")], "train.py")
    assert config.frontend.name == "stack" and config.data.sample_rate == 8000
    spec = json.loads((EARLIER / "finished" / "fold1" / "pipeline.json").read_text(encoding="utf-8"))["frontend"]
    is_of(build_model(config, 3).frontend.spec, spec)


def test_a_run_that_was_cut_off_goes_on(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    write_tones(tmp_path / "tones")
    shutil.copytree(EARLIER / "interrupted", "interrupted")
    before = yaml.safe_load(Path("interrupted/config.yaml").read_text(encoding="utf-8"))
    data = ["--data.table", "tones/tones.csv", "--data.cache_dir", "cache"]
    run = ["train", *OPTIONS, *SMALL, *data, "--output_dir", "interrupted", "--folds", "1", "--resume"]
    assert main([*run, "--frontend.n_mels", "8"]) == 2
    assert "frontend.n_mels was 16, is 8" in capsys.readouterr().err
    assert main(run) == 0
    history = [
        json.loads(line) for line in Path("interrupted/fold1/metrics.jsonl").read_text(encoding="utf-8").splitlines()
    ]
    first = json.loads((EARLIER / "interrupted" / "fold1" / "metrics.jsonl").read_text(encoding="utf-8"))
    assert len(history) == 2 and history[0] == first  # the epoch before the cut was not trained again
    assert yaml.safe_load(Path("interrupted/config.yaml").read_text(encoding="utf-8")) == before
