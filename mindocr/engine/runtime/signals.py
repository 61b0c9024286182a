"""SIGTERM and Ctrl-C ask a run to end at the next step boundary; given once more, they end it at once."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import mindspore as ms
from mindspore import ops

SIGNALS = (signal.SIGTERM, signal.SIGINT)
# Launchers pass on to a rank what it has had already; a person's second Ctrl-C comes later.
AGAIN_S = 1.0


class Stopped(KeyboardInterrupt):
    """A run ended by a signal, in good order; ``exit_code`` is 128 plus the signal's number, as of a shell."""

    def __init__(self, number: int, message: str) -> None:
        super().__init__(message)
        self.exit_code = 128 + number


class StopRequest:
    """Listens for SIGTERM and SIGINT while its ``with`` block lasts.

    Attributes:
        number: the signal that came, or None.
    """

    def __init__(self) -> None:
        self.number: int | None = None
        self._before: dict[int, Any] = {}
        self._pipe: tuple[int, int] | None = None

    def __enter__(self) -> StopRequest:
        # Python allows handlers in the main thread only; a run in another thread ends as its process does.
        if threading.current_thread() is threading.main_thread():
            self._before = {number: signal.signal(number, self._note) for number in SIGNALS}
            reader, writer = self._pipe = os.pipe()
            os.set_blocking(writer, False)
            signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
            threading.Thread(target=_watch, args=(reader,), name="signals", daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        if self._pipe is not None:
            signal.set_wakeup_fd(-1)
            os.close(self._pipe[1])

    @property
    def name(self) -> str:
        """The signal in words."""
        return "Ctrl-C" if self.number == signal.SIGINT else "SIGTERM"

    def asked(self, world: int = 1) -> bool:
        """Whether a signal has come, to any of ``world`` ranks; all of them must ask together, and hear the same."""
        if world > 1:
            heard = int(ops.AllGather()(ms.Tensor([self.number or 0], ms.int32)).asnumpy().max())
            if heard == 0:
                return False  # even if one comes to this rank right now: the others will hear of it next time
            self.number = heard
        return self.number is not None

    def until_stopped(self, batches: Iterator[Any]) -> Iterator[Any]:
        """Pass batches on; where a signal has taken the data workers too, end instead of failing."""
        try:
            yield from batches
        except RuntimeError:
            if self.number is None:
                raise

    def interrupt(self) -> None:
        """Raise KeyboardInterrupt where a signal has come: for work that may be left undone.

        Not from the signal's handler: an exception in the middle of MindSpore's compiler may get lost there.
        """
        if self.number is not None:
            raise KeyboardInterrupt

    def _note(self, number: int, frame: FrameType | None) -> None:
        if self.number is None:
            self.number = signal.SIGINT if number == signal.SIGINT or _in_foreground() else signal.SIGTERM


def _watch(reader: int) -> None:
    """Hear of signals as they come, also while compiled code runs and no handler of Python's can."""
    first: float | None = None
    while heard := os.read(reader, 64):
        numbers = [number for number in heard if number in SIGNALS]
        if numbers and first is None:
            first = time.monotonic()
            os.write(2, b"\nending after this step with a saved state; Ctrl-C once more ends the run at once\n")
        elif numbers and first is not None and time.monotonic() - first > AGAIN_S:
            os._exit(128 + numbers[-1])
    os.close(reader)


def _in_foreground() -> bool:
    """Whether the keyboard's Ctrl-C reaches this process: while a graph runs, MindSpore turns that into SIGTERM."""
    try:
        with Path("/dev/tty").open() as terminal:
            return os.tcgetpgrp(terminal.fileno()) == os.getpgrp()
    except OSError:
        return False
