"""What is kept of recordings that 16 bits or the mean of channels would lose, from arguments to table."""

import json

from benchmarks.exactness import levels
from tools import doc_tables as tables


def test_levels_from_arguments_to_table(tmp_path):
    assert levels.main(["--output", str(tmp_path)]) == 0
    (file,) = tmp_path.glob("levels-*.json")
    quiet, loud, opposite, left = json.loads(file.read_text(encoding="utf-8"))["rows"]
    for row in (quiet, loud, left):
        assert row["largest_db_before"] > 5 > 20 * row["largest_db_now"] and not row["warned"]
        assert row["mean_db_before"] > 0.1 > 20 * row["mean_db_now"]
    assert quiet["largest_db_now"] < 0.1
    assert quiet["exponent"] < 0 < loud["exponent"] and left["exponent"] == 0
    assert opposite["warned"] and opposite["largest_db_now"] == opposite["largest_db_before"] > 20
    assert "| the same with `data.channel` left |" in tables.table(file.name, tmp_path)
