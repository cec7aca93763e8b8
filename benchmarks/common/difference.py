"""How far features are from what they should be."""

import numpy as np

# Root mean square, in Hz, dB or 1, under which a reference is zero: there is nothing to be relative to.
NOTHING = 1e-6


def relative_error(got: np.ndarray, expected: np.ndarray) -> float | None:
    """`|got - expected| / |expected|` in the L2 norm, over all that there is; None where the latter is 0."""
    norm = np.linalg.norm(expected)
    if norm <= NOTHING * np.sqrt(expected.size):
        return None
    return float(np.linalg.norm(got - expected) / norm)
