"""The configs that come with the package, by name: `logmel` is `configs/logmel.yaml`, from any folder."""

import difflib
import os
import re
from collections.abc import Sequence
from pathlib import Path

from esc_gpu.core.files import check_there
from esc_gpu.errors import EscGpuError

OPTION = "--config"
YAML = (".yaml", ".yml")
NAME = re.compile(r"[A-Za-z_][\w-]*(/[\w-]+)*")  # no text of a config: that has a colon or a brace
SWEEP = "sweep"  # for wandb's agent, not a config


def configs_folder() -> Path:
    """The folder of the configs: in the package where it is installed, beside it in the repository."""
    package = Path(__file__).parents[1]
    installed = package / "configs"
    return installed if installed.is_dir() else package.with_name("configs")


def list_configs() -> list[str]:
    """The names of all configs, recipes last."""
    folder = configs_folder()
    files = [*sorted(folder.glob("*.yaml")), *sorted(folder.glob("*/*.yaml"))]
    names = [file.relative_to(folder).with_suffix("").as_posix() for file in files]
    return [name for name in names if name != SWEEP]


def read_named_config(name: str) -> str:
    """The text of a config that comes with the package.

    Raises:
        EscGpuError: for a name that none has, with the nearest.
    """
    if name not in list_configs():
        raise EscGpuError(f"there is no config {name!r}{nearest_names(name)}; esc-gpu configs lists them")
    return named_file(name).read_text(encoding="utf-8")


def summary(name: str) -> str:
    """The first line of the comment that a config begins with."""
    return read_named_config(name).partition("\n")[0].removeprefix("# ")


def find_config(given: str) -> str:
    """The file that `--config` gives by its path, which goes first, or by its name; the text of a config as it is.

    Raises:
        EscGpuError: for a file that is not there, and a name that none has, with the nearest.
    """
    path = Path(given).expanduser()
    if given.endswith(YAML) and not os.path.exists(path):
        name = path.stem if path.parent.name != "recipes" else f"recipes/{path.stem}"
        if name in list_configs():
            raise EscGpuError(
                f"{OPTION}: there is no file {given}; correct the name, or give {name}, which comes with esc_gpu"
            )
        check_there(OPTION, given)
    if not NAME.fullmatch(given) or (os.path.exists(path) and not path.is_dir()):
        return given
    if given in list_configs():
        return str(named_file(given))
    raise EscGpuError(
        f"{OPTION}: there is no file and no config {given!r}{nearest_names(given)}; esc-gpu configs lists them"
    )


def nearest_names(name: str) -> str:
    """`"; did you mean 'recipes/best'?"` where names are close to this one, with or without their folder."""
    names = {word: found for found in list_configs() for word in (found, found.rpartition("/")[2])}
    close = dict.fromkeys(names[word] for word in difflib.get_close_matches(name, names))
    return f"; did you mean {' or '.join(map(repr, close))}?" if close else ""


def named_file(name: str) -> Path:
    """The file of a config that comes with the package."""
    return configs_folder() / f"{name}.yaml"


def with_config_files(arguments: Sequence[str]) -> list[str]:
    """The words of a run, with files for the names behind each `--config`; raises what `find_config` does."""
    words: list[str] = []
    for word in arguments:
        option, equals, value = word.partition("=")
        if option == OPTION and equals:
            word = f"{OPTION}={find_config(value)}"
        elif words[-1:] == [OPTION]:
            word = find_config(word)
        words.append(word)
    return words
