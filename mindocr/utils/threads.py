"""One function over many items in threads, a few items ahead of whoever takes the results: order kept, nothing lost.

Several such steps in a row make a pipeline. Each step asks for the items of the step before in the thread of the
consumer, so work that must stay in one thread, such as a network of MindSpore, is a plain ``map`` between two steps.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from mindocr.utils.interrupts import ctrl_c_waits, result_of

Item = TypeVar("Item")
Result = TypeVar("Result")


def map_ahead(
    function: Callable[[Item], Result], items: Iterable[Item], *, ahead: int = 2, threads: int = 1, name: str = "step"
) -> Iterator[Result]:
    """Yield ``function(item)`` for each item, in the order of the items, computed in threads.

    It gains time where the function spends it outside the interpreter lock, as OpenCV, NumPy, onnxruntime and the
    reading of files do. At most ``ahead`` + 1 items are taken from ``items`` before the first result is taken.

    An exception of the function is raised where its result is due. One of ``items``, and Ctrl-C while an item is
    awaited, is raised after the results of the items before it. When the consumer stops early, or Ctrl-C comes while a
    result is awaited, waiting items are dropped and running ones finished.

    Args:
        function: called in a thread.
        items: iterated in the thread of the consumer.
        ahead: items in preparation while one result is used, from 1.
        threads: items that are worked on at once.
        name: of the threads, for debuggers.
    """
    pending: deque[Future[Result]] = deque()
    pool = ThreadPoolExecutor(threads, thread_name_prefix=name)
    try:
        failure: BaseException | None = None
        source = iter(items)
        while failure is None:
            try:
                item = next(source)
            except StopIteration:
                break
            except BaseException as error:  # Ctrl-C too: what is nearly finished is not lost
                failure = error
                break
            with ctrl_c_waits():
                pending.append(pool.submit(function, item))
            while pending and (len(pending) > ahead or pending[0].done()):
                yield result_of(pending.popleft())
        while pending:
            yield result_of(pending.popleft())
        if failure is not None:
            raise failure
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
