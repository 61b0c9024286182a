"""ICDAR 2015 "Incidental Scene Text", task 4.1: one-to-one matching by IoU."""

from __future__ import annotations

from mindocr.geometry import Overlap
from mindocr.metrics.matching import Image, ImageResult, MatchingProtocol, judge_one_to_one, set_aside
from mindocr.metrics.protocols import PROTOCOLS

IOU_THRESHOLD = 0.5
DONTCARE_THRESHOLD = 0.5


@PROTOCOLS.register(name="icdar2015")
class Icdar2015(MatchingProtocol):
    """A detection matches a word if their IoU is above 0.5 and no other detection has matched the word.

    1. A detection with more than half of its area in one do-not-care region is set aside before matching.
    2. Words in order, and for each word the detections in order: the first free pair with IoU > 0.5 matches.
    3. recall = matched / words that count, precision = matched / detections not set aside, both summed over all images.

    Every polygon is kept, even if it crosses itself; see :mod:`mindocr.geometry.overlap` for the areas. Another widely
    used evaluator drops such polygons; both agree if no polygon crosses itself and all areas are above 0.
    """

    def judge(self, image: Image, overlap: Overlap) -> ImageResult:
        """Evaluate one image."""
        aside = set_aside(overlap.intersection, image.ignore, overlap.areas_b, DONTCARE_THRESHOLD)
        return judge_one_to_one(self, overlap.iou > IOU_THRESHOLD, image.ignore, aside)
