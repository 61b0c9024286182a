"""SIGTERM and Ctrl-C ask a run to end at the next step boundary; a second signal ends it at once."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from types import FrameType
from typing import Any

import mindspore as ms
from mindspore import ops

from mindocr.utils.interrupts import in_foreground

SIGNALS = (signal.SIGTERM, signal.SIGINT)
# Launchers pass on a signal that the rank has received already; a second Ctrl-C by the user comes later.
AGAIN_S = 1.0


class StopRequest:
    """Listens for SIGTERM and SIGINT while its ``with`` block lasts.

    Attributes:
        number: the signal that was received, or None.
    """

    def __init__(self) -> None:
        self.number: int | None = None
        self._before: dict[int, Any] = {}
        self._pipe: tuple[int, int] | None = None

    def __enter__(self) -> StopRequest:
        # Python allows handlers in the main thread only; a run in another thread ends when its process ends.
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
        """Name of the signal, for messages."""
        return "Ctrl-C" if self.number == signal.SIGINT else "SIGTERM"

    def asked(self, world: int = 1) -> bool:
        """Whether any of ``world`` ranks has received a signal; all must call this together, and get one answer."""
        if world > 1:
            heard = int(ops.AllGather()(ms.Tensor([self.number or 0], ms.int32)).asnumpy().max())
            if heard == 0:
                return False  # a signal that arrives at this rank right now counts at the next call, on all ranks
            self.number = heard
        return self.number is not None

    def until_stopped(self, batches: Iterator[Any]) -> Iterator[Any]:
        """Yield the batches; if a signal has also ended the data workers, stop instead of failing."""
        try:
            yield from batches
        except RuntimeError:
            if self.number is None:
                raise

    def interrupt(self) -> None:
        """Raise KeyboardInterrupt if a signal was received; for work that may be abandoned.

        The signal handler does not raise it: an exception inside MindSpore's compiler may get lost.
        """
        if self.number is not None:
            raise KeyboardInterrupt

    def _note(self, number: int, frame: FrameType | None) -> None:
        if self.number is None:
            # While a graph runs, MindSpore turns Ctrl-C into SIGTERM.
            self.number = signal.SIGINT if number == signal.SIGINT or in_foreground() else signal.SIGTERM


def _watch(reader: int) -> None:
    """Notice signals at once, also while compiled code runs and Python cannot call its handlers."""
    first: float | None = None
    while heard := os.read(reader, 64):
        numbers = [number for number in heard if number in SIGNALS]
        if numbers and first is None:
            first = time.monotonic()
            os.write(2, b"\nthe run ends after this step and saves its state; a second Ctrl-C ends it at once\n")
        elif numbers and first is not None and time.monotonic() - first > AGAIN_S:
            os._exit(128 + numbers[-1])
    os.close(reader)
