"""One function over many items in several processes: number of processes, results in order, clean shutdown.

The processes are started with ``spawn``: a forked copy of a process that runs MindSpore's threads may hang. The workers
of the training loader are separate, see ``data/loading/worker.py``; they share the start and end of processes.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from typing import Any, TypeVar

from mindocr.errors import ConfigError, UserError
from mindocr.utils.interrupts import ctrl_c_waits, result_of
from mindocr.utils.progress import progress

Item = TypeVar("Item")
Result = TypeVar("Result")

_ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")


def usable_cpus() -> int:
    """CPUs that this process may use; a container or ``taskset`` may allow fewer than there are."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def processes_for(items: int, wanted: int | None, worth: int) -> int:
    """Number of processes to use, at most one per usable CPU.

    Args:
        items: number of items.
        wanted: number that the user set; None = chosen by the number of items.
        worth: number of items from which one more process saves time.

    Raises:
        ConfigError: ``wanted`` is below 1.
    """
    if wanted is not None and wanted < 1:
        raise ConfigError(f"--workers: expected 1 or more processes, got {wanted}; omit it for an automatic choice")
    return min(wanted or max(1, items // worth), usable_cpus())


def run_over(
    function: Callable[[Item], Result], items: Sequence[Item], processes: int, chunk: int = 1, title: str | None = None
) -> Iterator[Result]:
    """Yield ``function(item)`` for each item, in the order of the items.

    An exception ends the processes at once; so does Ctrl-C, which only this process handles.

    Args:
        function: with several processes it must be picklable, as must items and results; sent to each process once.
        items: arguments of the calls.
        processes: 1 = work in this process.
        chunk: items sent to a process at a time.
        title: title of a progress bar that counts images; None = no bar.

    Raises:
        Exception: as raised by ``function``, when the results of its chunk are due.
        UserError: a process was killed.
    """
    processes = min(processes, -(-len(items) // chunk))
    results = map(function, items) if processes <= 1 else _in_processes(function, items, processes, chunk)
    yield from results if title is None else progress(results, title, "image", len(items))


def _in_processes(
    function: Callable[[Item], Result], items: Sequence[Item], processes: int, chunk: int
) -> Iterator[Result]:
    spawn = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(processes, mp_context=spawn, initializer=_start, initargs=(function, os.getpid()))
    try:
        with ctrl_c_waits():
            with starting_processes():
                for _ in range(processes):  # a job starts a process when none is idle
                    pool.submit(os.getpid)
            parts = (items[start : start + chunk] for start in range(0, len(items), chunk))
            pending = deque(pool.submit(_work, part) for part in parts)
        while pending:
            yield from result_of(pending.popleft())
    except BrokenProcessPool:
        raise UserError(
            f"one of {processes} processes ended without a message; a machine that runs out of memory kills processes "
            "in this way; use fewer processes (--workers)"
        ) from None
    except BaseException:
        _end(pool)
        raise
    finally:
        pool.shutdown(cancel_futures=True)


def _end(pool: ProcessPoolExecutor) -> None:
    """End the processes at once, whatever they do."""
    own: list[Any] = list((pool._processes or {}).values())
    manager: Any = pool._executor_manager_thread
    # Waiting work is cancelled first, by the pool's own thread: where processes end while another thread cancels it,
    # Python 3.11 writes a traceback (InvalidStateError).
    pool.shutdown(wait=False, cancel_futures=True)
    for process in own:
        process.terminate()
    if manager is not None:
        manager.join()


_function: Callable[[Any], Any] | None = None


def _start(function: Callable[[Any], Any], parent: int) -> None:
    global _function
    _function = function
    settle_process(parent)


def _work(items: Sequence[Any]) -> list[Any]:
    assert _function is not None
    return [_function(item) for item in items]


@contextmanager
def starting_processes() -> Iterator[None]:
    """Limit numeric libraries of processes started inside to one thread, and let them ignore Ctrl-C from the start."""
    before: Mapping[str, str | None] = {name: os.environ.get(name) for name in _ONE_THREAD}
    os.environ.update({name: value for name, value in _ONE_THREAD.items() if before[name] is None})
    can_block = hasattr(signal, "pthread_sigmask")
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT}) if can_block else None  # inherited
    try:
        yield
    finally:
        if mask is not None:
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)


def settle_process(parent: int) -> None:
    """Set up a new process: ignore Ctrl-C, end with process ``parent``, use one OpenCV thread."""
    import cv2

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the main process receives it too, and ends its processes
    cv2.setNumThreads(1)  # the processes already share the CPUs
    threading.Thread(target=_follow, args=(parent,), daemon=True).start()


def _follow(parent: int) -> None:
    """End when the main process has ended, even if that was killed."""
    while os.getppid() == parent:
        time.sleep(1.0)
    os._exit(1)
