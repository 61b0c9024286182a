"""Polygons moved inwards or outwards by a distance, for the labels and the post-processing of DBNet.

DBNet (AAAI 2020) shrinks each text region for its labels by D = A (1 - r^2) / L (A area, L perimeter, r shrink ratio),
and expands each detected region by D' = A' r' / L' (r' expansion ratio) in post-processing.

Deliberate difference from the reference: its polygon clipper works on whole pixels, so corners are truncated before and
rounded after the offset. Here coordinates are multiplied by ``SCALE`` = 1024 before the clipper and divided after it,
which keeps a precision of a thousandth of a pixel. ``scale=1`` reproduces the reference.
"""

from __future__ import annotations

import math
from itertools import chain

import numpy as np
import pyclipper

from mindocr.geometry.polygon import Polygon, area, perimeter

SCALE = 1024
ARC_TOLERANCE = 0.25  # the clipper's own default at scale 1


def offset_distance(area: float, perimeter: float, ratio: float) -> float:
    """DBNet's shrink distance D = A (1 - r^2) / L in pixels; 0 for a polygon without length.

    For a rectangle of 100 x 20 pixels and ratio 0.4 it is 7.
    """
    return area * (1 - ratio**2) / perimeter if perimeter > 0 else 0.0


def expand_distance(poly: Polygon, ratio: float) -> float:
    """DBNet's expansion distance D' = A' r' / L' in pixels; 12.5 for a rectangle of 100 x 20 and ratio 1.5."""
    length = perimeter(poly)
    return area(poly) * ratio / length if length > 0 else 0.0


def shrink(poly: Polygon, ratio: float, *, scale: int = SCALE) -> list[Polygon]:
    """Shrink a polygon by D = A (1 - r^2) / L.

    A convex quadrilateral that keeps its four sides is shrunk in closed form, all others by the polygon clipper.

    Args:
        poly: (K, 2) pixels, simple, in either direction.
        ratio: r in (0, 1]; smaller shrinks more, 1 not at all.
        scale: clipper units per pixel (see the module); 1 always uses the clipper.

    Returns:
        Pieces, largest first: usually one, several when a narrow part disappears, none when the polygon vanishes.
    """
    return inset(poly, offset_distance(area(poly), perimeter(poly), ratio), scale=scale)


def inset(poly: Polygon, distance: float, *, scale: int = SCALE) -> list[Polygon]:
    """Shrink a polygon by ``distance`` pixels (>= 0); otherwise as :func:`shrink`."""
    if len(poly) == 4 and scale != 1:
        moved = _inset_quad(poly, distance)
        if moved is not None:
            return [moved]
    return offset(poly, -distance, scale=scale)


def expand(
    poly: Polygon, distance: float, *, scale: int = SCALE, arc_tolerance: float = ARC_TOLERANCE
) -> list[Polygon]:
    """Expand a polygon by ``distance`` pixels (>= 0), with round corners approximated to ``arc_tolerance`` pixels.

    Returns:
        The outer polygon first; then the holes, where the expansion closes a gap, in the opposite direction.
    """
    if distance < 0:
        raise ValueError(f"expand: distance must not be negative, got {distance}")
    return offset(poly, distance, scale=scale, arc_tolerance=arc_tolerance)


def offset(
    poly: Polygon, distance: float, *, scale: int = SCALE, arc_tolerance: float = ARC_TOLERANCE
) -> list[Polygon]:
    """Expand (positive ``distance``, round corners) or shrink (negative) a polygon.

    Args:
        poly: (K, 2) pixels.
        distance: pixels.
        scale: clipper units per pixel (see the module).
        arc_tolerance: largest distance between a round corner and its approximation, in pixels.

    Returns:
        (K, 2) float32 polygons, largest first. Outer ones run clockwise on the screen, holes counter-clockwise. Empty
        when nothing is left or the polygon has fewer than three different points.
    """
    points = np.asarray(poly).reshape(-1, 2)
    if len(points) < 3:
        return []
    if points.dtype.kind == "f":
        if not np.isfinite(points).all():
            return []
        points = np.trunc(points) if scale == 1 else np.rint(points.astype(np.float64, copy=False) * scale)
        units = points.astype(np.int64)
    else:
        units = points.astype(np.int64) * scale
    clipper = pyclipper.PyclipperOffset(2.0, arc_tolerance * scale)
    try:
        clipper.AddPath(units.tolist(), pyclipper.JT_ROUND, pyclipper.ET_CLOSEDPOLYGON)
    except pyclipper.ClipperException:  # raised for fewer than three different points
        return []
    pieces = clipper.Execute(distance * scale)
    if len(pieces) > 1:
        pieces.sort(key=pyclipper.Area, reverse=True)
    # from a flat list: NumPy is twice as slow with a nested list
    flat = [np.fromiter(chain.from_iterable(piece), np.float32, 2 * len(piece)) for piece in pieces]
    return [numbers.reshape(-1, 2) / np.float32(scale) for numbers in flat]


def _inset_quad(quad: Polygon, distance: float) -> Polygon | None:
    """Shrink a convex quadrilateral: shift its sides inwards and intersect neighbouring ones.

    Python numbers are several times faster here than arrays of four.

    Returns:
        (4, 2) float32, clockwise on the screen; None where it is not convex or a side would vanish.
    """
    points = np.asarray(quad, dtype=np.float64).tolist()
    following = points[1:] + points[:1]
    sides = [(bx - ax, by - ay) for (ax, ay), (bx, by) in zip(points, following)]
    turns = [ax * by - ay * bx for (ax, ay), (bx, by) in zip(sides, sides[1:] + sides[:1])]
    if max(turns) < 0:
        return _inset_quad(np.asarray(quad)[::-1], distance)
    longest = max(dx * dx + dy * dy for dx, dy in sides)
    if not min(turns) > 1e-6 * longest:  # not convex, nearly straight, or NaN
        return None
    shift = [distance / math.hypot(dx, dy) for dx, dy in sides]
    # each side as a point on it, moved along its inner normal (-dy, dx), and its direction
    starts = [(x - dy * s, y + dx * s) for (x, y), (dx, dy), s in zip(points, sides, shift)]
    corners = []
    for i, turn in enumerate(turns):
        (ax, ay), (bx, by) = starts[i], starts[(i + 1) % 4]
        (dx, dy), (ex, ey) = sides[i], sides[(i + 1) % 4]
        along = ((bx - ax) * ey - (by - ay) * ex) / turn
        corners.append((ax + along * dx, ay + along * dy))
    for i, (dx, dy) in enumerate(sides):
        (ax, ay), (bx, by) = corners[i - 1], corners[i]
        if (bx - ax) * dx + (by - ay) * dy <= 0:
            return None
    return np.array(corners, dtype=np.float32)


def expand_rectangle(quad: np.ndarray, distance: float | np.ndarray) -> np.ndarray:
    """Expand a rectangle of any rotation by ``distance`` pixels on each side, in closed form.

    The result is exactly the smallest rectangle around the round-cornered expansion of the rectangle, so neither a
    clipper nor a second rectangle fit is needed. A rectangle without width or height also expands at right angles to
    its only side; a point expands along the axes.

    Args:
        quad: (4, 2) or (N, 4, 2) corners in order around the rectangle.
        distance: one number, or (N,).

    Returns:
        Same shape and corner order as ``quad``, float32.
    """
    corners = np.asarray(quad, dtype=np.float64)
    centre = corners.mean(axis=-2, keepdims=True)
    along = (corners[..., 1, :] - corners[..., 0, :] + corners[..., 2, :] - corners[..., 3, :]) / 2
    across = (corners[..., 3, :] - corners[..., 0, :] + corners[..., 2, :] - corners[..., 1, :]) / 2
    wide, high = np.hypot(along[..., 0], along[..., 1]), np.hypot(across[..., 0], across[..., 1])
    turn = np.where(along[..., 0] * across[..., 1] < along[..., 1] * across[..., 0], -1.0, 1.0)
    # the direction is that of the longer side, as a side of length 0 has none; u is along it, v across
    ux = np.where(wide >= high, along[..., 0], turn * across[..., 1])
    uy = np.where(wide >= high, along[..., 1], -turn * across[..., 0])
    length = np.maximum(wide, high)
    ux, uy = np.where(length > 0, ux, 1.0), np.where(length > 0, uy, 0.0)
    length = np.where(length > 0, length, 1.0)
    u = np.stack([ux, uy], axis=-1) / length[..., None]
    v = np.stack([-uy * turn, ux * turn], axis=-1) / length[..., None]
    u *= (wide / 2 + distance)[..., None]
    v *= (high / 2 + distance)[..., None]
    return (centre + np.stack([-u - v, u - v, u + v, v - u], axis=-2)).astype(np.float32)
