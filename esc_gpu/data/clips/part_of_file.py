"""A part of an audio file as a file of its own."""

import io
import os


class PartOfFile(io.RawIOBase):
    """The bytes `before`, those of `raw` from `start` on, and zeros where that is not `least` bytes.

    Attributes:
        name: empty, or libsndfile would take text for audio by its suffix (.gsm, .vox).
        error: what the system had against a read. Nothing can be raised through libsndfile.
    """

    name = ""

    def __init__(self, raw: io.FileIO, start: int = 0, before: bytes = b"", least: int = 0):
        self.raw, self.start, self.before = raw, start, before
        self.held = len(before) + max(0, os.fstat(raw.fileno()).st_size - start)
        self.size = max(self.held, least)
        self.position = 0
        self.error: OSError | None = None

    def tell(self) -> int:
        return self.position

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        self.position = offset + {os.SEEK_SET: 0, os.SEEK_CUR: self.position, os.SEEK_END: self.size}[whence]
        return self.position

    def readinto(self, buffer: "memoryview") -> int:  # type: ignore[override]
        """As many bytes as are there: libsndfile takes fewer for the end."""
        view = memoryview(buffer).cast("B")
        piece = self.before[self.position : self.position + len(view)]
        filled = len(piece)
        view[:filled] = piece
        try:
            if filled < len(view):
                self.raw.seek(self.start + self.position + filled - len(self.before))
            while filled < len(view) and (count := self.raw.readinto(view[filled:])):
                filled += count
        except OSError as error:
            self.error = error
        if self.position + filled >= self.held:
            zeros = max(0, min(len(view) - filled, self.size - self.position - filled))
            view[filled : filled + zeros] = bytes(zeros)
            filled += zeros
        self.position += filled
        return filled
