"""Samplers whose batches have images of one size each, chosen for the batch: several scales, or buckets of widths.

A network is compiled once for each shape of a batch, so the shapes are few, and every batch is full: samples that do
not fill one move to the next shape. All ranks have batches of the same shape in each step.
"""

from __future__ import annotations

import logging
from abc import abstractmethod
from collections.abc import Sequence, Sized
from typing import Any, NamedTuple

import numpy as np

from mindocr.data.loading.sampler import Sampler
from mindocr.errors import ConfigError
from mindocr.images.headers import Size
from mindocr.registry import SAMPLERS
from mindocr.utils.wording import count

logger = logging.getLogger(__name__)

_STEP = 16  # pixels to which automatic widths are rounded up


class Shape(NamedTuple):
    """A shape of batches: (h, w) of its images in pixels, and their number on one rank."""

    size: Size
    batch_size: int


class Group(NamedTuple):
    """The samples of one step on all ranks: number of their shape, and their indices."""

    shape: int
    indices: np.ndarray


class ShapedSampler(Sampler):
    """Base class: distributes groups of samples of one shape to the ranks.

    Args:
        dataset, batch_size, shuffle, drop_remainder, seed, rank, world: see
            :class:`~mindocr.data.loading.sampler.DistributedSampler`. Without ``drop_remainder`` the last batch is
            filled with samples that the epoch has already used.

    Attributes:
        shapes: the shapes of the batches.
    """

    shapes: list[Shape]

    def __init__(
        self, dataset: Sized, batch_size: int, shuffle: bool, drop_remainder: bool, seed: int, rank: int, world: int
    ) -> None:
        self.count, self.batch_size = len(dataset), batch_size
        self.shuffle, self.drop_remainder = shuffle, drop_remainder
        self.seed, self.rank, self.world = seed, rank, world
        self._kept: tuple[int, list[Group]] | None = None
        self._length: int | None = None

    @abstractmethod
    def arrange(self, epoch: int, rng: np.random.Generator) -> list[Group]:
        """The groups of an epoch in any order; every epoch has the same number of each shape."""

    def __len__(self) -> int:
        """Batches per epoch."""
        if self._length is None:
            self._length = len(self._groups(0))
        return self._length

    def batches(self, epoch: int) -> list[np.ndarray]:
        """See :class:`~mindocr.data.loading.sampler.Sampler`."""
        return [group.indices[self.rank :: self.world] for group in self._groups(epoch)]

    def image_sizes(self, epoch: int) -> list[Size]:
        """See :class:`~mindocr.data.loading.sampler.Sampler`."""
        return [self.shapes[group.shape].size for group in self._groups(epoch)]

    def left_over(self, epoch: int) -> np.ndarray:
        """See :class:`~mindocr.data.loading.sampler.Sampler`."""
        groups = self._groups(epoch)
        used = np.concatenate([group.indices for group in groups]) if groups else np.zeros(0, np.int64)
        return np.setdiff1d(np.arange(self.count), used)[self.rank :: self.world]

    def shape_counts(self) -> dict[Shape, int]:
        """Shapes of batches, and batches of each per epoch; those without a batch are left out."""
        numbers = [group.shape for group in self._groups(0)]
        return {shape: numbers.count(i) for i, shape in enumerate(self.shapes) if i in numbers}

    def _groups(self, epoch: int) -> list[Group]:
        if self._kept is None or self._kept[0] != epoch:
            rng = np.random.default_rng((self.seed, epoch))
            groups = self.arrange(epoch, rng)
            order = rng.permutation(len(groups)) if self.shuffle else np.arange(len(groups))
            self._kept = epoch, [groups[i] for i in order]
        return self._kept[1]

    def _samples(self, rng: np.random.Generator) -> np.ndarray:
        """All samples, in random order if they are shuffled."""
        return rng.permutation(self.count) if self.shuffle else np.arange(self.count)

    def _filled(self, indices: np.ndarray, size: int, used: np.ndarray) -> np.ndarray:
        """The indices and as many of ``used`` as are missing to ``size``, several times if there are too few."""
        return np.concatenate([indices, np.resize(used, size - len(indices))])


@SAMPLERS.register
class MultiScaleSampler(ShapedSampler):
    """Each batch has images of one of several sizes, chosen at random, as in PP-OCRv4.

    The pipeline must have ``ResizeTextLine`` and ``PadTextLine``, which take the size of the batch in place of their
    own, and the network must accept images of these heights.

    Args:
        scales: sizes [height, width] in pixels.
        by_area: ``batch_size`` belongs to the first scale, and batches of other scales have about as many pixels;
            otherwise all batches have ``batch_size`` images.
        dataset, batch_size, shuffle, drop_remainder, seed, rank, world: provided by the loader.

    Raises:
        ConfigError: a scale is no pair of numbers above 0.
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
        scales: Sequence[Sequence[int]] = ((32, 320), (48, 320), (64, 320)),
        by_area: bool = True,
    ) -> None:
        super().__init__(dataset, batch_size, shuffle, drop_remainder, seed, rank, world)
        if not scales or any(len(scale) != 2 or min(scale) < 1 for scale in scales):
            raise ConfigError(f"MultiScaleSampler: scales: expected pairs [height, width] in pixels, got {scales!r}")
        first = scales[0][0] * scales[0][1]
        self.shapes = [
            Shape((h, w), max(1, batch_size * first // (h * w)) if by_area else batch_size) for h, w in scales
        ]
        self._plan = self._draw_plan()

    def _draw_plan(self) -> list[int]:
        """Shapes of the steps of an epoch: drawn once, as every epoch must have as many."""
        rng = np.random.default_rng(self.seed)
        plan: list[int] = []
        left = self.count
        while left > 0:
            fitting = [i for i, shape in enumerate(self.shapes) if shape.batch_size * self.world <= left]
            if not fitting:
                if not self.drop_remainder:
                    plan.append(min(range(len(self.shapes)), key=lambda i: self.shapes[i].batch_size))
                break
            plan.append(fitting[int(rng.integers(len(fitting)))])
            left -= self.shapes[plan[-1]].batch_size * self.world
        return plan

    def arrange(self, epoch: int, rng: np.random.Generator) -> list[Group]:
        """See the base class."""
        samples, start = self._samples(rng), 0
        groups = []
        for number in rng.permutation(self._plan) if self.shuffle else self._plan:
            size = self.shapes[number].batch_size * self.world
            taken = samples[start : start + size]
            groups.append(Group(int(number), self._filled(taken, size, samples)))
            start += size
        return groups


@SAMPLERS.register
class WidthBucketSampler(ShapedSampler):
    """Each batch has text lines of similar width, so that little padding is computed.

    A line belongs to the narrowest width that holds it, at the given height; wider ones are squeezed into the widest.
    Before training, the aspect ratio of every line is read from the header of its image, or from its polygon. The
    pipeline must have ``ResizeTextLine`` and ``PadTextLine``, which take the size of the batch in place of their own.

    Args:
        height: of all images, pixels.
        widths: widths of the batches in pixels; a single number chooses as many widths, up to ``max_width``, with the
            least padding.
        max_width: largest width that is chosen, pixels.
        by_area: ``batch_size`` belongs to the widest batches, and the others have about as many pixels; otherwise all
            batches have ``batch_size`` images.
        dataset, batch_size, shuffle, drop_remainder, seed, rank, world: provided by the loader.

    Raises:
        ConfigError: a number below 1, or a data set that does not consist of text lines.
    """

    def __init__(
        self,
        dataset: Any,
        batch_size: int = 1,
        shuffle: bool = False,
        drop_remainder: bool = False,
        seed: int = 0,
        rank: int = 0,
        world: int = 1,
        height: int = 48,
        widths: int | Sequence[int] = 4,
        max_width: int = 320,
        by_area: bool = False,
    ) -> None:
        super().__init__(dataset, batch_size, shuffle, drop_remainder, seed, rank, world)
        given = [widths] if isinstance(widths, int) else list(widths)
        if not given or min(height, max_width, *given) < 1:
            raise ConfigError(
                f"WidthBucketSampler: height, widths and max_width must be 1 or more, got {height}, {widths} and "
                f"{max_width}"
            )
        if not hasattr(dataset, "aspect_ratios"):
            raise ConfigError(
                f"WidthBucketSampler: {type(dataset).__name__} does not know the aspect ratios of its samples; use a "
                "data set of text lines, such as RecDataset, or no sampler"
            )
        limit = max(given) if not isinstance(widths, int) else max_width
        self._needed = np.ceil(np.clip(dataset.aspect_ratios() * height, 1, limit)).astype(np.int64)
        chosen = sorted(set(given)) if not isinstance(widths, int) else choose_widths(self._needed, widths, max_width)
        self.shapes = [
            Shape((height, width), batch_size * chosen[-1] // width if by_area else batch_size) for width in chosen
        ]
        self._members = [
            np.flatnonzero(number == np.searchsorted(chosen, self._needed)) for number in range(len(chosen))
        ]

    def arrange(self, epoch: int, rng: np.random.Generator) -> list[Group]:
        """See the base class."""
        groups: list[Group] = []
        rest = np.zeros(0, np.int64)
        for number, members in enumerate(self._members):
            samples = np.concatenate([rest, rng.permutation(members) if self.shuffle else members])
            size = self.shapes[number].batch_size * self.world
            whole = len(samples) // size * size
            groups += [Group(number, samples[start : start + size]) for start in range(0, whole, size)]
            rest = samples[whole:]
        if len(rest) and not self.drop_remainder:
            last = len(self.shapes) - 1
            used = np.concatenate([*(group.indices for group in groups), rest])
            groups.append(Group(last, self._filled(rest, self.shapes[last].batch_size * self.world, used)))
        return groups

    def padding(self) -> tuple[float, float]:
        """Shares of padding among the pixels of an epoch, in [0, 1): with these widths, and with the widest alone."""
        width_of = np.array([shape.size[1] for shape in self.shapes])
        groups = self._groups(0)
        used = np.concatenate([self._needed[group.indices] for group in groups])
        held = np.repeat([width_of[group.shape] for group in groups], [len(group.indices) for group in groups])
        return 1 - float(used.sum() / held.sum()), 1 - float(used.mean() / width_of[-1])


def choose_widths(needed: np.ndarray, number: int, limit: int) -> list[int]:
    """Up to ``number`` widths, multiples of 16 or ``limit``, that hold all lines with the least padding.

    Found by dynamic programming over the sorted widths.

    Args:
        needed: width of each line, pixels, at most ``limit``.
        number: from 1.
        limit: largest width, pixels.
    """
    rounded = np.minimum(-(-np.asarray(needed) // _STEP) * _STEP, limit)
    widths, counts = np.unique(rounded, return_counts=True)
    lines = np.concatenate([[0], np.cumsum(counts)])
    # cost[j]: pixels (per row) of the lines up to width j in at most k batches; the last one holds i..j.
    cost = widths * lines[1:]
    chosen = [[int(width)] for width in widths]
    for _ in range(number - 1):
        better = [
            min((cost[i] + widths[j] * (lines[j + 1] - lines[i + 1]), i) for i in range(j)) if j else (cost[0], -1)
            for j in range(len(widths))
        ]
        chosen = [
            [*chosen[i], int(widths[j])] if i >= 0 and value < cost[j] else chosen[j]
            for j, (value, i) in enumerate(better)
        ]
        cost = np.array([min(value, cost[j]) for j, (value, _) in enumerate(better)])
    return chosen[-1]


def describe_shapes(sampler: Sampler) -> str:
    """The shapes of a sampler's batches and their shares, for the log; empty if it does not choose sizes."""
    if not isinstance(sampler, ShapedSampler):
        return ""
    counts = sampler.shape_counts()
    total = sum(counts.values())
    parts = ", ".join(
        f"{shape.batch_size} images of {shape.size[0]} x {shape.size[1]} ({number / total:.0%})"
        for shape, number in counts.items()
    )
    text = f"batches have {count(len(counts), 'shape')} (h x w), each of which is compiled once: {parts}"
    if isinstance(sampler, WidthBucketSampler):
        now, alone = sampler.padding()
        text += f"; padding is {now:.0%} of the pixels, it would be {alone:.0%} with one width"
    return text
