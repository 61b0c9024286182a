"""Common part of the DetEval protocols: a text may match one detection, several (a split), or share one (a merge).

After C. Wolf and J.-M. Jolion, "Object count/area graphs for the evaluation of object detection and segmentation
algorithms", IJDAR 2006. ICDAR 2013 and Total-Text differ in their conditions and credits, which their modules state.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from mindocr.metrics.matching import ImageResult, MatchingProtocol, count, positions, ratio

WHOLE, SPLIT, MERGE = "OO", "OM", "MO"


class DetEvalProtocol(MatchingProtocol):
    """recall = credit for texts / texts that count, precision = credit for detections / detections not set aside."""

    count_names = ("recall_sum", "precision_sum", "gt_care", "det_care")

    def score(self, counts: Mapping[str, Any]) -> tuple[Any, Any]:
        """Recall and precision in [0, 1] from sums of :attr:`count_names`."""
        return ratio(counts["recall_sum"], counts["gt_care"]), ratio(counts["precision_sum"], counts["det_care"])


class Ledger:
    """Records the matches and credits of one image, and which texts and detections are still free.

    Args:
        ignore: (N,) bool, do-not-care regions.
        aside: (M,) bool, detections set aside.

    Attributes:
        gt_free, det_free: (N,) and (M,) bool, texts and detections that count and have not been matched.
        groups: (kind, ground truths, detections), kind ``OO`` one to one, ``OM`` a split, ``MO`` a merge.
        recall, precision: sums of the credits so far.
    """

    def __init__(self, ignore: np.ndarray, aside: np.ndarray) -> None:
        self.gt_free, self.det_free = ~ignore, ~aside
        self.groups: list[tuple[str, list[int], list[int]]] = []
        self.recall = self.precision = 0.0
        self._ignore, self._aside = ignore, aside

    def give(self, kind: str, truths: list[int], found: list[int], recall: float, precision: float) -> None:
        """Record a match with its credits; its texts and detections are no longer free."""
        self.gt_free[truths] = False
        self.det_free[found] = False
        self.groups.append((kind, truths, found))
        self.recall += recall
        self.precision += precision

    def give_whole(self, truths: list[int], found: list[int]) -> None:
        """Record one-to-one matches with full credit; ``truths[i]`` matches ``found[i]``."""
        for truth, detection in zip(truths, found):
            self.give(WHOLE, [truth], [detection], 1.0, 1.0)

    def result(self, protocol: DetEvalProtocol) -> ImageResult:
        """Return the result of the image; recall is 0 if no text counts."""
        counts = {
            "recall_sum": round(self.recall, 6),  # credits are multiples of 0.2: removes rounding errors of the sum
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
    """Find the detections in one text (a split) or, with all arrays transposed, the texts in one detection (a merge).

    Args:
        whole: (A,) bool, texts (or detections) that may consist of parts.
        part_free: (B,) bool, parts that are not taken; read again for each whole, because the caller updates it.
        candidates: (A, B) bool, parts that are inside a whole.
        share: (A, B), share of the whole that each part covers, in [0, 1].
        least: smallest sum of shares that is accepted, after rounding.
        decimals: number of decimals to which the sum is rounded.

    Yields:
        (position of the whole, positions of its parts), in order.
    """
    for one in np.flatnonzero(whole).tolist():
        parts = np.flatnonzero(part_free & candidates[one])
        if len(parts) and np.round(share[one, parts].sum(), decimals) >= least:
            yield one, parts.tolist()
