"""Front-ends in float64 with constants of float64, for a look at their definition alone."""

from benchmarks.exactness.float64_constants import in_float64

__all__ = ["in_float64"]
