"""The progress bar of all long work: a widget in a notebook, a line of text on standard error elsewhere.

>>> from esc_gpu.core.progress import tqdm
>>> list(tqdm("ab", desc="letters", disable=True))
['a', 'b']
"""

from tqdm.auto import tqdm

__all__ = ["tqdm"]
