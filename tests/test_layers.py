"""Who may import whom: the arrows of the design, held by a test."""

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "esc_gpu"
MODULES = sorted(PACKAGE.rglob("*.py"))


def imports(path):
    """Every module that a file imports, also inside functions."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def uses(path, package):
    return any(name == package or name.startswith(package + ".") for name in imports(path))


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_nothing_imports_benchmarks_or_the_entry_point(path):
    assert not uses(path, "benchmarks") and not uses(path, "train")


@pytest.mark.parametrize(
    ("package", "allowed"),
    [
        ("accelerate", {"training.py", "fold_state.py", "processes.py", "launch.py"}),
        ("timm", {"model.py", "sync_batch_norm.py"}),
        ("nnAudio", {"frontends/nnaudio.py"}),
        ("torchaudio", {"frontends/torchaudio.py"}),
        ("wandb", {"tracking.py"}),
        ("jsonargparse", {"arguments.py"}),
        ("gradio", {"demo_page.py"}),
        ("sklearn", {"feature_statistics.py", "run_report.py"}),
        ("torchmetrics", {"evaluation.py"}),
        ("huggingface_hub", {"pipeline.py", "model_card.py"}),
    ],
)
def test_a_library_is_known_to_one_file(package, allowed):
    found = {str(path.relative_to(PACKAGE)) for path in MODULES if uses(path, package)}
    assert found == allowed


def test_only_the_report_draws():
    drawing = {str(path.relative_to(PACKAGE)) for path in MODULES if uses(path, "matplotlib")}
    assert drawing and all(path.startswith("report/") for path in drawing)


@pytest.mark.parametrize("folder", ["frontends", "augment"])
def test_features_and_augmentation_know_tensors_only(folder):
    known = {name for path in (PACKAGE / folder).rglob("*.py") for name in imports(path) if name.startswith("esc_gpu")}
    foreign = {n for n in known if not n.startswith((f"esc_gpu.{folder}", "esc_gpu.errors", "esc_gpu.core.waveform"))}
    assert not foreign


@pytest.mark.parametrize(
    "path", ["evaluation.py", *[str(p.relative_to(PACKAGE)) for p in (PACKAGE / "report").glob("*")]]
)
def test_evaluation_and_report_know_no_model(path):
    if path.endswith(".py"):
        assert not uses(PACKAGE / path, "esc_gpu.model.classifier") and not uses(
            PACKAGE / path, "esc_gpu.training.loop"
        )


def test_the_model_knows_no_data():
    assert not uses(PACKAGE / "model.py", "esc_gpu.data") and not uses(PACKAGE / "model.py", "esc_gpu.config.schema")


def test_only_the_command_line_prints():
    printing = {
        str(path.relative_to(PACKAGE))
        for path in MODULES
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"
    }
    assert printing == {"cli.py"}
