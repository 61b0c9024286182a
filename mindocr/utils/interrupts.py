"""Ctrl-C where Python must not be interrupted."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from concurrent.futures import TimeoutError as NotYet  # of Python 3.10, which has its own
from contextlib import contextmanager
from typing import TypeVar

Result = TypeVar("Result")
_CHECK_S = 0.1


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
