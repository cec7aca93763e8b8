"""Pipelines from the hub and to it, by a local server."""

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
from tests.helpers.folders import names_in
from tests.helpers.trained_pipeline import FILES, TRAINING


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
    (tmp_path / "hub" / "user" / "other" / "notes.txt").write_text("no model", encoding="utf-8")
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
