"""Worker processes that make batches, and the transfer of a batch to the main process without copying.

Columns with the same shape and type in all samples of a batch become one array; the others become lists, which a
network cannot read. If shapes differ, such as widths of text lines, a data set defines ``collate(samples) -> batch``:
for each column a list of values, which are stacked if they agree (so padding the images is enough), or a complete array
(B, ...). A sampler that groups images by width keeps the padding small.
"""

from __future__ import annotations

import ctypes
import math
import os
import weakref
from itertools import chain
from multiprocessing.reduction import ForkingPickler
from typing import Any, NamedTuple, Protocol

import numpy as np

from mindocr.data.loading.shared_memory import SharedBlock
from mindocr.errors import DataError
from mindocr.images.headers import Size
from mindocr.utils.parallel import settle_process

Batch = dict[str, Any]

_ALIGNMENT = 64
# mallopt(): parameter and value. 32 MB is the largest value that glibc accepts for the first.
_KEEP_MEMORY = {"M_MMAP_THRESHOLD": (-3, 1 << 25), "M_TRIM_THRESHOLD": (-1, 1 << 28), "M_TOP_PAD": (-2, 1 << 24)}


class Dataset(Protocol):
    """Interface of a data set for the loader. It may also have ``collate``, see above.

    ``size`` is passed only with a sampler that chooses image sizes.
    """

    on_error: str

    def __len__(self) -> int: ...

    def get(self, index: int, epoch: int = 0, size: Size | None = None) -> dict[str, Any]: ...

    def describe(self, index: int) -> str: ...


class Place(NamedTuple):
    """Location of an array in a block: its key in the batch, shape, type, and first byte."""

    key: str
    shape: tuple[int, ...]
    dtype: str
    start: int

    @property
    def end(self) -> int:
        """Position after the last byte."""
        return self.start + math.prod(self.shape) * np.dtype(self.dtype).itemsize

    def within(self, memory: np.ndarray) -> np.ndarray:
        """The bytes of the array, (N,)."""
        return memory[self.start : self.end].view(self.dtype).reshape(self.shape)


class Packed(NamedTuple):
    """A batch with its arrays in a shared block of ``size`` bytes; ``rest`` has everything else."""

    layout: list[Place]
    rest: Batch
    size: int


class Slot:
    """A reusable shared block that a worker fills and the main process reads without copying."""

    def __init__(self) -> None:
        self.block = SharedBlock()
        self._memory: weakref.ref | None = None  # of the last batch

    @property
    def in_use(self) -> bool:
        """True as long as a reference to an array of the last batch remains."""
        # Asked for, not told by a callback: Python loses a Ctrl-C that arrives while a callback of weakref runs.
        return self._memory is not None and self._memory() is not None

    def unpack(self, packed: Packed) -> Batch:
        """The batch as arrays in the block."""
        memory = self.block.array(packed.size)
        self._memory = weakref.ref(memory)
        batch = dict(packed.rest)
        for entry in packed.layout:
            batch[entry.key] = entry.within(memory)
        return batch


def make_batch(
    dataset: Dataset, indices: np.ndarray, reserve: np.ndarray, epoch: int, size: Size | None = None
) -> tuple[list[Batch], list[str]]:
    """Make the samples of a batch; also returns descriptions of those left out.

    Args:
        indices: requested samples.
        reserve: samples that replace, in this order, those that cannot be used.
        size: (h, w) of the images, in pixels, that a sampler chose for this batch; None = as the pipeline says.

    Raises:
        DataError: a sample is unusable and the data set has ``on_error: raise``, or too few samples remain.
        RuntimeError: any other error; the message names the sample.
    """
    samples: list[Batch] = []
    skipped: list[str] = []
    for index in chain(indices, reserve):
        if len(samples) == len(indices):
            break
        try:
            samples.append(dataset.get(int(index), epoch) if size is None else dataset.get(int(index), epoch, size))
        except DataError as error:
            if dataset.on_error != "skip":
                raise
            skipped.append(str(error))
        except Exception as error:
            raise RuntimeError(f"{dataset.describe(int(index))}: {type(error).__name__}: {error}") from error
    if reserve.size and len(samples) < len(indices):
        raise DataError(f"only {len(samples)} usable images are left, too few for a batch; first: {skipped[0]}")
    return samples, skipped


def collate(samples: list[Batch], dataset: Any, memory: SharedBlock | None = None) -> tuple[Batch, list[Place]]:
    """Stack columns that agree in shape and type; others become lists.

    Args:
        samples: all with the same keys.
        dataset: its ``collate``, if it has one, makes the columns.
        memory: stack into this block, which is enlarged as needed.

    Returns:
        The batch, and the locations of its arrays in ``memory``; these are replaced by None in the batch.
    """
    batch: Batch
    if samples and hasattr(dataset, "collate"):
        batch = dict(dataset.collate(samples))
    else:
        batch = {key: [sample[key] for sample in samples] for key in (samples[0] if samples else ())}
    layout: list[Place] = []
    for key, values in batch.items():
        if _is_uniform(values):
            start = -(-layout[-1].end // _ALIGNMENT) * _ALIGNMENT if layout else 0
            layout.append(Place(key, (len(values), *values[0].shape), values[0].dtype.str, start))
    if memory is None:
        return {**batch, **{place.key: np.stack(batch[place.key]) for place in layout}}, []
    size = layout[-1].end if layout else 0
    memory.reserve(size)
    target = memory.array(size)
    for place in layout:
        np.stack(batch[place.key], out=place.within(target))
        batch[place.key] = None
    return batch, layout


def _is_uniform(values: list | np.ndarray) -> bool:
    if isinstance(values, np.ndarray):
        return not values.dtype.hasobject
    first = values[0]
    return isinstance(first, np.ndarray) and all(
        isinstance(v, np.ndarray) and v.shape == first.shape and v.dtype == first.dtype for v in values
    )


_dataset: Any = None
_blocks: dict[tuple[int, int, int], SharedBlock] = {}


def start_worker(published: SharedBlock, size: int, parent: int) -> None:
    """Set up this process: load the data set, use one thread, keep freed memory, end with the main process."""
    global _dataset
    _dataset = ForkingPickler.loads(published.array(size).tobytes())
    published.close()
    settle_process(parent)
    keep_freed_memory()


def fill_slot(
    block: SharedBlock, indices: np.ndarray, reserve: np.ndarray, epoch: int, size: Size | None = None
) -> tuple[Packed, list[str]]:
    """Make a batch in a worker and write its arrays to the shared block."""
    block = _blocks.setdefault(block.address, block)  # mapped only once
    samples, skipped = make_batch(_dataset, indices, reserve, epoch, size)
    rest, layout = collate(samples, _dataset, block)
    return Packed(layout, rest, layout[-1].end if layout else 0), skipped


def keep_freed_memory() -> None:
    """Have the C library keep up to 256 MB of freed memory for the next sample.

    By default glibc returns large blocks to the system, which must clear their pages again for every sample; on small
    virtual machines that takes longer than the image processing. Does nothing on systems without ``mallopt``.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None) if os.name == "posix" else None
    if mallopt is not None:
        for parameter, value in _KEEP_MEMORY.values():
            mallopt(parameter, value)
