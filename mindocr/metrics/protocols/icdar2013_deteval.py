"""ICDAR 2013 "Focused Scene Text", task 2.1: DetEval on axis-aligned rectangles."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import numpy as np

from mindocr.geometry import Overlap
from mindocr.metrics.deteval import MERGE, SPLIT, DetEvalProtocol, Ledger, gather
from mindocr.metrics.matching import Image, ImageResult, ratio, set_aside
from mindocr.metrics.protocols import PROTOCOLS

RECALL_THRESHOLD = 0.8
PRECISION_THRESHOLD = 0.4
DONTCARE_THRESHOLD = 0.4
CENTRE_THRESHOLD = 1.0
SPLIT_CREDIT = 0.8
SUM_DECIMALS = 4


@PROTOCOLS.register(name="icdar2013_deteval")
class Icdar2013DetEval(DetEvalProtocol):
    """Rectangles by area recall R = inter / area(word) >= 0.8 and area precision P = inter / area(detection) >= 0.4.

    0. A detection with P > 0.4 for one do-not-care region is set aside.
    1. One to one: R and P are high enough for this pair and for no other pair with the same word or detection, and the
       centres are near each other. Credit 1 for the word, 1 for the detection.
    2. A split: free detections with P high enough whose R sum up to 0.8. Credit 0.8 for the word, 0.8 for each piece.
    3. A merge: free words with R high enough whose P sum up to 0.4. Credit 1 for each word, 1 for the detection.
       A split or merge of one is a one-to-one match.

    Every polygon counts as its upright bounding box, so polygons that cross themselves need no special rule.

    Args:
        rule: ``deteval`` also requires that a one-to-one pair overlaps nothing else, and that the word of a split and
            the detection of a merge overlap at least two others; ``icdar2013`` does not require this.
        geometry: ``inclusive_pixel`` as in the official scripts: a side includes both its end pixels, so its length is
            max - min + 1; ``continuous``: max - min.
    """

    file_format = "icdar2013"

    def __init__(
        self,
        rule: Literal["deteval", "icdar2013"] = "deteval",
        geometry: Literal["inclusive_pixel", "continuous"] = "inclusive_pixel",
    ) -> None:
        self._overlaps_matter = rule == "deteval"
        self._rim = 1.0 if geometry == "inclusive_pixel" else 0.0

    def judge(self, image: Image, overlap: Overlap) -> ImageResult:
        """Evaluate one image."""
        truth, ignore, found = overlap.boxes_a, image.ignore, overlap.boxes_b
        low = np.maximum(truth[:, None, :2], found[None, :, :2])
        high = np.minimum(truth[:, None, 2:], found[None, :, 2:])
        intersection = np.maximum(high - low + self._rim, 0).prod(axis=-1)
        gt_sizes, det_sizes = (boxes[:, 2:] - boxes[:, :2] + self._rim for boxes in (truth, found))
        gt_areas, det_areas = gt_sizes.prod(axis=1), det_sizes.prod(axis=1)
        recall, precision = ratio(intersection, gt_areas[:, None]), ratio(intersection, det_areas)
        aside = set_aside(intersection, ignore, det_areas, DONTCARE_THRESHOLD)
        covers, within = recall >= RECALL_THRESHOLD, precision >= PRECISION_THRESHOLD
        overlaps = (recall > 0) & ~ignore[:, None] & ~aside
        met_by_gt, met_by_det = overlaps.sum(axis=1), overlaps.sum(axis=0)

        good = covers & within
        alone = good & (good.sum(axis=1) == 1)[:, None] & (good.sum(axis=0) == 1)
        if self._overlaps_matter:
            alone &= (met_by_gt == 1)[:, None] & (met_by_det == 1)
        centres = (truth[:, :2] + gt_sizes / 2)[:, None] - (found[:, :2] + det_sizes / 2)
        diagonals = np.hypot(*gt_sizes.T)[:, None] + np.hypot(*det_sizes.T)
        near = ratio(2 * np.hypot(centres[..., 0], centres[..., 1]), diagonals) < CENTRE_THRESHOLD
        rows, columns = np.nonzero(alone & near & ~ignore[:, None] & ~aside)

        ledger = Ledger(ignore, aside)
        ledger.give_whole(rows.tolist(), columns.tolist())
        several = 2 if self._overlaps_matter else 0
        splittable = ledger.gt_free & (met_by_gt >= several)
        for word, pieces in gather(splittable, ledger.det_free, within, recall, RECALL_THRESHOLD, SUM_DECIMALS):
            if len(pieces) == 1:
                ledger.give_whole([word], pieces)
            else:
                ledger.give(SPLIT, [word], pieces, SPLIT_CREDIT, SPLIT_CREDIT * len(pieces))
        mergeable = ledger.det_free & (met_by_det >= several)
        for box, words in gather(mergeable, ledger.gt_free, covers.T, precision.T, PRECISION_THRESHOLD, SUM_DECIMALS):
            if len(words) == 1:
                ledger.give_whole(words, [box])
            else:
                ledger.give(MERGE, words, [box], len(words), 1.0)
        result = ledger.result(self)
        if ignore.all() and (len(found) or not len(truth)):  # here the official script also counts those set aside
            return replace(result, recall=1.0, precision=float(not len(found)))
        return result
