"""What a protocol finds in one image, and the matching that several protocols share.

Matrices run over (ground truth, detection) throughout.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from mindocr.geometry import Overlap, Polygon, compare_many, even_odd_region


class Image(NamedTuple):
    """One image to judge.

    Attributes:
        truth: N outlines (K_i, 2), pixels of the source image, not clipped.
        ignore: (N,) bool, True = do not care.
        found: M outlines, in the same pixels.
    """

    truth: Sequence[Polygon]
    ignore: np.ndarray
    found: Sequence[Polygon]


@dataclass(frozen=True)
class ImageResult:
    """One image judged.

    Attributes:
        counts: what is added up over images, by name; the protocol turns the sums into recall and precision.
        recall, precision: of this image alone, in [0, 1]; for information, a total is not their mean.
        pairs: (ground truth, detection) positions that match; of a split or a merge, every pair in it.
        gt_dontcare, det_dontcare: positions that do not count.
        groups: for protocols that know splits and merges, (kind, ground truths, detections) as in
            :class:`mindocr.metrics.deteval.Ledger`, in the order in which they were found.
    """

    counts: Mapping[str, float]
    recall: float
    precision: float
    pairs: list[tuple[int, int]] = field(default_factory=list)
    gt_dontcare: list[int] = field(default_factory=list)
    det_dontcare: list[int] = field(default_factory=list)
    groups: list[tuple[str, list[int], list[int]]] = field(default_factory=list)

    @property
    def f_score(self) -> float:
        """Harmonic mean of recall and precision of this image."""
        return float(f_score(self.recall, self.precision))


class MatchingProtocol(ABC):
    """The rules of one benchmark. A new protocol is a module with a subclass, registered in ``PROTOCOLS``.

    Attributes:
        count_names: names of the counts that :meth:`judge` gives and :meth:`score` takes.
        file_format: the data set whose own files of truth and results this benchmark takes, a key of ``READERS`` in
            ``formats/benchmarks``.
        takes_rotated_boxes: whether outlines must be boxes of four corners, the first side in reading direction.
        mend: gives the region of a polygon that crosses itself, for intersections.
    """

    count_names: tuple[str, ...] = ("matched", "gt_care", "det_care")
    file_format: str = "icdar2015"
    takes_rotated_boxes: bool = False
    mend = staticmethod(even_odd_region)

    def match(self, images: Sequence[Image]) -> list[ImageResult]:
        """Judge images, all at once: their polygons are compared together, which is several times faster."""
        overlaps = compare_many([(image.truth, image.found) for image in images], self.mend)
        return [self.judge(image, overlap) for image, overlap in zip(images, overlaps)]

    @abstractmethod
    def judge(self, image: Image, overlap: Overlap) -> ImageResult:
        """Judge one image whose true outlines (A) have been compared with those found (B)."""

    def score(self, counts: Mapping[str, Any]) -> tuple[Any, Any]:
        """Recall and precision in [0, 1] from sums of counts, or from arrays of sums; 0 for a denominator of 0."""
        return ratio(counts["matched"], counts["gt_care"]), ratio(counts["matched"], counts["det_care"])

    def more_scores(self, images: Sequence[ImageResult]) -> dict[str, float]:
        """Scores beside recall and precision that follow from all images in their order; most have none."""
        return {}


def f_score(recall: Any, precision: Any) -> Any:
    """Harmonic mean; 0 when both are 0. Takes numbers or arrays."""
    return ratio(2 * recall * precision, recall + precision)


def ratio(part: Any, whole: Any) -> Any:
    """Quotient, 0 for a denominator of 0. Takes numbers or arrays."""
    return part / np.where(whole > 0, whole, np.inf)


def set_aside(intersection: np.ndarray, ignore: np.ndarray, det_areas: np.ndarray, threshold: float) -> np.ndarray:
    """(M,) bool: detections of which one do-not-care region covers more than ``threshold``."""
    return (ratio(intersection[ignore], det_areas) > threshold).any(axis=0)


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


def match_to_best(overlap: np.ndarray, fits: np.ndarray) -> list[tuple[int, int]]:
    """Columns in order; each looks only at the row with which it overlaps most, and has no second choice.

    Args:
        overlap: (rows, columns); of equal overlaps the first row counts.
        fits: (rows, columns) bool, whether a pair may match.

    Returns:
        Pairs (row, column), columns ascending: for every row, the first column that fits and has it as its best.
    """
    if not overlap.size:
        return []
    best = overlap.argmax(axis=0)
    columns = np.flatnonzero(fits[best, np.arange(len(best))])
    rows, first = np.unique(best[columns], return_index=True)
    order = np.argsort(first)
    return list(zip(rows[order].tolist(), columns[first[order]].tolist()))


def judge_one_to_one(
    protocol: MatchingProtocol, fits: np.ndarray, ignore: np.ndarray, aside: np.ndarray
) -> ImageResult:
    """One image by the ICDAR evaluators' rules for one-to-one matches.

    Args:
        protocol: whose counts are ``matched``, ``gt_care`` and ``det_care``.
        fits: (N, M) bool, pairs that overlap enough; those that do not count are struck out here.
        ignore: (N,) bool, do-not-care regions.
        aside: (M,) bool, detections set aside.
    """
    pairs = greedy_one_to_one(fits & ~ignore[:, None] & ~aside)
    counts = {"matched": len(pairs), "gt_care": count(~ignore), "det_care": count(~aside)}
    recall, precision = protocol.score(counts)
    if counts["gt_care"] == 0:
        recall, precision = 1.0, float(counts["det_care"] == 0)
    return ImageResult(counts, float(recall), float(precision), pairs, positions(ignore), positions(aside))


def count(mask: np.ndarray) -> int:
    """How many are True."""
    return int(np.count_nonzero(mask))


def positions(mask: np.ndarray) -> list[int]:
    """Where a mask is True."""
    return np.flatnonzero(mask).tolist()
