"""A figure as a file that is whole or not there."""

from pathlib import Path

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text

from esc_gpu.core.files import replacing

DPI = 120
SUFFIXES = (".png", ".pdf")  # of a pair


def save(figure: Figure, path: Path) -> None:
    """Write the figure in the format of the path's suffix: .png, .pdf or .svg."""
    take_literally(figure)
    figure.set_dpi(DPI)
    suffix = path.suffix.lower()
    with replacing(path) as temporary:
        if suffix == ".png":  # `savefig` would draw it twice, to the same pixels
            FigureCanvasAgg(figure).print_png(str(temporary))
        else:
            metadata = {"CreationDate": None} if suffix == ".pdf" else {}  # the same picture, the same file
            figure.savefig(temporary, format=suffix[1:], dpi=DPI, metadata=metadata)


def save_pair(figure: Figure, stem: Path) -> list[Path]:
    """Write the figure as STEM.png and STEM.pdf; returns the two."""
    paths = [stem.with_name(stem.name + suffix) for suffix in SUFFIXES]
    for path in paths:
        save(figure, path)
        figure.set_layout_engine("none")  # laid out once for both
    return paths


def take_literally(figure: Figure) -> None:
    """Names of classes and files are no formulas, whatever signs they have; the ticks that an axis will make may be."""
    for text in figure.findobj(Text):
        if text.get_text():
            text.set_parse_math(False)
