"""Samplers: the samples of a rank in an epoch, their order, and their batches.

A sampler is a class registered in ``SAMPLERS``, in a module of this package; ``train.loader.sampler`` selects it. Its
constructor can take ``dataset``, ``batch_size``, ``shuffle``, ``drop_remainder``, ``seed``, ``rank``, ``world`` and
``pad`` (see :class:`DistributedSampler`), and additional arguments from the configuration. Its batches must depend only
on these and the epoch, as a resumed run requests them again.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence, Sized

import numpy as np

from mindocr.images.headers import Size
from mindocr.registry import SAMPLERS

Indices = Sequence[int] | np.ndarray


class Sampler(ABC):
    """Interface of a sampler for the loader."""

    @abstractmethod
    def __len__(self) -> int:
        """Batches per epoch of this rank: the same in every epoch, and in training the same on every rank."""

    @abstractmethod
    def batches(self, epoch: int) -> Sequence[Indices]:
        """Indices of the samples of each batch of ``epoch``, in order; no batch is empty."""

    def image_sizes(self, epoch: int) -> Sequence[Size] | None:
        """(h, w) in pixels of the images of each batch, in the order of the batches; None = as the pipeline says.

        A sample has it as ``batch_image_size``; ops with the attribute ``follows_batch`` use it in place of their own.
        """
        return None

    def left_over(self, epoch: int) -> Indices:
        """Indices of this rank's samples that are in no batch of ``epoch``; they may replace broken samples."""
        return ()


@SAMPLERS.register
class DistributedSampler(Sampler):
    """Samples in order, or shuffled in each epoch, distributed to the ranks in turn and divided into batches.

    Args:
        dataset: source of samples, only its length is used; provided by the loader.
        batch_size: samples per batch, at least 1; provided by the loader.
        shuffle: use a new random order each epoch, from ``seed`` and the epoch; provided by the loader.
        drop_remainder: leave out an incomplete last batch, and samples that cannot be divided evenly among the ranks;
            provided by the loader.
        seed: seed of the order; provided by the loader.
        rank, world: this rank uses every ``world``-th sample of the order, from the ``rank``-th on; provided by the
            loader.
        pad: without ``drop_remainder``, ranks with one sample less than others use their first sample twice, so that
            all ranks have the same number of steps; provided by the loader.
    """

    def __init__(
        self,
        dataset: Sized,
        batch_size: int = 1,
        shuffle: bool = False,
        drop_remainder: bool = False,
        seed: int = 0,
        rank: int = 0,
        world: int = 1,
        pad: bool = False,
    ) -> None:
        self.count = len(dataset)
        self.batch_size = batch_size
        self.shuffle = shuffle
        self.drop_remainder = drop_remainder
        self.seed = seed
        self.rank, self.world = rank, world
        self.pad = pad

    def __len__(self) -> int:
        """Batches per epoch of this rank."""
        samples = len(self._share(np.arange(self.count)))
        return samples // self.batch_size if self.drop_remainder else -(-samples // self.batch_size)

    def order(self, epoch: int) -> np.ndarray:
        """Indices of this rank's samples in ``epoch``, in order, (M,) int64."""
        indices = np.arange(self.count)
        if self.shuffle:
            np.random.default_rng((self.seed, epoch)).shuffle(indices)
        return self._share(indices)

    def batches(self, epoch: int) -> list[np.ndarray]:
        """See :class:`Sampler`."""
        order = self.order(epoch)
        return [order[i * self.batch_size : (i + 1) * self.batch_size] for i in range(len(self))]

    def left_over(self, epoch: int) -> np.ndarray:
        """See :class:`Sampler`."""
        return self.order(epoch)[len(self) * self.batch_size :]

    def _share(self, indices: np.ndarray) -> np.ndarray:
        mine = indices[self.rank :: self.world]
        if self.drop_remainder:
            return mine[: len(indices) // self.world]
        if self.pad and len(mine) * self.world < len(indices):
            # Ranks that train together need the same number of steps, or one would wait forever.
            mine = np.append(mine, indices[self.rank % len(indices)])
        return mine
