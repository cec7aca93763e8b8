"""Ctrl-C, Ctrl-Break, and SIGTERM, which batch systems and containers send: the first ends a command in order."""

import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from esc_gpu.core.files import WINDOWS

SIGNALS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGBREAK") if hasattr(signal, name))
# Launchers hand a signal on to processes that have it from the terminal already.
SAME_SECONDS = 1.0
AGAIN_SECONDS = 0.1


class Interrupted(KeyboardInterrupt):
    """Raised by the first of `SIGNALS`."""


def send_to_this_process(number: int) -> None:
    """As whoever ends it does."""
    if WINDOWS:  # whose `os.kill` ends a process on the spot
        signal.raise_signal(number)
    else:
        os.kill(os.getpid(), number)


@contextmanager
def interruptible() -> Iterator[list[int]]:
    """Inside the block the first of `SIGNALS` raises `Interrupted` in the main thread; a second Ctrl-C exits.

    Further SIGTERMs change nothing, so that whoever ends a whole group of processes does not cut the last words off. A
    signal that the process was started to ignore, as by nohup, stays ignored. Where the first comes while a destructor
    runs, which lets no error out, it comes again. Only the main thread can have this. What the block is given holds the
    number of the first signal once it has come.
    """
    received: list[int] = []
    if threading.current_thread() is not threading.main_thread():
        yield received
        return
    first = 0.0

    def handle(number: int, frame: FrameType | None) -> None:
        nonlocal first
        if not received:
            received.append(number)
            first = time.monotonic()
            raise Interrupted
        if number == signal.SIGINT and time.monotonic() - first > SAME_SECONDS:
            os._exit(128 + number)

    def report_unraisable(unraisable: "sys.UnraisableHookArgs") -> None:
        if isinstance(unraisable.exc_value, Interrupted):  # from here nothing can be raised either
            threading.Timer(AGAIN_SECONDS, send_to_this_process, (received.pop(),)).start()
        else:
            usual(unraisable)

    usual = sys.unraisablehook
    before = {number: signal.getsignal(number) for number in SIGNALS}
    taken = {number: handler for number, handler in before.items() if handler not in (signal.SIG_IGN, None)}
    try:
        for number in taken:
            signal.signal(number, handle)
        sys.unraisablehook = report_unraisable
        yield received
    finally:
        sys.unraisablehook = usual
        for number, handler in taken.items():
            signal.signal(number, handler)
