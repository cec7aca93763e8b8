"""Features as small pictures without axes, a pixel a value."""

import numpy as np
from matplotlib import colormaps

LIMIT = 3.0  # standard deviations that the colours span to either side, as in `plot_inputs`


def draw_thumbnail(image: np.ndarray) -> np.ndarray:
    """What the backbone sees of a clip, `(C, F, N)` in standard deviations, in colours: `(C·F, N, 3)` uint8.

    The channels stand one under the other, the lowest bin of each at its lower edge.
    """
    rows = image[:, ::-1].reshape(-1, image.shape[-1])
    return colormaps["magma"](np.clip((rows + LIMIT) / (2 * LIMIT), 0, 1), bytes=True)[..., :3]
