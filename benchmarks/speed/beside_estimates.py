"""Each measurement on a GPU beside what was estimated before, and beside what its memory allows."""

from collections.abc import Mapping, Sequence

from benchmarks.common.cards import CARDS, card_of
from benchmarks.common.markdown import heading, line, number
from benchmarks.speed.estimates import STEP_US, estimate_frontend

Row = dict[str, object]
COLUMNS = ("what", "µs a clip, measured", "estimated before", "limit of the memory", "joules a clip")


def compare(results: Mapping[str, Row]) -> list[Row]:
    """Rows of what the parts have measured.

    Args:
        results: of the parts, by name: "limits", "frontends" and "pipeline" are looked at, as far as they are there.
    """
    limits = results.get("limits", {})
    card = next((key for key, known in CARDS.items() if known is card_of(str(limits.get("device", "")))), None)
    rows = [*frontend_rows(results.get("frontends", {}), card, limits.get("bandwidth_gb"))]
    return rows + step_rows(results.get("pipeline", {}), card)


def frontend_rows(result: Row, card: str | None, bandwidth_gb: float | None) -> list[Row]:
    """Of each front-end and peer on the device. The limit is reading clips and writing features once."""
    rows = []
    for row in result.get("rows", []):
        if "us_per_clip" not in row or row["on_host"]:
            continue
        n_bytes = result["clip_bytes"] + row["output_bytes"] / row["batch"]
        rows.append(
            {
                "what": f"{row['name']}, {row['label']}",
                "measured_us": row["us_per_clip"]["median"],
                "estimate_us": estimate_frontend(row["name"], row["label"], card),
                "limit_us": n_bytes / bandwidth_gb / 1e3 if bandwidth_gb else None,
                "joules": row.get("joules_per_clip"),
            }
        )
    return rows


def step_rows(result: Row, card: str | None) -> list[Row]:
    """Of the step with each feed, without augmentation."""
    rows = []
    for row in result.get("rows", []):
        if row.get("training") is None:
            continue
        workers = "" if row["workers"] is None else f", {row['workers']} workers"
        compiled = "" if row["compile"] == "no" else f", compiled ({row['compile']})"
        speed, watts = row["training"]["median"], (row.get("watts") or {}).get("training")
        is_estimated = row["feature"] == "logmel" and row["feed"] == "h" and row["compile"] == "no"
        rows.append(
            {
                "what": f"{row['feature']}, step of ({row['feed']}) {row['label']}{workers}{compiled}",
                "measured_us": 1e6 / speed,
                "estimate_us": STEP_US.get(card or "") if is_estimated else None,
                "limit_us": None,
                "joules": None if watts is None else watts / speed,
            }
        )
    return rows


def table(rows: Sequence[Row]) -> list[str]:
    """Rows of `compare` in Markdown."""
    lines = heading(*COLUMNS)
    for row in rows:
        values = [row[key] for key in ("measured_us", "estimate_us", "limit_us", "joules")]
        lines.append(line(str(row["what"]), *["–" if value is None else number(value) for value in values]))
    return lines


def print_table(rows: Sequence[Row]) -> None:
    """The table, if there is a row."""
    if rows:
        print("\n".join(table(rows)))
