"""Base class of the protocols, their result for one image, and the matching that several protocols share.

All matrices have the axes (ground truth, detection).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from mindocr.geometry import Overlap, Polygon, compare_many, even_odd_region


class Image(NamedTuple):
    """One image to evaluate.

    Attributes:
        truth: N ground-truth polygons (K_i, 2), pixels (x, y) of the source image, not clipped.
        ignore: (N,) bool, True = do not care.
        found: M detected polygons, in the same pixels.
        truth_texts, found_texts: N and M texts; empty for protocols that do not compare texts.
    """

    truth: Sequence[Polygon]
    ignore: np.ndarray
    found: Sequence[Polygon]
    truth_texts: Sequence[str] = ()
    found_texts: Sequence[str] = ()


@dataclass(frozen=True)
class ImageResult:
    """Result of one image.

    Attributes:
        counts: counts by name that are summed over images; the protocol computes recall and precision from the sums.
        recall, precision: of this image alone, in [0, 1]; for information only, the totals are not their means.
        pairs: positions (ground truth, detection) that match; of a split or a merge, every pair in it.
        gt_dontcare, det_dontcare: positions that do not count.
        groups: for protocols with splits and merges, (kind, ground truths, detections) as in
            :class:`mindocr.metrics.deteval.Ledger`, in the order in which they were found; for those that compare
            texts, the pairs that were read wrong, see :mod:`mindocr.metrics.end_to_end`.
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
        """Harmonic mean of recall and precision of this image, in [0, 1]."""
        return float(f_score(self.recall, self.precision))


class MatchingProtocol(ABC):
    """The rules of one benchmark. A new protocol is a module with a subclass, registered in ``PROTOCOLS``.

    Attributes:
        count_names: names of the counts that :meth:`judge` returns and :meth:`score` takes.
        file_format: data set whose format the files of ground truth and results have by default, a key of ``READERS``
            in ``formats/benchmarks``.
        compares_texts: whether a match needs the right text; then images must have texts.
        takes_rotated_boxes: whether polygons must be boxes of four corners, the first side in reading direction.
        repair: returns the region of a polygon that crosses itself, for intersections.
    """

    count_names: tuple[str, ...] = ("matched", "gt_care", "det_care")
    file_format: str = "icdar2015"
    compares_texts: bool = False
    takes_rotated_boxes: bool = False
    repair = staticmethod(even_odd_region)

    def match(self, images: Sequence[Image]) -> list[ImageResult]:
        """Evaluate images; the polygons of all of them are compared together, which is several times faster."""
        overlaps = compare_many([(image.truth, image.found) for image in images], self.repair)
        return [self.judge(image, overlap) for image, overlap in zip(images, overlaps)]

    @abstractmethod
    def judge(self, image: Image, overlap: Overlap) -> ImageResult:
        """Evaluate one image; ``overlap`` compares its ground truth (A) with its detections (B)."""

    def score(self, counts: Mapping[str, Any]) -> tuple[Any, Any]:
        """Recall and precision in [0, 1] from sums of counts, or from arrays of sums; 0 for a denominator of 0."""
        return ratio(counts["matched"], counts["gt_care"]), ratio(counts["matched"], counts["det_care"])

    def more_scores(self, images: Sequence[ImageResult]) -> dict[str, float]:
        """Further metric scores by name, from all images in their order; most protocols have none."""
        return {}


def f_score(recall: Any, precision: Any) -> Any:
    """Harmonic mean; 0 if both are 0. Takes numbers or arrays."""
    return ratio(2 * recall * precision, recall + precision)


def ratio(part: Any, whole: Any) -> Any:
    """Quotient, 0 for a denominator of 0. Takes numbers or arrays."""
    return part / np.where(whole > 0, whole, np.inf)


def set_aside(intersection: np.ndarray, ignore: np.ndarray, det_areas: np.ndarray, threshold: float) -> np.ndarray:
    """(M,) bool: detections that one do-not-care region covers by a share of more than ``threshold``."""
    return (ratio(intersection[ignore], det_areas) > threshold).any(axis=0)


def greedy_one_to_one(fits: np.ndarray) -> list[tuple[int, int]]:
    """Match rows in order, each with the first free column that fits; a column is matched once.

    As in the ICDAR evaluators, there is no sorting by overlap and no optimal assignment.

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
    """Match columns in order, each only with the row that it overlaps most; a row is matched once.

    Args:
        overlap: (rows, columns); if several rows have the largest overlap, the first one is used.
        fits: (rows, columns) bool, whether a pair may match.

    Returns:
        Pairs (row, column), columns ascending: for every row, the first column that fits and overlaps this row most.
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
    """Evaluate one image by the rules of the ICDAR evaluators for one-to-one matches.

    Args:
        protocol: a protocol with the counts ``matched``, ``gt_care`` and ``det_care``.
        fits: (N, M) bool, pairs that overlap enough; those that do not count are removed here.
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
    """Number of True values."""
    return int(np.count_nonzero(mask))


def positions(mask: np.ndarray) -> list[int]:
    """Positions at which a mask is True."""
    return np.flatnonzero(mask).tolist()
