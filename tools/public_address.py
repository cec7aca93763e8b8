"""Replace the repository's public address, which stands in setup.cfg as `url`, by another in every file."""

import argparse
import configparser
import subprocess
from pathlib import Path

from benchmarks.common.paths import REPOSITORY
from esc_gpu.core.files import write_text


def public_address() -> str:
    """The address that setup.cfg names."""
    settings = configparser.ConfigParser()
    settings.read(REPOSITORY / "setup.cfg", encoding="utf-8")
    return settings["metadata"]["url"]


def kept_files(repository: Path = REPOSITORY) -> list[Path]:
    """The files of the repository that are text, as git lists them; new ones that it does not ignore, too."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=repository, capture_output=True, check=True).stdout
    paths = [repository / name.decode() for name in listed.split(b"\0") if name]
    return [path for path in paths if path.is_file() and b"\0" not in path.read_bytes()]


def replace(old: str, new: str, paths: list[Path]) -> list[Path]:
    """Replace an address in files; those that had it."""
    changed = []
    for path in paths:
        text = path.read_text(encoding="utf-8")
        if old in text:
            write_text(path, text.replace(old, new))
            changed.append(path)
    return changed


def main() -> None:
    parser = argparse.ArgumentParser(description="Replace the public address of the repository in all its files.")
    parser.add_argument("address", metavar="URL", help="the new address, without a slash at its end")
    arguments = parser.parse_args()
    replace(public_address(), arguments.address, kept_files())


if __name__ == "__main__":
    main()
