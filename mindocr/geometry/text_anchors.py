"""Vertical anchors (Tian et al., ECCV 2016, "Connectionist Text Proposal Network").

Boxes in this module are (x1, y1, x2, y2) in pixels with both borders included: width = x2 - x1 + 1, as in the
authors' code. The centre of a box is x1 + width / 2, y1 + height / 2.

Anchors of a feature map of R rows and C columns are listed row by row, then column by column, then height by height:
the anchor of height a in row r and column c has the index (r * C + c) * k + a, where k is the number of heights.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np

STRIDE = 16  # pixels of the image for each step of the feature map; the width of every anchor and strip
HEIGHTS = {
    "mindspore": (2, 4, 7, 11, 16, 23, 33, 48, 68, 97, 139, 198, 283, 406),
    "paper": (11, 16, 23, 33, 48, 68, 97, 139, 198, 283),
}

Heights = Literal["mindspore", "paper"] | Sequence[int]


def heights_of(heights: Heights) -> tuple[int, ...]:
    """Heights of anchors in pixels, from the name of a list in ``HEIGHTS`` or from a list.

    Raises:
        ValueError: the list is empty, or has a height below 1; or the name is unknown.
    """
    if isinstance(heights, str):
        if heights not in HEIGHTS:
            raise ValueError(f"expected a list of heights in pixels, or one of {', '.join(HEIGHTS)}, got {heights!r}")
        return HEIGHTS[heights]
    if not heights or min(heights) < 1:
        raise ValueError(f"expected heights of 1 pixel or more, got {list(heights)}")
    return tuple(heights)


def count_of(heights: Heights) -> int:
    """Number of heights, without checking them."""
    return len(HEIGHTS.get(heights, ()) if isinstance(heights, str) else heights)


def anchor_boxes(heights: Heights) -> np.ndarray:
    """(k, 4) int32, the anchors of the top left cell: around the centre (7.5, 7.5), cut off to whole pixels."""
    high = np.array(heights_of(heights), dtype=np.float64)
    middle = (STRIDE - 1) / 2
    wide = np.full_like(high, STRIDE)
    corners = [middle - wide / 2, middle - high / 2, middle + wide / 2, middle + high / 2]
    return np.stack(corners, axis=1).astype(np.int32)  # towards zero, as the reference stores them


def anchor_grid(heights: Heights, rows: int, columns: int) -> np.ndarray:
    """(rows * columns * k, 4) float32, all anchors of a feature map in the order of the module's description."""
    y, x = np.meshgrid(np.arange(rows) * STRIDE, np.arange(columns) * STRIDE, indexing="ij")
    corner = np.stack([x, y, x, y], axis=-1)[:, :, None]
    return (corner + anchor_boxes(heights)).reshape(-1, 4).astype(np.float32)


def per_anchor(values: np.ndarray, count: int) -> np.ndarray:
    """An output map as one row for each anchor, in the order of the anchors.

    Args:
        values: (count * n, R, C); channel a * n + i is number i of height a.
        count: number of heights, k.

    Returns:
        (R * C * count, n), a view where possible.
    """
    channels, rows, columns = values.shape
    parts = values.reshape(count, channels // count, rows, columns)
    return parts.transpose(2, 3, 0, 1).reshape(-1, channels // count)


def encode(anchors: np.ndarray, boxes: np.ndarray) -> np.ndarray:
    """Boxes relative to anchors, row by row: dx, dy, dw, dh.

    Args:
        anchors, boxes: (A, 4).

    Returns:
        (A, 4) float32: the distance of the centres divided by the size of the anchor, and the logarithm of the ratio
        of the sizes.
    """
    base, target = _centre_and_size(anchors), _centre_and_size(boxes)
    moved = (target[:, :2] - base[:, :2]) / base[:, 2:]
    return np.concatenate([moved, np.log(target[:, 2:] / base[:, 2:])], axis=1).astype(np.float32)


def decode(anchors: np.ndarray, deltas: np.ndarray) -> np.ndarray:
    """Boxes from anchors and what a network outputs; only dy and dh count, so a box keeps the x of its anchor.

    As in the reference, x2 and y2 are centre + size / 2 without - 1, so decoding what :func:`encode` returned enlarges
    the box by one pixel at the right and at the bottom.

    Args:
        anchors: (A, 4).
        deltas: (A, 4): dx, dy, dw, dh; or (A, 2): dy, dh.

    Returns:
        (A, 4) float32.
    """
    dy, dh = (deltas[:, 1::2] if deltas.shape[1] == 4 else deltas).astype(np.float64).T
    x, y, wide, high = _centre_and_size(anchors).T
    y, high = dy * high + y, np.exp(dh) * high
    return np.stack([x - wide / 2, y - high / 2, x + wide / 2, y + high / 2], axis=1).astype(np.float32)


def _centre_and_size(boxes: np.ndarray) -> np.ndarray:
    """(A, 4) float64: x and y of the centre, width, height."""
    corners = np.asarray(boxes, dtype=np.float64)
    size = corners[:, 2:] - corners[:, :2] + 1
    return np.concatenate([corners[:, :2] + 0.5 * size, size], axis=1)
