"""COCO polygons: one JSON file with ``images``, ``annotations`` and ``categories``."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from mindocr.errors import DataError
from mindocr.formats.annotation_tools.common import Labelled, Options, text_of, write_json
from mindocr.formats.datasets.common import UNREAD, Entry, Job, Points, Report, Text, rectangle
from mindocr.formats.datasets.images import place_of
from mindocr.formats.datasets.reading import expect, flat_points, get, json_box, read_json
from mindocr.geometry.polygon import area, bounding_box

_TEXT_KEYS = ("text", "utf8_string", "transcription")


def read(job: Job, options: Options) -> Iterator[Entry]:
    """Images in the order of the file.

    ``iscrowd`` = ignore. A text without a transcription is not ignored and gets the transcription ``text``. If an
    annotation has several polygons, the largest is used (counted); a run-length mask becomes its box, ignored
    (counted).

    Raises:
        DataError: the file is malformed.
    """
    file = job.label_dir
    content = read_json(file)
    grouped: dict[Any, list[Text]] = defaultdict(list)
    for number, annotation in enumerate(get(content, "annotations", list, str(file)), start=1):
        where = f"{file}: annotation {number}"
        grouped[get(annotation, "image_id", int, where)].append(_text(annotation, where, job))
    known = set()
    for number, image in enumerate(get(content, "images", list, str(file)), start=1):
        where = f"{file}: image {number}"
        key = get(image, "id", int, where)
        known.add(key)
        stated = (image.get("width"), image.get("height"))
        size = stated if all(isinstance(side, int) for side in stated) else None
        yield Entry(place_of(job.image_dir, get(image, "file_name", str, where), where), grouped[key], size)
    strays = sorted(grouped.keys() - known)
    if strays:
        raise DataError(f"{file}: annotations for image {strays[0]}, which is not listed ({len(strays)} such images)")


def _text(annotation: dict[str, Any], where: str, job: Job) -> Text:
    outline = annotation.get("segmentation")
    ignored = bool(annotation.get("iscrowd", 0))
    if isinstance(outline, dict):
        job.report.notes["run-length masks replaced by their box and ignored"] += 1
        return text_of(_transcription(annotation, where), True, _box(annotation, where))
    parts = [flat_points(part, where) for part in expect(outline or [], list, where)]
    if len(parts) > 1:
        job.report.notes["texts with several polygons, of which the largest was used"] += 1
    points = max(parts, key=lambda part: area(np.array(part))) if parts else _box(annotation, where)
    return text_of(_transcription(annotation, where), ignored, points)


def _transcription(annotation: dict[str, Any], where: str) -> str:
    attributes = expect(annotation.get("attributes") or {}, dict, f"{where}: attributes")
    found = [annotation[key] for key in _TEXT_KEYS if annotation.get(key) is not None]
    found += [attributes["text"]] if attributes.get("text") is not None else []
    return expect(found[0], str, f"{where}: text") if found else UNREAD


def _box(annotation: dict[str, Any], where: str) -> Points:
    x, y, w, h = json_box(annotation, where)
    return rectangle(x, y, x + w, y + h)


def write(labelled: list[Labelled], target: Path, options: Options, report: Report) -> None:
    """Write the file: ids from 1, one category ``text``, ``iscrowd`` 1 = ignored, transcription as ``text``."""
    images: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    for number, image in enumerate(labelled, start=1):
        w, h = image.size
        images.append({"id": number, "file_name": image.path, "width": w, "height": h})
        for item in image.items:
            polygon = np.array(item.points, dtype=np.float64)
            xmin, ymin, xmax, ymax = bounding_box(polygon)
            annotations.append({
                "id": len(annotations) + 1, "image_id": number, "category_id": 1, "iscrowd": int(item.ignored),
                "bbox": [xmin, ymin, xmax - xmin, ymax - ymin], "area": area(polygon),
                "segmentation": [[value for point in item.points for value in point]], "text": item.transcription,
            })  # fmt: skip
    write_json(target, {"images": images, "annotations": annotations, "categories": [{"id": 1, "name": "text"}]})
