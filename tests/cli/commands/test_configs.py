"""`esc-gpu configs`: the names with what they are, and one of the files."""

from esc_gpu.cli.main import main
from esc_gpu.config.named_configs import list_configs, summary
from tests.helpers.paths import CONFIGS


def test_it_lists_every_name_with_the_first_line_of_its_comment(capsys):
    assert main(["configs"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(maxsplit=1) for line in lines] == [[name, summary(name)] for name in list_configs()]
    assert len({line.index(summary(name)) for line, name in zip(lines, list_configs(), strict=True)}) == 1


def test_it_prints_a_file_to_copy(capsys):
    assert main(["configs", "recipes/best"]) == 0
    assert capsys.readouterr().out == (CONFIGS / "recipes" / "best.yaml").read_text(encoding="utf-8")


def test_an_unknown_name_is_one_line(capsys):
    assert main(["configs", "logmal"]) == 2
    expected = "error: there is no config 'logmal'; did you mean 'logmel'?; esc-gpu configs lists them\n"
    assert capsys.readouterr().err == expected
