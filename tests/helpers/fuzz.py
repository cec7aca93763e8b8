"""How hypothesis draws its examples: the same each time, or with fresh seeds and many of them by `make fuzz`."""

import os

from hypothesis import HealthCheck, settings

# How many times as many examples; a failure then prints the blob by which it is had again.
TIMES = int(os.environ.get("ESC_GPU_FRESH_EXAMPLES", "0"))


def fuzz(max_examples: int) -> settings:
    """For tests that take fixtures, whose examples may take as long as they like."""
    return settings(
        derandomize=not TIMES,
        print_blob=True,
        deadline=None,
        max_examples=max_examples * max(TIMES, 1),
        suppress_health_check=[HealthCheck.function_scoped_fixture],
    )
