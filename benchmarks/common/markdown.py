"""Parts of Markdown tables."""


def number(value: float) -> str:
    """Three digits, without an exponent."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def heading(*columns: str) -> list[str]:
    """The first two lines of a table."""
    return [line(*columns), line(*["---"] * len(columns))]


def literal(text: str) -> str:
    """Text whose signs Markdown leaves alone."""
    return text.replace("|", "\\|").replace("<", "&lt;")


def line(*cells: str) -> str:
    """A line of a table."""
    return f"| {' | '.join(cells)} |"
