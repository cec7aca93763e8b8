"""Everything but some packages, and what these need themselves, hidden from this process."""

import sys
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from importlib.machinery import ModuleSpec
from importlib.metadata import PackageNotFoundError, packages_distributions, requires
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name


def closure(requirements: Iterable[str], without: Collection[str] = ()) -> set[str]:
    """The distributions that these requirements bring, by their canonical names; some are left out with all theirs."""
    found: set[tuple[str, str]] = set()
    waiting = [Requirement(line) for line in requirements]
    while waiting:
        requirement = waiting.pop()
        for extra in ("", *requirement.extras):
            key = canonicalize_name(requirement.name), extra
            if key in found or key[0] in without:
                continue
            found.add(key)
            try:
                needed = [Requirement(line) for line in requires(requirement.name) or ()]
            except PackageNotFoundError:
                continue
            waiting += [each for each in needed if each.marker is None or each.marker.evaluate({"extra": extra})]
    return {name for name, _ in found}


class Hiding:
    """A finder of `sys.meta_path` that does not find some packages."""

    def __init__(self, finder: Any, hidden: set[str]):
        self.finder, self.hidden = finder, hidden

    def find_spec(self, name: str, *where: Any) -> ModuleSpec | None:
        return None if name.partition(".")[0] in self.hidden else self.finder.find_spec(name, *where)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.finder, name)


@contextmanager
def only(requirements: Iterable[str]) -> Iterator[None]:
    """Inside the block this process finds these, what they need and this package."""
    allowed, finders = closure(requirements) | {"esc-gpu"}, list(sys.meta_path)
    hidden = {
        module
        for module, owners in packages_distributions().items()
        if not allowed & {canonicalize_name(owner) for owner in owners}
    }
    sys.meta_path[:] = [Hiding(finder, hidden) for finder in finders]
    try:
        yield
    finally:
        sys.meta_path[:] = finders
