"""A notebook with its outputs as a page."""

import re
from pathlib import Path

from nbconvert import MarkdownExporter

# A badge is a picture from elsewhere: its link stays.
BADGE = re.compile(r"\[!\[([^\]]*)\]\(https?://[^)\s]+\)\]\(([^)\s]+)\)")


def notebook_page(path: Path) -> tuple[str, dict[str, bytes]]:
    """The Markdown of a notebook as it is kept, nothing of it run, and its pictures by their places beside it."""
    resources = {"unique_key": "picture", "output_files_dir": f"{path.stem}_files"}
    text, resources = MarkdownExporter().from_filename(str(path), resources)
    text = BADGE.sub(r"[\1](\2)", text).replace("![png](", "![What the cell above draws](")
    return text, dict(resources["outputs"])
