"""A config by its name, from any folder; a path that exists goes first."""

import re
from pathlib import Path

import pytest

from esc_gpu.config.named_configs import (
    configs_folder,
    find_config,
    list_configs,
    read_named_config,
    summary,
    with_config_files,
)
from esc_gpu.config.parse import parse_run
from esc_gpu.errors import EscGpuError
from tests.helpers.paths import CONFIGS


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    """A folder that is not the repository."""
    monkeypatch.chdir(tmp_path)


def test_every_file_has_its_name_and_recipes_come_last():
    names = list_configs()
    files = {path.relative_to(CONFIGS).with_suffix("").as_posix() for path in CONFIGS.rglob("*.yaml")}
    assert set(names) == files - {"sweep"} and len(names) == len(set(names)) == 17
    assert ["/" in name for name in names] == sorted("/" in name for name in names)


def test_the_package_s_own_folder_goes_before_the_repository_s(tmp_path, monkeypatch):
    assert configs_folder() == CONFIGS
    package = tmp_path / "site-packages" / "esc_gpu"
    (package / "configs").mkdir(parents=True)
    (package.parent / "configs").mkdir()  # another package's
    monkeypatch.setattr("esc_gpu.config.named_configs.__file__", str(package / "config" / "named_configs.py"))
    assert configs_folder() == package / "configs"


@pytest.mark.parametrize("name", list_configs())
def test_a_name_gives_the_same_config_as_the_path(name):
    assert parse_run(["--config", name], "train.py") == parse_run([f"--config={CONFIGS / name}.yaml"], "train.py")


def test_names_are_merged_in_their_order_and_under_the_command_line():
    config = parse_run(["--config=recipes/best", "--config", "mfcc", "--frontend.n_mfcc", "20"], "train.py")
    assert (config.train.epochs, config.frontend.name, config.frontend.options["n_mfcc"]) == (120, "mfcc", 20)


def test_a_file_goes_before_a_name_and_a_folder_does_not():
    Path("logmel").write_text("frontend: {name: rms}\n", encoding="utf-8")
    Path("mfcc").mkdir()
    assert find_config("logmel") == "logmel" and parse_run(["--config", "logmel"], "train.py").frontend.name == "rms"
    assert find_config("mfcc") == str(CONFIGS / "mfcc.yaml")


@pytest.mark.parametrize("given", ["train: {epochs: 3}", "{}", "", "/dev/fd/63", "./logmel", "~/logmel", "-"])
def test_what_is_no_name_stays(given):
    assert find_config(given) == given


def test_only_words_behind_config_are_names():
    words = ["--data.root", "logmel", "--config", "logmel", "--output_dir", "mfcc", "--tracker.name=logmel"]
    assert with_config_files(words) == [*words[:3], str(CONFIGS / "logmel.yaml"), *words[4:]]
    assert with_config_files(with_config_files(words)) == with_config_files(words)
    assert with_config_files(["--config"]) == ["--config"]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("logmal", "there is no file and no config 'logmal'; did you mean 'logmel'?; esc-gpu configs lists them"),
        ("best", "there is no file and no config 'best'; did you mean 'recipes/best'?; esc-gpu configs lists them"),
        ("recipes/fast", "there is no file and no config 'recipes/fast'; did you mean 'recipes/best'"),
        ("logmel_del", "did you mean 'logmel_delta' or 'logmel_long' or 'logmel'?; "),
        ("sweep", "there is no file and no config 'sweep'; esc-gpu configs lists them"),
        ("x/y", "there is no file and no config 'x/y'; esc-gpu configs lists them"),
        ("none.yaml", "there is no file none.yaml; correct the name"),
        ("configs/mfcc.yaml", "no file configs/mfcc.yaml; correct the name, or give mfcc, which comes with esc_gpu"),
        ("configs/recipes/best.yaml", "correct the name, or give recipes/best, which comes with esc_gpu"),
    ],
)
def test_an_unknown_one_is_answered_with_the_nearest(given, message):
    with pytest.raises(EscGpuError, match=re.escape(message)):
        parse_run(["--config", given], "train.py")


@pytest.mark.parametrize("name", list_configs())
def test_a_config_begins_with_a_sentence_about_it(name):
    assert read_named_config(name).startswith(f"# {summary(name)}\n")
    assert summary(name).endswith(".") and 20 < len(summary(name)) < 110 and ".yaml" not in summary(name)
