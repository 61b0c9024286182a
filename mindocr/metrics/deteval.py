"""DetEval's bookkeeping: a text may be found whole, in pieces (a split), or together with others (a merge).

After C. Wolf and J.-M. Jolion, "Object count/area graphs for the evaluation of object detection and segmentation
algorithms", IJDAR 2006. ICDAR 2013 and Total-Text differ in their conditions and credits, which their modules state;
what they share stands here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from mindocr.metrics.matching import ImageResult, MatchingProtocol, count, positions, ratio

WHOLE, SPLIT, MERGE = "OO", "OM", "MO"


class DetEvalProtocol(MatchingProtocol):
    """recall = credit for texts / texts cared for, precision = credit for detections / detections not set aside."""

    count_names = ("recall_sum", "precision_sum", "gt_care", "det_care")

    def score(self, counts: Mapping[str, Any]) -> tuple[Any, Any]:
        """Recall and precision from sums of :attr:`count_names`."""
        return ratio(counts["recall_sum"], counts["gt_care"]), ratio(counts["precision_sum"], counts["det_care"])


class Ledger:
    """Who is still free, and what credit was given, in one image.

    Args:
        ignore: (N,) bool, do-not-care regions.
        aside: (M,) bool, detections set aside.

    Attributes:
        gt_free, det_free: (N,) and (M,) bool, who counts and has not been matched.
        groups: (kind, ground truths, detections), kind ``OO`` one to one, ``OM`` a split, ``MO`` a merge.
        recall, precision: credit so far.
    """

    def __init__(self, ignore: np.ndarray, aside: np.ndarray) -> None:
        self.gt_free, self.det_free = ~ignore, ~aside
        self.groups: list[tuple[str, list[int], list[int]]] = []
        self.recall = self.precision = 0.0
        self._ignore, self._aside = ignore, aside

    def give(self, kind: str, truths: list[int], found: list[int], recall: float, precision: float) -> None:
        """Note a match with its credit; those in it are no longer free."""
        self.gt_free[truths] = False
        self.det_free[found] = False
        self.groups.append((kind, truths, found))
        self.recall += recall
        self.precision += precision

    def give_whole(self, truths: list[int], found: list[int]) -> None:
        """Note matches of one text with one detection each, full credit."""
        for truth, detection in zip(truths, found):
            self.give(WHOLE, [truth], [detection], 1.0, 1.0)

    def result(self, protocol: DetEvalProtocol) -> ImageResult:
        """The image's result; without a text recall is 0."""
        counts = {
            "recall_sum": round(self.recall, 6),  # credits are multiples of 0.2: no float noise in their sum
            "precision_sum": round(self.precision, 6),
            "gt_care": count(~self._ignore),
            "det_care": count(~self._aside),
        }
        recall, precision = protocol.score(counts)
        pairs = [(truth, detection) for _, truths, found in self.groups for truth in truths for detection in found]
        return ImageResult(
            counts, float(recall), float(precision), pairs, positions(self._ignore), positions(self._aside), self.groups
        )


def gather(
    whole: np.ndarray, part_free: np.ndarray, candidates: np.ndarray, share: np.ndarray, least: float, decimals: int
) -> Iterator[tuple[int, list[int]]]:
    """Find the parts of one text (a split) or, with everything transposed, the texts in one detection (a merge).

    Args:
        whole: (A,) bool, which may be made of parts.
        part_free: (B,) bool, read anew for each, as the caller marks parts as taken.
        candidates: (A, B) bool, parts that lie in a whole.
        share: (A, B), how much of the whole each part is.
        least: what the shares must sum up to, after rounding.
        decimals: to which the sum is rounded.

    Yields:
        (whole, parts), in order.
    """
    for one in np.flatnonzero(whole).tolist():
        parts = np.flatnonzero(part_free & candidates[one])
        if len(parts) and np.round(share[one, parts].sum(), decimals) >= least:
            yield one, parts.tolist()
