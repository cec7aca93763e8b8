"""Feature images of made-up values."""

import numpy as np

from esc_gpu.frontends.images import FeatureImage

RATE = 16000  # Hz


def image_of(values, unit="", bin_unit="Hz", is_signed=False, frequencies=None):
    values = np.asarray(values, dtype=np.float32)[None]
    frequencies = np.arange(values.shape[1]) if frequencies is None else frequencies
    return FeatureImage(values, 0.1 * np.arange(values.shape[2]), frequencies, bin_unit, unit, is_signed)
