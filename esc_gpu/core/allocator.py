"""The C library's allocator, told to keep what a training frees: the next step takes it again."""

import ctypes
import sys

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3  # of glibc's malloc.h
LARGE = (1 << 31) - 1
LARGEST_OF_OLD = 32 << 20  # what an older glibc takes as its threshold


def keep_freed_memory() -> None:
    """Let glibc hold on to freed blocks of every size instead of giving them back to the system.

    By default a block of megabytes, as every activation is on the CPU, is mapped anew each time, and the system clears
    each of its pages. Does nothing with another C library.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None) if sys.platform == "linux" else None
    if mallopt is not None:
        if not mallopt(M_MMAP_THRESHOLD, LARGE):
            mallopt(M_MMAP_THRESHOLD, LARGEST_OF_OLD)
        mallopt(M_TRIM_THRESHOLD, LARGE)
