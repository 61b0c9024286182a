"""Polygons on the pixel grid: filling them, and the distance of pixels to their border.

The pixel in column c and row r is the point (c, r).
"""

from __future__ import annotations

import math

import cv2
import numpy as np

from mindocr.geometry.polygon import Polygon

_FAR = 32_767  # pixels; OpenCV visits all rows of a polygon, also those outside the canvas
_MARGIN = 2
_STEEP = 3  # pixels


def fill_polygon(canvas: np.ndarray, poly: Polygon, value: float) -> None:
    """Set the pixels of a polygon to ``value``, in place; parts outside the canvas are clipped.

    Corners are rounded to the nearest pixel and border pixels belong to the polygon. (The reference truncates corners
    towards zero, which moves every shape by half a pixel to the top left.) Self-crossing polygons fill by the even-odd
    rule.

    Args:
        canvas: (H, W) float32 or uint8, contiguous.
        poly: (K, 2) pixels; an empty polygon changes nothing.
        value: new value of the pixels.
    """
    points = np.asarray(poly)
    if len(points) and np.abs(points).max() > _FAR:
        points = _clip(points, canvas.shape[:2])
    if len(points):
        cv2.fillPoly(canvas, [np.rint(points).astype(np.int32).reshape(-1, 1, 2)], (float(value),))


def _clip(points: np.ndarray, size: tuple[int, ...]) -> np.ndarray:
    """The polygon clipped to the canvas plus a margin (Sutherland and Hodgman).

    The added sides are outside the canvas, where they do not change an even-odd filling.
    """
    points = points.astype(np.float64)
    for axis, length in ((1, size[0]), (0, size[1])):
        for sign, bound in ((1, -_MARGIN), (-1, length + _MARGIN)):
            inside = sign * (points[:, axis] - bound)
            following = np.roll(inside, -1)
            crosses = (inside < 0) != (following < 0)
            share = inside / np.where(crosses, inside - following, 1)
            crossings = points + share[:, None] * (np.roll(points, -1, axis=0) - points)
            both = np.stack([points, crossings], axis=1).reshape(-1, 2)
            points = both[np.stack([inside >= 0, crosses], axis=1).ravel()]
    return points


def border_distance(poly: Polygon, box: tuple[int, int, int, int], limit: float | None = None) -> np.ndarray:
    """Exact distance of every pixel of a box to the nearest side of the polygon.

    Args:
        poly: (K, 2) pixels, at least one point; repeated points are allowed.
        box: (xmin, ymin, xmax, ymax) whole pixels, inclusive. It may extend beyond the image.
        limit: larger distances are returned as ``limit``. Each side is then computed only for the pixels within its
            reach, which saves most of the time for the narrow border of DBNet's threshold map.

    Returns:
        (ymax - ymin + 1, xmax - xmin + 1) float32, pixels, never NaN.
    """
    xmin, ymin, xmax, ymax = box
    corners = (np.asarray(poly, dtype=np.float64).reshape(-1, 2) - (xmin, ymin)).tolist()
    height, width = ymax - ymin + 1, xmax - xmin + 1
    reach = math.inf if limit is None else limit
    # with a short limit the border is steep, so that float32 rounding would be visible in the map
    kind = np.float64 if reach < _STEEP else np.float32
    nearest = np.full((height, width), reach * reach, dtype=kind)
    columns, rows = np.arange(width, dtype=kind), np.arange(height, dtype=kind)[:, None]
    for start, end in zip(corners, corners[1:] + corners[:1]):
        left, right = _pixel_range(start[0], end[0], reach, width)
        top, bottom = _pixel_range(start[1], end[1], reach, height)
        if left < right and top < bottom:
            window = nearest[top:bottom, left:right]
            np.minimum(window, _squared_distance(columns[left:right], rows[top:bottom], start, end), out=window)
    return np.sqrt(nearest, out=nearest).astype(np.float32, copy=False)


def _pixel_range(a: float, b: float, reach: float, size: int) -> tuple[int, int]:
    """Half-open range of pixels within ``reach`` of the interval between a and b, clipped to [0, size)."""
    if math.isinf(reach):
        return 0, size
    return max(math.floor(min(a, b) - reach), 0), min(math.ceil(max(a, b) + reach) + 1, size)


def _squared_distance(x: np.ndarray, y: np.ndarray, start: list[float], end: list[float]) -> np.ndarray:
    """Squared distance of the grid x (W,) by y (H, 1) to one segment, (H, W), dtype of the grid.

    It is the sum of two squares: the distance to the segment's line, and the distance along that line beyond the nearer
    end (0 between the ends). Both are linear before squaring, so each takes one pass over the grid.
    """
    dx, dy = end[0] - start[0], end[1] - start[1]
    half = math.hypot(dx, dy) / 2
    ux, uy = (dx / half / 2, dy / half / 2) if half > 0 else (1.0, 0.0)
    u, v = x - (start[0] + end[0]) / 2, y - (start[1] + end[1]) / 2
    beyond = u * ux + v * uy
    np.abs(beyond, out=beyond)
    beyond -= half
    np.maximum(beyond, 0, out=beyond)
    beyond *= beyond
    across = v * ux - u * uy
    across *= across
    beyond += across
    return beyond
