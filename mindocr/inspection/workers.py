"""One function over many items, in several processes, with a progress bar."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

import cv2
from tqdm import tqdm

from mindocr.errors import ConfigError

Item = TypeVar("Item")
Result = TypeVar("Result")

_CHUNK = 16
_WORTH_A_PROCESS = 64  # items; fewer are done before another process has started


def processes_for(items: int, wanted: int | None) -> int:
    """How many processes to use: as many as wanted, no more than there are CPUs, one where there is little to do.

    Raises:
        ConfigError: fewer than one is wanted.
    """
    if wanted is not None and wanted < 1:
        raise ConfigError(f"--workers must be 1 or more, got {wanted}")
    cpus = os.cpu_count() or 1
    return 1 if items < _WORTH_A_PROCESS else min(wanted or cpus, cpus)


def run_over(
    function: Callable[[Item], Result], items: Sequence[Item], workers: int, title: str, shown: bool = True
) -> Iterator[Result]:
    """Results in the order of the items.

    Args:
        function: must be picklable (as must items and results) where ``workers`` is above 1; sent to each once.
        items: what it is called with.
        workers: processes; 1 works in this one.
        title: of the progress bar.
        shown: show the progress bar.
    """
    bar = {"desc": title, "total": len(items), "unit": "image", "disable": not shown}
    if workers == 1:
        yield from tqdm(map(function, items), **bar)
        return
    with multiprocessing.get_context("spawn").Pool(workers, _start, (function,)) as pool:
        yield from tqdm(pool.imap(_work, items, chunksize=_CHUNK), **bar)


_function: Callable[[Any], Any] | None = None


def _start(function: Callable[[Any], Any]) -> None:
    global _function
    _function = function
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's business
    cv2.setNumThreads(1)  # the processes already share the cores


def _work(item: Any) -> Any:
    assert _function is not None
    return _function(item)
