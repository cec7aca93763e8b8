"""An exported pipeline where neither torch nor this package is: the client, and the benchmark that compares it."""

import json
import re
import shutil
import sys
from pathlib import Path

import pytest
import soundfile
import torch

from benchmarks.common.paths import RESULTS
from benchmarks.exactness import onnx_agreement
from esc_gpu import EscGpuError
from esc_gpu.data.recordings.synthetic import write_synthetic
from esc_gpu.inference.export import export, read_clips
from tests.helpers.exported import NAMES, execute, make_pipeline, tones
from tests.helpers.paths import DOCS, REPOSITORY
from tests.helpers.tiny import RATE

CLIENT = REPOSITORY / "benchmarks" / "exactness" / "onnx_client.py"
CLIENT_CODE = "import runpy\nsys.argv[1:] = {arguments}\nrunpy.run_path({client!r}, run_name='__main__')"
NEEDLESS = ("torch", "esc_gpu", "timm", "onnx", "soxr", "scipy")


@pytest.fixture(scope="module")
def pipeline():
    return make_pipeline()


@pytest.fixture(scope="module")
def model(pipeline, onnx_operators, tmp_path_factory):
    """The exported file."""
    file = tmp_path_factory.mktemp("exported") / "model.onnx"
    export(pipeline, file, "onnx", tones(), progress=False)
    return file


def run_client(folder, *arguments, blocked=NEEDLESS):
    return execute(CLIENT_CODE.format(arguments=list(map(str, arguments)), client=str(CLIENT)), folder, *blocked)


@pytest.fixture
def files(tmp_path):
    """Too long and in stereo, too short, too loud, silent."""
    clips = tones()
    loud, silent = 3 * clips[4], torch.zeros(RATE)
    samples = [torch.stack([clips[0].tile(2), clips[1].tile(2)], 1), clips[2, :3000], loud, silent]
    for number, part in enumerate(samples):
        soundfile.write(tmp_path / f"{number}.wav", part.numpy(), RATE, "FLOAT")
    return [tmp_path / f"{number}.wav" for number in range(len(samples))]


def test_the_client_gives_the_answers_of_the_checkpoint(pipeline, model, files, tmp_path):
    printed = run_client(tmp_path, model, *files, "--save", "answers.json")
    answers = json.loads((tmp_path / "answers.json").read_text(encoding="utf-8"))
    with torch.no_grad():
        expected = pipeline(read_clips(pipeline, files))
    found = torch.tensor([clip["logits"] for clip in answers["clips"]])
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-3)
    tops = [NAMES[label] for label in expected.argmax(1)]
    assert [clip["top"] for clip in answers["clips"]] == tops and answers["class_names"] == NAMES
    shares = expected.softmax(1).amax(1)
    lines = [f"{file}: {top} ({share:.1%})" for file, top, share in zip(files, tops, shares, strict=True)]
    assert printed.splitlines() == lines


def test_the_client_resamples_or_says_that_it_must(pipeline, model, tmp_path):
    file = tmp_path / "other.wav"
    soundfile.write(file, tones(seconds=2)[2].numpy(), 2 * RATE, "FLOAT")
    with pytest.raises(AssertionError, match="other.wav is at 16000 Hz, the model takes 8000: convert"):
        run_client(tmp_path, model, file)
    blocked = [name for name in NEEDLESS if name != "soxr"]
    run_client(tmp_path, model, file, "--save", "answers.json", blocked=blocked)
    found = json.loads((tmp_path / "answers.json").read_text(encoding="utf-8"))["clips"][0]["logits"]
    with torch.no_grad():
        expected = pipeline(read_clips(pipeline, [file]))[0]
    torch.testing.assert_close(torch.tensor(found), expected, rtol=0, atol=1e-3)


@pytest.fixture
def here(model, monkeypatch):
    """The file that is there already is answered from in this environment: another one takes a network."""
    versions = dict.fromkeys(onnx_agreement.PACKAGES, "1.0")
    monkeypatch.setattr(onnx_agreement, "create_environment", lambda folder: (Path(sys.executable), versions))
    monkeypatch.setattr(onnx_agreement, "export", lambda pipeline, file, *rest, **options: shutil.copy(model, file))


def test_the_benchmark_compares_every_recording(pipeline, here, tmp_path, capsys, monkeypatch):
    run, output = tmp_path / "secret" / "tiny", tmp_path / "results"
    run.mkdir(parents=True)
    pipeline.save_pretrained(run / "fold1")
    root = write_synthetic(tmp_path / "recordings", clips_per_class=5, progress=False)
    command = [str(run), "--root", str(root), "--output", str(output)]
    assert onnx_agreement.main(command) == 0
    printed, (file,) = capsys.readouterr().out, output.glob("onnx-agreement-*.json")
    result = json.loads(file.read_text(encoding="utf-8"))
    assert result["clips"] == result["same_top"] == 50 and 0 < result["largest_difference"] < 1e-3
    assert result["largest_logit"] > 1 and result["model"] == "tiny/fold1" and result["recordings"] == "recordings"
    assert "secret" not in file.read_text(encoding="utf-8") and str(tmp_path) not in file.read_text(encoding="utf-8")
    assert "same top-1  50\n" in printed and "not there  torch, esc_gpu\n" in printed

    expected = onnx_agreement.answer_here(pipeline, [*(root / "audio").iterdir()][:1] * 50)
    monkeypatch.setattr(onnx_agreement, "answer_here", lambda *_: expected)
    assert onnx_agreement.main(command) == 1


def test_an_environment_with_torch_proves_nothing():
    with pytest.raises(EscGpuError, match="environment has torch, so that its answers would prove nothing"):
        onnx_agreement.check_absent(Path(sys.executable))


def test_the_page_says_what_was_measured():
    page = " ".join((DOCS / "export.md").read_text(encoding="utf-8").split())
    (name,) = re.findall(r"results/(onnx-agreement-\S+\.json)", page)
    result = json.loads((RESULTS / name).read_text(encoding="utf-8"))
    assert f"the class was the same for {result['same_top']} of {result['clips']} recordings" in page
    assert f"the largest difference of a logit was {result['largest_difference']:.1e} (" in page
