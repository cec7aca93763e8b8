"""Plant mistakes into the package, one at a time, and see which of them no test notices: `python -m tools.mutations`.

Each mistake stands in a copy of the package, in a process of its own. First run the tests of its module, then those of
its area. A test that fails is run alone, with the mistake and without. It has caught the mistake where it fails with it
and passes without; otherwise the others go on without this test. A mistake that all of them pass over has survived: it
deserves an assertion, or it changes nothing.

    python -m tools.mutations --count 40 --seed 1 --areas training inference
    python -m tools.mutations --planted

It is several times quicker if it knows which tests run which line, from a run of the whole suite. Then it tries these
tests, of whichever area, the module's own and the quick ones first, and the area's others only if none of them fails.

    pytest -n auto --cov --cov-context=test --junit-xml=build/tests.xml
    python -m tools.mutations --coverage .coverage --times build/tests.xml
"""

import argparse
import json
import os
import random
import re
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import accumulate
from pathlib import Path

from tqdm import tqdm

from benchmarks.common.paths import REPOSITORY
from tools.covering_tests import CoveringTests
from tools.mutants import mutants
from tools.planted import PLANTED

PACKAGE = "esc_gpu"
HANGS = "it did not end"
QUICK, SLOW = 10.0, 120.0  # seconds of the tests that run a line: those tried first, and all that are tried
MOST = 150  # of the tests tried first: each file of them has to be imported
# The tests of each area, beside those of the module: folders and files of `tests`.
AREAS = {
    "training": ("training", "experiment/test_cross_validation.py", "experiment/test_folds_at_once.py"),
    "inference": ("inference", "cli/commands/predict", "cli/commands/test_export.py"),
    "frontends": ("frontends",),
    "evaluation": ("evaluation", "cli/commands/test_evaluate.py", "report/test_markdown.py"),
    "report": ("report",),
    "augment": ("augment", "training/test_augmentation.py", "training/test_plain_torch.py"),
    "model": ("model", "training/test_build_model.py", "inference/test_pipeline.py"),
    "data": ("data",),
}
# What all children would else import anew. The package itself is not among it.
PRELOADED = (
    "torch",
    "torchvision",
    "timm",
    "accelerate",
    "librosa",
    "scipy.signal",
    "matplotlib.figure",
    "torch.export",
)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--areas", nargs="+", choices=AREAS, default=list(AREAS)[:5], help="(default: the first five)")
    parser.add_argument("--count", type=int, default=150, help="mistakes, evenly over the areas (default: 150)")
    parser.add_argument("--seed", type=int, default=0, help="of their choice (default: 0)")
    parser.add_argument("--planted", action="store_true", help="those of tools/planted.py instead")
    parser.add_argument("--again", type=Path, help="the mistakes of this list that survived")
    parser.add_argument("--near", action="store_true", help="leave the area's other tests out: quicker, misses more")
    parser.add_argument("--coverage", type=Path, help="of a run of the suite, with a context for each test")
    parser.add_argument("--times", type=Path, help="the JUnit file of the same run")
    parser.add_argument("--at-once", type=int, default=2, help="processes (default: 2)")
    parser.add_argument(
        "--seconds", type=float, default=900, help="after which its tests hang and it is caught (default: 900)"
    )
    parser.add_argument("--output", type=Path, default=REPOSITORY / "build" / "mutations.json", help="of the list")
    options = parser.parse_args(arguments)
    chosen = planted() if options.planted else sample(options.areas, options.count, options.seed)
    if options.again is not None:
        chosen = again(json.loads(options.again.read_text(encoding="utf-8"))["rows"])
    covering = CoveringTests(options.coverage, options.times) if options.coverage and options.times else None
    parts = [stages(mistake, options.near, covering) for mistake in chosen]
    preload()
    rows = []
    options.output.parent.mkdir(parents=True, exist_ok=True)
    with ThreadPoolExecutor(options.at_once) as pool, tqdm(total=len(chosen), desc="mistakes") as bar:
        for row in pool.map(lambda mistake, tests: look(mistake, options.seconds, tests), chosen, parts):
            rows.append(row)
            bar.update()
            if not row["caught"]:
                tqdm.write(f"survived: {row['file']}:{row['line']}  {row['before']}  ->  {row['after']}")
            result = {"seed": options.seed, "rows": rows}
            options.output.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    for area in dict.fromkeys(row["area"] for row in rows):
        caught = [row["caught"] for row in rows if row["area"] == area]
        print(f"{area:>12}: {sum(caught)} of {len(caught)} caught")
    print(f"{'all':>12}: {sum(row['caught'] for row in rows)} of {len(rows)} caught; the list is in {options.output}")
    return 0


def sample(areas: Sequence[str], count: int, seed: int) -> list[dict[str, object]]:
    """Mistakes drawn evenly over the areas; inside one, a line of code is as likely as any other."""
    generator, chosen = random.Random(seed), []
    for number, area in enumerate(areas):
        everyone = [
            (path, mutant)
            for path in sorted((REPOSITORY / PACKAGE / area).rglob("*.py"))
            for mutant in mutants(path.read_text(encoding="utf-8"))
        ]
        share = count // len(areas) + (number < count % len(areas))
        for path, mutant in generator.sample(everyone, min(share, len(everyone))):
            file = path.relative_to(REPOSITORY).as_posix()
            chosen.append({"area": area, "file": file, **vars(mutant)})
    return chosen


def planted() -> list[dict[str, object]]:
    """The mistakes of the list, in place of the text that each names."""
    chosen = []
    for file, before, after, tests in PLANTED:
        text = (REPOSITORY / file).read_text(encoding="utf-8")
        if text.count(before) != 1:
            raise SystemExit(
                f"error: tools/planted.py: {file} has {text.count(before)} times {before!r}: bring it up to date"
            )
        line = text[: text.index(before)].count("\n") + 1
        row = {"area": Path(file).parts[1], "file": file, "line": line, "what": "planted", "before": before}
        chosen.append(row | {"after": after, "text": text.replace(before, after), "tests": tests})
    return chosen


def again(rows: Sequence[dict[str, object]]) -> list[dict[str, object]]:
    """The mistakes that survived, in the text as it is now; those whose line or file has gone are left out."""
    chosen = []
    for row in rows:
        file = REPOSITORY / str(row["file"])
        text = file.read_text(encoding="utf-8") if file.is_file() else ""
        same = [m for m in mutants(text) if (m.what, m.before, m.after) == (row["what"], row["before"], row["after"])]
        if same and not row["caught"]:
            nearest = min(same, key=lambda mutant: abs(mutant.line - int(str(row["line"]))))
            chosen.append({"area": row["area"], "file": row["file"], **vars(nearest)})
    return chosen


def preload() -> None:
    """Import what children are forked with."""
    import importlib

    os.environ.setdefault("OMP_NUM_THREADS", "1")
    for name in PRELOADED:
        importlib.import_module(name)


def look(mistake: dict[str, object], seconds: float, parts: Sequence[Sequence[str]]) -> dict[str, object]:
    """The mistake's row: whether, by which tests and in which time it was caught."""
    file = Path(str(mistake["file"]))
    with tempfile.TemporaryDirectory(prefix="esc_gpu-mistake-") as folder:
        tree = Path(folder) / "tree"
        ignored = shutil.ignore_patterns("__pycache__", "results", "*.ipynb")
        for name in (PACKAGE, "tests", "benchmarks", "tools", "configs", "examples", "docs"):
            shutil.copytree(REPOSITORY / name, tree / name, ignore=ignored)
        for name in ("pyproject.toml", "setup.cfg", "README.md", "train.py"):
            shutil.copy(REPOSITORY / name, tree / name)
        started, caught_by = time.monotonic(), None
        for tests in parts:
            caught_by = caught(tree, tree / file, str(mistake["text"]), tests, seconds)
            if caught_by is not None:
                break
    row = {key: mistake[key] for key in ("area", "file", "line", "what", "before", "after")}
    return row | {"caught": caught_by is not None, "by": caught_by, "seconds": round(time.monotonic() - started, 1)}


def caught(tree: Path, file: Path, mistaken: str, tests: Sequence[str], seconds: float) -> str | None:
    """The test that fails with the mistake, and passes without; None where there is none."""
    right, left_out = file.read_text(encoding="utf-8"), list[str]()

    def failing(text: str, *words: str) -> str | None:
        file.write_text(text, encoding="utf-8")
        return in_child(lambda: run_tests(tree, words), seconds, tree.with_name("said"))

    try:
        while True:
            failed = failing(mistaken, *tests, *(f"--deselect={test}" for test in left_out))
            if failed is None or "::" not in failed:
                return failed
            if failing(mistaken, failed) is not None and failing(right, failed) is None:
                return failed
            left_out.append(failed)
    finally:
        file.write_text(right, encoding="utf-8")


def stages(mistake: dict[str, object], near: bool, covering: CoveringTests | None) -> list[list[str]]:
    """The tests to run one after another until one fails.

    They are those that run the line, or the module's own and those that name it, and then the area's.
    """
    if "tests" in mistake:
        return [list(mistake["tests"])]
    file = Path(str(mistake["file"]))
    inside = file.relative_to(PACKAGE)
    own = Path("tests") / inside.parent / f"test_{inside.name}"
    its_own = [str(own)] if (REPOSITORY / own).is_file() else []
    area = [] if near else [f"tests/{name}" for name in AREAS[str(mistake["area"])]]
    if covering is not None:
        text = (REPOSITORY / file).read_text(encoding="utf-8")
        run_it = covering.of(file.as_posix(), text, int(str(mistake["line"])))
        run_it.sort(key=lambda test: not test.startswith(f"{own.as_posix()}::"))
        # Its own once more behind those that run the line: a test that reads constants only runs none.
        parts = [*by_time(covering, run_it), its_own, area]
    else:
        module = re.compile(".".join(file.with_suffix("").parts) + r"\b")
        tests = ((path.relative_to(REPOSITORY), path) for path in sorted((REPOSITORY / "tests").rglob("test_*.py")))
        naming = [str(name) for name, path in tests if name != own and module.search(path.read_text(encoding="utf-8"))]
        parts = [its_own, naming, area]
    return [part for part in parts if part]


def by_time(covering: CoveringTests, tests: Sequence[str]) -> tuple[list[str], list[str]]:
    """The tests that take some seconds together, and those that take a few minutes more; the slowest are left out."""
    until = list(accumulate(covering.seconds[test] for test in tests))
    quick = sum(1 for number, seconds in enumerate(until) if seconds < QUICK and number < MOST)
    return list(tests[:quick]), [t for t, seconds in zip(tests[quick:], until[quick:], strict=True) if seconds < SLOW]


def run_tests(tree: Path, tests: Sequence[str]) -> int:
    """pytest's exit status, in a process that has not imported the package before."""
    import pytest

    os.chdir(tree)
    sys.path[:] = [str(tree), *(entry for entry in sys.path if entry not in ("", str(REPOSITORY)))]
    for name in list(sys.modules):
        if name.partition(".")[0] in (PACKAGE, "benchmarks", "tools", "tests"):
            del sys.modules[name]
    sys.meta_path[:] = [finder for finder in sys.meta_path if "editable" not in type(finder).__module__.lower()]
    words = ["-x", "-q", "--no-header", "-p", "no:cacheprovider", "--tb=line", "-rfE", *tests]
    return int(pytest.main(words))


def in_child(work: Callable[[], int], seconds: float, said: Path) -> str | None:
    """Which test failed in a forked process that does the work; None where none did."""
    child = os.fork()
    if child == 0:
        os.setsid()
        handle = os.open(said, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        for stream in (1, 2):
            os.dup2(handle, stream)
        status = 3
        signal.signal(signal.SIGINT, signal.default_int_handler)  # in the background a shell lets it be ignored
        try:
            status = work()
        finally:
            sys.stdout.flush()
            os._exit(status)
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return None if os.waitstatus_to_exitcode(status) == 0 else failed_test(said)
        time.sleep(0.05)
    os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return HANGS


def failed_test(said: Path) -> str:
    """The name of the failed test, or of the file that could not be imported.

    Raises:
        RuntimeError: where there is none: the tests did not run, which catches nothing.
    """
    text = said.read_text(encoding="utf-8", errors="replace")
    named = [
        line.partition(" ")[2].partition(" - ")[0]
        for line in text.splitlines()
        if line.startswith(("FAILED ", "ERROR "))
    ]
    if not named:
        raise RuntimeError(f"the tests did not run:\n{text[-2000:]}")
    return named[0]


if __name__ == "__main__":
    raise SystemExit(main())
