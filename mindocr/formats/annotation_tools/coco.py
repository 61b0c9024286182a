"""COCO polygons: one JSON file with ``images``, ``annotations`` and ``categories``."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mindocr.errors import DataError
from mindocr.formats.annotation_tools.coco_shapes import polygon_of
from mindocr.formats.annotation_tools.common import Labelled, Options, entries, text_of, write_json
from mindocr.formats.annotation_tools.shapes import is_flagged, means_ignored
from mindocr.formats.datasets.common import UNREAD, Entry, Job, Report, Text
from mindocr.formats.datasets.reading import expect, get, read_json
from mindocr.formats.image_finder import Wanted, possible_names, without_upload_id
from mindocr.formats.label_file import shorten
from mindocr.geometry.polygon import area, bounding_box

_TEXT_KEYS = ("text", "utf8_string", "transcription", "transcript", "ocr", "ocr_text", "word", "content")
_NO_TEXTS = ("occluded", "keyframe", "track_id", "outside", "z_order", "group", "is_crowd", "rotation")


@dataclass(frozen=True)
class _File:
    """What an annotation needs to know of its file: the ids of ignored categories, and the key of the transcription."""

    job: Job
    text_key: str
    ignored: frozenset[str]


def read(job: Job, options: Options) -> Iterator[Entry]:
    """Images in the order of the file.

    ``iscrowd``, a category such as ``ignore`` and an attribute such as ``difficult`` = ignore. A text without a
    transcription is not ignored and gets the transcription ``text``. If an annotation has several polygons, the largest
    is used (counted).

    Raises:
        DataError: the file is malformed.
    """
    file = job.label_dir
    content = read_json(file)
    images = get(content, "images", list, str(file))
    if not images:
        raise DataError(f"{file}: its list 'images' is empty; export the images together with their annotations")
    grouped = _annotations(content, _File(job, options.text_key, _ignored_categories(content)), str(file))
    info = content.get("info")
    uploads = isinstance(info, dict) and info.get("contributor") == "Label Studio"
    seen: dict[str, str] = {}
    found: list[tuple[Wanted, list[Text]]] = []
    for number, image in enumerate(images, start=1):
        where = f"{file}: image {number}"
        name = get(image, "file_name", str, where)
        key = _identifier(image, "id", where)
        if key in seen:
            raise DataError(f"{where}: {shorten(name)} has the id {key}, which {seen[key]} has too; give each its own")
        seen[key] = f"image {number}, {shorten(name)},"
        w, h = image.get("width"), image.get("height")
        size = (w, h) if isinstance(w, int) and isinstance(h, int) and min(w, h) > 0 else None
        names = possible_names(name)
        if uploads:
            names += (without_upload_id(names[0].replace("\\", "/").rpartition("/")[2]),)
        found.append((Wanted(names, where, size, (file.parent,), uploads), grouped.get(key, [])))
    for key in sorted(grouped.keys() - seen.keys()):
        job.warn(f"{file}: {len(grouped[key])} annotations for image {key}, which 'images' does not list; left out")
    empty = sum(key not in grouped for key in seen)
    if empty:
        job.report.notes["images without an annotation, written without texts"] += empty
    return entries(job, found)


def _annotations(content: Any, file: _File, where: str) -> dict[str, list[Text]]:
    """Texts by the id of their image; annotations that are the same but for their id occur once."""
    grouped: dict[str, list[Text]] = defaultdict(list)
    notes = file.job.report.notes
    known: dict[Any, Any] = {}
    for number, annotation in enumerate(get(content, "annotations", list, where), start=1):
        place = f"{where}: annotation {number}"
        key = _identifier(annotation, "image_id", place)
        own = annotation.get("id")
        if isinstance(own, int | str) and known.setdefault(own, annotation) is not annotation:
            if known[own] == annotation:
                notes["annotations that occur twice, left out once"] += 1
                continue
            notes["annotations with the id of another one, both used"] += 1
        texts = grouped[key]
        text = _text(annotation, place, file)
        if text is not None:
            texts.append(text)
    return grouped


def _identifier(item: Any, key: str, where: str) -> str:
    value = get(item, key, object, where)
    if type(value) is float and value.is_integer():
        value = int(value)
    if type(value) not in (int, str):
        raise DataError(f"{where}: '{key}': expected a number or a string, got {shorten(value)}")
    return shorten(value, 200).strip("'")


def _ignored_categories(content: Any) -> frozenset[str]:
    categories = content.get("categories")
    items = [item for item in categories if isinstance(item, dict)] if isinstance(categories, list) else []
    return frozenset(shorten(item.get("id")) for item in items if means_ignored([item.get("name")]))


def _text(annotation: dict[str, Any], where: str, file: _File) -> Text | None:
    attributes = expect(annotation.get("attributes") or {}, dict, f"{where}: attributes")
    transcription = _transcription(annotation, attributes, where, file)
    shape = polygon_of(annotation, attributes, where, file.job)
    if shape is None:
        return None
    ignored = bool(annotation.get("iscrowd")) or shape.ignored or is_flagged(attributes)
    ignored = ignored or shorten(annotation.get("category_id")) in file.ignored
    return text_of(transcription, ignored, shape.points)


def _transcription(annotation: dict[str, Any], attributes: dict[str, Any], where: str, file: _File) -> str:
    lower = {str(key).lower(): value for key, value in attributes.items()}
    if file.text_key:
        found = [items[file.text_key] for items in (annotation, attributes) if items.get(file.text_key) is not None]
    else:
        found = [items[key] for items in (annotation, lower) for key in _TEXT_KEYS if items.get(key) is not None]
    if not found:
        others = [str(key) for key, value in attributes.items() if isinstance(value, str) and key not in _NO_TEXTS]
        if others and not file.text_key:
            names = shorten(", ".join(others)).strip("'")
            file.job.report.notes[f"texts without a transcription (if it is one of {names}, set --text_key)"] += 1
        return UNREAD
    if type(found[0]) in (int, float):  # some exporters write a text of digits as a number
        return shorten(found[0])
    return expect(found[0], str, f"{where}: text")


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
