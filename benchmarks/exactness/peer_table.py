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
    reasons: dict[str, dict[tuple[str, str], list[str]]] = {}
    for row in rows:
        if row["verdict"] == "not expressible":
            library, _, function = row["function"].rpartition(".")
            for option in [f"{name}={value}" for name, value in row["options"].items()] or [""]:
                group = (row["peer"], option) if option else (row["function"], "")
                named = reasons.setdefault(row["reason"], {}).setdefault(group, [])
                if function not in named:
                    named.append(function)
    lines = heading("not expressible, because", "options or functions")
    return [
        *lines,
        *[
            line(literal(reason), ", ".join(map(cell, *zip(*groups.items(), strict=True))))
            for reason, groups in sorted(reasons.items())
        ],
    ]


def cell(group: tuple[str, str], functions: list[str]) -> str:
    """A function; or an option and how many functions have it, which are named where they are few."""
    name, option = group
    if not option:
        return f"`{name}`"
    of = (
        f"{len(functions)} functions" if len(functions) > 2 else " and ".join(f"`{function}`" for function in functions)
    )
    return f"`{option}` of {of} ({name})"
