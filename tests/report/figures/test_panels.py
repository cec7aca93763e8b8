"""Features as small pictures without axes."""

import numpy as np
from matplotlib import colormaps

from esc_gpu.report.figures.panels import INPUT_LIMIT, draw_thumbnail

LOWEST, MIDDLE, HIGHEST = (colormaps["magma"](value, bytes=True)[:3] for value in (0.0, 0.5, 1.0))


def test_a_pixel_is_a_value_low_bins_below_channels_one_under_the_other():
    image = np.zeros((2, 3, 5), dtype=np.float32)
    image[0, 0, 4] = 100.0  # the lowest bin of the first channel, beyond the colours
    image[1, 2, 0] = -INPUT_LIMIT  # the highest bin of the second channel
    picture = draw_thumbnail(image)
    assert picture.shape == (6, 5, 3) and picture.dtype == np.uint8
    assert tuple(picture[2, 4]) == HIGHEST and tuple(picture[3, 0]) == LOWEST
    others = np.ones((6, 5), dtype=bool)
    others[2, 4] = others[3, 0] = False
    assert (picture[others] == MIDDLE).all()
