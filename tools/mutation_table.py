"""A sample of planted mistakes by area: how many tests noticed, and what came of the others."""

from benchmarks.common.markdown import heading, line

NOTHING = "nothing"  # in the words for a mistake that no test can notice


def mutation_table(result: dict[str, object]) -> list[str]:
    """One line an area, then all together."""
    rows = result["rows"]
    lines = heading("part", "mistakes", "noticed", "without an effect", "noticed with the tests that it led to")
    for area in [*dict.fromkeys(row["area"] for row in rows), "all"]:
        mine = [row for row in rows if area in (row["area"], "all")]
        caught = sum(row["caught"] for row in mine)
        idle = sum(not row["caught"] and NOTHING in row["now"] for row in mine)
        lines.append(line(area, str(len(mine)), str(caught), str(idle), str(len(mine) - idle)))
    return [*lines, "", f"The sample has the seed {result['seed']}. The file names the test or the reason of each."]
