"""Text regions of a probability map: found at one threshold, simplified, scored, chosen, expanded.

The steps depend on different settings: finding regions, choosing them by score and size, expanding them. They are
separate functions, so that a search over settings can reuse the steps whose settings do not change.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal

import cv2
import numpy as np

from mindocr.geometry import Polygon, rotated_corners
from mindocr.geometry.boxes import scores_inside
from mindocr.geometry.growth import expand_many, expand_one
from mindocr.postprocess.windows import contours_in_windows

BoxType = Literal["quad", "poly"]
ScoreMode = Literal["fast", "slow"]
DIAGONAL = 1.4143  # largest ratio of a rectangle's short side to that of the upright box around it
GROWN_MARGIN = 2  # pixels above min_size that an expanded region must reach, as in the reference
FEW = 16  # number of contours up to which polygons are expanded one by one, which is then faster than arrays
_DILATION = np.ones((2, 2), dtype=np.uint8)
LARGE = 1 << 25  # map pixels above which contours are searched in windows, to need less memory
LEVEL = 45.01  # degrees; at exactly 45 degrees the highest corner comes first


@dataclass(frozen=True)
class Regions:
    """The N regions of one map, in map pixels.

    Attributes:
        kind: ``quad``: each region is the smallest rectangle around its contour; ``poly``: the simplified contour.
        outlines: for ``poly``, N arrays (K_i, 2) int32; empty for ``quad``.
        boxes: for ``quad``, (N, 5) float64 as :func:`mindocr.geometry.rotated_corners` takes them, turned by at most
            45 degrees; empty for ``poly``.
        scores: (N,) mean probability, in [0, 1].
        heights: (N,) 2 A / L with area A and perimeter L: the height of a long line, half the side of a square.
        contours: number of contours in the map.
    """

    kind: BoxType
    outlines: Sequence[Polygon]
    boxes: np.ndarray
    scores: np.ndarray
    heights: np.ndarray
    contours: int

    def __len__(self) -> int:
        return len(self.scores)

    def take(self, indices: np.ndarray) -> Regions:
        """The regions at these positions, in this order."""
        outlines = [self.outlines[i] for i in indices.tolist()] if self.kind == "poly" else []
        boxes = self.boxes[indices] if self.kind == "quad" else self.boxes
        return Regions(self.kind, outlines, boxes, self.scores[indices], self.heights[indices], self.contours)

    @property
    def shorts(self) -> np.ndarray:
        """(N,) shortest side of each rectangle of ``quad``, map pixels."""
        return self.boxes[:, 2:4].min(axis=1)


@dataclass(frozen=True)
class Grown:
    """Regions after expansion; regions that did not stay one region are left out.

    Attributes:
        outlines: (K_i, 2) float32, map pixels, clockwise on the screen; for ``quad`` from the top left corner.
        indices: (M,) position of each among the regions before expansion.
        shorts: (M,) short side of the smallest rectangle around each, map pixels; for ``poly``, infinity if it is
            certainly above the argument ``shorts_below`` of :func:`grow`.
    """

    outlines: Sequence[Polygon]
    indices: np.ndarray
    shorts: np.ndarray


def find_contours(prob: np.ndarray, binary_thresh: float, dilation: bool = False) -> Sequence[np.ndarray]:
    """Contours of the regions above ``binary_thresh`` and of the holes in them.

    Args:
        prob: (H, W) float32, contiguous, NaN counts as no text; or uint8, where 255 stands for 1.
        binary_thresh, dilation: as for ``DBPostprocess``.

    Returns:
        (K_i, 1, 2) int32 each, ordered from the bottom of the map upwards.
    """
    limit = math.floor(255 * binary_thresh) if prob.dtype == np.uint8 else binary_thresh
    if prob.size > LARGE:
        return contours_in_windows(partial(_bitmap, prob, limit, dilation), (prob.shape[0], prob.shape[1]))
    bitmap = _bitmap(prob, limit, dilation, 0, 0, prob.shape[1], prob.shape[0])
    return cv2.findContours(bitmap, cv2.RETR_LIST, cv2.CHAIN_APPROX_SIMPLE)[0]


def _bitmap(prob: np.ndarray, limit: float, dilation: bool, left: int, top: int, right: int, bottom: int) -> np.ndarray:
    """A part of the bitmap; the part that is widened is one pixel larger, as regions grow to the right and below."""
    if not dilation:
        return (prob[top:bottom, left:right] > limit).view(np.uint8)
    x, y = max(left - 1, 0), max(top - 1, 0)
    return cv2.dilate((prob[y:bottom, x:right] > limit).view(np.uint8), _DILATION)[top - y :, left - x :]


def find_regions(
    prob: np.ndarray,
    kind: BoxType,
    binary_thresh: float,
    score_mode: ScoreMode,
    approx_eps: float,
    min_size: float,
    rejected: Counter[str],
    contours: Sequence[np.ndarray] | None = None,
    dilation: bool = False,
) -> Regions:
    """Find contours of the pixels above ``binary_thresh``, simplify and score them.

    Args:
        prob: as for :func:`find_contours`.
        kind, binary_thresh, score_mode, approx_eps, min_size: as for ``DBPostprocess``.
        rejected: counter of rejected contours by reason; increased here.
        contours: result of :func:`find_contours`, if it is known already.
        dilation: as for ``DBPostprocess``; not used if ``contours`` is given.
    """
    if contours is None:
        contours = find_contours(prob, binary_thresh, dilation)
    outlines: Sequence[Polygon] = []
    boxes = np.zeros((0, 5))
    if kind == "quad":
        boxes, corners, kept = _rectangles(contours, min_size, rejected)
        pixels = list(np.rint(corners).astype(np.int32))
        heights = boxes[:, 2:4].prod(axis=1) / np.maximum(boxes[:, 2:4].sum(axis=1), 1e-12)
    else:
        outlines, kept = _simplified(contours, approx_eps, rejected)
        pixels = list(outlines)
        heights = np.array([2 * cv2.contourArea(outline) / cv2.arcLength(outline, True) for outline in outlines])
    scores = scores_inside(prob, kept if score_mode == "slow" else pixels)
    return Regions(kind, outlines, boxes, scores, heights, len(contours))


def growth_distances(
    heights: np.ndarray, ratio: float, by_height: Sequence[Sequence[float]] | None = None
) -> np.ndarray:
    """Distances D' = A' r' / L', (N,) in pixels.

    Args:
        heights: (N,) 2 A' / L' of each region.
        ratio: r'.
        by_height: pairs (height, r') that replace ``ratio``, as for ``DBPostprocess``.
    """
    if not by_height:
        return heights * (ratio / 2)
    knots, ratios = np.array(by_height, dtype=np.float64).T
    return heights * np.interp(heights, knots, ratios) / 2


def choose(scores: np.ndarray, box_thresh: float, max_candidates: int, rejected: Counter[str]) -> np.ndarray:
    """Positions, ascending, of the ``max_candidates`` highest scores that are at least ``box_thresh``."""
    good = np.flatnonzero(scores >= box_thresh)
    rejected["low score"] += len(scores) - len(good)
    if len(good) > max_candidates:
        rejected["beyond max_candidates"] += len(good) - max_candidates
        good = np.sort(good[np.argsort(-scores[good], kind="stable")[:max_candidates]])
    return good


def grow(regions: Regions, distances: np.ndarray, shorts_below: float, rejected: Counter[str]) -> Grown:
    """Expand regions outwards.

    Args:
        regions: regions at one threshold.
        distances: (N,) pixels.
        shorts_below: ``shorts`` of the result is exact if it is below this, pixels.
        rejected: counter of regions that do not stay one region, by reason; increased here.
    """
    if not len(regions):
        return Grown([], np.zeros(0, dtype=np.intp), np.zeros(0))
    if regions.kind == "quad":
        # The smallest rectangle around the expanded shape with round corners is the rectangle with longer sides.
        steps = np.outer(distances, (-1, -1, 2, 2, 0))
        quads = rotated_corners(regions.boxes + steps).astype(np.float32)
        return Grown(list(quads), np.arange(len(quads)), regions.shorts + 2 * distances)
    if regions.contours > FEW:  # not the number of regions: the result for one must not depend on the others chosen
        grown = expand_many(regions.outlines, distances)
    else:
        grown = [expand_one(outline, d) for outline, d in zip(regions.outlines, distances.tolist())]
    for i, parts in enumerate(grown):
        if len(parts) > 1:
            grown[i] = parts = [part for part in parts if cv2.contourArea(part) >= 1]
        if len(parts) != 1:
            rejected["several parts after expansion" if parts else "no area"] += 1
    indices = np.flatnonzero([len(parts) == 1 for parts in grown])
    outlines = [grown[i][0] for i in indices.tolist()]
    shorts = np.full(len(indices), np.inf)
    for i in np.flatnonzero(2 * distances[indices] < shorts_below).tolist():
        shorts[i] = min(cv2.minAreaRect(outlines[i])[1])
    return Grown(outlines, indices, shorts)


def _rectangles(
    contours: Sequence[np.ndarray], min_size: float, rejected: Counter[str]
) -> tuple[np.ndarray, np.ndarray, list[np.ndarray]]:
    """The smallest rectangle around each contour that is not too small.

    A rectangle is turned by at most 45 degrees in either direction, so its corners are in the order of
    :func:`mindocr.geometry.order_clockwise`.

    Returns:
        (N, 5) rectangles as :class:`Regions` has them, (N, 4, 2) float32 corners in any order, and the contours.
    """
    found, corners, kept = [], [], []
    for contour in contours:
        _, _, w, h = cv2.boundingRect(contour)
        if (min(w, h) - 1) * DIAGONAL < min_size:  # rejects most specks before the slower fit
            continue
        rectangle = cv2.minAreaRect(contour)
        (x, y), (width, height), degrees = rectangle
        if min(width, height) < min_size:
            continue
        if degrees > LEVEL:
            width, height, degrees = height, width, degrees - 90
        found.append((x - width / 2, y - height / 2, width, height, math.radians(degrees)))
        corners.append(cv2.boxPoints(rectangle))
        kept.append(contour)
    rejected["too small"] += len(contours) - len(kept)
    boxes = np.array(found, dtype=np.float64).reshape(-1, 5)
    return boxes, np.array(corners, dtype=np.float32).reshape(-1, 4, 2), kept


def _simplified(
    contours: Sequence[np.ndarray], approx_eps: float, rejected: Counter[str]
) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Simplified contours (K_i, 2) int32, and the contours that they come from."""
    outlines, kept = [], []
    for contour in contours:
        if len(contour) < 4:
            continue
        outline = cv2.approxPolyDP(contour, approx_eps * cv2.arcLength(contour, True), True)
        if len(outline) < 4:
            continue
        outlines.append(outline[:, 0])
        kept.append(contour)
    rejected["fewer than 4 points"] += len(contours) - len(kept)
    return outlines, kept
