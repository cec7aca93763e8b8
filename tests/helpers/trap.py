"""What shows whether a file was unpickled."""

from pathlib import Path


class Trap:
    """An object that makes a file where it is unpickled."""

    def __init__(self, file):
        self.file = file

    def __reduce__(self):
        return Path.touch, (self.file,)
