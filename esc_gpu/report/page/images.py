"""Arrays as small pictures inside the page: WebP in data URIs, a pixel a value."""

import base64
import io

import numpy as np
from matplotlib import colormaps
from matplotlib.colors import Normalize, to_hex
from PIL import Image

from esc_gpu.report.figures.panels import VEIL, VEIL_OPACITY

WEBP_QUALITY = 88  # the colours of neighbouring values blur from about 70 down


def data_uri(data: bytes, media_type: str) -> str:
    """A file as an address that holds it."""
    return f"data:{media_type};base64,{base64.b64encode(data).decode('ascii')}"


def feature_uri(values: np.ndarray, low: float, high: float, colors: str) -> str:
    """`(F, N)` as a picture, the first bin at the bottom; `low` and `high` have the end colours of the map `colors`."""
    return webp_uri(Image.fromarray(colormaps[colors](Normalize(low, high)(values[::-1]), bytes=True)))


def heat_uri(heat: np.ndarray) -> str:
    """Grad-CAM `(F, N)` in `[0, 1]` as a grey veil to lie over the features: thick at 0, none at 1."""
    pixels = np.empty((*heat.shape, 4), dtype=np.uint8)
    pixels[..., :3] = VEIL
    pixels[..., 3] = np.rint(255 * VEIL_OPACITY * (1 - heat[::-1].astype(np.float32)))
    return webp_uri(Image.fromarray(pixels))


def webp_uri(image: Image.Image) -> str:
    file = io.BytesIO()
    image.save(file, format="webp", quality=WEBP_QUALITY)
    return data_uri(file.getvalue(), "image/webp")


def color_stops(colors: str) -> list[tuple[float, str]]:
    """The map `colors` as positions from 0 to 1 with their colours, for a gradient."""
    return [(at, to_hex(colormaps[colors](at))) for at in np.linspace(0, 1, 9).tolist()]
