"""Text boxes: the smallest rectangle around points, the order of its corners, the score inside a polygon."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from mindocr.geometry.polygon import Polygon


def min_area_quad(points: np.ndarray) -> tuple[np.ndarray, tuple[float, float]]:
    """Smallest rotated rectangle around points.

    Args:
        points: (K, 2) or OpenCV's (K, 1, 2), pixels; one point is enough.

    Returns:
        Corners (4, 2) float32, in the order of :func:`order_clockwise`, and (short side, long side) in pixels.
    """
    contour = np.asarray(points)
    if contour.dtype not in (np.int32, np.float32):
        contour = contour.astype(np.float32)
    rectangle = cv2.minAreaRect(contour)
    wide, high = rectangle[1]
    return order_clockwise(cv2.boxPoints(rectangle)), (min(wide, high), max(wide, high))


def order_clockwise(quad: np.ndarray) -> np.ndarray:
    """Corners of a convex quadrilateral clockwise on the screen, from the top left.

    The top side is the one whose direction, averaged with that of the opposite side, is nearest to the positive x
    axis; its first corner is the top left. Unlike the usual rules (smallest x + y, or sorting by x), this returns four
    different corners in the right order for slanted, tall and diamond-shaped boxes. The first corner of a perfect
    diamond is the highest one.

    Args:
        quad: (4, 2) or (N, 4, 2) corners, in any order around the quadrilateral.

    Returns:
        Same shape, float32.
    """
    corners = np.asarray(quad, dtype=np.float32).reshape(-1, 4, 2)
    diagonal, other = corners[:, 2] - corners[:, 0], corners[:, 3] - corners[:, 1]
    clockwise = diagonal[:, 0] * other[:, 1] - diagonal[:, 1] * other[:, 0] >= 0  # twice the shoelace area
    corners = np.where(clockwise[:, None, None], corners, corners[:, [0, 3, 2, 1]])
    # side i and the opposite side, both from left to right when side i is on top; two sides determine all four
    right = np.stack([corners[:, 1] + corners[:, 2], corners[:, 2] + corners[:, 3]], axis=1)
    left = np.stack([corners[:, 0] + corners[:, 3], corners[:, 1] + corners[:, 0]], axis=1)
    sides = right.astype(np.float64) - left
    cosine = sides[..., 0] / np.maximum(np.hypot(sides[..., 0], sides[..., 1]), 1e-12)
    cosine = np.concatenate([cosine, -cosine], axis=1)
    near_top = cosine >= cosine.max(axis=1, keepdims=True) - 1e-4
    first = np.argmin(np.where(near_top, corners[..., 1], np.inf), axis=1)
    ordered = corners[np.arange(len(corners))[:, None], (first[:, None] + np.arange(4)) % 4]
    return ordered.reshape(np.shape(quad))


def quad_angle(quad: np.ndarray) -> float:
    """Direction of the long side in degrees, in (-90, 90]: 0 is horizontal, positive slopes down to the right.

    Args:
        quad: (4, 2) corners in order around the quadrilateral.
    """
    corners = np.asarray(quad, dtype=np.float64)
    along = corners[1] - corners[0] + corners[2] - corners[3]
    across = corners[3] - corners[0] + corners[2] - corners[1]
    x, y = along if np.hypot(*along) >= np.hypot(*across) else across
    angle = float(np.degrees(np.arctan2(y, x)))
    if angle > 90:
        return angle - 180
    return angle + 180 if angle <= -90 else angle


def score_inside(prob_map: np.ndarray, poly: Polygon) -> float:
    """Mean probability of the pixels inside a polygon; corners are rounded to pixels, border pixels are included.

    Args:
        prob_map: (H, W) float32 in [0, 1].
        poly: (K, 2) or (K, 1, 2), map pixels; int32 contours are used without rounding.

    Returns:
        The mean in [0, 1]; 0 when no pixel of the map is inside.
    """
    outline = np.asarray(poly).reshape(-1, 2)
    if outline.dtype != np.int32:
        outline = np.rint(outline).astype(np.int32)
    return float(scores_inside(prob_map, [outline])[0])


def scores_inside(prob_map: np.ndarray, outlines: Sequence[np.ndarray]) -> np.ndarray:
    """:func:`score_inside` for several polygons, with less work for each.

    Args:
        prob_map: (H, W) float32 in [0, 1], or uint8, where 255 stands for 1.
        outlines: N polygons or contours (K_i, 2) or (K_i, 1, 2), int32 map pixels.

    Returns:
        (N,) float64 means in [0, 1].
    """
    height, width = prob_map.shape
    scores = np.zeros(len(outlines))
    for i, outline in enumerate(outlines):
        if len(outline) == 0:
            continue
        left, top, w, h = cv2.boundingRect(outline)
        right, bottom = left + w, top + h
        if left < 0 or top < 0 or right > width or bottom > height:
            left, top, right, bottom = max(left, 0), max(top, 0), min(right, width), min(bottom, height)
            if left >= right or top >= bottom:
                continue
        mask = np.zeros((bottom - top, right - left), dtype=np.uint8)
        cv2.fillPoly(mask, (outline,), 1, offset=(-left, -top))
        # the L1 norm is the sum, as no value is negative; several times faster than cv2.mean
        total = cv2.norm(prob_map[top:bottom, left:right], cv2.NORM_L1, mask)
        scores[i] = total / max(cv2.countNonZero(mask), 1)
    return scores / 255 if prob_map.dtype == np.uint8 else scores
