"""Batches from a data set: worker processes, prefetch, shared memory, shards.

A sample depends on (seed, epoch, index) alone and a worker makes whole batches, so neither the number of workers nor
their speed changes what a run sees. ``mindspore.dataset`` is imported only for sink mode.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import shared_memory
from multiprocessing.reduction import ForkingPickler
from typing import Any, Protocol

import numpy as np

from mindocr.errors import DataError

logger = logging.getLogger(__name__)

Batch = dict[str, Any]


class Dataset(Protocol):
    """What the loader asks of a data set."""

    on_error: str

    def __len__(self) -> int: ...

    def get(self, index: int, epoch: int = 0) -> dict[str, Any]: ...

    def describe(self, index: int) -> str: ...


class Loader:
    """Serve a data set in batches.

    Args:
        dataset: source of samples.
        batch_size: samples in a batch, at least 1.
        shuffle: draw a new order each epoch, from ``seed`` and the epoch.
        drop_remainder: leave out the last batch when it is not full.
        num_workers: processes that make batches; 0 = one thread of this process. Held to the number of usable CPUs.
        seed: of the order of samples.
        rank, world: this process serves every ``world``-th sample of the order, beginning with the ``rank``-th.
        refill: with ``on_error: skip``, replace a skipped sample by the next usable one of the order, so that batches
            stay full (training); otherwise the batch becomes smaller (evaluation).
        prefetch: batches under way per worker.

    Attributes:
        skipped: description of every sample left out so far, in order of appearance.
    """

    def __init__(
        self,
        dataset: Dataset,
        *,
        batch_size: int = 1,
        shuffle: bool = False,
        drop_remainder: bool = False,
        num_workers: int = 0,
        seed: int = 0,
        rank: int = 0,
        world: int = 1,
        refill: bool = False,
        prefetch: int = 2,
    ) -> None:
        self.dataset = dataset
        self.batch_size = batch_size
        self.shuffle = shuffle
        self.drop_remainder = drop_remainder
        self.seed = seed
        self.rank, self.world = rank, world
        self.refill = refill
        self.prefetch = max(1, prefetch)
        self.skipped: list[str] = []
        self.num_workers = _usable_workers(num_workers)
        self._pool: ProcessPoolExecutor | ThreadPoolExecutor | None = None
        self._published: shared_memory.SharedMemory | None = None
        if len(self) == 0:
            raise DataError(
                f"the data set has {len(dataset)} images, too few for one batch of {batch_size}"
                f"{f' on each of {world} ranks' if world > 1 else ''}; use a smaller batch_size or "
                "drop_remainder: False"
            )

    def __len__(self) -> int:
        """Batches in an epoch, on this rank."""
        samples = len(self._share(np.arange(len(self.dataset))))
        return samples // self.batch_size if self.drop_remainder else -(-samples // self.batch_size)

    def order(self, epoch: int) -> np.ndarray:
        """Indices that this rank serves in ``epoch``, in order, (M,) int64."""
        indices = np.arange(len(self.dataset))
        if self.shuffle:
            np.random.default_rng((self.seed, epoch)).shuffle(indices)
        return self._share(indices)

    def epoch(self, epoch: int = 0, start: int = 0) -> Iterator[Batch]:
        """Yield the batches of one epoch, from batch ``start`` on.

        A batch maps each output column to an array (B, ...) where all samples agree in shape, and to a list otherwise.

        Raises:
            DataError: a sample cannot be used and the data set says ``on_error: raise``.
            RuntimeError: a worker failed otherwise; its traceback and the image are part of the error.
        """
        order = self.order(epoch)
        jobs = [order[i * self.batch_size : (i + 1) * self.batch_size] for i in range(start, len(self))]
        pool = self._start()
        pending: deque[tuple[np.ndarray, Future]] = deque()
        depth = self.prefetch * max(1, self.num_workers)
        try:
            for number, indices in enumerate(jobs):
                reserve = self._reserve(order, start + number)
                pending.append((indices, self._submit(pool, indices, reserve, epoch)))
                if len(pending) > depth:
                    yield self._finish(*pending.popleft())
            while pending:
                yield self._finish(*pending.popleft())
        except BaseException:
            self._abandon(pending)
            raise

    def close(self) -> None:
        """End the workers."""
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)
            self._pool = None
        if self._published is not None:
            self._published.close()
            self._published.unlink()
            self._published = None

    def __enter__(self) -> Loader:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _share(self, indices: np.ndarray) -> np.ndarray:
        mine = indices[self.rank :: self.world]
        return mine[: len(indices) // self.world] if self.drop_remainder else mine

    def _reserve(self, order: np.ndarray, number: int) -> np.ndarray:
        """Samples that may stand in for skipped ones: those after the batch, then those before it."""
        if not self.refill or self.dataset.on_error != "skip":
            return order[:0]
        end = (number + 1) * self.batch_size
        return np.concatenate([order[end:], order[: end - self.batch_size]])

    def _start(self) -> ProcessPoolExecutor | ThreadPoolExecutor:
        if self._pool is None:
            if self.num_workers == 0:
                self._pool = ThreadPoolExecutor(1, thread_name_prefix="loader")
            else:
                # A forked copy of a process that runs MindSpore's threads may hang; a fresh one cannot.
                self._pool = ProcessPoolExecutor(
                    self.num_workers,
                    mp_context=multiprocessing.get_context("spawn"),
                    initializer=_start_worker,
                    initargs=(self._publish(), os.getpid()),
                )
        return self._pool

    def _publish(self) -> str:
        """Lay the pickled data set in shared memory and return the block's name.

        As an argument it would travel through a pipe, and Python waits for ever on a child that dies before reading
        all of it.
        """
        if self._published is None:
            content = ForkingPickler.dumps(self.dataset)
            self._published = shared_memory.SharedMemory(create=True, size=len(content))
            np.ndarray(len(content), np.uint8, self._published.buf)[:] = np.frombuffer(content, np.uint8)
        return self._published.name

    def _submit(self, pool: Any, indices: np.ndarray, reserve: np.ndarray, epoch: int) -> Future:
        if self.num_workers == 0:
            return pool.submit(_make_batch, self.dataset, indices, reserve, epoch)
        return pool.submit(_make_shared_batch, indices, reserve, epoch)

    def _finish(self, indices: np.ndarray, future: Future) -> Batch:
        try:
            batch, skipped = future.result()
        except BrokenProcessPool as error:
            self._pool = None
            images = ", ".join(self.dataset.describe(int(i)) for i in indices)
            raise RuntimeError(
                "a data worker ended without a message (killed, or the machine ran out of memory); "
                f"at that time or just before it was given: {images}"
            ) from error
        for text in skipped:
            logger.warning("skipped: %s", text)
        self.skipped += [text for text in skipped if text not in self.skipped]
        return _attach(batch) if isinstance(batch, _Shared) else batch

    def _abandon(self, pending: deque[tuple[np.ndarray, Future]]) -> None:
        """Free what was under way: shared memory has no other owner."""
        for _, future in pending:
            future.cancel()
        for _, future in pending:
            if not future.cancelled() and future.exception() is None:
                batch, _ = future.result()
                if isinstance(batch, _Shared):
                    _attach(batch)


def to_mindspore_dataset(loader: Loader, columns: Sequence[str], epochs: Sequence[int], start: int = 0) -> Any:
    """The batches of ``epochs``, of the first from batch ``start`` on, as one ``GeneratorDataset`` for sink mode.

    Columns come in the given order.
    """
    import mindspore.dataset as ms_dataset

    def batches() -> Iterator[tuple[np.ndarray, ...]]:
        for epoch in epochs:
            for batch in loader.epoch(epoch, start if epoch == epochs[0] else 0):
                yield tuple(np.asarray(batch[name]) for name in columns)

    return ms_dataset.GeneratorDataset(batches, list(columns), shuffle=False, num_parallel_workers=1)


def _usable_workers(wanted: int) -> int:
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    if wanted > usable:
        logger.info("num_workers %d is more than this machine's %d CPUs: using %d", wanted, usable, usable)
        return usable
    return wanted


class _Shared:
    """A batch whose arrays lie in one shared memory block; ``rest`` holds what is not an array."""

    def __init__(self, name: str, layout: list[tuple[str, tuple[int, ...], str, int]], rest: dict[str, Any]) -> None:
        self.name, self.layout, self.rest = name, layout, rest


_dataset: Any = None


def _start_worker(published: str, parent: int) -> None:
    global _dataset
    block = shared_memory.SharedMemory(name=published)
    _dataset = ForkingPickler.loads(np.ndarray(block.size, np.uint8, block.buf).tobytes())
    block.close()
    # Ctrl-C is the main process's to handle: it ends the workers.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    import cv2

    cv2.setNumThreads(1)
    _follow(parent)


def _follow(parent: int) -> None:
    """End with the main process even when that is killed and cannot say so."""
    import threading
    import time

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(1.0)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def _make_batch(dataset: Dataset, indices: np.ndarray, reserve: np.ndarray, epoch: int) -> tuple[Batch, list[str]]:
    samples: list[dict[str, Any]] = []
    skipped: list[str] = []
    for index in [*indices, *reserve]:
        if len(samples) == len(indices):
            break
        try:
            samples.append(dataset.get(int(index), epoch))
        except DataError as error:
            if dataset.on_error != "skip":
                raise
            skipped.append(str(error))
        except Exception as error:
            raise RuntimeError(f"{dataset.describe(int(index))}: {type(error).__name__}: {error}") from error
    if reserve.size and len(samples) < len(indices):
        raise DataError(f"only {len(samples)} usable images are left, too few for a batch; first: {skipped[0]}")
    return _collate(samples), skipped


def _collate(samples: list[dict[str, Any]]) -> Batch:
    batch: Batch = {}
    for key in samples[0] if samples else ():
        values = [sample[key] for sample in samples]
        first = values[0]
        uniform = isinstance(first, np.ndarray) and all(
            isinstance(v, np.ndarray) and v.shape == first.shape and v.dtype == first.dtype for v in values
        )
        batch[key] = np.stack(values) if uniform else values
    return batch


def _make_shared_batch(indices: np.ndarray, reserve: np.ndarray, epoch: int) -> tuple[_Shared | Batch, list[str]]:
    batch, skipped = _make_batch(_dataset, indices, reserve, epoch)
    arrays = {k: v for k, v in batch.items() if isinstance(v, np.ndarray) and v.nbytes > 0}
    if not arrays:
        return batch, skipped
    layout, offset = [], 0
    for key, value in arrays.items():
        layout.append((key, value.shape, value.dtype.str, offset))
        offset += -(-value.nbytes // 64) * 64
    block = shared_memory.SharedMemory(create=True, size=offset)
    for (_, shape, dtype, at), value in zip(layout, arrays.values()):
        np.ndarray(shape, dtype, block.buf, at)[...] = value
    name = block.name
    block.close()
    order = list(batch)
    rest = {k: (None if k in arrays else batch[k]) for k in order}
    return _Shared(name, layout, rest), skipped


def _attach(shared: _Shared) -> Batch:
    """Copy the arrays out of the shared block and free it."""
    block = shared_memory.SharedMemory(name=shared.name)
    batch = dict(shared.rest)
    for key, shape, dtype, at in shared.layout:
        batch[key] = np.ndarray(shape, dtype, block.buf, at).copy()
    block.close()
    block.unlink()
    return batch
