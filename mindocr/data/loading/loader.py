"""Batches from a data set: worker processes, prefetch, shared memory.

A sample depends only on (seed, epoch, index), a sampler decides which samples form a batch, and a worker makes complete
batches, so neither the number of workers nor their speed changes the batches of a run. ``mindspore.dataset`` is
imported only for sink mode.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from functools import partial
from multiprocessing.reduction import ForkingPickler
from typing import Any, Literal, NamedTuple

import numpy as np

from mindocr.data.loading.sampler import Indices, Sampler
from mindocr.data.loading.shared_memory import AVAILABLE, SharedBlock, available_memory
from mindocr.data.loading.worker import (
    Batch,
    Dataset,
    Slot,
    collate,
    fill_slot,
    keep_freed_memory,
    make_batch,
    start_worker,
)
from mindocr.errors import ConfigError, DataError
from mindocr.images.headers import Size
from mindocr.registry import SAMPLERS
from mindocr.utils.interrupts import ctrl_c_waits, result_of
from mindocr.utils.parallel import starting_processes, usable_cpus

logger = logging.getLogger(__name__)

_MOST_AUTO_WORKERS = 8
_MEMORY_SHARE = 0.25  # of the available memory, for batches in preparation


class _Job(NamedTuple):
    indices: np.ndarray
    future: Future
    slot: Slot | None


class Loader:
    """Yield the batches of a data set.

    Args:
        dataset: source of samples.
        batch_size, shuffle, drop_remainder, seed, rank, world: passed to the sampler, see
            :class:`~mindocr.data.loading.sampler.DistributedSampler`.
        sampler: sampler that forms the batches, ``{name: ..., arguments}``; None = DistributedSampler.
        num_workers: processes that make batches; 0 = one thread of this process; ``auto`` = this rank's share of the
            CPUs but one, 8 at most. Limited to the number of usable CPUs, with a warning. Other systems than
            Linux use 0.
        refill: with ``on_error: skip``, replace a skipped sample by the next usable one of the epoch, so that batches
            are full (training); otherwise the batch becomes smaller (evaluation).
        prefetch: batches in preparation per worker, as long as they fit into a quarter of the available memory.
        on_skip: called with the description of each sample that is left out; None = a warning in the log.

    Attributes:
        batch_size: as given.
        skipped: descriptions of the samples left out so far, in order.
    """

    def __init__(
        self,
        dataset: Dataset,
        *,
        batch_size: int = 1,
        shuffle: bool = False,
        drop_remainder: bool = False,
        seed: int = 0,
        rank: int = 0,
        world: int = 1,
        sampler: Mapping[str, Any] | None = None,
        num_workers: int | Literal["auto"] = 0,
        refill: bool = False,
        prefetch: int = 2,
        on_skip: Callable[[str], None] | None = None,
    ) -> None:
        self.dataset = dataset
        self.batch_size = batch_size
        self.sampler: Sampler = SAMPLERS.build(
            sampler or {"name": "DistributedSampler"},
            dataset=dataset, batch_size=batch_size, shuffle=shuffle, drop_remainder=drop_remainder, seed=seed,
            rank=rank, world=world, pad=refill,
        )  # fmt: skip
        self._require_followers()
        self.refill = refill
        self.prefetch = max(1, prefetch)
        self._on_skip = on_skip or partial(logger.warning, "skipped: %s")
        self.skipped: list[str] = []
        self.num_workers = usable_workers(num_workers, world)
        self._depth = self.prefetch * max(1, self.num_workers)  # batches in preparation
        self._largest = 0  # bytes of a batch
        self._pool: ProcessPoolExecutor | ThreadPoolExecutor | None = None
        self._workers: list[Any] = []
        self._published: SharedBlock | None = None
        self._slots: list[Slot] = []  # those that no worker writes to
        if len(self) == 0:
            raise DataError(
                f"the data set has {len(dataset)} images, too few for one batch of {batch_size}"
                f"{f' on each of {world} ranks' if world > 1 else ''}; use a smaller batch_size or "
                "drop_remainder: False"
            )

    def __len__(self) -> int:
        """Batches in an epoch, on this rank."""
        return len(self.sampler)

    def epoch(self, epoch: int = 0, start: int = 0) -> Iterator[Batch]:
        """Yield the batches of one epoch, from batch ``start`` on.

        A batch maps each output column to an array (B, ...) if all samples have the same shape, else to a list; a data
        set may have its own rule, see ``worker.py``.
        Arrays from workers are in shared memory, which is reused when no reference to them remains.

        Raises:
            DataError: a sample is unusable and the data set has ``on_error: raise``.
            RuntimeError: a worker failed for another reason; the error contains its traceback and the image.
        """
        batches = self._batches(epoch)
        sizes: Sequence[Size | None] = self.sampler.image_sizes(epoch) or [None] * len(batches)
        everything, ends = self._spare(batches, epoch)
        pool = self._start()
        pending: deque[_Job] = deque()
        try:
            for number in range(start, len(batches)):
                indices, end = np.asarray(batches[number], dtype=np.int64), ends[number]
                # Replacements for skipped samples: first those after the batch, then those before it.
                reserve = np.concatenate([everything[end:], everything[: end - len(indices)]])
                try:
                    with ctrl_c_waits():
                        pending.append(self._submit(pool, indices, reserve, epoch, sizes[number]))
                except BrokenProcessPool as error:  # noticed here before the result of a batch is asked for
                    raise self._ended([job.indices for job in pending] or [indices]) from error
                while len(pending) > self._depth:
                    yield from self._finished(pending.popleft())
            while pending:
                yield from self._finished(pending.popleft())
        except BaseException:
            self._abandon(pending)
            raise

    def _finished(self, job: _Job) -> Iterator[Batch]:
        """The batch of a job; none where all of its samples were skipped in evaluation or prediction."""
        batch = self._finish(job)
        if batch:
            yield batch
        elif self.refill:
            raise DataError("every image of the data set was skipped; the log lists them with the reasons")

    def close(self) -> None:
        """End the workers."""
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)
            self._pool = None
        self._published = None
        self._slots.clear()

    def __enter__(self) -> Loader:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _require_followers(self) -> None:
        """Check that the pipeline takes the image sizes that the sampler chooses."""
        pipeline = getattr(self.dataset, "pipeline", None)
        if pipeline is None or len(self.dataset) == 0 or self.sampler.image_sizes(0) is None:
            return
        if not any(getattr(op, "follows_batch", False) for op in pipeline.ops):
            raise ConfigError(
                f"train.loader.sampler: {type(self.sampler).__name__} chooses the size of the images of each batch, "
                "but no op of the pipeline takes it; for text lines use ResizeTextLine and PadTextLine"
            )

    def _batches(self, epoch: int) -> Sequence[Indices]:
        batches = self.sampler.batches(epoch)
        if len(batches) != len(self):
            raise ValueError(
                f"{type(self.sampler).__name__}: {len(batches)} batches in epoch {epoch}, but its length is "
                f"{len(self)}; every epoch must have the same number, as the learning-rate schedule depends on it"
            )
        return batches

    def _spare(self, batches: Sequence[Indices], epoch: int) -> tuple[np.ndarray, Sequence[int]]:
        """All samples of an epoch in order, and the end position of each batch among them; empty without ``refill``."""
        if not self.refill or self.dataset.on_error != "skip":
            return np.zeros(0, dtype=np.int64), [0] * len(batches)
        everything = np.concatenate([*batches, self.sampler.left_over(epoch)]).astype(np.int64)
        return everything, np.cumsum([len(batch) for batch in batches]).tolist()

    def _start(self) -> ProcessPoolExecutor | ThreadPoolExecutor:
        if self._pool is None:
            if self.num_workers == 0:
                keep_freed_memory()
                self._pool = ThreadPoolExecutor(1, thread_name_prefix="loader")
            else:
                self._pool = self._start_processes()
        return self._pool

    def _start_processes(self) -> ProcessPoolExecutor:
        # As an argument the data set would be sent through a pipe, and Python would block forever if a child dies
        # before it has read everything.
        content = ForkingPickler.dumps(self.dataset)
        published = SharedBlock(len(content))
        published.array(len(content))[:] = np.frombuffer(content, dtype=np.uint8)
        # A forked copy of a process that runs MindSpore's threads may hang; a spawned process cannot.
        pool = ProcessPoolExecutor(
            self.num_workers,
            mp_context=multiprocessing.get_context("spawn"),
            initializer=start_worker,
            initargs=(published, len(content), os.getpid()),
        )
        self._published = published  # must exist until all processes have opened it
        with starting_processes():
            for _ in range(self.num_workers):  # a job starts a process when none is idle
                pool.submit(os.getpid)
        self._workers = list(pool._processes.values())
        return pool

    def _submit(
        self, pool: Any, indices: np.ndarray, reserve: np.ndarray, epoch: int, size: Size | None = None
    ) -> _Job:
        if self.num_workers == 0:
            return _Job(indices, pool.submit(_make_here, self.dataset, indices, reserve, epoch, size), None)
        free = next((number for number, slot in enumerate(self._slots) if not slot.in_use), None)
        slot = Slot() if free is None else self._slots.pop(free)
        return _Job(indices, pool.submit(fill_slot, slot.block, indices, reserve, epoch, size), slot)

    def _ended(self, batches: Sequence[np.ndarray]) -> RuntimeError:
        """The error for a worker that ended while it worked on one of these batches."""
        self.close()  # exit codes are known only after that
        images = ", ".join(self.dataset.describe(int(i)) for batch in batches for i in batch)
        return RuntimeError(f"{_how_it_ended(self._workers)}; its last images: {images}")

    def _finish(self, job: _Job) -> Batch:
        try:
            made, skipped = result_of(job.future)
        except BrokenProcessPool as error:
            raise self._ended([job.indices]) from error
        new = [text for text in dict.fromkeys(skipped) if text not in self.skipped]
        for text in new:  # each is named once, not in every epoch
            self._on_skip(text)
        self.skipped += new
        if job.slot is None:
            return made
        if made.size > self._largest:  # usually the first batch
            self._largest = made.size
            affordable = int(available_memory() * _MEMORY_SHARE) // made.size
            self._depth = min(self._depth, max(affordable, self.num_workers))
        self._slots.append(job.slot)
        return job.slot.unpack(made)

    def _abandon(self, pending: deque[_Job]) -> None:
        """Cancel pending batches: no worker may write to a block that is reused."""
        for job in pending:
            job.future.cancel()
        for job in pending:
            if job.slot is not None and (job.future.cancelled() or job.future.exception() is None):
                self._slots.append(job.slot)


def to_mindspore_dataset(loader: Loader, columns: Sequence[str], epochs: Sequence[int], start: int = 0) -> Any:
    """The batches of ``epochs`` as one ``GeneratorDataset`` for sink mode; the first epoch begins at batch ``start``.

    Columns are in the given order.
    """
    import mindspore.dataset as ms_dataset

    def batches() -> Iterator[tuple[np.ndarray, ...]]:
        for epoch in epochs:
            for batch in loader.epoch(epoch, start if epoch == epochs[0] else 0):
                yield tuple(np.asarray(batch[name]) for name in columns)

    return ms_dataset.GeneratorDataset(batches, list(columns), shuffle=False, num_parallel_workers=1)


def usable_workers(wanted: int | Literal["auto"], world: int = 1) -> int:
    """Number of worker processes for one of ``world`` ranks, from the requested number."""
    usable = usable_cpus()
    if wanted == "auto":
        return usable_workers(min(max(usable // max(world, 1) - 1, 1), _MOST_AUTO_WORKERS))
    if wanted and not AVAILABLE:
        logger.warning("num_workers %d: worker processes need Linux; one thread makes the batches", wanted)
        return 0
    if wanted > usable:
        logger.warning(
            "num_workers %d is more than this machine's %d CPUs: using %d (num_workers: auto chooses the number)",
            wanted, usable, usable,
        )  # fmt: skip
        return usable
    return wanted


def _how_it_ended(workers: Sequence[Any]) -> str:
    """Which worker ended first, and why; the pool then ended the others with SIGTERM."""
    for worker in workers:
        code = worker.exitcode
        if code not in (None, 0, -signal.SIGTERM):
            cause = f"killed by {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
            hint = "; a machine that runs out of memory kills processes in this way" if code == -signal.SIGKILL else ""
            return f"a data worker (process {worker.pid}) ended without a message: {cause}{hint}"
    return "a data worker ended without a message"


def _make_here(
    dataset: Dataset, indices: np.ndarray, reserve: np.ndarray, epoch: int, size: Size | None
) -> tuple[Batch, list[str]]:
    samples, skipped = make_batch(dataset, indices, reserve, epoch, size)
    return collate(samples, dataset)[0], skipped
