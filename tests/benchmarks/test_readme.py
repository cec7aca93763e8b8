"""The map of the benchmarks has all of them, where they are."""

import re

from benchmarks.common.paths import REPOSITORY, RESULTS

FOLDER = REPOSITORY / "benchmarks"
# (files, command, name of the result file) of each row
ROWS = [
    (re.findall(r"`([^`]+)`", cells[0]), cells[2], cells[3])
    for line in (FOLDER / "README.md").read_text(encoding="utf-8").splitlines()
    if line.startswith("| `")
    for cells in [line.strip("| ").split(" | ")]
]
OF_TOOLS = ("mutations-",)  # tools/mutations.py
RUN_BY_ANOTHER = {"exactness/double_precision.py", "exactness/onnx_client.py"}


def test_every_command_is_on_the_map():
    scripts = {
        path.relative_to(FOLDER).as_posix()
        for path in FOLDER.rglob("*.py")
        if '\nif __name__ == "__main__":\n' in path.read_text(encoding="utf-8")
    }
    assert {files[0] for files, _, _ in ROWS} == scripts - RUN_BY_ANOTHER


def test_a_row_names_what_is_there():
    for files, command, _ in ROWS:
        assert all((FOLDER / file).exists() for file in files)
        module = "benchmarks." + files[0].removesuffix(".py").replace("/", ".")
        assert re.match(rf"`python -m {re.escape(module)}[ `]", command)


def test_every_result_file_is_of_a_row():
    names = tuple(f"{name.strip('`')}-" for _, _, name in ROWS)
    assert not [file.name for file in RESULTS.glob("*.json") if not file.name.startswith(names + OF_TOOLS)]
