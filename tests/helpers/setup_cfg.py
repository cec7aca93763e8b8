"""What setup.cfg asks for."""

import configparser

from tests.helpers.paths import REPOSITORY

CONFIG = configparser.ConfigParser()
CONFIG.read(REPOSITORY / "setup.cfg", encoding="utf-8")
EXTRAS = CONFIG["options.extras_require"]


def requirements(extra: str = "") -> list[str]:
    """The requirements of an extra, as `timm >=1.0`; without one those of the package itself."""
    listed = EXTRAS[extra] if extra else CONFIG["options"]["install_requires"]
    return [line for line in listed.splitlines() if line and not line.startswith("#")]
