"""Names that would mean something in a page."""

EVIL = ("<script>alert(1)</script>", "a\" onmouseover='x' b", "{{ 7 * 7 }}&amp;")
