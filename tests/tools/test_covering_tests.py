"""Which tests run a line, by coverage's contexts."""

from pathlib import Path

from coverage import CoverageData

from tools.covering_tests import CoveringTests
from tools.mutations import by_time

TEXT = """\
LIMIT = 3


def small(x: int, limit: int = LIMIT) -> bool:
    y = (
        x + 1
    )
    return y < limit


def other() -> int:
    return 1
"""
FILE = "esc_gpu/small.py"


def covering(folder: Path) -> CoveringTests:
    data = CoverageData(str(folder / "measured"))
    name = str(folder / "somewhere" / FILE)
    for context, lines in (
        ("", [1, 4, 11]),
        ("tests/test_small.py::test_slow[1|2]|run", [5, 6, 8]),
        ("tests/test_small.py::test_quick|run", [5, 8]),
        ("tests/test_small.py::test_quick|setup", [12]),
        ("tests/test_small.py::test_gone|run", [8]),
    ):
        data.set_context(context)
        data.add_lines({name: lines})
    data.write()
    times = folder / "tests.xml"
    times.write_text(
        """<testsuites><testsuite>
        <testcase classname="tests.test_small" name="test_slow[1|2]" time="9.5"/>
        <testcase classname="tests.test_small" name="test_quick" time="0.5"/>
        </testsuite></testsuites>""",
        encoding="utf-8",
    )
    return CoveringTests(folder / "measured", times)


def test_the_tests_of_a_line_are_those_that_run_it_the_quick_ones_first(tmp_path):
    tests = covering(tmp_path)
    quick, slow = "tests/test_small.py::test_quick", "tests/test_small.py::test_slow[1|2]"
    assert tests.of(FILE, TEXT, 8) == [quick, slow]
    assert tests.of(FILE, TEXT, 6) == [slow]
    assert tests.of(FILE, TEXT, 12) == [quick]  # by its fixture
    assert tests.of(FILE, TEXT, 4) == [quick, slow]  # a default belongs to its function
    assert tests.of(FILE, TEXT, 1) == [quick, slow]  # a constant to the module
    assert tests.of("esc_gpu/unknown.py", TEXT, 1) == []


def test_first_come_the_tests_of_a_few_seconds(tmp_path):
    tests = covering(tmp_path)
    quick, slow = tests.of(FILE, TEXT, 8)
    assert by_time(tests, [quick, slow]) == ([quick], [slow])
    tests.seconds[slow] = 1000.0
    assert by_time(tests, [quick, slow]) == ([quick], [])
