"""ICDAR 2015 "Incidental Scene Text", task 4.1: one-to-one matching by IoU."""

from __future__ import annotations

from mindocr.geometry import Overlap
from mindocr.metrics.matching import Image, ImageResult, MatchingProtocol, judge_one_to_one, set_aside
from mindocr.metrics.protocols import PROTOCOLS

IOU_THRESHOLD = 0.5
DONTCARE_THRESHOLD = 0.5


@PROTOCOLS.register(name="icdar2015")
class Icdar2015(MatchingProtocol):
    """A detection counts when it shares more than half of its union with a word that no other detection has taken.

    1. A detection that lies by more than half of its own area in one do-not-care region is set aside, before matching.
    2. Words in order, and for each the detections in order: the first free pair with IoU > 0.5 matches.
    3. recall = matched / words cared for, precision = matched / detections not set aside, both summed over all images.

    Every polygon is kept, self-crossing ones too; see :mod:`mindocr.geometry.overlap` for their areas. Another
    evaluator in wide use drops those; on polygons that do not cross themselves and have an area both agree.
    """

    def judge(self, image: Image, overlap: Overlap) -> ImageResult:
        """Judge one image."""
        aside = set_aside(overlap.intersection, image.ignore, overlap.areas_b, DONTCARE_THRESHOLD)
        return judge_one_to_one(self, overlap.iou > IOU_THRESHOLD, image.ignore, aside)
