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
    """Lines as polygons or as rotated boxes; ``ignore`` marks the lines that are labelled difficult.

    The default is ``rotated_polygon_iou``: it needs only polygons, so every detector can be scored. The other rule
    needs the reading direction of each box, which polygons found in a map do not have.

    Args:
        rule: ``rotated_polygon_iou``: a line is found if a detection has IoU >= 0.5 with it; one detection may find
            several lines. A difficult line counts only if it is found. recall = found / lines that count, precision =
            found / all detections. Polygons that cross themselves follow the even-odd rule.
            ``unrotated_box_iou_and_angle``: the boxes, turned upright about their centres, must have IoU > 0.5, and
            their angles must differ by less than 22.5 degrees, without wrap-around at 180; matching and do-not-care
            regions as for ICDAR 2015. Polygons must have four corners, the first two along the reading direction.
    """

    file_format = "td500"

    def __init__(
        self, rule: Literal["rotated_polygon_iou", "unrotated_box_iou_and_angle"] = "rotated_polygon_iou"
    ) -> None:
        self.takes_rotated_boxes = rule == "unrotated_box_iou_and_angle"

    def judge(self, image: Image, overlap: Overlap) -> ImageResult:
        """Evaluate one image.

        Raises:
            DataError: the rule needs polygons of four corners and one has another number.
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
                f"td500, rule unrotated_box_iou_and_angle: expected boxes of 4 corners, got a polygon of {len(poly)}; "
                "use the rule rotated_polygon_iou"
            )
    return rotated_boxes_of(np.array(polys, dtype=np.float64).reshape(-1, 4, 2))


def _upright(boxes: np.ndarray) -> list[Polygon]:
    x, y, w, h = boxes[:, :4].T
    return list(np.stack([x, y, x + w, y, x + w, y + h, x, y + h], axis=1).reshape(-1, 4, 2))
