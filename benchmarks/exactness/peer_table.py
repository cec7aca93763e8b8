"""The table of what other libraries' functions give beside ours."""

from benchmarks.common.markdown import heading, line, literal

PARTS = ("passed", "failed", "not expressible")


def peer_table(result: dict[str, object]) -> list[str]:
    """One line a peer; then one line a reason for which something is not expressible, with the options."""
    lines = heading("peer", "functions", "checks", *PARTS, "largest difference")
    for peer in result["peers"]:
        if "skipped" in peer:
            continue
        rows = [row for row in result["rows"] if row["peer"] == peer["peer"]]
        counts = [str(sum(row["verdict"] == part for row in rows)) for part in PARTS]
        functions = str(len({row["function"] for row in rows if row["verdict"] != "not expressible"}))
        worst = max(row["largest_difference"] for row in rows if row["verdict"] == "passed")
        lines.append(
            line(f"{peer['peer']} {peer['version']}".strip(), functions, str(len(rows)), *counts, f"{worst:.0e}")
        )
    totals = [sum(row["verdict"] == part for row in result["rows"]) for part in PARTS]
    lines.append(line("all", "", str(sum(totals)), *map(str, totals), ""))
    skipped = [peer["peer"] for peer in result["peers"] if "skipped" in peer]
    missing = f" Not installed, and not compared: {', '.join(skipped)}." if skipped else ""
    return [
        *lines,
        "",
        f"Functions are those of which some options are expressible. Differences are of the largest value.{missing}",
        "",
        *reason_table(result["rows"]),
    ]


def reason_table(rows: list[dict[str, object]]) -> list[str]:
    """Reasons down: the peers' functions and options that have no counterpart."""
    reasons: dict[str, dict[str, None]] = {}
    for row in rows:
        if row["verdict"] == "not expressible":
            reasons.setdefault(row["reason"], {}).update(dict.fromkeys(choices(row)))
    lines = heading("not expressible, because", "options or functions")
    return [*lines, *[line(literal(reason), ", ".join(named)) for reason, named in sorted(reasons.items())]]


def choices(row: dict[str, object]) -> list[str]:
    """The options of a row with the library's name, or the function where it has none."""
    library = row["peer"].rpartition(".")[-1]
    if not row["options"]:
        return [f"`{row['function']}`"]
    return [f"{library} `{name}={value}`" for name, value in row["options"].items()]
