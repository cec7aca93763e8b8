"""The program on docs/data.md, which writes a table for a folder of each class, run as it stands."""

import re

import numpy as np
import pytest

from esc_gpu.data.recordings.table import read_table
from tests.helpers.paths import DOCS

PROGRAM = next(
    block
    for block in re.findall(r"```python\n(.*?)```", (DOCS / "data.md").read_text(encoding="utf-8"), re.DOTALL)
    if "N_FOLDS" in block
)


@pytest.fixture
def table_of(tmp_path, monkeypatch):
    """What the program writes for these files of `recordings`, read as a run reads it."""

    def table_of(files):
        for name in files:
            path = tmp_path / "recordings" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
        monkeypatch.chdir(tmp_path)
        exec(compile(PROGRAM, "docs/data.md", "exec"), {})
        return read_table("recordings.csv")

    return table_of


def test_folds_are_of_like_size_also_where_labels_have_few_sources(table_of):
    """Thirty labels of 2 to 12 sources, each of 1 to 3 recordings."""
    draw = np.random.default_rng(0)
    files = [
        f"label{label}/s{label}x{source}-{number}.wav"
        for label in range(30)
        for source in range(int(draw.integers(2, 13)))
        for number in range(int(draw.integers(1, 4)))
    ]
    data = table_of(files)
    sizes = np.bincount(data.folds)[1:]
    assert len(data.filenames) == len(files) > 400 and len(sizes) == 5
    assert sizes.max() - sizes.min() <= 0.05 * sizes.sum() / 5


def test_a_source_is_what_stands_before_the_number_and_of_esc50_the_clip_it_was_cut_from(table_of):
    days = [f"rain/monday-early-{number}.wav" for number in (1, 2)] + ["rain/tuesday-1.wav", "dog/tuesday-2.wav"]
    esc50 = [f"dog/{fold}-{100 + source}-{take}-0.wav" for fold in (1, 2) for source in (1, 2) for take in "AB"]
    data = table_of([*days, *esc50])
    sources = {name.rpartition("/")[2]: source for name, source in zip(data.filenames, data.src_files, strict=True)}
    assert sources["monday-early-1.wav"] == sources["monday-early-2.wav"] == "monday-early"
    assert sources["tuesday-1.wav"] == sources["tuesday-2.wav"] == "tuesday"
    assert {sources[name.rpartition("/")[2]] for name in esc50} == {"101", "102"}
