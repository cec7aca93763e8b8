"""The folders of a run's folds are named and known again."""

from pathlib import Path

import pytest

from esc_gpu.core.run_layout import FOLDS, fold_folder, fold_of


@pytest.mark.parametrize("fold", [1, 12, -3, 0, "test", "validation"])
def test_a_fold_is_known_by_its_folder(tmp_path, fold):
    folder = fold_folder(tmp_path, fold)
    folder.mkdir()
    assert fold_of(folder) == fold and list(tmp_path.glob(FOLDS)) == [folder]


@pytest.mark.parametrize("name", ["fold", "folder", "fold1b", "fold--1", "my fold1", "1", "fold-tests", "test"])
def test_other_folders_are_of_no_fold(name):
    assert fold_of(Path("run") / name) is None
