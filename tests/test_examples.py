"""The file to copy trains on a folder in ESC-50's layout, and needs nothing that its reader has not seen."""

import ast
import csv
import runpy
import sys

import pytest
import torch

from tests.helpers.paths import REPOSITORY
from tests.helpers.tiny import FREQUENCIES, RATE, write_tone

EXAMPLE = REPOSITORY / "examples" / "minimal.py"
QUICK = ("--epochs", "12", "--batch_size", "6", "--backbone", "test_resnet")


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    """The model is smaller than what two threads have to say to each other."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def main():
    return runpy.run_path(str(EXAMPLE))["main"]


def write_folder(folder, n_folds=3, per_class=4, rate=RATE):
    """Tones in ESC-50's layout, those of fold 1 last in the table."""
    (folder / "meta").mkdir(parents=True)
    (folder / "audio").mkdir()
    rows = []
    for number in range(n_folds * len(FREQUENCIES) * per_class):
        fold, target = n_folds - number // (len(FREQUENCIES) * per_class), number % len(FREQUENCIES)
        filename = f"{fold}-{number}-A-{target}.wav"
        write_tone(folder / "audio" / filename, list(FREQUENCIES.values())[target], 1.0, seed=number)
        rows.append({"filename": filename, "fold": fold, "target": target, "category": list(FREQUENCIES)[target]})
    with open(folder / "meta" / "esc50.csv", "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return folder


def test_it_learns_tones_and_prints_the_accuracy_of_the_fold(main, tmp_path, capsys):
    share = main([str(write_folder(tmp_path / "tones")), "--fold", "2", *QUICK])
    assert share > 0.9
    assert capsys.readouterr().out == f"test accuracy of fold 2: {100 * share:.1f} %\n"


def test_the_test_fold_is_not_trained_on(main, tmp_path):
    """With the labels of that fold alone turned round, it learns the others' and fails there."""
    folder = write_folder(tmp_path / "tones")
    table = folder / "meta" / "esc50.csv"
    header, *rows = table.read_text(encoding="utf-8").splitlines()
    turned = [turn(row) if row.split(",")[1] == "1" else row for row in rows]
    assert turned != rows
    table.write_text("\n".join([header, *turned]) + "\n", encoding="utf-8")
    assert main([str(folder), *QUICK]) < 0.1


def turn(row):
    """The line of the table with the next class."""
    filename, fold, target, category = row.split(",")
    return f"{filename},{fold},{(int(target) + 1) % len(FREQUENCIES)},{category}"


def test_a_fold_that_is_not_there_is_refused(main, tmp_path, capsys):
    with pytest.raises(SystemExit) as end:
        main([str(write_folder(tmp_path / "tones", n_folds=2, per_class=1)), "--fold", "3", *QUICK])
    assert end.value.code == 2
    assert "--fold 3 leaves nothing to train or test on: the folds are {1, 2}" in capsys.readouterr().err


def test_it_stands_on_its_own():
    tree = ast.parse(EXAMPLE.read_text(encoding="utf-8"))
    imported = {
        name.split(".")[0]
        for node in ast.walk(tree)
        for name in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module]
            if isinstance(node, ast.ImportFrom)
            else []
        )
    }
    assert imported - set(sys.stdlib_module_names) == {"esc_gpu", "soundfile", "timm", "torch"}
    assert [ast.unparse(node) for node in ast.walk(tree) if getattr(node, "module", None) == "esc_gpu"] == [
        "from esc_gpu import create_frontend"
    ]
