"""What a protocol finds in one image, and the matching that several protocols share."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from mindocr.geometry import Polygon


@dataclass(frozen=True)
class ImageResult:
    """One image judged.

    Attributes:
        counts: what is added up over images, by name; the protocol turns the sums into recall and precision.
        recall, precision: of this image alone, in [0, 1]; for information, a total is not their mean.
        pairs: (ground truth, detection) positions that match.
        gt_dontcare, det_dontcare: positions that do not count.
    """

    counts: Mapping[str, float]
    recall: float
    precision: float
    pairs: list[tuple[int, int]] = field(default_factory=list)
    gt_dontcare: list[int] = field(default_factory=list)
    det_dontcare: list[int] = field(default_factory=list)

    @property
    def f_score(self) -> float:
        """Harmonic mean of recall and precision of this image."""
        return f_score(self.recall, self.precision)


class MatchingProtocol(ABC):
    """The rules of one benchmark. A new protocol is a subclass, listed in ``mindocr.metrics.protocols``.

    Attributes:
        count_names: names of the counts that :meth:`match` gives and :meth:`score` takes.
    """

    count_names: tuple[str, ...]

    @abstractmethod
    def match(self, gt_polys: Sequence[Polygon], ignore: np.ndarray, det_polys: Sequence[Polygon]) -> ImageResult:
        """Judge one image: outlines (K_i, 2) in pixels, ``ignore`` (N,) bool, True = do not care."""

    @abstractmethod
    def score(self, counts: Mapping[str, float]) -> tuple[float, float]:
        """Recall and precision in [0, 1] from counts summed over images."""


def f_score(recall: float, precision: float) -> float:
    """Harmonic mean; 0 when both are 0."""
    return 2 * recall * precision / (recall + precision) if recall + precision > 0 else 0.0


def ratio(part: float, whole: float) -> float:
    """Quotient, 0 for a denominator of 0."""
    return part / whole if whole else 0.0


def greedy_one_to_one(fits: np.ndarray) -> list[tuple[int, int]]:
    """First come, first served: rows in order, in each the first free column that fits; both are then taken.

    No sorting by overlap and no best assignment, as the ICDAR evaluators have it.

    Args:
        fits: (rows, columns) bool.

    Returns:
        Pairs (row, column), rows ascending.
    """
    pairs: list[tuple[int, int]] = []
    taken: set[int] = set()
    last = -1
    for row, column in np.argwhere(fits).tolist():
        if row != last and column not in taken:
            pairs.append((row, column))
            taken.add(column)
            last = row
    return pairs
