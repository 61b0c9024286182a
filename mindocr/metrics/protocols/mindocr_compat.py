"""MindOCR's way of counting, for comparison with scores that MindOCR has measured."""

from __future__ import annotations

import numpy as np

from mindocr.geometry import Overlap
from mindocr.metrics.matching import Image, ImageResult, MatchingProtocol, count, positions, set_aside
from mindocr.metrics.protocols import PROTOCOLS

IOU_THRESHOLD = 0.5
DONTCARE_THRESHOLD = 0.5


@PROTOCOLS.register(name="mindocr_compat")
class MindocrCompat(MatchingProtocol):
    """Not the rules of a benchmark: duplicate detections of a word are not false positives, so scores are too high.

    Each detection, in order, is paired with the first word with IoU > 0.5, even if another detection has this word.
    Words found at least once are true positives; a detection without a word is a false positive; a second detection of
    a word does not count. Words and detections whose polygon crosses itself or encloses nothing are left out.
    """

    def judge(self, image: Image, overlap: Overlap) -> ImageResult:
        """Evaluate one image."""
        regions, words = overlap.valid_a & image.ignore, overlap.valid_a & ~image.ignore
        aside = set_aside(overlap.intersection, regions, overlap.areas_b, DONTCARE_THRESHOLD) | ~overlap.valid_b
        fits = (overlap.iou > IOU_THRESHOLD) & words[:, None] & ~aside
        matching = np.flatnonzero(fits.any(axis=0))
        first = fits[:, matching].argmax(axis=0) if len(matching) else matching
        pairs = list(zip(first.tolist(), matching.tolist()))
        matched = len(set(first.tolist()))
        counts = {
            "matched": matched,
            "gt_care": count(words),
            "det_care": matched + count(~aside) - len(matching),
        }
        recall, precision = map(float, self.score(counts))
        return ImageResult(counts, recall, precision, pairs, positions(~words), positions(aside))
