"""The data set of `features`, `embed` and `probe`."""

from argparse import ArgumentParser

from esc_gpu.cli.data_set import add_data_arguments, read_data_set
from esc_gpu.data.recordings.layouts import read_recordings
from tests.helpers.layout_folders import lay_out
from tests.helpers.one_line import refusal


def arguments(*words):
    parser = ArgumentParser()
    add_data_arguments(parser)
    return parser.parse_args([str(word) for word in words])


def test_folds_are_those_of_the_table_that_trainings_read(tmp_path):
    root, cache, said = lay_out(tmp_path, "folders"), tmp_path / "cache", []
    trained_on = read_recordings(root, n_folds=2, tables=cache / "tables")
    options = arguments("--root", root, "--n-folds", 2, "--cache-dir", cache)
    assert read_data_set(options, said.append).digest == trained_on.digest and "edited" in said[-1]
    (table,) = (cache / "tables").iterdir()
    edited = table.read_text(encoding="utf-8").replace(",1,", ",train,").replace(",2,", ",test,")
    table.write_text(edited, encoding="utf-8")
    assert read_data_set(options).fold_numbers == ["train", "test"]


def test_a_number_of_folds_that_has_no_effect_or_is_none(tmp_path):
    root, said = lay_out(tmp_path, "split_folders"), []
    words = ("--root", root, "--cache-dir", tmp_path, "--n-folds")
    read_data_set(arguments(*words, 3), said.append)
    assert said[-1] == "--n-folds has no effect, because the recordings have folds: leave it out."
    assert "--n-folds is 1; expected 2 or more" in refusal(read_data_set, arguments(*words, 1))
