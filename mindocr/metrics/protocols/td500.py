"""MSRA-TD500: slanted text lines, with two rules in use."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np

from mindocr.errors import DataError
from mindocr.geometry import Overlap, Polygon, compare_many, rotated_boxes_of
from mindocr.metrics.matching import (
    Image,
    ImageResult,
    MatchingProtocol,
    count,
    judge_one_to_one,
    positions,
    set_aside,
)
from mindocr.metrics.protocols import PROTOCOLS

IOU_THRESHOLD = 0.5
DONTCARE_THRESHOLD = 0.5
ANGLE_THRESHOLD = np.pi / 8


@PROTOCOLS.register(name="td500")
class Td500(MatchingProtocol):
    """Lines as polygons, or as rotated boxes; ``ignore`` marks the lines that are labelled difficult.

    The default is ``rotated_polygon_iou``: it needs outlines only, so every detector can be scored. The other rule
    needs to know which side of a box is its direction of reading, which outlines found in a map do not tell.

    Args:
        rule: ``rotated_polygon_iou``: a line is found when a detection reaches IoU >= 0.5; detections are not used up.
            A difficult line counts when it is found and not when it is missed. recall = found / lines counted,
            precision = found / all detections. Self-crossing polygons follow the even-odd rule.
            ``unrotated_box_iou_and_angle``: boxes turned back to upright about their centres must have IoU > 0.5, and
            their angles differ by less than 22.5 degrees, without going round at 180; matching and do-not-care regions
            as for ICDAR 2015. Outlines must have four corners, the first two along the direction of reading.
    """

    file_format = "td500"

    def __init__(
        self, rule: Literal["rotated_polygon_iou", "unrotated_box_iou_and_angle"] = "rotated_polygon_iou"
    ) -> None:
        self.takes_rotated_boxes = rule == "unrotated_box_iou_and_angle"

    def judge(self, image: Image, overlap: Overlap) -> ImageResult:
        """Judge one image.

        Raises:
            DataError: the rule wants four corners and an outline has another number.
        """
        ignore = image.ignore
        if self.takes_rotated_boxes:
            return self._judge_boxes(_rotated_boxes(image.truth), ignore, _rotated_boxes(image.found))
        reached = overlap.iou >= IOU_THRESHOLD
        found = reached.any(axis=1)
        pairs = [(line, detection) for line, detection in np.argwhere(reached).tolist()]
        counts = {"matched": count(found), "gt_care": count(found | ~ignore), "det_care": len(image.found)}
        recall, precision = map(float, self.score(counts))
        return ImageResult(counts, recall, precision, pairs, positions(ignore & ~found))

    def _judge_boxes(self, truth: np.ndarray, ignore: np.ndarray, found: np.ndarray) -> ImageResult:
        turned = np.abs(truth[:, None, 4] - found[:, 4])
        (upright,) = compare_many([(_upright(truth), _upright(found))])
        aside = set_aside(upright.intersection, ignore, upright.areas_b, DONTCARE_THRESHOLD)
        fits = (upright.iou > IOU_THRESHOLD) & (turned < ANGLE_THRESHOLD)
        return judge_one_to_one(self, fits, ignore, aside)


def _rotated_boxes(polys: Sequence[Polygon]) -> np.ndarray:
    for poly in polys:
        if len(poly) != 4:
            raise DataError(
                f"td500, rule unrotated_box_iou_and_angle: expected boxes of 4 corners, got an outline of {len(poly)}; "
                "use the rule rotated_polygon_iou"
            )
    return rotated_boxes_of(np.array(polys, dtype=np.float64).reshape(-1, 4, 2))


def _upright(boxes: np.ndarray) -> list[Polygon]:
    x, y, w, h = boxes[:, :4].T
    return list(np.stack([x, y, x + w, y, x + w, y + h, x, y + h], axis=1).reshape(-1, 4, 2))
