"""ICDAR 2015 "Incidental Scene Text", task 4.1: one-to-one matching by IoU."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from mindocr.geometry import Polygon, Regions, iou_from_intersection
from mindocr.metrics.matching import ImageResult, MatchingProtocol, greedy_one_to_one, ratio

IOU_THRESHOLD = 0.5
DONTCARE_THRESHOLD = 0.5


class Icdar2015(MatchingProtocol):
    """A detection counts when it shares more than half of its union with a word that no other detection has taken.

    1. A detection that lies by more than half of its own area in one do-not-care region is set aside, before matching.
    2. Words in order, and for each the detections in order: the first free pair with IoU > 0.5 matches.
    3. recall = matched / words cared for, precision = matched / detections not set aside, both summed over all images.

    Every polygon is kept, self-crossing ones too; see :mod:`mindocr.geometry.overlap` for their areas. Another
    evaluator in wide use drops those; on polygons that do not cross themselves and have an area both agree.
    """

    count_names = ("matched", "gt_care", "det_care")

    def match(self, gt_polys: Sequence[Polygon], ignore: np.ndarray, det_polys: Sequence[Polygon]) -> ImageResult:
        """Judge one image.

        Args:
            gt_polys: N outlines (K_i, 2), pixels of the source image, not clipped.
            ignore: (N,) bool, True = do not care.
            det_polys: M outlines, in the same pixels.
        """
        truth, found = Regions(gt_polys), Regions(det_polys)
        intersection = truth.intersection(found)
        covered = np.divide(
            intersection[ignore], found.areas, out=np.zeros((int(ignore.sum()), len(found))), where=found.areas > 0
        )
        aside = (covered > DONTCARE_THRESHOLD).any(axis=0)
        fits = iou_from_intersection(intersection, truth.areas, found.areas) > IOU_THRESHOLD
        fits[ignore] = False
        fits[:, aside] = False
        pairs = greedy_one_to_one(fits)
        counts = {
            "matched": len(pairs),
            "gt_care": len(truth) - int(np.count_nonzero(ignore)),
            "det_care": len(found) - int(np.count_nonzero(aside)),
        }
        recall, precision = self.score(counts)
        if counts["gt_care"] == 0:
            recall, precision = 1.0, float(counts["det_care"] == 0)
        return ImageResult(
            counts, recall, precision, pairs, np.flatnonzero(ignore).tolist(), np.flatnonzero(aside).tolist()
        )

    def score(self, counts: Mapping[str, float]) -> tuple[float, float]:
        """Recall and precision from sums of :attr:`count_names`; 0 for a denominator of 0."""
        return ratio(counts["matched"], counts["gt_care"]), ratio(counts["matched"], counts["det_care"])
