"""Mistakes as people make them, planted into a module's text one at a time."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass

SWAPPED = {
    ast.Lt: "<=",
    ast.LtE: "<",
    ast.Gt: ">=",
    ast.GtE: ">",
    ast.Eq: "!=",
    ast.NotEq: "==",
    ast.Is: "is not",
    ast.IsNot: "is",
    ast.In: "not in",
    ast.NotIn: "in",
    ast.Add: "-",
    ast.Sub: "+",
    ast.Mult: "/",
    ast.Div: "*",
    ast.FloorDiv: "*",
    ast.Mod: "*",
    ast.And: "or",
    ast.Or: "and",
}
SYMMETRIC = ("max", "min", "maximum", "minimum")  # whose two arguments may be swapped
# What a user reads, or what only a type checker does: no behaviour is in it.
QUIET_CALLS = ("EscGpuError", "EscGpuWarning", "warn", "ValueError", "TypeError", "cast", "TypeVar", "phase")
QUIET_WORDS = ("desc", "unit")  # of a progress bar
# How a drawing looks is a matter of taste. Elsewhere `pad`, `width` or `size` change numbers.
LOOKS = ("matplotlib", "<svg", "gradio")  # one of them stands in a module that draws
LOOKING_NAMES = ("size", "small", "margin")
LOOKING_WORDS = (
    *(
        "color",
        "cmap",
        "linewidth",
        "linewidths",
        "linestyle",
        "marker",
        "markersize",
        "s",
        "alpha",
        "zorder",
        "frameon",
    ),
    *("markerfacecolor", "markeredgecolor", "edgecolor", "edgecolors", "facecolor", "facecolors", "clip_on"),
    *(
        "figsize",
        "layout",
        "height_ratios",
        "width",
        "height",
        "dpi",
        "pad",
        "labelpad",
        "ha",
        "va",
        "loc",
        "css",
        "max_height",
        "column_widths",
    ),
    *("size", "fontsize", "fontweight", "rotation"),
)


@dataclass(frozen=True)
class Mutant:
    """A module's text with one mistake.

    Attributes:
        line: where it is, from 1.
        what: the kind of the mistake.
        before, after: the line, without its indentation.
        text: the whole module.
    """

    line: int
    what: str
    before: str
    after: str
    text: str


def mutants(text: str) -> list[Mutant]:
    """All mutants of a module that still compile, in the order of its lines."""
    found = []
    for first, last, new, what in edits(text):
        changed = text[:first] + new + text[last:]
        try:
            compile(changed, "mutant", "exec")
        except (SyntaxError, ValueError):
            continue
        number = text.count("\n", 0, first)
        before, after = (source.splitlines()[number].strip() for source in (text, changed))
        if before != after:
            found.append(Mutant(number + 1, what, before, after, changed))
    return sorted(found, key=lambda mutant: mutant.line)


def edits(text: str) -> Iterator[tuple[int, int, str, str]]:
    """`(first, last, new, what)`: the characters to be replaced, by what, and the kind."""
    starts = [0]
    for line in text.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    lines = text.splitlines(keepends=True)

    def place(line: int, column: int) -> int:
        """Of a position of `ast`, which counts bytes."""
        return starts[line - 1] + len(lines[line - 1].encode()[:column].decode())

    def span(node: ast.expr | ast.stmt | ast.keyword) -> tuple[int, int]:
        assert node.end_lineno is not None and node.end_col_offset is not None
        return place(node.lineno, node.col_offset), place(node.end_lineno, node.end_col_offset)

    def source(node: ast.expr | ast.stmt) -> str:
        first, last = span(node)
        return text[first:last]

    names, words = quiet(text)
    for node in loud(ast.parse(text), names, words):
        if isinstance(node, ast.Compare) and len(node.ops) == 1:
            first, last = span(node.left)[1], span(node.comparators[0])[0]
            yield first, last, between(text[first:last], SWAPPED[type(node.ops[0])]), "comparison"
        elif isinstance(node, ast.BinOp) and type(node.op) in SWAPPED and not is_text(node):
            first, last = span(node.left)[1], span(node.right)[0]
            yield first, last, between(text[first:last], SWAPPED[type(node.op)]), "arithmetic"
        elif isinstance(node, ast.BoolOp):
            first, last = span(node.values[0])[1], span(node.values[1])[0]
            if len(node.values) == 2:
                yield first, last, between(text[first:last], SWAPPED[type(node.op)]), "logic"
        elif isinstance(node, ast.Constant) and isinstance(node.value, bool):
            yield *span(node), str(not node.value), "constant"
        elif isinstance(node, ast.Constant) and isinstance(node.value, int | float):
            yield *span(node), repr(node.value + 1 if isinstance(node.value, int) else node.value * 2), "constant"
        elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not | ast.USub):
            yield *span(node), f"({source(node.operand)})", "sign"
        elif isinstance(node, ast.IfExp):
            yield *span(node), f"({source(node.orelse)} if {source(node.test)} else {source(node.body)})", "condition"
        elif isinstance(node, ast.If):
            yield *span(node.test), f"not ({source(node.test)})", "condition"
        elif isinstance(node, ast.Expr | ast.AugAssign):
            yield *span(node), "pass", "left out"
        elif isinstance(node, ast.Call):
            for word in [] if is_zip(node) else node.keywords:
                if word.arg not in (None, *words) and len(node.keywords) + len(node.args) > 1:
                    first, last = span(word)
                    yield first, last + text[last:].startswith(","), "", "option left out"
            symmetric = ast.unparse(node.func).rpartition(".")[2] in SYMMETRIC
            if len(node.args) == 2 and not symmetric and not any(isinstance(part, ast.Starred) for part in node.args):
                (first, _), (_, last) = span(node.args[0]), span(node.args[1])
                yield first, last, f"{source(node.args[1])}, {source(node.args[0])}", "arguments swapped"


def quiet(text: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The names and the keywords of a module in which no behaviour is."""
    if any(sign in text for sign in LOOKS):
        return LOOKING_NAMES, (*QUIET_WORDS, *LOOKING_WORDS)
    return (), QUIET_WORDS


def loud(node: ast.AST, names: tuple[str, ...], words: tuple[str, ...]) -> Iterator[ast.AST]:
    """The nodes that do something: no annotations, docstrings, imports, decorators, messages, looks or type checks."""
    if isinstance(node, ast.Import | ast.ImportFrom | ast.Raise | ast.Assert | ast.JoinedStr):
        return
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant | ast.Yield | ast.YieldFrom):
        return
    if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] in QUIET_CALLS:
        return
    if isinstance(node, ast.keyword) and node.arg in words:
        return
    if isinstance(node, ast.Assign) and all(getattr(name, "id", None) in names for name in node.targets):
        return
    if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
        return
    yield node
    left_out = ("annotation", "returns", "decorator_list", "type_params", *(["keywords"] if is_zip(node) else []))
    for name, value in ast.iter_fields(node):
        if name in left_out:
            continue
        for part in value if isinstance(value, list) else [value]:
            if isinstance(part, ast.AST):
                yield from loud(part, names, words)


def is_zip(node: ast.AST) -> bool:
    """Whether it is a call of `zip`, whose only option, `strict`, asserts what holds anyway."""
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "zip"


def is_text(node: ast.BinOp) -> bool:
    """Whether an operand is a string."""
    return any(
        isinstance(part, ast.JoinedStr) or (isinstance(part, ast.Constant) and isinstance(part.value, str))
        for part in (node.left, node.right)
    )


def between(old: str, operator: str) -> str:
    """What stands between two operands, brackets included, with another operator."""
    opening = old.count("(")
    closing = old.count(")")
    return f"{')' * closing} {operator} {'(' * opening}"
