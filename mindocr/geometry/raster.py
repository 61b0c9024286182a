"""Polygons on the pixel grid: filling them, and the distance of pixels to their outline.

The pixel in column c and row r stands for the point (c, r).
"""

from __future__ import annotations

import cv2
import numpy as np

from mindocr.geometry.polygon import Polygon


def fill_polygon(canvas: np.ndarray, poly: Polygon, value: float) -> None:
    """Set the pixels of a polygon to ``value``, in place; parts outside the canvas are cut off.

    Corners are rounded to the nearest pixel and the outline belongs to the polygon. (The reference truncates corners
    towards zero, which moves every shape by half a pixel to the top left.) Self-crossing polygons fill by the even-odd
    rule.

    Args:
        canvas: (H, W) float32 or uint8, contiguous.
        poly: (K, 2) pixels; an empty polygon changes nothing.
        value: what the pixels become.
    """
    if len(poly):
        cv2.fillPoly(canvas, [np.rint(np.asarray(poly)).astype(np.int32).reshape(-1, 1, 2)], (float(value),))


def border_distance(poly: Polygon, box: tuple[int, int, int, int], limit: float | None = None) -> np.ndarray:
    """Exact distance of every pixel of a box to the nearest side of the polygon.

    Args:
        poly: (K, 2) pixels, at least one point; repeated points do no harm.
        box: (xmin, ymin, xmax, ymax) whole pixels, inclusive. It may reach outside any image.
        limit: distances above it are of no interest and come back as ``limit`` itself. Each side is then worked out
            only on the pixels that it can reach, which saves most of the time for the narrow border that DBNet's
            threshold map needs.

    Returns:
        (ymax - ymin + 1, xmax - xmin + 1) float32, pixels, never NaN.
    """
    xmin, ymin, xmax, ymax = box
    origin = np.array([xmin, ymin], dtype=np.float64)
    corners = (np.asarray(poly, dtype=np.float64).reshape(-1, 2) - origin).astype(np.float32)
    height, width = ymax - ymin + 1, xmax - xmin + 1
    reach = np.float32(np.inf if limit is None else limit)
    nearest = np.full((height, width), reach * reach, dtype=np.float32)
    columns, rows = np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32)
    for start, end in zip(corners, np.roll(corners, -1, axis=0)):
        left, right = _pixel_range(start[0], end[0], reach, width)
        top, bottom = _pixel_range(start[1], end[1], reach, height)
        if left < right and top < bottom:
            squared = _squared_distance(columns[left:right], rows[top:bottom, None], start, end)
            window = nearest[top:bottom, left:right]
            np.minimum(window, squared, out=window)
    return np.sqrt(nearest, out=nearest)


def _pixel_range(a: np.float32, b: np.float32, reach: np.float32, size: int) -> tuple[int, int]:
    """Half-open range of pixels within ``reach`` of the interval between a and b, cut to [0, size)."""
    if not np.isfinite(reach):
        return 0, size
    return max(int(np.floor(min(a, b) - reach)), 0), min(int(np.ceil(max(a, b) + reach)) + 1, size)


def _squared_distance(x: np.ndarray, y: np.ndarray, start: np.ndarray, end: np.ndarray) -> np.ndarray:
    """Squared distance of the grid x (W,) by y (H, 1) to one segment, (H, W) float32."""
    dx, dy = end - start
    length = dx * dx + dy * dy
    u, v = x - start[0], y - start[1]
    if length == 0:
        return u * u + v * v
    along = (u * dx + v * dy) / length
    np.maximum(along, 0, out=along)
    np.minimum(along, 1, out=along)
    across = v - along * dy
    along *= -dx
    along += u
    along *= along
    across *= across
    along += across
    return along
