"""Colours and files inside the page."""

import base64
import io

import numpy as np
from matplotlib import colormaps
from PIL import Image

from esc_gpu.report.page.images import color_stops, data_uri, feature_uri, heat_uri


def test_a_gradient_goes_through_the_map():
    stops = color_stops("magma")
    assert stops[0] == (0.0, "#000004") and stops[-1][0] == 1.0 and len(stops) == 9


def test_an_address_holds_its_file():
    kind, _, data = data_uri(b"\x00\xffabc", "image/webp").partition(",")
    assert kind == "data:image/webp;base64" and base64.b64decode(data) == b"\x00\xffabc"


def file_of(uri):
    return base64.b64decode(uri.partition(",")[2])


def test_values_have_the_colours_between_their_limits_the_first_bin_below():
    values = np.array([[2, 2, 99], [4, 6, -99]], dtype=np.float32).repeat(16, axis=0).repeat(16, axis=1)
    lowest, middle, highest = (colormaps["magma"](share, bytes=True)[:3] for share in (0.0, 0.5, 1.0))
    pixels = np.array([[middle, highest, lowest], [lowest, lowest, highest]], dtype=np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels.repeat(16, axis=0).repeat(16, axis=1)).save(file, format="webp", quality=88)
    assert file_of(feature_uri(values, 2, 6, "magma")) == file.getvalue()
    flat = Image.open(io.BytesIO(file_of(feature_uri(np.ones((4, 4)), 1, 1, "magma"))))
    assert np.abs(np.asarray(flat).astype(int) - lowest).max() < 6


def test_the_veil_is_thick_where_it_is_cold():
    heat = np.array([[0.0, 0.5], [1.0, 0.25]])
    veil = np.asarray(Image.open(io.BytesIO(file_of(heat_uri(heat)))))
    assert veil[..., 3].tolist() == [[0, 163], [217, 108]]  # of 255 × 0.85
