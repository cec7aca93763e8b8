"""The tables of the pages: what is written, and where."""

from tools import doc_tables as tables


def test_a_table_of_graphs():
    row = {"name": "cqt", "compile": "yes", "export": "yes", "onnx": "no | such operator", "onnx_error": None}
    lines = tables.graph_table({"rows": [row, row | {"onnx": "yes", "onnx_error": 2e-6, "backend": "nnaudio"}]})
    assert lines[2] == "| cqt | yes | yes | no \\| such operator | – |"
    assert lines[3] == "| cqt (nnaudio) | yes | yes | yes | 2.0e-06 |"


def test_every_page_that_exists_is_filled(tmp_path, monkeypatch):
    page = tmp_path / "page.md"
    page.write_text("before\n<!-- table some.json -->\nold\n<!-- end -->\nafter\n", encoding="utf-8")
    monkeypatch.setattr(tables, "PAGES", [page, tmp_path / "missing.md"])
    monkeypatch.setattr(tables, "table", lambda file: f"of {file}")
    assert tables.main([]) == 0
    assert page.read_text(encoding="utf-8") == "before\n<!-- table some.json -->\nof some.json\n<!-- end -->\nafter\n"
