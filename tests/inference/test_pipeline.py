"""The loadable pipeline: from runs and folders, through save and load, and by a local server for the hub."""

import hashlib
import json
import shutil
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import huggingface_hub
import pytest
import torch

from esc_gpu import EscGpuError, Pipeline, load_pipeline
from esc_gpu.inference import pipeline as module
from esc_gpu.model import checkpoint
from tests.helpers.trained_model import FRONTENDS, NAMES, RATE, trained

TRAINING = {
    "recordings": "ESC-50",
    "synthetic": False,
    "subset": "esc10",
    "fold": 3,
    "licence": "CC BY 3.0",
    "metrics": {"clips": 80, "accuracy": 0.875, "macro_f1": 0.8701, "top3_accuracy": 0.9875},
    "mixed_precision": "bf16",
    "esc_gpu": "0.1.0",
    "date": "2025-01-31",
}
FILES = {"model.safetensors", "pipeline.json", "README.md"}


@pytest.fixture(scope="module")
def pipeline():
    return Pipeline(trained(FRONTENDS["logmel"])[0], NAMES, 1.0, TRAINING)


@pytest.fixture
def clips():
    return 0.1 * torch.randn(4, RATE, generator=torch.Generator().manual_seed(1))


@pytest.fixture
def run_folder(tmp_path, pipeline):
    """Two trained folds, told apart by their training, and what else stands in a run's folder."""
    for fold in (10, 2):
        folder = tmp_path / "run" / f"fold{fold}"
        folder.mkdir(parents=True)
        checkpoint.save(folder, pipeline.model, NAMES, clip_seconds=1.0, training={"fold": fold})
    (tmp_path / "run" / "fold1").mkdir()  # begun
    (tmp_path / "run" / "summary.json").write_text("{}")
    return tmp_path / "run"


def names_in(folder):
    return {path.name for path in folder.iterdir()}


# ---- using it


def test_it_gives_the_model_s_logits_and_knows_its_clips(pipeline, clips):
    assert torch.equal(pipeline(clips), pipeline.model(clips))
    assert pipeline.class_names == NAMES and pipeline.training_info == TRAINING
    assert (pipeline.sample_rate, pipeline.clip_seconds, pipeline.n_samples) == (RATE, 1.0, RATE)
    assert pipeline.device == torch.device("cpu") and not pipeline.training and not pipeline.model.training
    int16 = (clips * 32768).round().to(torch.int16)
    assert torch.equal(pipeline(int16), pipeline.model(int16))


def test_the_rate_is_that_of_the_waveforms_not_of_the_features():
    model, _ = trained({**FRONTENDS["logmel"], "sample_rate": 4000, "input_sample_rate": RATE})
    assert Pipeline(model, NAMES, 0.5).sample_rate == RATE
    assert Pipeline(model, NAMES, 0.5).n_samples == RATE // 2


def test_the_backbone_works_in_the_precision_asked_for(pipeline, clips):
    lower = Pipeline(pipeline.model, NAMES, 1.0, precision="bf16")
    with torch.autocast("cpu", torch.bfloat16):
        expected = pipeline.model(clips)
    assert expected.dtype == torch.bfloat16 and lower(clips).dtype == torch.float32
    assert torch.equal(lower(clips), expected.float()) and not torch.equal(lower(clips), pipeline(clips))


@pytest.mark.parametrize(
    ("waveform", "message"),
    [
        (torch.zeros(RATE), "has the shape (B, T)"),
        (torch.zeros(2, 1, RATE), "has the shape (B, T)"),
        (torch.zeros(2, RATE, dtype=torch.int32), "int16 or floating point"),
        (torch.zeros(0, RATE), "holds no clips"),
        ([0.0] * RATE, "is a tensor"),
        (torch.zeros(2, RATE + 1), f"takes clips of {RATE} samples, 1 s at {RATE} Hz, got {RATE + 1}"),
    ],
)
def test_what_is_no_batch_of_clips_is_refused(pipeline, waveform, message):
    with pytest.raises(EscGpuError) as error:
        pipeline(waveform)
    assert message in str(error.value) and "\n" not in str(error.value)


def test_an_unknown_precision_is_refused(pipeline):
    with pytest.raises(EscGpuError, match="expected one of no, bf16, fp16"):
        Pipeline(pipeline.model, NAMES, 1.0, precision="fp8")


# ---- load_pipeline


def test_of_a_run_it_loads_the_lowest_fold_or_the_one_asked_for(run_folder, pipeline, clips):
    assert load_pipeline(run_folder).training_info["fold"] == 2
    assert load_pipeline(str(run_folder), fold=10).training_info["fold"] == 10
    loaded = load_pipeline(run_folder / "fold10")
    assert loaded.training_info["fold"] == 10 and torch.equal(loaded(clips), pipeline(clips))
    assert loaded.class_names == NAMES and loaded.clip_seconds == 1.0 and not loaded.model.training


def test_the_precision_is_that_of_the_training_where_it_is_fast(tmp_path, pipeline, monkeypatch):
    pipeline.save_pretrained(tmp_path)
    for fast, expected in (({("bf16", "cpu")}, "bf16"), (set(), "no")):
        monkeypatch.setattr(module, "is_fast", lambda precision, device, fast=fast: (precision, device.type) in fast)
        assert load_pipeline(tmp_path).precision == expected
    assert load_pipeline(tmp_path, precision="no").precision == "no"
    checkpoint.save(tmp_path, pipeline.model, NAMES, training={**TRAINING, "mixed_precision": "no"})
    assert load_pipeline(tmp_path).precision == "no"


def test_mistakes_of_loading_are_one_line(run_folder):
    mistakes = {
        "has no trained fold 3; there are 2, 10": lambda: load_pipeline(run_folder, fold=3),
        "fold=2 is for a run's folder": lambda: load_pipeline(run_folder / "fold2", fold=2),
        "fold=1 is for a run's folder": lambda: load_pipeline("hf-hub:user/name", fold=1),
        "holds no model.safetensors": lambda: load_pipeline(run_folder / "fold1"),
        "is no folder": lambda: load_pipeline(run_folder / "nothing"),
        "there is no device cuda:99 here": lambda: load_pipeline(run_folder, device="cuda:99"),
        "there is no device gpu here": lambda: load_pipeline(run_folder, device="gpu"),
    }
    for message, mistake in mistakes.items():
        with pytest.raises(EscGpuError) as error:
            mistake()
        assert message in str(error.value) and "\n" not in str(error.value)


# ---- save_pretrained, from_pretrained


@pytest.mark.parametrize("name", ["logmel", "trainable", "stack"])
def test_saved_and_loaded_it_gives_the_same_logits(tmp_path, clips, name):
    pipeline = Pipeline(trained(FRONTENDS[name])[0], NAMES, 1.0, TRAINING)
    pipeline.save_pretrained(tmp_path / "new" / "folder")
    assert names_in(tmp_path / "new" / "folder") == FILES
    for loaded in (Pipeline.from_pretrained(tmp_path / "new" / "folder"), load_pipeline(tmp_path / "new" / "folder")):
        loaded.precision = "no"
        assert torch.equal(loaded(clips), pipeline(clips))
        assert loaded.class_names == NAMES and loaded.clip_seconds == 1.0 and loaded.training_info == TRAINING


def test_nothing_is_unpickled(tmp_path, pipeline, monkeypatch):
    pipeline.save_pretrained(tmp_path)
    for name in ("pytorch_model.bin", "model.pt", "state.pt"):
        (tmp_path / name).write_bytes(b"cposix\nsystem\n(S'true'\ntR.")

    def refuse(*arguments, **options):
        raise AssertionError("unpickled")

    for name in ("load", "loads", "Unpickler"):
        monkeypatch.setattr(f"pickle.{name}", refuse)
    monkeypatch.setattr(torch, "load", refuse)
    Pipeline.from_pretrained(tmp_path)


def test_saving_again_replaces_what_it_wrote(tmp_path, pipeline):
    Pipeline(pipeline.model, NAMES, 1.0).save_pretrained(tmp_path)
    pipeline.save_pretrained(tmp_path)
    assert names_in(tmp_path) == FILES and "87.50 %" in (tmp_path / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("readme", [b"# My work\n", b"---\nlibrary_name: timm\n---\n", b"---\n[1, {\n---\n", b"\xff"])
def test_a_readme_of_another_kind_is_left_alone(tmp_path, pipeline, readme):
    (tmp_path / "README.md").write_bytes(readme)
    with pytest.raises(EscGpuError, match="has a README.md that is no model card"):
        pipeline.save_pretrained(tmp_path)
    assert names_in(tmp_path) == {"README.md"} and (tmp_path / "README.md").read_bytes() == readme


def test_a_full_disk_is_one_line_and_leaves_nothing(tmp_path, pipeline, monkeypatch):
    def fail(path, data):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", fail)
    with pytest.raises(EscGpuError, match="cannot write to .*No space left on device"):
        pipeline.save_pretrained(tmp_path)
    assert not list(tmp_path.iterdir())


def test_the_model_card_says_what_the_model_is(pipeline, tmp_path):
    pipeline.save_pretrained(tmp_path)
    card = huggingface_hub.ModelCard.load(tmp_path / "README.md")
    head = card.data.to_dict()
    assert head["license"] == "cc-by-3.0" and head["library_name"] == "esc_gpu"
    assert head["pipeline_tag"] == "audio-classification" and "logmel" in head["tags"]
    results = {result.metric_name: result for result in card.data.eval_results}
    assert {name: result.metric_value for name, result in results.items()} == {
        "accuracy": 0.875,
        "macro-F1": 0.8701,
        "top-3": 0.9875,
    }
    assert results["accuracy"].dataset_name == "ESC-50" and results["accuracy"].dataset_split == "fold 3"
    for part in ("a, b, c", f"{RATE} Hz, clips of 1 s", "n_mels: 16", "fold 3 of ESC-50", "87.50 %", "FOLDER"):
        assert part in card.text
    assert "CC BY 3.0" in card.text and "synthetic" not in card.text


def test_the_model_card_says_of_a_validation_that_it_is_one_and_which_weights_these_are(pipeline):
    test = Pipeline(pipeline.model, NAMES, 1.0, TRAINING).generate_model_card()
    assert "trained on all other folds" in test.text and "those after the last step" in test.text
    training = {**TRAINING, "validation": True, "ema_decay": 0.99}
    validation = Pipeline(pipeline.model, NAMES, 1.0, training).generate_model_card()
    assert "without the next one, to choose options by: this is no test" in validation.text
    assert "all other folds" not in validation.text and "about the last 100 steps, averaged" in validation.text
    assert {result.dataset_split for result in validation.data.eval_results} == {"fold 3 (validation)"}


def test_the_model_card_claims_nothing_that_is_not_known(pipeline):
    unknown = Pipeline(pipeline.model, NAMES, 1.0).generate_model_card("someone/sounds")
    assert not {"license", "model-index", "metrics"} & set(unknown.data.to_dict())
    assert "Not known." in unknown.text and "state it here" in unknown.text
    assert 'from_pretrained("someone/sounds")' in unknown.text and "--model hf-hub:someone/sounds" in unknown.text
    training = {**TRAINING, "recordings": "embedded synthetic", "synthetic": True, "licence": None}
    synthetic = Pipeline(pipeline.model, NAMES, 1.0, training).generate_model_card()
    assert "says nothing about real recordings" in synthetic.text and "license" not in synthetic.data.to_dict()


def test_a_licence_of_others_means_nothing_in_the_card(pipeline):
    training = {**TRAINING, "licence": "<script>alert(1)</script> https://evil.example"}
    card = Pipeline(pipeline.model, NAMES, 1.0, training).generate_model_card()
    assert "alert(1)" in card.text and "<script" not in card.text.replace(r"\<", "") and "https://evil" not in card.text


# ---- the hub


class Hub:
    """The requests of a download, answered from a folder for each repository."""

    def __init__(self, folder: Path):
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                parts = self.path.partition("?")[0].strip("/").split("/")
                api = parts[:2] == ["api", "models"]
                repository = folder.joinpath(*(parts[2:4] if api else parts[:2]))
                if not repository.is_dir() or "missing" in parts:
                    code = "RevisionNotFound" if "missing" in parts else "RepoNotFound"
                    return self.answer(b"", 404, {"X-Error-Code": code})
                files = {path.name: path.read_bytes() for path in repository.iterdir()}
                if api and parts[4] == "revision":
                    siblings = [{"rfilename": name} for name in files]
                    return self.answer(json.dumps({"id": "/".join(parts[2:4]), "sha": "a" * 40, "siblings": siblings}))
                if api and parts[4] == "tree":
                    return self.answer(json.dumps([self.entry(name, content) for name, content in files.items()]))
                content = files[parts[-1]]
                self.answer(content, 200, {"ETag": f'"{hashlib.sha1(content).hexdigest()}"', "X-Repo-Commit": "a" * 40})

            do_HEAD = do_POST = do_GET

            def entry(self, name, content):
                return {"type": "file", "path": name, "size": len(content), "oid": hashlib.sha1(content).hexdigest()}

            def answer(self, content, status=200, headers=None):
                content = content.encode() if isinstance(content, str) else content
                self.send_response(status)
                for name, value in {**(headers or {}), "Content-Length": len(content)}.items():
                    self.send_header(name, str(value))
                self.end_headers()
                if self.command == "GET":
                    self.wfile.write(content)

            def log_message(self, *arguments):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def hub(tmp_path, pipeline):
    """A hub with the pipeline as user/sounds and something else as user/other."""
    pipeline.save_pretrained(tmp_path / "hub" / "user" / "sounds")
    (tmp_path / "hub" / "user" / "other").mkdir()
    (tmp_path / "hub" / "user" / "other" / "notes.txt").write_text("no model")
    hub = Hub(tmp_path / "hub")
    yield hub
    hub.close()


def test_it_comes_from_the_hub_and_from_its_cache_without_network(hub, tmp_path, pipeline, clips):
    options = {"endpoint": hub.url, "cache_dir": tmp_path / "cache", "precision": "no"}
    loaded = Pipeline.from_pretrained("user/sounds", **options)
    assert torch.equal(loaded(clips), pipeline(clips)) and loaded.training_info == TRAINING
    (snapshot,) = (tmp_path / "cache").glob("models--user--sounds/snapshots/*")
    assert names_in(snapshot) == FILES - {"README.md"}  # what is not needed is not fetched
    hub.close()
    assert torch.equal(Pipeline.from_pretrained("user/sounds", **options)(clips), pipeline(clips))


def test_load_pipeline_knows_the_hub_by_its_prefix(monkeypatch, pipeline):
    asked = []
    monkeypatch.setattr(Pipeline, "from_pretrained", lambda name, **options: asked.append((name, options)) or pipeline)
    assert load_pipeline("hf-hub:user/sounds") is pipeline
    assert asked == [("user/sounds", {"device": "cpu", "precision": None})]


def test_mistakes_of_downloading_are_one_line(hub, tmp_path):
    def download(name, url=hub.url, **options):
        return Pipeline.from_pretrained(name, endpoint=url, cache_dir=tmp_path / "cache", **options)

    mistakes = {
        "neither a folder user/none nor such a repository": lambda: download("user/none"),
        "holds no model.safetensors": lambda: download("user/other"),
        "has no such revision": lambda: download("user/sounds", revision="missing"),
        "'runs/a/fold 1' is neither a folder nor the name of a repository": lambda: download("runs/a/fold 1"),
        "cannot be reached for user/none": lambda: download("user/none", url="http://127.0.0.1:9"),
    }
    for message, mistake in mistakes.items():
        with pytest.raises(EscGpuError) as error:
            mistake()
        assert message in str(error.value) and "\n" not in str(error.value)


def test_exactly_the_three_files_are_uploaded(tmp_path, pipeline, clips, monkeypatch):
    calls = []

    class Api:
        def __init__(self, token=None):
            calls.append(("token", token))

        def create_repo(self, repo_id, private, exist_ok):
            calls.append(("create", repo_id, private, exist_ok))
            return huggingface_hub.RepoUrl(f"https://huggingface.co/{repo_id}")

        def upload_folder(self, *, repo_id, repo_type, folder_path, commit_message, **options):
            calls.append(("upload", repo_id, repo_type, commit_message))
            assert not [value for value in options.values() if value is not None]  # no patterns, no branch
            shutil.copytree(folder_path, tmp_path / "uploaded")
            return "https://huggingface.co/user/sounds/commit/1"

    monkeypatch.setattr("huggingface_hub.hub_mixin.HfApi", Api)
    address = pipeline.push_to_hub("user/sounds", private=True, token="secret", commit_message="First")
    assert address == "https://huggingface.co/user/sounds/commit/1"
    assert calls == [
        ("token", "secret"),
        ("create", "user/sounds", True, True),
        ("upload", "user/sounds", "model", "First"),
    ]
    uploaded = [path for path in (tmp_path / "uploaded").rglob("*") if path.is_file()]
    assert {path.relative_to(tmp_path / "uploaded").as_posix() for path in uploaded} == FILES
    card = (tmp_path / "uploaded" / "README.md").read_text(encoding="utf-8")
    assert 'Pipeline.from_pretrained("user/sounds")' in card and "name: sounds" in card
    loaded = Pipeline.from_pretrained(tmp_path / "uploaded", precision="no")
    assert torch.equal(loaded(clips), pipeline(clips))


def test_mistakes_of_uploading_are_one_line(hub, pipeline, monkeypatch):
    for url, repo_id, message in (
        (hub.url, "user/none", "neither a folder user/none nor such a repository"),
        ("http://127.0.0.1:9", "user/sounds", "cannot be reached for user/sounds"),
        (hub.url, "no such name", "'no such name' is neither a folder nor the name of a repository"),
    ):
        monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", url)
        with pytest.raises(EscGpuError) as error:
            pipeline.push_to_hub(repo_id, token="hf_none")
        assert message in str(error.value) and "\n" not in str(error.value)
