"""The shape of a COCO annotation: polygons, a mask, or a box, which may be turned."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from mindocr.errors import DataError
from mindocr.formats.annotation_tools.masks import decode_coco, outline
from mindocr.formats.annotation_tools.shapes import opened_ring, turned_box
from mindocr.formats.datasets.common import Job, Number, Points, rectangle
from mindocr.formats.datasets.reading import expect, flat_points, is_number, json_number, nested_points
from mindocr.formats.label_file import is_json_number, shorten
from mindocr.geometry.polygon import area

_SAME = 0.5  # pixels by which an outline may differ from its box and still be the box
_UNDEFINED = ("angle", "theta")  # exporters disagree on their unit and direction


class Shape(NamedTuple):
    """A polygon, and whether it is too inexact to train on."""

    points: Points
    ignored: bool = False


def polygon_of(annotation: dict[str, Any], attributes: dict[str, Any], where: str, job: Job) -> Shape | None:
    """The polygon of an annotation; None, with a warning, when it has none.

    A box is turned about its centre by the attribute ``rotation``: degrees, clockwise on the screen, as CVAT writes
    them. So is a polygon that is exactly the upright box.

    Raises:
        DataError: a number or a list is malformed.
    """
    outlines = annotation.get("segmentation")
    if isinstance(outlines, dict):
        return _from_mask(outlines, annotation, attributes, where, job)
    parts = [opened_ring(part, job.report.notes) for part in _polygons(outlines, where)]
    usable = [part for part in parts if len(part) >= 3]
    if len(usable) > 1:
        job.report.notes["texts with several polygons, of which the largest was used"] += 1
    if not usable:
        return _from_box(annotation, attributes, where, job)
    points = max(usable, key=lambda part: area(np.array(part)))
    turn = _rotation(annotation, attributes, where)
    if turn % 360 and _is_upright_box(points):
        (xmin, ymin), (xmax, ymax) = (f(np.array(points), axis=0).tolist() for f in (np.min, np.max))
        return Shape(turned_box(xmin, ymin, xmax - xmin, ymax - ymin, turn, (0.5, 0.5)))
    return Shape(points)


def _polygons(outlines: Any, where: str) -> list[Points]:
    """Lists [x1, y1, ...]; also one such list alone, and a list of points."""
    listed = expect([] if outlines is None else outlines, list, f"{where}: segmentation")
    if listed and all(is_json_number(value) for value in listed):
        return [flat_points(listed, where)]
    if len(listed) >= 3 and all(isinstance(point, list) and len(point) == 2 for point in listed):
        return [nested_points(listed, where)]
    if listed and all(isinstance(part, list) and part and isinstance(part[0], list) for part in listed):
        return [nested_points(part, where) for part in listed]
    return [flat_points(part, where) for part in listed]


def _from_mask(
    mask: dict[str, Any], annotation: dict[str, Any], attributes: dict[str, Any], where: str, job: Job
) -> Shape | None:
    notes = job.report.notes
    try:
        points, parts = outline(decode_coco(mask))
    except ValueError as error:
        shape = _from_box(annotation, attributes, where, job)
        if shape is not None:
            job.warn(f"{where}: a mask that cannot be decoded: {error}; its box is used, ignored")
            notes["masks replaced by their box and ignored"] += 1
        return shape._replace(ignored=True) if shape else None
    if not points:
        return _from_box(annotation, attributes, where, job)
    notes["masks replaced by their outline"] += 1
    if parts > 1:
        notes["masks of several parts, of which the largest was used"] += 1
    return Shape(points)


def _from_box(annotation: dict[str, Any], attributes: dict[str, Any], where: str, job: Job) -> Shape | None:
    if annotation.get("bbox") in (None, []):
        if "bbox" not in annotation and "segmentation" not in annotation:
            raise DataError(f"{where}: no 'segmentation' and no 'bbox' among its keys ({', '.join(annotation)[:80]})")
        job.warn(f"{where}: no polygon and no box; left out")
        return None
    box = [json_number(value, where) for value in expect(annotation["bbox"], list, f"{where}: 'bbox'")]
    if len(box) == 5:
        job.warn(
            f"{where}: bbox has five numbers, a turned box, but exporters disagree on the unit and the direction of "
            "the angle; left out; export polygons (segmentation)"
        )
        return None
    if len(box) != 4:
        raise DataError(f"{where}: expected bbox [x, y, w, h], got {shorten(box)}")
    x, y, w, h = box
    if w <= 0 or h <= 0:
        job.warn(f"{where}: a box of {w} x {h} pixels is empty; left out")
        return None
    turn = _rotation(annotation, attributes, where)
    if turn % 360:
        return Shape(turned_box(x, y, w, h, turn, (0.5, 0.5)))
    if any(items.get(key) for items in (annotation, attributes) for key in _UNDEFINED):
        job.warn(
            f"{where}: a box with an angle, but exporters disagree on its unit and direction; the upright box is used; "
            "export polygons (segmentation), or 'rotation' in degrees, clockwise"
        )
    return Shape(rectangle(x, y, x + w, y + h))


def _rotation(annotation: dict[str, Any], attributes: dict[str, Any], where: str) -> Number:
    value = next((items["rotation"] for items in (attributes, annotation) if items.get("rotation")), 0)
    if isinstance(value, str) and is_number(value):
        value = float(value)
    if not is_json_number(value):
        raise DataError(f"{where}: 'rotation': expected degrees, got {shorten(value, 60)}")
    return value  # type: ignore[no-any-return]


def _is_upright_box(points: Points) -> bool:
    if len(points) != 4:
        return False
    array = np.array(points, dtype=np.float64)
    corners = np.array(rectangle(*array.min(axis=0), *array.max(axis=0)))
    distances = np.abs(array[:, None] - corners[None]).max(axis=2)
    return bool((distances.min(axis=0) <= _SAME).all() and (distances.min(axis=1) <= _SAME).all())
