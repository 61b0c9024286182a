"""SCUT-CTW1500: curved texts as polygons of 14 points, one to one, by IoU."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np

from mindocr.geometry import Overlap
from mindocr.metrics.matching import Image, ImageResult, MatchingProtocol, count, match_to_best, positions
from mindocr.metrics.protocols import PROTOCOLS

IOU_THRESHOLD = 0.5


@PROTOCOLS.register(name="ctw1500")
class Ctw1500(MatchingProtocol):
    """A detection matches the text of highest IoU, if IoU > 0.5 and the text is still free; no other text is tried.

    A detection that crosses itself is dropped and does not count; a text that crosses itself matches nothing but stays
    in the denominator of recall. The benchmark has no ignored texts: the flags have no effect, every text counts.

    Args:
        rule: ``best_iou`` as above; ``any_free`` as in another published script: a detection matches all free texts
            with IoU >= 0.5; nothing is dropped, and polygons that cross themselves follow the even-odd rule.
    """

    count_names = ("matched", "gt_care", "det_care", "det_dropped")
    file_format = "ctw1500"

    def __init__(self, rule: Literal["best_iou", "any_free"] = "best_iou") -> None:
        self._best_only = rule == "best_iou"

    def judge(self, image: Image, overlap: Overlap) -> ImageResult:
        """Evaluate one image."""
        iou, dropped = overlap.iou, np.zeros(len(image.found), dtype=bool)
        if self._best_only:
            dropped = ~overlap.valid_b
            iou = np.where(overlap.valid_a[:, None] & overlap.valid_b, iou, 0)
            pairs = match_to_best(iou, iou > IOU_THRESHOLD)
            matched = len(pairs)
        else:
            pairs = _take_all_free(iou >= IOU_THRESHOLD)
            matched = len({detection for _, detection in pairs})
        counts = {
            "matched": matched,
            "gt_care": len(image.truth),
            "det_care": count(~dropped),
            "det_dropped": count(dropped),
        }
        recall, precision = map(float, self.score(counts))
        return ImageResult(counts, recall, precision, pairs, det_dontcare=positions(dropped))

    def more_scores(self, images: Sequence[ImageResult]) -> dict[str, float]:
        """``average_precision``: area under the precision envelope, detections ranked in the order of the files."""
        return {"average_precision": average_precision(images)}


def average_precision(images: Sequence[ImageResult]) -> float:
    """Area under the precision envelope, at every recall that is reached, in [0, 1].

    Args:
        images: results of :class:`Ctw1500` in order; detections are ranked in this order, image after image.
    """
    hits: list[bool] = []
    for image in images:
        hit = np.zeros(int(image.counts["det_care"] + image.counts["det_dropped"]), dtype=bool)
        hit[[detection for _, detection in image.pairs]] = True
        hits += np.delete(hit, image.det_dontcare).tolist()
    found = np.cumsum(hits)
    precision = found / np.arange(1, len(found) + 1)
    envelope = np.maximum.accumulate(precision[::-1])[::-1]
    texts = sum(image.counts["gt_care"] for image in images)
    return float(envelope[np.flatnonzero(hits)].sum() / texts) if texts else 0.0


def _take_all_free(fits: np.ndarray) -> list[tuple[int, int]]:
    """Match every row with the first column that fits; returns pairs (row, column) sorted by column."""
    rows = np.flatnonzero(fits.any(axis=1))
    return sorted(zip(rows.tolist(), fits[rows].argmax(axis=1).tolist()), key=lambda pair: pair[1])
