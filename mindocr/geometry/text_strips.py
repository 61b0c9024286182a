"""Texts cut into vertical strips of 16 pixels, and their overlap with anchors (CTPN, ECCV 2016).

Boxes are (x1, y1, x2, y2) in pixels with both borders included, see :mod:`mindocr.geometry.text_anchors`. Strips and
anchors begin at multiples of 16, so they overlap only in the same column, and there as their heights do.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal, NamedTuple

import numpy as np

from mindocr.geometry.many import bounds
from mindocr.geometry.polygon import Polygon
from mindocr.geometry.text_anchors import STRIDE

SliceMode = Literal["box", "quad"]


class Strips(NamedTuple):
    """Strips of texts, text by text and from left to right.

    Attributes:
        boxes: (S, 4) float32, each 16 pixels wide.
        owners: (S,) int64, the number of the text that each strip belongs to.
        columns: (S,) int64, the column of the feature map that each strip is in.
    """

    boxes: np.ndarray
    owners: np.ndarray
    columns: np.ndarray

    def take(self, chosen: np.ndarray) -> Strips:
        """The strips that ``chosen`` (S,) bool marks; owners keep their numbers."""
        return Strips(self.boxes[chosen], self.owners[chosen], self.columns[chosen])


def cut_into_strips(polys: Sequence[Polygon], size: tuple[int, int], mode: SliceMode = "box") -> Strips:
    """Cut texts into strips; a text that is narrower than 16 pixels has one or two.

    Args:
        polys: N texts (K_i, 2) in pixels.
        size: (h, w) of the image. Strips outside of it are left out, others are cut off at its upper and lower border.
        mode: ``box``: every strip is as high as the bounding box of its text. ``quad``: it is as high as the text is in
            the middle of the part of the strip that the text covers, so the strips follow a slanted text.
    """
    h, w = size
    boxes = bounds(polys).astype(np.float64)
    first = np.floor(boxes[:, 0] / STRIDE)
    end = np.maximum(np.ceil(boxes[:, 2] / STRIDE), first + 1)  # a text of width 0 has one strip, too
    first, end = np.clip([first, end], 0, math.ceil(w / STRIDE)).astype(np.int64)
    count = end - first
    owners = np.repeat(np.arange(len(boxes)), count)
    columns = np.arange(len(owners)) + (first - (np.cumsum(count) - count))[owners]
    if mode == "quad":
        top, bottom = _heights_within(polys, boxes, columns * STRIDE, owners)
    else:
        top, bottom = boxes[owners, 1], boxes[owners, 3]
    strips = np.stack([columns * STRIDE, top, columns * STRIDE + STRIDE - 1, bottom], axis=1).astype(np.float32)
    strips[:, 1::2] = np.clip(strips[:, 1::2], 0, h - 1)
    return Strips(strips, owners, columns).take((bottom >= 0) & (top <= h - 1))


def _heights_within(
    polys: Sequence[Polygon], boxes: np.ndarray, left: np.ndarray, owners: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Highest and lowest point (S,) of each strip's text in the middle of the part that it covers of the strip."""
    middle = (np.maximum(boxes[owners, 0], left) + np.minimum(boxes[owners, 2], left + STRIDE)) / 2
    top, bottom = np.empty(len(owners)), np.empty(len(owners))
    for i, poly in enumerate(polys):
        mine = owners == i
        if mine.any():
            top[mine], bottom[mine] = _extent(np.asarray(poly, dtype=np.float64), middle[mine])
    return top, bottom


def _extent(poly: np.ndarray, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Lowest and highest y, each (len(x),), of a polygon at the vertical lines ``x``, all of which meet it."""
    start, end = poly, np.roll(poly, -1, axis=0)
    wide = end[:, 0] - start[:, 0]
    share = (x[:, None] - start[:, 0]) / np.where(wide == 0, 1, wide)
    crossing = start[:, 1] + share * (end[:, 1] - start[:, 1])
    crossing[(share < 0) | (share > 1) | (wide == 0)] = np.nan
    corner = np.where(x[:, None] == start[:, 0], start[:, 1], np.nan)  # also the ends of vertical edges
    met = np.concatenate([crossing, corner], axis=1)
    return np.nanmin(met, axis=1), np.nanmax(met, axis=1)


def overlap(strips: np.ndarray, anchors: np.ndarray) -> np.ndarray:
    """Intersection over union (S, M) of strips (S, 4) and the anchors (M, 4) of one column, moved to their column."""
    common, tall, high = _common_heights(strips, anchors)
    return common / (tall + high - common)


def covered(strips: np.ndarray, anchors: np.ndarray) -> np.ndarray:
    """Intersection over the area of the anchor (S, M), else as :func:`overlap`."""
    common, _, high = _common_heights(strips, anchors)
    return common / high


def _common_heights(strips: np.ndarray, anchors: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Height in common (S, M), height of the strips (S, 1) and of the anchors (M,)."""
    top, bottom = strips[:, 1, None], strips[:, 3, None]
    common = np.minimum(bottom, anchors[:, 3]) - np.maximum(top, anchors[:, 1]) + 1
    return np.maximum(common, 0), bottom - top + 1, anchors[:, 3] - anchors[:, 1] + 1
