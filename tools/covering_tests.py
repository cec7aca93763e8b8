"""Which tests run a line of the package, and how long each of them takes, by one run of the suite.

pytest -n auto --cov --cov-context=test --junit-xml=build/tests.xml
"""

import ast
import xml.etree.ElementTree as ElementTree
from pathlib import Path

from coverage import CoverageData


class CoveringTests:
    """The tests by line.

    Args:
        coverage: coverage's file of the run, with a context for each test.
        times: the same run's JUnit file.
    """

    def __init__(self, coverage: Path, times: Path) -> None:
        self.data = CoverageData(str(coverage))
        self.data.read()
        self.seconds = {
            f"{case.get('classname', '').replace('.', '/')}.py::{case.get('name')}": float(case.get("time", 0))
            for case in ElementTree.parse(times).iter("testcase")
        }

    def of(self, file: str, text: str, line: int) -> list[str]:
        """The tests that run a line of a file, the quick ones first.

        A line that runs as the module is imported (a constant, a default) belongs to the function of which it is a
        part, or to the whole module.
        """
        by_line = self.by_line(file)
        names = by_line.get(line, set())
        if not names:
            first, last = enclosing(text, line)
            names = set().union(*(tests for number, tests in by_line.items() if first <= number <= last))
        return sorted(names & self.seconds.keys(), key=lambda name: (self.seconds[name], name))

    def by_line(self, file: str) -> dict[int, set[str]]:
        """The tests by the lines of a file, for those lines that some test runs."""
        names = [name for name in self.data.measured_files() if Path(name).as_posix().endswith("/" + file)]
        by_line = self.data.contexts_by_lineno(names[0]) if names else {}
        # A context is `TEST|run`, or empty for what runs at import.
        tests = {
            line: {context.rpartition("|")[0] for context in contexts} - {""} for line, contexts in by_line.items()
        }
        return {line: names for line, names in tests.items() if names}


def enclosing(text: str, line: int) -> tuple[int, int]:
    """First and last line of the innermost function or class around a line; else of the file."""
    functions = [
        (node.lineno, node.end_lineno or node.lineno)
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and node.lineno <= line <= (node.end_lineno or node.lineno)
    ]
    return max(functions, default=(1, text.count("\n") + 1))
