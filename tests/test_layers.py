"""Who may import whom: the layers of docs/architecture.md, held by a table and one loop."""

import ast
import functools
import graphlib
from pathlib import Path

import pytest

from tests.helpers.page_tables import code, rows
from tests.helpers.paths import DOCS, REPOSITORY

PACKAGE = REPOSITORY / "esc_gpu"
ARCHITECTURE = (DOCS / "architecture.md").read_text(encoding="utf-8")

# What a package may import besides itself; what stands below it in the table knows it.
LAYERS = {
    "errors": set(),
    "core": {"errors"},
    "augment": {"core", "errors"},
    "frontends": {"core", "errors"},
    "data": {"core", "errors"},
    "config": {"frontends", "core", "errors"},
    "functional": {"frontends", "core", "errors"},
    "model": {"frontends", "core", "errors"},
    "evaluation": {"config", "core", "errors"},
    "training": {"model", "augment", "frontends", "data", "config", "core", "errors"},
    "report": {"evaluation", "frontends", "config", "core", "errors"},
    "inference": {"model", "frontends", "data", "report", "core", "errors"},
}
LAYERS["experiment"] = set(LAYERS) - {"functional", "inference"}
LAYERS["cli"] = LAYERS["experiment"] | {"experiment", "inference"}
LAYERS["__init__"] = {"frontends", "functional", "model", "inference", "core", "errors"}
LAYERS["__main__"] = {"cli"}
# Where only a type checker looks.
TYPES_ONLY = {"evaluation": {"data", "frontends"}}


def name_of(path: Path) -> str:
    """A module's dotted name; a package's is that of its `__init__.py`."""
    parts = path.relative_to(REPOSITORY).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {name_of(path): path for path in sorted(PACKAGE.rglob("*.py"))}


@functools.cache
def import_statements(path: Path) -> list[tuple[str | None, str, bool]]:
    """`import name` and `from module import name` in a file, also inside functions, and whether for types only."""
    nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
    typed = {
        id(node)
        for block in nodes
        if isinstance(block, ast.If) and ast.unparse(block.test) == "TYPE_CHECKING"
        for node in ast.walk(block)
    }
    found: list[tuple[str | None, str, bool]] = []
    for node in nodes:
        if isinstance(node, ast.Import):
            found += [(None, alias.name, id(node) in typed) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative imports hide who knows whom"
            found += [(node.module, alias.name, id(node) in typed) for alias in node.names]
    return found


def imports(path: Path) -> dict[str, bool]:
    """Every module that a file imports, and whether it does so for types only."""
    found: dict[str, bool] = {}
    for module, name, typed in import_statements(path):
        if module is not None:
            name = f"{module}.{name}" if f"{module}.{name}" in MODULES else module
        found[name] = found.get(name, True) and typed
    return found


def package_of(name: str) -> str:
    """The row of LAYERS that a module of this package belongs to."""
    return name.split(".")[1] if "." in name else "__init__"


def uses(path: Path, package: str) -> bool:
    return any(name == package or name.startswith(package + ".") for name in imports(path))


@pytest.mark.parametrize("name", MODULES)
def test_no_module_imports_upwards(name):
    row = package_of(name)
    for imported, types_only in imports(MODULES[name]).items():
        if not imported.startswith("esc_gpu"):
            assert imported.split(".")[0] not in ("benchmarks", "tools", "tests", "train"), imported
            continue
        allowed = LAYERS[row] | {row} | (TYPES_ONLY.get(row, set()) if types_only else set())
        assert package_of(imported) in allowed, f"{name} imports {imported}"


TESTS = {name_of(path): path for path in sorted((REPOSITORY / "tests").rglob("*.py"))}


@pytest.mark.parametrize("name", TESTS)
def test_tests_import_helpers_and_no_other_test(name):
    found = {imported for imported in imports(TESTS[name]) if imported.startswith("tests")}
    assert not {imported for imported in found if not imported.startswith("tests.helpers")}


def circle(graph: dict[str, set[str]]) -> list[str]:
    """The modules of a circle, if there is one."""
    try:
        graphlib.TopologicalSorter(graph).prepare()
    except graphlib.CycleError as error:
        return error.args[1]
    return []


@pytest.mark.parametrize("folder", ["esc_gpu", "benchmarks", "tools", "tests"])
def test_there_is_no_circle(folder, monkeypatch):
    """Neither through an `__init__.py` nor through a function's own imports."""
    modules = {name_of(path): path for path in sorted((REPOSITORY / folder).rglob("*.py"))}
    monkeypatch.setitem(globals(), "MODULES", modules)
    graph = {name: {found for found in imports(path) if found in modules} for name, path in modules.items()}
    assert not circle(graph)


def test_a_circle_is_found():
    assert circle({"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"a"}})


def test_the_table_has_every_package_and_the_root_stays_small():
    assert {package_of(name) for name in MODULES} == set(LAYERS)
    assert len(list(PACKAGE.glob("*.py"))) <= 6


@pytest.mark.parametrize("folder", ["esc_gpu", "benchmarks", "tools", "tests", "examples"])
def test_no_file_is_long(folder):
    lengths = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in (REPOSITORY / folder).rglob("*.py")}
    assert lengths and not {path: length for path, length in lengths.items() if length > 300}


@pytest.mark.parametrize(
    ("package", "allowed"),
    [
        (
            "accelerate",
            {"cli/launch.py"}
            | {f"training/{name}.py" for name in ("accelerator", "data_parallel", "loop", "out_of_memory", "processes")}
            | {f"training/{name}.py" for name in ("half_weights", "resume_state", "scoring")},
        ),
        ("timm", {"model/backbone.py", "model/depth.py", "model/receptive_field.py"}),
        ("nnAudio", {"frontends/backends/nnaudio.py"}),
        ("torchaudio", {"frontends/backends/torchaudio.py"}),
        ("wandb", {"experiment/tracking.py"}),
        ("jsonargparse", {"config/parse.py", "config/parse_frontend.py"}),
        ("gradio", {"inference/demo_page.py"}),
        ("filelock", {"core/lock.py"}),
        (
            "sklearn",
            {f"evaluation/{name}.py" for name in ("multi_label", "precision_recall", "separability")}
            | {"evaluation/probe.py", "evaluation/multi_label_probe.py"}
            | {"experiment/examine_run.py", "data/recordings/layouts/made_folds.py"},
        ),
        ("fsspec", {"data/remote/address.py", "data/remote/listing.py"}),
        ("pyarrow", {"data/embedded/columns.py", "data/embedded/shards.py", "inference/embedding_files.py"}),
        ("huggingface_hub", {"inference/pipeline.py", "inference/model_card.py", "model/hub.py"}),
    ],
)
def test_a_library_is_known_to_one_file(package, allowed):
    assert {path.relative_to(PACKAGE).as_posix() for path in MODULES.values() if uses(path, package)} == allowed


def test_only_the_figures_draw():
    drawing = {path.relative_to(PACKAGE).as_posix() for path in MODULES.values() if uses(path, "matplotlib")}
    assert drawing and all(path.startswith("report/") for path in drawing)


def test_only_the_command_line_prints():
    printing = {
        package_of(name)
        for name, path in MODULES.items()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"
    }
    assert printing == {"cli"}


# ---- the page


def test_the_tree_has_every_package_and_folder():
    found = [name for cell, _ in rows(ARCHITECTURE, "The tree") for name in code(cell)]
    folders = {path.name for path in REPOSITORY.iterdir() if path.is_dir() and any(path.glob("*.*"))}
    ours = {"benchmarks", "configs", "examples", "notebooks", "tests", "tools"}
    assert set(found) == {name for name in LAYERS if not name.startswith("__")} | ours
    assert len(found) == len(set(found)) and ours <= folders


@pytest.mark.parametrize("package", [name for name in LAYERS if not name.startswith("__")])
def test_the_layers_are_those_of_the_test(package):
    table = {code(first)[0]: code(second) for first, second in rows(ARCHITECTURE, "The layers")}
    allowed = set(table[package])
    if package == "cli":  # and all that `experiment` may
        allowed |= set(table["experiment"])
    assert allowed == LAYERS[package]
