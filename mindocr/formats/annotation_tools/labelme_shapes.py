"""Shapes of labelme and of X-AnyLabeling as polygons."""

from __future__ import annotations

import base64
import math
from typing import Any

from mindocr.errors import DataError
from mindocr.formats.annotation_tools.masks import MAX_PIXELS, outline
from mindocr.formats.annotation_tools.shapes import ellipse, opened_ring
from mindocr.formats.datasets.common import Job, Points, rectangle
from mindocr.formats.datasets.reading import get, nested_points
from mindocr.formats.label_file import shorten
from mindocr.images.alpha import BLACK
from mindocr.images.headers import stated_size
from mindocr.images.read import decode, decoding_flags

_AREAS = ("polygon", "rectangle", "rotation", "quadrilateral", "oriented_rectangle")
_NO_AREAS = ("line", "linestrip", "point", "points")


def polygon_of(shape: dict[str, Any], where: str, job: Job) -> Points:
    """The polygon of a shape, in pixels.

    Two points of a rectangle are opposite corners; the points of a circle are its centre and a point on it, and it
    becomes a polygon of 24 points. A mask becomes its outline (counted).

    Raises:
        ValueError: the shape has no area, or its kind is not known; the message says so.
        DataError: a value is malformed.
    """
    kind = shape.get("shape_type") or "polygon"
    if not isinstance(kind, str):
        raise DataError(f"{where}: 'shape_type': expected a string, got {shorten(kind, 60)}")
    points = opened_ring(nested_points(get(shape, "points", list, where), where), job.report.notes)
    if kind == "mask" and points:
        return _mask(shape, points, where, job)
    if kind == "rectangle" and len(points) == 2:
        (xa, ya), (xb, yb) = points
        points = rectangle(min(xa, xb), min(ya, yb), max(xa, xb), max(ya, yb))
    if kind == "circle" and len(points) == 2:
        (x, y), (px, py) = points
        if math.dist((x, y), (px, py)) == 0:
            raise ValueError("a circle with a radius of 0, which has no area")
        return ellipse(x, y, math.dist((x, y), (px, py)), math.dist((x, y), (px, py)))
    if kind in _NO_AREAS:
        raise ValueError(f"a {kind} of {_count(points)} has no area")
    if kind not in _AREAS:
        raise ValueError(f"a shape of type {shorten(kind, 40)} with {_count(points)} is not known")
    if len(points) < 3:
        raise ValueError(f"a {kind} of {_count(points)} has no area")
    return points


def _count(points: Points) -> str:
    return "1 point" if len(points) == 1 else f"{len(points)} points"


def _mask(shape: dict[str, Any], points: Points, where: str, job: Job) -> Points:
    """A mask is a PNG in base64, whose top left corner is at the first point."""
    try:
        content = base64.b64decode(get(shape, "mask", str, where), validate=True)
        size = stated_size(content)
        if size is None or not 0 < size[0] * size[1] <= MAX_PIXELS:
            raise ValueError("a mask that is no image")
        # Transparent parts are outside the mask, so they must become black, not white as in images
        found, parts = outline(decode(where, content, decoding_flags(True, True), BLACK).any(axis=2))
    except ValueError as error:  # DataError too: another shape of the file may be sound
        raise ValueError(f"a mask that cannot be decoded ({error})") from None
    if not found:
        raise ValueError("an empty mask")
    job.report.notes["masks replaced by their outline"] += 1
    if parts > 1:
        job.report.notes["masks of several parts, of which the largest was used"] += 1
    left, top = points[0]
    return [[x + left, y + top] for x, y in found]
