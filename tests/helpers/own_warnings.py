"""The package's warnings among all that a block records: a collection of garbage may bring others at any time."""

from collections.abc import Iterable
from warnings import WarningMessage

from esc_gpu.errors import EscGpuWarning


def own(recorded: Iterable[WarningMessage]) -> list[str]:
    """The texts of those that are the package's."""
    return [str(warning.message) for warning in recorded if issubclass(warning.category, EscGpuWarning)]
