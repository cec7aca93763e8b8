"""Which modules load where only some packages are installed, one set of packages after another, the larger ones last.

python -m tests.helpers.gpu_imports < QUESTIONS.json
"""

import importlib
import json
import sys
from typing import Any

from tests.helpers.only_packages import only

OURS = ("esc_gpu", "benchmarks", "tests.conftest", "tests.test_gpu")


def main() -> None:
    answers = [load(**question) for question in json.load(sys.stdin)]
    sys.stdout.write(json.dumps(answers))


def load(packages: list[str], modules: list[str]) -> dict[str, str | None]:
    """For each module None, or the package that it lacks."""
    found: dict[str, str | None] = {}
    for name in [name for name in sys.modules if name.startswith(OURS)]:
        del sys.modules[name]
    with only(packages):
        for module in modules:
            found[module] = missing(module)
    return found


def missing(module: str) -> Any:
    """What an import lacks, in its own words; tests that skip themselves lack nothing."""
    try:
        importlib.import_module(module)
    except ImportError as error:
        return str(error)
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return None


if __name__ == "__main__":
    main()
