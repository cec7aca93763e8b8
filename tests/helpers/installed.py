"""Packages that are there, by their metadata: neither loaded nor looked for.

To look for pip's module makes setuptools' own distutils go, and with it all that loads setuptools later, as Inductor.
"""

from importlib.metadata import PackageNotFoundError, version


def major_version(package: str) -> int:
    """The first number of the installed version; -1 where the package is missing."""
    try:
        return int(version(package).partition(".")[0])
    except PackageNotFoundError:
        return -1
