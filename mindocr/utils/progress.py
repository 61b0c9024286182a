"""Progress of a long loop: a bar on a terminal, lines in the log where the output is a file or a pipe."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Iterable, Iterator
from typing import TypeVar

from tqdm import tqdm

from mindocr.utils.wording import plural

logger = logging.getLogger(__name__)

Item = TypeVar("Item")
SECONDS_BETWEEN_LINES = 30.0


def on_terminal() -> bool:
    """Whether a person watches: log lines and bars go to a terminal."""
    return sys.stderr.isatty()


def progress(items: Iterable[Item], title: str, unit: str, total: int | None = None) -> Iterator[Item]:
    """Yield ``items`` and show how many are done.

    On a terminal this is a bar, which disappears at the end. Elsewhere every refresh of a bar would be kept, so that
    a line is logged every 30 seconds instead, and none in a loop that takes less.

    Args:
        title: what is done, such as ``evaluate``.
        unit: what is counted, such as ``batch``.
        total: number of items; None takes ``len(items)`` where it has one.
    """
    if total is None:
        total = len(items) if hasattr(items, "__len__") else None  # type: ignore[arg-type]
    if on_terminal():
        yield from tqdm(items, desc=title, total=total, unit=unit, dynamic_ncols=True, leave=False)
        return
    start = last = time.monotonic()
    for done, item in enumerate(items):
        now = time.monotonic()
        if done and now - last >= SECONDS_BETWEEN_LINES:
            last = now
            logger.info("%s: %s", title, _line(done, total, unit, now - start))
        yield item


def duration(seconds: float) -> str:
    """A length of time to read, such as ``3 h 05 min``, ``2 min 10 s`` or ``8 s``."""
    whole = round(max(seconds, 0.0))
    if whole >= 48 * 3600:
        return f"{whole // 86400} d {whole % 86400 // 3600} h"
    if whole >= 3600:
        return f"{whole // 3600} h {whole % 3600 // 60:02d} min"
    return f"{whole // 60} min {whole % 60:02d} s" if whole >= 60 else f"{whole} s"


def _line(done: int, total: int | None, unit: str, seconds: float) -> str:
    spent, units = duration(seconds), plural(unit)
    if not total:
        return f"{done} {units}, {spent} so far"
    return f"{done} of {total} {units}, {spent} so far, about {duration(seconds / done * (total - done))} left"
