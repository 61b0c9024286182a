"""Polygons as plain arrays: area, order of points, validity, repair, clipping, transforms.

A polygon is an array (K, 2) of points (x, y) in pixels, origin top left, y downwards, not closed (the last point is not
a copy of the first). Functions take any float or integer array and compute in float64; what they return is float32.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate

import numpy as np
import shapely

Polygon = np.ndarray


def signed_area(poly: Polygon) -> float:
    """Shoelace area in square pixels: positive when the points run clockwise on the screen (y downwards).

    Parts of a self-crossing polygon that run in opposite directions cancel out.
    """
    if len(poly) < 3:
        return 0.0
    points = np.asarray(poly, dtype=np.float64)
    x, y = (points - points[0]).T  # relative to a corner, so that no digits are lost far from the origin
    return 0.5 * float(x[:-1] @ y[1:] - x[1:] @ y[:-1])


def area(poly: Polygon) -> float:
    """Absolute shoelace area in square pixels."""
    return abs(signed_area(poly))


def perimeter(poly: Polygon) -> float:
    """Length of the closed border in pixels."""
    points = np.asarray(poly, dtype=np.float64).reshape(-1, 2)
    if len(points) < 2:
        return 0.0
    edges = points - np.roll(points, 1, axis=0)
    return float(np.hypot(edges[:, 0], edges[:, 1]).sum())


def bounding_box(poly: Polygon) -> tuple[float, float, float, float]:
    """Axis-aligned box (xmin, ymin, xmax, ymax) in pixels."""
    points = np.asarray(poly)
    xmin, ymin = points.min(axis=0)
    xmax, ymax = points.max(axis=0)
    return float(xmin), float(ymin), float(xmax), float(ymax)


def drop_repeated(poly: Polygon) -> Polygon:
    """Remove points equal to their predecessor, and a last point equal to the first."""
    points = np.asarray(poly).reshape(-1, 2)
    if len(points) < 2:
        return points
    return points[np.any(points != np.roll(points, 1, axis=0), axis=1)]


def is_simple(poly: Polygon) -> bool:
    """True when no two sides cross or touch, except neighbours at their corner. Repeated points do not matter."""
    points = drop_repeated(poly)
    return len(points) >= 3 and bool(np.isfinite(points).all()) and bool(shapely.is_simple(shapely.linearrings(points)))


def is_valid(poly: Polygon) -> bool:
    """True when the polygon is finite, simple and has an area, so at least three different points."""
    points = drop_repeated(poly)
    if len(points) < 3 or not np.isfinite(points).all():
        return False
    return bool(shapely.is_valid(shapely.polygons(points))) and area(points) > 0


def is_convex(poly: Polygon) -> bool:
    """True when all corners turn in the same direction, one turn in total. Corners of 180 degrees are allowed."""
    points = drop_repeated(np.asarray(poly, dtype=np.float64))
    if len(points) < 3:
        return False
    side = np.roll(points, -1, axis=0) - points
    following = np.roll(side, -1, axis=0)
    cross = side[:, 0] * following[:, 1] - side[:, 1] * following[:, 0]
    dot = (side * following).sum(axis=1)
    if np.any((cross == 0) & (dot < 0)) or not (np.all(cross >= 0) or np.all(cross <= 0)):
        return False
    return bool(abs(np.arctan2(cross, dot).sum()) < 3 * np.pi)  # a pentagram turns twice


def orient_clockwise(poly: Polygon) -> Polygon:
    """Return the polygon in clockwise order on the screen (positive shoelace area), starting at the same point."""
    if signed_area(poly) >= 0:
        return poly
    return np.concatenate([poly[:1], poly[:0:-1]])


def even_odd_parts(poly: Polygon) -> list[shapely.Polygon]:
    """The region of a polygon by the even-odd rule, as valid shapely polygons; empty when it has no area.

    A bow tie becomes two triangles; a loop that the border runs around twice is a hole.
    """
    points = np.asarray(poly, dtype=np.float64).reshape(-1, 2)
    if len(points) < 3 or not np.isfinite(points).all():
        return []
    shape = shapely.polygons(points)
    if not shapely.is_valid(shape):
        shape = shapely.make_valid(shape)
    return polygon_parts(shape)


def polygon_parts(shape: shapely.Geometry) -> list[shapely.Polygon]:
    """The polygons with an area in any shapely geometry, without points and lines."""
    parts = shapely.get_parts(shapely.get_parts(shape))  # twice, as a collection may contain multi-polygons
    return [part for part in parts if part.geom_type == "Polygon" and part.area > 0]


def repair(poly: Polygon) -> Polygon | None:
    """Replace an invalid polygon by a simple one.

    A valid polygon is returned as it is (without repeated points). An invalid one is replaced by the largest part of
    its even-odd region, in the direction of the original.

    Returns:
        (K, 2) float32, or None when nothing with an area is left.
    """
    if is_valid(poly):
        return drop_repeated(poly).astype(np.float32)
    parts = even_odd_parts(poly)
    if not parts:
        return None
    return _ring(max(parts, key=lambda part: part.area), like=np.asarray(poly))


def clip_to_rect(poly: Polygon, w: float, h: float) -> list[Polygon]:
    """Clip a polygon, convex or concave, to the image rectangle [0, w] x [0, h], exactly.

    Self-crossing polygons are clipped by the even-odd rule. The direction is kept; a piece starts at the corner nearest
    to the first point of the original, so that a text line keeps its reading order.

    Returns:
        The pieces with an area, largest first; the polygon itself when it is inside; empty when it is outside.
    """
    points = np.asarray(poly, dtype=np.float64).reshape(-1, 2)
    if len(points) == 0:
        return []
    xmin, ymin, xmax, ymax = bounding_box(points)
    if xmin >= 0 and ymin >= 0 and xmax <= w and ymax <= h:
        return [np.asarray(poly, dtype=np.float32)] if is_valid(poly) else _rings(even_odd_parts(poly), points)
    if xmin >= w or ymin >= h or xmax <= 0 or ymax <= 0:
        return []
    frame = shapely.box(0, 0, w, h)
    pieces = [piece for part in even_odd_parts(poly) for piece in polygon_parts(shapely.intersection(part, frame))]
    return _rings(pieces, points)


def largest_overlap(poly: Polygon, other: Polygon) -> Polygon | None:
    """The largest piece of the region that two polygons share, convex or not.

    Self-crossing polygons are read by the even-odd rule.

    Returns:
        (K, 2) float32, in the direction of ``other`` and from the corner nearest to its first point; None if they
        share no area.
    """
    pieces = [
        piece
        for one in even_odd_parts(poly)
        for two in even_odd_parts(other)
        for piece in polygon_parts(shapely.intersection(one, two))
    ]
    return _ring(max(pieces, key=lambda piece: piece.area), like=np.asarray(other)) if pieces else None


def transform(polys: Sequence[Polygon], matrix: np.ndarray) -> list[Polygon]:
    """Transform polygons by a 3 x 3 matrix, affine or perspective.

    Args:
        polys: polygons (K_i, 2), of any lengths.
        matrix: (3, 3), source point (x, y, 1) as a column -> target; the result is divided by its third component.

    Returns:
        New float32 polygons, in the same order.
    """
    if not len(polys):
        return []
    ends = list(accumulate(map(len, polys)))
    points = np.concatenate(polys).astype(np.float64)
    matrix = np.asarray(matrix, dtype=np.float64)
    mapped = points @ matrix[:2, :2].T + matrix[:2, 2]
    if np.any(matrix[2] != (0, 0, 1)):
        mapped /= points @ matrix[2:, :2].T + matrix[2, 2]
    mapped = mapped.astype(np.float32)
    return [mapped[start:end] for start, end in zip([0, *ends], ends)]


def _rings(parts: Sequence[shapely.Polygon], like: Polygon) -> list[Polygon]:
    return [_ring(part, like) for part in sorted(parts, key=lambda part: -part.area)]


def _ring(part: shapely.Polygon, like: Polygon) -> Polygon:
    """Exterior ring of a shapely polygon, in the direction of ``like`` and starting nearest to its first point."""
    points = shapely.get_coordinates(part.exterior)[:-1]
    if signed_area(points) * signed_area(like) < 0:
        points = points[::-1]
    start = int(np.argmin(((points - like[0]) ** 2).sum(axis=1)))
    return np.roll(points, -start, axis=0).astype(np.float32)
