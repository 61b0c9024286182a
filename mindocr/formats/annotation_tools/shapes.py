"""Shapes of annotation tools as polygons in pixels, and what marks a text as ignored."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from mindocr.formats.datasets.common import Number, Points

_ELLIPSE_POINTS = 24
_IGNORE_WORDS = frozenset((
    "ignore", "ignored", "difficult", "illegible", "unreadable", "dontcare", "dont_care", "do_not_care", "###"
))  # fmt: skip


def turned_box(x: Number, y: Number, w: Number, h: Number, degrees: Number, about: tuple[float, float]) -> Points:
    """Corners of a box, turned clockwise on the screen.

    Args:
        x: left side before the turn, in pixels.
        y: upper side before the turn.
        w: width.
        h: height.
        degrees: any angle, also negative or above 360.
        about: the point that stays, as fractions of w and h: (0, 0) is the top left corner, (0.5, 0.5) the centre.
    """
    cos, sin = math.cos(math.radians(degrees % 360)), math.sin(math.radians(degrees % 360))
    left, top = about[0] * w, about[1] * h
    offsets = [(dx - left, dy - top) for dx, dy in ((0, 0), (w, 0), (w, h), (0, h))]
    return [[neat(x + left + cos * dx - sin * dy), neat(y + top + sin * dx + cos * dy)] for dx, dy in offsets]


def ellipse(x: Number, y: Number, rx: Number, ry: Number, degrees: Number = 0) -> Points:
    """A polygon of 24 points on an ellipse around (x, y) with radii rx and ry, turned clockwise on the screen."""
    cos, sin = math.cos(math.radians(degrees % 360)), math.sin(math.radians(degrees % 360))
    points: Points = []
    for i in range(_ELLIPSE_POINTS):
        angle = 2 * math.pi * i / _ELLIPSE_POINTS
        dx, dy = rx * math.cos(angle), ry * math.sin(angle)
        points.append([neat(x + cos * dx - sin * dy), neat(y + sin * dx + cos * dy)])
    return points


def neat(value: float) -> Number:
    """The number without rounding errors, such as those of a conversion to percent and back."""
    short = round(value, 6)
    value = short if abs(short - value) < 1e-9 else value
    return int(value) if float(value).is_integer() else value


def opened_ring(points: Points, notes: Counter[str]) -> Points:
    """The polygon without a last point that repeats the first; counted."""
    if len(points) > 3 and points[0] == points[-1]:
        notes["closed polygons, whose last point repeats the first, shortened by it"] += 1
        return points[:-1]
    return points


def means_ignored(words: Iterable[Any]) -> bool:
    """Whether one of these labels or names of a category means that the text is ignored, such as ``Ignore``."""
    return any(isinstance(word, str) and word.strip().lower().replace(" ", "_") in _IGNORE_WORDS for word in words)


def is_flagged(flags: Mapping[Any, Any]) -> bool:
    """Whether flags or attributes mark the text as ignored, such as ``{"difficult": true}``."""
    return means_ignored(key for key, value in flags.items() if value in (True, "true", "True", "1", "yes"))
