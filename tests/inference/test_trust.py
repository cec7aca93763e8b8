"""What is not to be trusted: files of others are data and never code, names mean nothing, secrets are not written."""

import ast
import csv
import os
import re
import uuid
from pathlib import Path

import pytest

from esc_gpu import load_pipeline
from esc_gpu.cli.commands.train import main as train
from esc_gpu.cli.main import main
from esc_gpu.config.parse import parse_run
from esc_gpu.errors import EscGpuError
from tests.helpers.paths import REPOSITORY
from tests.helpers.tiny import FREQUENCIES, OPTIONS, write_tone
from tests.helpers.workers import run_forked

MODULES = sorted((REPOSITORY / "esc_gpu").rglob("*.py"))

# ---- nothing is executed that is read

FORBIDDEN_IMPORTS = {"cloudpickle", "dill", "joblib", "marshal", "pickle", "shelve", "subprocess"}
# `yaml.parse` and `yaml.compose` give what stands in a text, and build nothing of it.
FORBIDDEN_CALLS = re.compile(
    r"(eval|exec|compile|__import__|os\.(system|popen)|(np|numpy)\.fromregex|yaml\.(?!safe_|parse\b|compose\b|YAMLError\b)\w+)"
)
SAFE_IF = {
    "torch.load": "weights_only=True",
    "np.load": "allow_pickle=False",
    "np.save": "allow_pickle=False",
    "np.savez": "allow_pickle=False",
    "np.savez_compressed": "allow_pickle=False",
}


def dangers(code):
    """What in a module reads or runs more than data."""
    found = []
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Import):
            found += [name.name for name in node.names if name.name.partition(".")[0] in FORBIDDEN_IMPORTS]
        elif isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] in FORBIDDEN_IMPORTS:
            if {name.name for name in node.names} != {"list2cmdline"}:  # of subprocess: it writes a command line
                found.append(node.module)
        elif isinstance(node, ast.Call):
            name, options = ast.unparse(node.func), [ast.unparse(keyword) for keyword in node.keywords]
            unsafe = name in SAFE_IF and SAFE_IF[name] not in options
            if unsafe or FORBIDDEN_CALLS.fullmatch(name) or {"allow_pickle=True", "shell=True"} & set(options):
                found.append(name)
    return found


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(REPOSITORY / "esc_gpu")))
def test_nothing_is_unpickled_or_run(path):
    code = path.read_text(encoding="utf-8")
    # For the name of what torch.load raises.
    allowed = ["pickle"] if path.name in ("resume_state.py", "backbone.py") else []
    assert dangers(code) == allowed
    assert not re.search(r"pickle\.(?!UnpicklingError)", code)


@pytest.mark.parametrize(
    "line",
    [
        *("import pickle", "from joblib import load", "torch.load(file)", "torch.load(file, weights_only=False)"),
        *(
            "np.load(file)",
            "np.load(file, allow_pickle=True)",
            "yaml.load(text, yaml.Loader)",
            "yaml.unsafe_load(text)",
        ),
        *("eval(text)", "os.system(text)", "import subprocess", "from subprocess import run, list2cmdline"),
    ],
)
def test_the_search_finds_what_is_dangerous(line):
    assert len(dangers(line)) == 1


@pytest.fixture
def trap(tmp_path, monkeypatch):
    """The name of a module that can be imported in the folder that this changes to; no test may import it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    name = f"trap_{uuid.uuid4().hex}"
    Path(f"{name}.py").write_text("open('sprung', 'w').close()\nclass X: pass\n", encoding="utf-8")
    yield name
    assert not Path("sprung").exists()
    __import__(name)
    assert Path("sprung").exists()


@pytest.mark.parametrize("tag", ["apply:os.system", "new:os.system", "name:os.system", "module:antigravity"])
@pytest.mark.parametrize("where", ["config", "key", "option"])
def test_a_config_runs_nothing(tmp_path, monkeypatch, capsys, tag, where):
    monkeypatch.chdir(tmp_path)
    attack = f"!!python/object/{tag} ['touch sprung']" if tag[:3] in ("app", "new") else f"!!python/{tag} ''"
    text = f"frontend: {attack}\n" if where == "config" else f"? {attack}\n: 1\n"
    (tmp_path / "config.yaml").write_text(text, encoding="utf-8")
    words = ["--frontend", attack] if where == "option" else ["--config", "config.yaml"]
    assert main(["train", *words]) == 2
    said = capsys.readouterr()
    assert said.err.startswith("error: ") and said.err.count("\n") == 1 and "Traceback" not in said.err + said.out
    assert os.listdir(tmp_path) == ["config.yaml"]


IMPORTS = {
    "a section": "train: {module}.X",
    "a class path": "data: {{class_path: {module}.X}}",
    "a class path with options": "frontend: {{class_path: {module}.X, init_args: {{name: mfcc}}}}",
    "a dotted key": "model.class_path: {module}.X",
    "a member": "frontend: {{member: {module}.X}}",
    "members": "frontend: {{members: [{{class_path: {module}.X}}]}}",
    "a member of a delta": "frontend: {{name: delta, member: {module}.X}}",
    "a class path in a stack": "frontend: {{name: stack, members: [{{class_path: {module}.X, init_args: {{}}}}]}}",
    "a front-end's name": "frontend: {{name: {module}.X}}",
}
# A front-end's section is no class's to jsonargparse, which is not given it.
SAID = {
    **dict.fromkeys(
        IMPORTS, "the options name '{module}.X' as a class to import; expected options only; write out the"
    ),
    "a class path with options": "there is no option 'frontend.class_path'; logmel has name, backend,",
    "a member": "there is no option 'frontend.member'; logmel has name, backend,",
    "members": "there is no option 'frontend.members'; logmel has name, backend,",
    "a member of a delta": "frontend.member.name must be one of spectrogram, logmel, mfcc,",
    "a class path in a stack": "there is no option 'frontend.members[0].class_path'; logmel has name, backend,",
    "a front-end's name": "frontend.name must be one of spectrogram, logmel, mfcc,",
}


@pytest.mark.parametrize("where", IMPORTS)
def test_a_config_imports_nothing(trap, capsys, where):
    Path("config.yaml").write_text(IMPORTS[where].format(module=trap), encoding="utf-8")
    assert main(["train", "--config", "config.yaml"]) == 2
    said = capsys.readouterr().err
    assert said.startswith(f"error: {SAID[where].format(module=trap)}") and said.count("\n") == 1


@pytest.mark.parametrize("where", IMPORTS)
def test_a_config_of_others_imports_nothing(trap, where):
    """By what `features --config` and the export and report of a run read it with."""
    Path("config.yaml").write_text(IMPORTS[where].format(module=trap), encoding="utf-8")
    for prog in ("esc-gpu features", "esc-gpu export", "esc-gpu report"):
        with pytest.raises(EscGpuError, match=re.escape(SAID[where].format(module=trap))):
            parse_run(["--config", "config.yaml"], prog)


@pytest.mark.parametrize(
    "words",
    [
        *(["--data", "{}.X"], ["--frontend.member", "{}.X"], ["--frontend.member.class_path", "{}.X"]),
        *(["--frontend.members", "[{}.X]"], ["--frontend.members+", "{}.X"], ["--train", "config.yaml"]),
        *(["--config", "data: {}.X"], ["--frontend.member.help", "{}.X"], ["--frontend.help", "{}.X"]),
        *(["--frontend", "{}.X"], ["--frontend.name", "{}.X"], ["--frontend.backend", "{}.X"]),
    ],
    ids=lambda words: words[0],
)
def test_an_option_imports_nothing(trap, capsys, words):
    Path("config.yaml").write_text(f"class_path: {trap}.X\n", encoding="utf-8")
    assert main(["train", *(word.format(trap) for word in words)]) == 2
    said = capsys.readouterr()
    assert said.err.count("\n") <= 1 and "Traceback" not in said.err + said.out


# ---- names and secrets, in all that a small run leaves

SECRET = "0123456789abcdef0123456789abcdef01234567"
SECRETS = {
    **dict.fromkeys(("WANDB_API_KEY", "HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "AWS_SECRET_ACCESS_KEY"), SECRET),
    **dict.fromkeys(("HTTPS_PROXY", "HTTP_PROXY"), f"http://user:{SECRET}@127.0.0.1:9"),
}
LABELS = dict(
    zip(
        ('=HYPERLINK("http://a.b")', "<script>alert(1)</script> می\u200cخواهم", "a|b `own` $x$ ![x](y)"),
        FREQUENCIES.values(),
        strict=True,
    )
)
STRANGE = "'quoted\" `tick` | <img src=x> ; ,.wav"


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """The folder of a run on files and classes with names that would mean something elsewhere, and what it printed."""
    folder = tmp_path_factory.mktemp("trust")
    rows = []
    for number in range(12):
        label, name = list(LABELS)[number % 3], f"{number}{STRANGE if number < 6 else '.wav'}"
        write_tone(folder / name, LABELS[label], 1.0, number)
        rows.append([name, label, 1 + number // 6])
    with open(folder / "tones.csv", "w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([["path", "label", "fold"], *rows])
    words = [*OPTIONS, "--data.table", folder / "tones.csv", "--data.cache_dir", folder / "cache"]
    words += ["--data.task", "single_label"]  # a bar of a name divides no labels
    arguments = [*map(str, words), "--output_dir", str(folder / "run")]
    elsewhere, environment = tmp_path_factory.mktemp("said"), {**os.environ, **SECRETS}
    status, said = run_forked(train, arguments, folder=elsewhere, environment=environment, draw=True)
    assert status == 0, said[-3000:]
    return folder / "run", said


def test_no_secret_is_written_or_said(trained):
    run, said = trained
    files = [path for path in run.parent.rglob("*") if path.is_file()]
    assert len(files) > 30 and SECRET not in said
    assert not [path for path in files if SECRET.encode() in path.read_bytes()]


def test_csv_files_hold_names_as_they_are(trained):
    with open(trained[0] / "predictions.csv", encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    assert set(header[-3:]) == {row[2] for row in rows} == set(LABELS)
    assert {row[0] for row in rows} == {f"{number}{STRANGE if number < 6 else '.wav'}" for number in range(12)}


def bare(text):
    """Markdown without its code, and without what is escaped."""
    return re.sub(r"\\.", "", re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL))


def test_names_mean_nothing_in_markdown(trained, tmp_path):
    run, _ = trained
    assert main(["evaluate", str(run), "--bootstrap", "10", "--output", str(tmp_path / "evaluation")]) == 0
    load_pipeline(run).save_pretrained(tmp_path / "card")
    for file in (tmp_path / "evaluation" / "evaluation.md", tmp_path / "card" / "README.md"):
        text = file.read_text(encoding="utf-8")
        assert "alert(1)" in text and "HYPERLINK" in text
        assert not re.search(r"<script|<img|!\[x|\$x|`own|://|www\.", bare(text))
        for table in re.findall(r"(?:^\|.*\n)+", bare(text), re.MULTILINE):
            assert len({line.count("|") for line in table.splitlines()}) == 1


def test_a_card_of_others_runs_nothing(trained, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "README.md").write_text(
        "---\nlibrary_name: !!python/object/apply:os.system ['touch sprung']\n---\n", encoding="utf-8"
    )
    with pytest.raises(ValueError, match="is not a model card: choose another folder"):
        load_pipeline(trained[0]).save_pretrained(tmp_path)
    assert os.listdir(tmp_path) == ["README.md"]
