"""`--fold`: a number or a split."""

from argparse import ArgumentParser

import pytest

from esc_gpu.cli.fold_option import add_fold_argument
from esc_gpu.core.find_pipeline import find_pipeline
from esc_gpu.core.run_layout import WEIGHTS


@pytest.fixture
def parser():
    parser = ArgumentParser()
    add_fold_argument(parser, "use")
    return parser


def test_a_fold_is_a_number_or_a_split(parser, tmp_path):
    for folder in ("fold2", "fold-test"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / WEIGHTS).touch()
    for word, folder in (("2", "fold2"), ("test", "fold-test")):
        fold = parser.parse_args(["--fold", word]).fold
        assert find_pipeline(tmp_path, fold) == tmp_path / folder
    assert parser.parse_args([]).fold is None


def test_other_words_are_refused(parser, capsys):
    with pytest.raises(SystemExit):
        parser.parse_args(["--fold", "first"])
    assert "'first' is no fold; expected a number, or validation or test" in capsys.readouterr().err
