"""Which samples a rank serves in an epoch, in which order, and how they form batches.

A sampler is a class registered in ``SAMPLERS``, in a module of this package; ``train.loader.sampler`` chooses it. Its
constructor is offered ``dataset``, ``batch_size``, ``shuffle``, ``drop_remainder``, ``seed``, ``rank``, ``world`` and
``pad`` (see :class:`DistributedSampler`); it takes those that it needs, and arguments of its own. Its batches must
depend on these and the epoch alone: a resumed run asks for them again.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence, Sized

import numpy as np

from mindocr.registry import SAMPLERS

Indices = Sequence[int] | np.ndarray


class Sampler(ABC):
    """What the loader asks of a sampler."""

    @abstractmethod
    def __len__(self) -> int:
        """Batches in an epoch of this rank: in every epoch as many, in training on every rank as many."""

    @abstractmethod
    def batches(self, epoch: int) -> Sequence[Indices]:
        """Indices of the samples of each batch of ``epoch``, in order, at least one in each batch."""

    def left_over(self, epoch: int) -> Indices:
        """Indices of this rank's samples that are in no batch of ``epoch``; they may stand in for broken ones."""
        return ()


@SAMPLERS.register
class DistributedSampler(Sampler):
    """The samples in order, or shuffled in each epoch, dealt out to the ranks one by one and cut into batches.

    Args:
        dataset: source of samples, of which only the number matters; provided.
        batch_size: samples in a batch, at least 1; provided.
        shuffle: draw a new order each epoch, from ``seed`` and the epoch; provided.
        drop_remainder: leave out the last batch when it is not full, and samples that the ranks cannot share evenly;
            provided.
        seed: of the order; provided.
        rank, world: this rank serves every ``world``-th sample of the order, beginning with the ``rank``-th; provided.
        pad: without ``drop_remainder``, ranks that have one sample less than others serve their first one twice, so
            that all make equally many steps; provided.
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
        """Batches in an epoch of this rank."""
        samples = len(self._share(np.arange(self.count)))
        return samples // self.batch_size if self.drop_remainder else -(-samples // self.batch_size)

    def order(self, epoch: int) -> np.ndarray:
        """Indices that this rank serves in ``epoch``, in order, (M,) int64."""
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
            # Ranks that train together make equally many steps, or one would wait for ever.
            mine = np.append(mine, indices[self.rank % len(indices)])
        return mine
