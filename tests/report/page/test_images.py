"""Colours and files inside the page."""

import base64

from esc_gpu.report.page.images import color_stops, data_uri


def test_a_gradient_goes_through_the_map():
    stops = color_stops("magma")
    assert stops[0] == (0.0, "#000004") and stops[-1][0] == 1.0 and len(stops) == 9


def test_an_address_holds_its_file():
    kind, _, data = data_uri(b"\x00\xffabc", "image/webp").partition(",")
    assert kind == "data:image/webp;base64" and base64.b64decode(data) == b"\x00\xffabc"
