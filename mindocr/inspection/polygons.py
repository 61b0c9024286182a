"""Inspection of the texts of one image: problems of their polygons, and their sizes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from mindocr.formats.label_file import IGNORED
from mindocr.geometry import (
    Polygon,
    area,
    bounding_box,
    drop_repeated,
    is_simple,
    min_area_quad,
    offset_distance,
    perimeter,
    polygon_iou,
    shrink,
    signed_area,
)
from mindocr.geometry.polygon import even_odd_parts
from mindocr.inspection.kinds import Problem
from mindocr.inspection.settings import Settings

SAME_PLACE = 0.8  # IoU from which two texts are at the same position
_TOLERANCE = 0.01  # pixels; float coordinates of converters have such errors
_FAR_OUTSIDE = 0.05  # share of the image's shorter side; inexact labels are less far outside
_MARKS = {"#", "##", "####", "#####", "**", "***", "＃＃＃", "dont care", "don't care", "do not care"}

Size = tuple[int, int]
Found = tuple[str, str, float]


class Measure(NamedTuple):
    """Size of a text, in pixels of the image as used in training.

    Attributes:
        thickness: short side of the rectangle with the same area and perimeter: the height of its letters.
        length: long side of that rectangle.
        side: short side of its axis-aligned box, which is compared with ``min_text_size``.
        kernel: thickness after shrinking for DBNet's text map.
        corners: number of points.
        counts: False for ignored texts.
    """

    thickness: float
    length: float
    side: float
    kernel: float
    corners: int
    counts: bool


def check_texts(
    line: int, texts: Sequence[dict[str, Any]], size: Size, scales: tuple[float, float], settings: Settings
) -> tuple[list[Problem], list[Measure]]:
    """Problems of the texts of a usable image, and a measure for each text with a simple polygon.

    Args:
        line: index of the label line, for ``Problem.line``.
        texts: texts of the line.
        size: (w, h) of the image as used in training.
        scales: (x, y) scale factors of the resize in the pipeline.
        settings: filters of the recipe.
    """
    polys = [np.array(text["points"], dtype=np.float64) for text in texts]
    problems = []
    measures = []
    on_side = _lie_on_side(polys, size)
    if on_side:
        problems.append(Problem("labels_lie_on_side", line, 0, f"the image is {size[0]} x {size[1]}"))
    for number, (text, poly) in enumerate(zip(texts, polys), start=1):
        ignored = text["transcription"] in IGNORED
        found = [*_transcription_problems(text["transcription"])]
        if not on_side:
            found += _place_problems(poly, size)
        shape = list(_shape_problems(poly))
        if not any(kind in ("zero_area", "self_crossing") for kind, _, _ in shape):
            measures.append(measure(poly, settings.shrink_ratio, not ignored))
            shape += [] if ignored else _size_problems(poly * scales, settings)
        problems += [Problem(kind, line, number, detail, weight) for kind, detail, weight in found + shape]
    return problems + list(_pair_problems(line, texts, polys)), measures


def measure(poly: Polygon, shrink_ratio: float, counts: bool) -> Measure:
    """Size of a text; exact for rectangles; for curved text, length is along the curve."""
    surface, outline = area(poly), perimeter(poly)
    # a rectangle a x b has a + b = perimeter / 2 and a b = area; there is none for shapes rounder than a square
    half = outline / 4
    spread = np.sqrt(max(half * half - surface, 0.0))
    thickness, length = float(half - spread), float(half + spread)
    xmin, ymin, xmax, ymax = bounding_box(poly)
    kernel = thickness - 2 * offset_distance(surface, outline, shrink_ratio)
    return Measure(thickness, length, min(xmax - xmin, ymax - ymin), kernel, len(poly), counts)


def outside_by(poly: Polygon, size: Size) -> float:
    """Distance of the farthest point outside the image in pixels, 0 when all are inside."""
    xmin, ymin, xmax, ymax = bounding_box(poly)
    return max(-xmin, -ymin, xmax - size[0], ymax - size[1], 0.0)


def _lie_on_side(polys: Sequence[Polygon], size: Size) -> bool:
    w, h = size
    if w == h or not any(outside_by(poly, size) > _FAR_OUTSIDE * min(size) for poly in polys):
        return False
    return all(outside_by(poly, (h, w)) <= _TOLERANCE for poly in polys)


def _transcription_problems(transcription: str) -> Iterator[Found]:
    tidy = transcription.strip()
    if not tidy:
        yield "empty_transcription", repr(transcription), 0.0
    elif transcription not in IGNORED and (tidy in IGNORED or tidy.lower() in _MARKS):
        yield "almost_ignored", repr(transcription), 0.0


def _place_problems(poly: Polygon, size: Size) -> Iterator[Found]:
    w, h = size
    xmin, ymin, xmax, ymax = bounding_box(poly)
    beyond = outside_by(poly, size)
    if xmax <= 0 or ymax <= 0 or xmin >= w or ymin >= h:
        yield "text_outside", f"the image is {w} x {h}, its box {xmin:g} {ymin:g} {xmax:g} {ymax:g}", beyond
    elif beyond > _TOLERANCE:
        yield "point_outside", f"by {beyond:.4g} pixels; the image is {w} x {h}", beyond


def _shape_problems(poly: Polygon) -> Iterator[Found]:
    turns = _turns(poly) if len(poly) == 4 else None
    if turns is not None and turns.min() > _TOLERANCE:
        return  # a convex clockwise quadrilateral, the most frequent case
    points = drop_repeated(poly)
    if len(points) < len(poly):
        yield "repeated_point", f"{len(poly)} points, {len(points)} of them different", 0.0
    parts = even_odd_parts(points)
    if not parts:
        yield "zero_area", f"{len(points)} different points without area", 0.0
    elif not is_simple(points):
        yield "self_crossing", f"{len(poly)} points, {len(parts)} regions", sum(part.area for part in parts)
    else:
        way = np.sign(signed_area(points))
        if way < 0:
            yield "counter_clockwise", f"{len(poly)} points", area(points)
        if turns is not None and (way * turns).min() <= _TOLERANCE:
            yield "non_convex", _bent_corner(poly, way * turns), area(points)


def _turns(quad: Polygon) -> np.ndarray:
    """(4,) distance of each corner from the line between its neighbours, pixels; positive = outside (convex)."""
    before, after = quad[[3, 0, 1, 2]], quad[[1, 2, 3, 0]]
    (ax, ay), (bx, by) = (quad - before).T, (after - quad).T
    return (ax * by - ay * bx) / np.maximum(np.hypot(ax + bx, ay + by), 1e-9)


def _bent_corner(quad: Polygon, turns: np.ndarray) -> str:
    same = [i for i in range(4) if np.array_equal(quad[i], quad[i - 1])]
    if same:
        return f"corners {(same[0] - 1) % 4 + 1} and {same[0] + 1} are the same point"
    corner = int(np.argmin(turns))
    return f"corner {corner + 1} " + ("points inwards" if turns[corner] < -_TOLERANCE else "is on a side")


def _size_problems(poly: Polygon, settings: Settings) -> Iterator[Found]:
    """Problems of a text that counts at the training size; ``poly`` is simple, in pixels of the resized image."""
    xmin, ymin, xmax, ymax = bounding_box(poly)
    side = min(xmax - xmin, ymax - ymin)
    if side < settings.min_text_size:
        yield "below_filter", f"{side:.3g} pixels; the filter is {settings.min_text_size:g}", -side
        return
    pieces = shrink(poly, settings.shrink_ratio)
    thickest = max((min_area_quad(piece)[1][0] for piece in pieces), default=0.0)
    if thickest < 1:
        yield "vanishes", f"{thickest:.2g} pixels thick when shrunk by {settings.shrink_ratio:g}", -thickest
    elif len(pieces) > 1:
        yield "falls_apart", f"{len(pieces)} pieces", float(len(pieces))


def _pair_problems(line: int, texts: Sequence[dict[str, Any]], polys: Sequence[Polygon]) -> Iterator[Problem]:
    if len(polys) < 2:
        return
    boxes = np.array([bounding_box(poly) for poly in polys])
    overlap = np.minimum(boxes[:, None, 2:], boxes[None, :, 2:]) - np.maximum(boxes[:, None, :2], boxes[None, :, :2])
    common = overlap.clip(min=0).prod(axis=2)
    sizes = (boxes[:, 2:] - boxes[:, :2]).prod(axis=1)
    # polygons can only overlap where their boxes do; boxes are fast to compare, but large for slanted text
    near = (common > 0) & (common >= 0.5 * np.minimum.outer(sizes, sizes))
    first, second = np.nonzero(np.triu(near, k=1))
    for i, j in zip(first.tolist(), second.tolist()):
        if texts[i] == texts[j]:
            yield Problem("repeated_text", line, j + 1, f"as text {i + 1}: {texts[i]['transcription']!r}")
        elif (overlap := polygon_iou(polys[i], polys[j])) >= SAME_PLACE:
            yield Problem("overlapping_texts", line, j + 1, f"IoU {overlap:.2f} with text {i + 1}", overlap)
