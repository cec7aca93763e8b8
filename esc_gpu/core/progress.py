"""The progress bar of all long work: a widget in a notebook, a line of text on standard error elsewhere.

>>> from esc_gpu.core.progress import tqdm
>>> list(tqdm("ab", desc="letters", disable=True))
['a', 'b']
"""

import warnings

from tqdm import TqdmWarning

with warnings.catch_warnings():
    # In a notebook without ipywidgets the bar is a line of text as well, and the advice to install them is noise.
    warnings.simplefilter("ignore", TqdmWarning)
    from tqdm.auto import tqdm

__all__ = ["tqdm"]
