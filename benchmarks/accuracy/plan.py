"""A plan of trainings that are compared: a recipe, and named rows that each depart from it in files or options."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from benchmarks.common.paths import REPOSITORY
from esc_gpu.config.checks import check_config
from esc_gpu.config.frontend import FrontendConfig
from esc_gpu.config.parse import parse_run
from esc_gpu.config.parse_frontend import load
from esc_gpu.config.schema import RunConfig
from esc_gpu.core.checks import nearest
from esc_gpu.errors import EscGpuError

PLANS = Path(__file__).parent / "plans"
KINDS = "comparison", "ablation", "variants"
KEYS = "kind", "recipe", "rows"
PROG = "python -m benchmarks.accuracy.study"
# What the benchmark sets itself, and the option of its own that says it.
OWNED = {"--train.seed": "--seeds", "--output_dir": "--work", "--resume": "the same --work", "--overwrite": "--work"}


@dataclass(frozen=True)
class Row:
    """Config files, and options by their dotted names, that are added to the recipe."""

    files: tuple[str, ...]
    options: dict[str, object]


@dataclass(frozen=True)
class Plan:
    """What a plan's file says.

    Args:
        name: of the file.
        kind: "comparison" of front-ends, "ablation", whose rows are named by what they do without, or "variants", which
            differ in other options.
        recipe: config files that all rows have.
        rows: by name; all others are compared with the first.
    """

    name: str
    kind: str
    recipe: tuple[str, ...]
    rows: dict[str, Row]


def read_plan(name: str) -> Plan:
    """The plan NAME of `benchmarks/accuracy/plans`, or that in the YAML file NAME.

    Raises:
        EscGpuError: for a file that is not there or no plan.
    """
    file = PLANS / f"{name}.yaml"
    if not file.is_file():
        file = Path(name)
    if not file.is_file():
        known = ", ".join(sorted(path.stem for path in PLANS.glob("*.yaml")))
        raise EscGpuError(f"there is no plan {name}; expected {known} or a YAML file, before the options")
    try:
        content = load(file.read_text(encoding="utf-8"), f"plan {file}")
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise EscGpuError(f"plan {file} is not YAML: {' '.join(str(error).split())}") from error
    if not isinstance(content, dict):
        raise EscGpuError(f"plan {file} is not a mapping; expected the keys {', '.join(KEYS)}")
    for key in content:
        if key not in KEYS:
            raise EscGpuError(f"plan {file} has no key {key!r}{nearest(key, KEYS)}; expected {', '.join(KEYS)}")
    kind, rows = content.get("kind"), content.get("rows")
    if kind not in KINDS:
        raise EscGpuError(f"kind of plan {file} is {kind!r}; expected one of {', '.join(KINDS)}")
    if not isinstance(rows, dict) or len(rows) < 2:
        raise EscGpuError(f"plan {file} compares nothing; expected two or more named rows, the reference first")
    check_names(rows, file)
    recipe = as_files(content.get("recipe"), f"recipe of plan {file}")
    return Plan(
        file.stem, kind, recipe, {name: read_row(row, f"row {name} of plan {file}") for name, row in rows.items()}
    )


def check_names(names: Sequence[object], file: Path) -> None:
    """Refuse rows that cannot have a folder of their name each, on a disk that ignores case as well."""
    folders: dict[str, str] = {}
    for name in names:
        usable = isinstance(name, str) and name.isprintable() and name.strip() == name and not set(name) & set("/\\:")
        if not usable or name in ("", ".", ".."):
            raise EscGpuError(
                f"row {name!r} of plan {file} cannot name a folder; expected text without / \\ : and such"
            )
        if name.casefold() in folders:
            raise EscGpuError(
                f"rows {folders[name.casefold()]} and {name} of plan {file} differ in case only; rename one"
            )
        folders[name.casefold()] = name


def read_row(content: object, where: str) -> Row:
    """Config files under `config`, and dotted options."""
    content = {} if content is None else content
    if not isinstance(content, dict):
        raise EscGpuError(f"{where} is {content!r}; expected config: FILE and options, as augment.speed: 0")
    options = {key: value for key, value in content.items() if key != "config"}
    for key in options:
        if not isinstance(key, str) or "." not in key:
            raise EscGpuError(f"{where} sets {key!r}; expected config: FILE and dotted options, as augment.speed: 0")
    return Row(as_files(content.get("config"), f"config of {where}"), options)


def as_files(value: object, where: str) -> tuple[str, ...]:
    """A file, several or none."""
    files = [] if value is None else [value] if isinstance(value, str) else value
    if not isinstance(files, list) or not all(isinstance(file, str) for file in files):
        raise EscGpuError(f"{where} is {value!r}; expected a config file or a list of them")
    return tuple(files)


def configs_of(plan: Plan, options: list[str]) -> dict[str, RunConfig]:
    """The config of each row: recipe, files and options of the row, and over them `options` of the command line.

    Raises:
        EscGpuError: for options that are wrong, without recordings, or that make no comparison.
    """
    for word in options:
        if word.partition("=")[0] in OWNED:
            raise EscGpuError(f"{word.partition('=')[0]} is set for each run; give {OWNED[word.partition('=')[0]]}")
    parse_run(without_frontend(options), PROG)  # a mistake in these is none of the plan's
    if names_frontend(options) and any(row.files for row in plan.rows.values()):
        raise EscGpuError("these options have a front-end, which would be that of each row; name it in the plan")
    recipe = config_words(plan.recipe)
    recipe_has_frontend = parse(recipe, f"recipe of plan {plan.name}").frontend != FrontendConfig()
    configs: dict[str, RunConfig] = {}
    for name, row in plan.rows.items():
        where = f"row {name} of plan {plan.name}"
        files = config_words(row.files)
        if recipe_has_frontend and files and parse(files, where).frontend != FrontendConfig():
            # Configs are merged key by key, members of a stack too: n_mels of one front-end would be another's.
            raise EscGpuError(f"{where} has a front-end and the recipe as well; expected it in one of the two")
        own = [
            f"--{key}={value if isinstance(value, str) else json.dumps(value, default=str)}"
            for key, value in row.options.items()
        ]
        configs[name] = parse([*recipe, *files, *own, *options], where)
    check_comparable(configs)
    return configs


def without_frontend(options: list[str]) -> list[str]:
    """The options but for the front-end's, of which only a row's own front-end knows whether they are right."""
    kept, is_value = [], False
    for word in options:
        if word.startswith("--"):
            is_value = word.startswith("--frontend.") and "=" not in word
            if word.startswith("--frontend."):
                continue
        elif is_value:
            is_value = False
            continue
        kept.append(word)
    return kept


def names_frontend(options: list[str]) -> bool:
    """Whether options of the command line choose a front-end, by name, by members or in a config file."""
    chosen = {"--frontend", "--frontend.name", "--frontend.member", "--frontend.members"}
    if any(word.partition("=")[0] in chosen for word in options):
        return True
    files = [word for flag, word in zip(options, options[1:], strict=False) if flag == "--config"]
    files += [word.partition("=")[2] for word in options if word.startswith("--config=")]
    return bool(files) and parse_run([f"--config={file}" for file in files], PROG).frontend != FrontendConfig()


def config_words(files: Sequence[str]) -> list[str]:
    """The command line's words for config files, whose paths are from the repository's folder."""
    return [f"--config={REPOSITORY / file}" for file in files]


def parse(words: list[str], where: str) -> RunConfig:
    """A config, its errors with what they are of."""
    try:
        config = parse_run(words, PROG)
        check_config(config)
    except EscGpuError as error:
        raise EscGpuError(f"{where}: {error}") from error
    return config


def check_comparable(configs: dict[str, RunConfig]) -> None:
    """Refuse rows on other clips than the first's, and rows that are the same."""
    first, *_ = configs
    for number, (name, config) in enumerate(configs.items()):
        if config.data.root is None and config.data.table is None:
            raise EscGpuError("name the recordings with --data.root or --data.table; synthetic ones compare nothing")
        if clips_of(config) != clips_of(configs[first]):
            raise EscGpuError(f"row {name} has other clips than {first}; expected the same data, folds and validate")
        for other in list(configs)[:number]:
            if config == configs[other]:
                raise EscGpuError(f"rows {other} and {name} are the same training; take one out, or change its options")


def clips_of(config: RunConfig) -> tuple[object, ...]:
    """What decides on the clips that are tested on."""
    return config.data.root, config.data.table, config.data.subset, config.folds, config.validate
