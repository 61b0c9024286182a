"""Intersections of many pairs of convex quadrilaterals at once, several times faster than a polygon clipper."""

from __future__ import annotations

import numpy as np


def are_convex(quads: np.ndarray) -> np.ndarray:
    """(N,) bool: which of (N, 4, 2) quadrilaterals are convex, in either direction."""
    sides = quads[:, (1, 2, 3, 0)] - quads
    turns = _cross(sides, sides[:, (1, 2, 3, 0)])
    return ((turns >= 0).all(axis=1) | (turns <= 0).all(axis=1)) & (turns != 0).any(axis=1)


def intersection_areas(subjects: np.ndarray, clips: np.ndarray) -> np.ndarray:
    """Area common to each pair of convex quadrilaterals, by the algorithm of Sutherland and Hodgman.

    Args:
        subjects: (P, 4, 2) float64, clockwise on the screen (positive shoelace area).
        clips: (P, 4, 2) float64, in the same direction.

    Returns:
        (P,) float64, square pixels.
    """
    origin = clips[:, :1]
    clips, points = clips - origin, subjects - origin  # near the origin, products lose no digits
    for corner in range(4):
        start = clips[:, corner, None]
        distance = _cross(clips[:, (corner + 1) % 4, None] - start, points - start)
        points = _keep_positive(points, distance)
    following = np.roll(points, -1, axis=1)
    return np.abs(_cross(points, following).sum(axis=1)) / 2


def _keep_positive(points: np.ndarray, distance: np.ndarray) -> np.ndarray:
    """Clip (P, K, 2) polygons to one side of a line, where the ``distance`` (P, K) of their corners is not negative.

    All results have as many corners as the largest one; smaller ones repeat their first corner.
    """
    following, beyond = np.roll(points, -1, axis=1), np.roll(distance, -1, axis=1)
    inside = distance >= 0
    crossing = inside != (beyond >= 0)
    share = np.divide(distance, distance - beyond, out=np.zeros_like(distance), where=crossing)
    cut = points + share[..., None] * (following - points)
    pairs, count = distance.shape
    candidates = np.stack([points, cut], axis=2).reshape(pairs, 2 * count, 2)
    keep = np.stack([inside, crossing], axis=2).reshape(pairs, 2 * count)
    kept = keep.sum(axis=1)
    order = np.argsort(~keep, axis=1, kind="stable")[:, : max(kept.max(initial=0), 1)]
    order = np.where(np.arange(order.shape[1]) < kept[:, None], order, order[:, :1])
    return candidates[np.arange(pairs)[:, None], order]


def _cross(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return a[..., 0] * b[..., 1] - a[..., 1] * b[..., 0]
