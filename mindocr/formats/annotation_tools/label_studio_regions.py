"""Regions of a Label Studio task: shapes, texts and labels that have the same id."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from mindocr.errors import DataError
from mindocr.formats.annotation_tools.common import text_of
from mindocr.formats.annotation_tools.masks import decode_brush, outline
from mindocr.formats.annotation_tools.shapes import ellipse, means_ignored, neat, opened_ring, turned_box
from mindocr.formats.datasets.common import UNREAD, Job, Number, Points, Text
from mindocr.formats.datasets.reading import expect, get, json_number, nested_points
from mindocr.formats.label_file import shorten

Size = tuple[int, int]  # (w, h)
_TEXT_AREAS = ("transcription", "text", "ocr")  # usual names of the text area, if a region has several
_SHAPE_KEYS = ("points", "x", "width", "radiusX", "rle", "vertices", "imageDataURL")


@dataclass(frozen=True)
class Place:
    """Where the results come from.

    Attributes:
        where: the task, for messages.
        job: the import.
        image_size: returns the (w, h) of the image, for results that do not state it.
        text_area: name of the text area to use; empty = the usual one.
        image_key: key of the image.
    """

    where: str
    job: Job
    image_size: Callable[[], Size]
    text_area: str = ""
    image_key: str = ""


@dataclass
class _Region:
    """What is known of a region: the result that has its shape, its labels, and its texts by their text area."""

    shape: tuple[str, str, dict[str, Any], dict[str, Any]] | None = None  # place, kind, result, value
    labels: list[Any] = field(default_factory=list)
    texts: dict[str, str] = field(default_factory=dict)


def texts_of(results: list[Any], place: Place) -> tuple[list[Text], Size | None]:
    """Texts in the order of their regions, and the (w, h) that the results state, or None.

    Regions without an area, such as key points, are left out with a warning that names their text.

    Raises:
        DataError: a result is malformed, or the image was rotated in the tool.
    """
    regions = _regions(results, place)
    texts = []
    size = None
    for region in regions.values():
        said = _said(region, place)
        if region.shape is None:
            if region.texts:
                place.job.report.notes["texts of whole images, without a region, left out"] += 1
            continue
        where, kind, result, value = region.shape
        size = _stated_size(result, where) or size
        if result.get("image_rotation", 0):
            raise DataError(f"{where}: the image was rotated in Label Studio (image_rotation); rotate the file instead")
        try:
            points = _points(kind, value, _stated_size(result, where) or place.image_size(), where, place.job)
        except ValueError as error:
            if isinstance(error, DataError):
                raise
            text = f", its text is {shorten(said)}" if region.texts else ""
            place.job.warn(f"{where}: a region of type {kind} is left out: {error}{text}")
            continue
        texts.append(text_of(said, means_ignored(region.labels), opened_ring(points, place.job.report.notes)))
    return texts, size


def _regions(results: list[Any], place: Place) -> dict[str, _Region]:
    regions: dict[str, _Region] = defaultdict(_Region)
    images = set()
    for number, result in enumerate(results, start=1):
        where = f"{place.where}: result {number}"
        kind = get(result, "type", str, where)
        if kind == "relation":
            continue
        region = regions[get(result, "id", str, where)]
        value: dict[str, Any] = get(result, "value", dict, where)
        if kind == "textarea":
            listed = value.get("text", "")
            words = [expect(t, str, where) for t in (listed if isinstance(listed, list) else [listed])]
            region.texts[str(result.get("from_name", ""))] = " ".join(words)
        elif isinstance(value.get(kind), list):
            region.labels += value[kind]
        if any(key in value for key in _SHAPE_KEYS) and (region.shape is None or region.shape[1] == "textarea"):
            region.shape = where, kind, result, value
        if region.shape is not None and isinstance(result.get("to_name"), str):
            images.add(result["to_name"])
    if len(images) > 1:
        raise DataError(
            f"{place.where}: its regions are on several images ({', '.join(sorted(images))[:80]}); "
            "export tasks that have one image each"
        )
    return regions


def _said(region: _Region, place: Place) -> str:
    """The transcription: of the chosen text area, the usual one, or the first."""
    if place.text_area:
        return region.texts.get(place.text_area, UNREAD)
    if len(region.texts) > 1:
        names = shorten(", ".join(region.texts)).strip("'")
        place.job.report.notes[f"regions with several texts ({names}), of which one was used; see --text_key"] += 1
    usual = [name for name in _TEXT_AREAS if name in region.texts]
    chosen = usual or list(region.texts)
    return region.texts[chosen[0]] if chosen else UNREAD


def _stated_size(result: dict[str, Any], where: str) -> Size | None:
    sides = [result.get("original_width"), result.get("original_height")]
    if None in sides:
        return None
    w, h = (int(json_number(side, f"{where}: 'original_width' and 'original_height'")) for side in sides)
    return w, h


def _points(kind: str, value: dict[str, Any], size: Size, where: str, job: Job) -> Points:
    """The polygon in pixels; coordinates are in percent of the image's sides.

    Raises:
        ValueError: the region has no area, or its kind is not known; the message says so.
        DataError: a value is malformed.
    """
    w, h = size
    if "points" in value:
        points = nested_points(value["points"], where)
        if len(points) < 3:
            raise ValueError(f"a polygon of {len(points)} points, which has no area")
        return [[_pixels(x, w), _pixels(y, h)] for x, y in points]
    if "rle" in value:
        try:
            points, parts = outline(decode_brush(value["rle"], w, h))
        except ValueError as error:
            raise ValueError(f"a mask that cannot be decoded: {error}") from None
        if not points:
            raise ValueError("an empty mask")
        job.report.notes["brush masks replaced by their outline"] += 1
        if parts > 1:
            job.report.notes["masks of several parts, of which the largest was used"] += 1
        return points

    def numbers(*keys: str) -> list[Number]:
        return [json_number(value.get(key) or 0, f"{where}: '{key}'") for key in keys]

    if "radiusX" in value and "radiusY" in value:
        x, y, rx, ry, turn = numbers("x", "y", "radiusX", "radiusY", "rotation")
        if rx <= 0 or ry <= 0:
            raise ValueError("an ellipse without an area")
        return ellipse(x * w / 100, y * h / 100, rx * w / 100, ry * h / 100, turn)
    if "width" in value and "height" in value:
        x, y, wide, high, turn = numbers("x", "y", "width", "height", "rotation")
        if wide <= 0 or high <= 0:
            raise ValueError("a box without an area")
        return turned_box(x * w / 100, y * h / 100, wide * w / 100, high * h / 100, turn, (0, 0))
    raise ValueError("not a polygon, a box, an ellipse or a brush mask")


def _pixels(percent: Number, side: int) -> Number:
    return neat(percent / 100 * side)
