"""Mistakes planted into a module's text."""

from benchmarks.common.paths import REPOSITORY
from tools.mutants import mutants
from tools.mutations import AREAS, PACKAGE, again, planted, sample

TEXT = '''\
"""A module."""

import os


def scaled(x: list[int], factor: float = 0.5, *, keep: bool = True) -> float:
    """What is said of it, 1 < 2."""
    if keep and not x:
        raise ValueError(f"no {x} + 1")
    total = sum(x) * factor
    print(total, end="", flush=True)
    return max(total, -1) if total >= 3 else os.path.join("ä", "b" + "c")
'''


def test_each_kind_of_mistake_is_made_in_its_place():
    found = {(mutant.what, mutant.after) for mutant in mutants(TEXT)}
    assert found == {
        ("constant", "def scaled(x: list[int], factor: float = 1.0, *, keep: bool = True) -> float:"),
        ("constant", "def scaled(x: list[int], factor: float = 0.5, *, keep: bool = False) -> float:"),
        ("condition", "if not (keep and not x):"),
        ("logic", "if keep or not x:"),
        ("sign", "if keep and (x):"),
        ("arithmetic", "total = sum(x) / factor"),
        ("left out", "pass"),
        ("option left out", "print(total,  flush=True)"),
        ("option left out", 'print(total, end="", )'),
        ("constant", 'print(total, end="", flush=False)'),
        ("condition", 'return (os.path.join("ä", "b" + "c") if total >= 3 else max(total, -1))'),
        ("comparison", 'return max(total, -1) if total > 3 else os.path.join("ä", "b" + "c")'),
        ("constant", 'return max(total, -1) if total >= 4 else os.path.join("ä", "b" + "c")'),
        ("sign", 'return max(total, (1)) if total >= 3 else os.path.join("ä", "b" + "c")'),
        ("constant", 'return max(total, -2) if total >= 3 else os.path.join("ä", "b" + "c")'),
        ("arguments swapped", 'return max(total, -1) if total >= 3 else os.path.join("b" + "c", "ä")'),
    }


def test_a_mutant_differs_in_its_line_alone():
    for mutant in mutants(TEXT):
        lines, changed = TEXT.splitlines(), mutant.text.splitlines()
        assert [n for n, pair in enumerate(zip(lines, changed, strict=True), 1) if len(set(pair)) > 1] == [mutant.line]


def test_how_a_drawing_looks_is_left_alone():
    drawing = "from matplotlib.axes import Axes\n"
    assert [m.after for m in mutants(drawing + "axes.plot(x, color=a + b, linewidth=0.5)\n")] == ["pass"]
    assert not mutants(drawing + "size = 2 + 3 * n\n") and mutants(drawing + "n = 2 + 3 * size\n")
    assert mutants("size = 2 + 3 * n\n") and "f(x)" in {m.after.replace(", ", "") for m in mutants("f(x, pad=n)\n")}


def test_brackets_between_the_operands_stay():
    (after,) = {mutant.after for mutant in mutants("y = (a + 1) * (b)\n") if "/" in mutant.after}
    assert after == "y = (a + 1) / (b)"


def test_a_sample_follows_its_seed_and_is_even_over_the_areas():
    first, same, other = (
        sample(["augment", "model"], 7, 1),
        sample(["augment", "model"], 7, 1),
        sample(["augment"], 7, 2),
    )
    assert first == same and other != first[:7]
    assert [row["area"] for row in first].count("augment") == 4 and len(first) == 7
    assert all((REPOSITORY / row["file"]).read_text(encoding="utf-8") != row["text"] for row in first)


def test_what_survived_is_found_again_where_its_line_stands_now():
    first, second = sample(["augment"], 2, 1)
    rows = [first | {"caught": False, "line": first["line"] + 30}, second | {"caught": True}]
    assert again(rows) == [first] and again([rows[0] | {"before": "what is gone"}]) == []


def test_areas_and_planted_mistakes_are_those_of_the_tree():
    assert all((REPOSITORY / PACKAGE / area).is_dir() for area in AREAS)
    assert all((REPOSITORY / "tests" / name).exists() for names in AREAS.values() for name in names)
    rows = planted()  # each text stands once in its file
    assert len(rows) > 20
    assert all((REPOSITORY / test).exists() for row in rows for test in row["tests"])
    for row in rows:
        compile(str(row["text"]), str(row["file"]), "exec")


def test_what_only_asserts_and_what_is_symmetric_is_left_alone():
    pairs = {mutant.after for mutant in mutants("pairs = list(zip(a, b[1:], strict=True))\n")}
    assert pairs == {"pairs = list(zip(b[1:], a, strict=True))", "pairs = list(zip(a, b[2:], strict=True))"}
    assert not mutants("x = max(a, b)\n") and not mutants("x = np.maximum(a, b)\n") and mutants("x = f(a, b)\n")
    assert mutants("model.load_state_dict(weights, strict=True)\n")
