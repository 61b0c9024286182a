"""Ctrl-C and SIGTERM: an exception, but not where Python must not be interrupted."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from concurrent.futures import TimeoutError as NotYet  # of Python 3.10, which has its own
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from mindocr.utils.launcher import launched

Result = TypeVar("Result")
_CHECK_S = 0.1  # seconds between two looks for Ctrl-C
PATIENCE_S = 5  # seconds after SIGTERM until the system ends the process


class Stopped(KeyboardInterrupt):
    """A signal ended the work in a controlled way; ``exit_code`` is 128 plus the signal's number, as in a shell."""

    def __init__(self, number: int, message: str) -> None:
        super().__init__(message)
        self.exit_code = 128 + number


@contextmanager
def sigterm_raises() -> Iterator[None]:
    """Make SIGTERM an exception inside the block, so that files are closed and processes end.

    A second one ends the process at once. So does the system after five seconds in which the block did not end: an
    exception may get lost inside MindSpore's compiler.

    MindSpore turns Ctrl-C into SIGTERM while a graph runs. A rank of several keeps the reaction of the system: one that
    waits for the others inside MindSpore would not notice an exception.

    It does nothing outside the main thread, or if SIGTERM has a handler.

    Raises:
        Stopped: SIGTERM came.
    """
    if (
        threading.current_thread() is not threading.main_thread()
        or signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL
        or launched()
    ):
        yield
        return

    def stop(*_: object) -> None:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        if hasattr(signal, "alarm"):
            signal.alarm(PATIENCE_S)
        raise Stopped(signal.SIGINT, "interrupted") if in_foreground() else Stopped(signal.SIGTERM, "terminated")

    signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        if hasattr(signal, "alarm"):
            signal.alarm(0)


def in_foreground() -> bool:
    """Whether Ctrl-C on the keyboard reaches this process."""
    try:
        with Path("/dev/tty").open() as terminal:
            return os.tcgetpgrp(terminal.fileno()) == os.getpgrp()
    except OSError:
        return False


@contextmanager
def ctrl_c_waits() -> Iterator[None]:
    """Delay Ctrl-C until the end of the block; a second one is raised at once.

    For calls of Python's own queues and futures: if KeyboardInterrupt is raised inside their methods, a lock may stay
    locked or be unlocked twice, and other threads may wait forever.

    It does nothing outside the main thread, or if Ctrl-C has another handler than Python's.

    Raises:
        KeyboardInterrupt: at the end of the block, if Ctrl-C came meanwhile.
    """
    if (
        threading.current_thread() is not threading.main_thread()
        or signal.getsignal(signal.SIGINT) is not signal.default_int_handler
    ):
        yield
        return
    came = False

    def note(*_: object) -> None:
        nonlocal came
        if came:
            raise KeyboardInterrupt
        came = True

    signal.signal(signal.SIGINT, note)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        if came:
            raise KeyboardInterrupt


def result_of(future: Future[Result]) -> Result:
    """The result of a future; Ctrl-C is raised within a tenth of a second, see :func:`ctrl_c_waits`.

    Raises:
        Exception: that of the work.
        KeyboardInterrupt: Ctrl-C came while the result was awaited.
    """
    while True:
        with ctrl_c_waits():
            try:
                return future.result(timeout=_CHECK_S)
            except NotYet:
                if future.done():  # the work itself raised it, or it ended just now
                    return future.result()
