"""Batches through a network, several at once where the runner can do that."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import chain, islice
from typing import Any, TypeVar

import numpy as np

from mindocr.inference.runner import Runner
from mindocr.utils.threads import map_ahead

Item = TypeVar("Item")
Batch = TypeVar("Batch")
Computed = TypeVar("Computed")
Runs = Callable[[Any], dict[str, list[np.ndarray]]]  # the call of a runner


def side_by_side(
    runner: Runner, run: Callable[[Runs, Batch], Computed], batches: Iterable[Batch], early: bool = False
) -> Iterator[Computed]:
    """Yield ``run(network, batch)`` for each batch, in order.

    A runner of onnxruntime computes as many batches at once as it has threads, each in one thread: that is faster than
    one after the other in all threads, in which parts of the network wait for each other. Any other runner stays in
    this thread, as MindSpore must.

    Args:
        runner: the network.
        run: calls ``network`` in place of the runner.
        batches: taken a few ahead.
        early: the first batch gets all threads, so that its result comes early. So does a batch that is alone.
    """
    workers = getattr(runner, "workers", 1)
    if workers == 1:
        yield from map(partial(run, runner), batches)
        return
    parallel: Any = runner
    rest = iter(batches)
    first = list(islice(rest, 1 if early else 2))
    if len(first) == 1:
        yield run(parallel.work_alone if early else parallel, first.pop())
    waiting = chain(first, rest)
    yield from map_ahead(partial(run, parallel.work), waiting, ahead=workers, threads=workers, name="network")


def in_batches(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    """Lists of ``size`` items; the last may be shorter."""
    iterator = iter(items)
    while batch := list(islice(iterator, size)):
        yield batch
