"""How large the package is on the disk with each of its extras, torch and its CUDA libraries included."""

import re
import sys
from collections.abc import Sequence
from importlib.metadata import Distribution, PackageNotFoundError, distribution

from packaging.requirements import Requirement

from benchmarks.common.command import add_output, create_parser
from benchmarks.common.results_file import keep_result

EXTRAS = "", "train", "onnx", "demo", "all"


def packages(name: str, extra: str) -> tuple[dict[str, Distribution], list[str]]:
    """What `pip install "name[extra]"` brings, itself included: the packages by name, and those that are missing."""
    found: dict[str, Distribution] = {}
    missing: set[str] = set()
    left, done = [(name, frozenset({extra}))], set()
    while left:
        name, extras = left.pop()
        key = re.sub(r"[-_.]+", "-", name).lower(), extras
        if key in done:
            continue
        done.add(key)
        try:
            found[key[0]] = distribution(name)
        except PackageNotFoundError:
            missing.add(key[0])
            continue
        for line in found[key[0]].requires or []:
            needed = Requirement(line)
            if needed.marker is None or any(needed.marker.evaluate({"extra": part}) for part in {"", *extras}):
                left.append((needed.name, frozenset(needed.extras)))
    return found, sorted(missing)


def n_bytes(package: Distribution) -> int:
    """The size of its files."""
    paths = [file.locate() for file in package.files or []]
    return sum(path.stat().st_size for path in paths if path.is_file())


def main(argv: Sequence[str] | None = None) -> int:
    parser = create_parser(__spec__, __doc__)
    add_output(parser)
    arguments = parser.parse_args(argv)
    of_torch, _ = packages("torch", "")
    sizes: dict[str, int] = {}
    rows = []
    for extra in EXTRAS:
        found, missing = packages("esc_gpu", extra)
        sizes |= {name: n_bytes(package) for name, package in found.items() if name not in sizes}
        rows.append(
            {
                "extra": extra,
                "packages": len(found),
                "bytes": sum(sizes[name] for name in found),
                "bytes_beside_torch": sum(sizes[name] for name in found if name not in of_torch),
                "missing": missing,
            }
        )
        print(f"{extra or 'none':>6}  {len(found):4} packages  {rows[-1]['bytes'] / 1e9:.2f} GB", flush=True)
    keep_result("installed size", {"benchmark": "installed_size", "rows": rows}, arguments.output)
    return 0


if __name__ == "__main__":
    sys.exit(main())
