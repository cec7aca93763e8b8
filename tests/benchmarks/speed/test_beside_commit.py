"""Front-ends beside those of another commit; the processes by stand-ins, but for the one that times."""

import json
import subprocess

import pytest

from benchmarks.speed import beside_commit
from benchmarks.speed.timed_process import answers
from esc_gpu.errors import EscGpuError
from tests.helpers.clips import noise


def test_a_process_makes_what_it_is_told_and_times_its_calls():
    clips = noise(2, 4000)
    questions = [{}, {"name": "rms", "options": {"hop_length": 256}}, {"call": "rms"}, {"call": "rms"}]
    seconds = list(answers(map(json.dumps, questions), clips))
    assert seconds[:2] == [0.0, 0.0] and all(0 < second < 10 for second in seconds[2:])


def test_the_calls_are_in_turns_and_the_first_are_left_out(monkeypatch):
    asked = []

    class Stub:
        def __init__(self, name, seconds):
            self.name, self.seconds = name, iter(seconds)

        def ask(self, question):
            asked.append((self.name, *question))
            return next(self.seconds) if "call" in question else 0.0

    here, there = Stub("here", [9, 9, 1, 4, 2]), Stub("there", [9, 9, 4, 4, 2])
    row = beside_commit.compare("logmel", here, there, 3)
    assert asked[:2] == [("here", "name", "options"), ("there", "name", "options")]
    assert asked[2:] == [("here", "call"), ("there", "call")] * 5
    assert row["ratio"] == 0.5 and row["ratio_of_fastest"] == 0.5 and row["here"]["repeats"] == 3
    assert "0.500 x the commit's time" in beside_commit.format_row(row)


def git(*words, cwd):
    subprocess.run(
        ["git", "-c", "user.name=a", "-c", "user.email=a@b", *words], cwd=cwd, check=True, capture_output=True
    )


def test_a_commit_is_checked_out_for_as_long_as_it_is_needed(tmp_path, monkeypatch):
    git("init", "-q", cwd=tmp_path)
    for text in "one", "two":
        (tmp_path / "file").write_text(text, encoding="utf-8")
        git("add", "file", cwd=tmp_path)
        git("commit", "-qm", text, cwd=tmp_path)
    monkeypatch.setattr(beside_commit, "HERE", tmp_path)
    with beside_commit.checked_out("HEAD~1") as (folder, commit):
        assert (folder / "file").read_text(encoding="utf-8") == "one" and len(commit) == 40
    assert not folder.exists() and (tmp_path / "file").read_text(encoding="utf-8") == "two"
    with pytest.raises(EscGpuError, match="git knows no commit 'v9' in .*: git log lists them") as caught:
        beside_commit.checked_out("v9").__enter__()
    assert "\n" not in str(caught.value)
