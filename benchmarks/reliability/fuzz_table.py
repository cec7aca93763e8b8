"""The table of benchmarks.reliability.fuzz_audio: what came of each kind of damaged or odd file."""

from benchmarks.common.markdown import heading, line


def fuzz_table(result: dict[str, object]) -> list[str]:
    """Kinds of files down; the failures by what they were, the slowest in milliseconds, the memory in 1e6 bytes."""
    lines = heading("files", "number", "decoded", "refused", "failures", "slowest, ms", "most memory, MB")
    for row in result["rows"]:
        failures = ", ".join(f"**{count} {what}**" for what, count in row["failures"].items()) or "0"
        slowest, memory = f"{1e3 * row['slowest_seconds']:.1f}", f"{row['largest_bytes'] / 1e6:.1f}"
        counts = [f"{row[column]:,}" for column in ("files", "decoded", "refused")]
        lines.append(line(row["kind"], *counts, failures, slowest, memory))
    return [
        *lines,
        "",
        f"{result['files']:,} files of seed {result['seed']}, two clips of each, by libsndfile {result['libsndfile']}. "
        f"{result['limit_seconds']:g} s count as a hang, and {result['limit_bytes'] / 1e6:.0f} MB of addresses as too "
        "many.",
    ]
