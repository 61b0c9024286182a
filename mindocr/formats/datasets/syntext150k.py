"""SynText150k (curved synthetic text): COCO-like JSON with Bezier curves and texts as lists of character ids."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from mindocr.errors import DataError
from mindocr.formats.datasets.common import Entry, Job, Text, rectangle
from mindocr.formats.datasets.images import place_of
from mindocr.formats.datasets.reading import get, json_box, json_number, read_json
from mindocr.geometry.overlap import polygon_iou
from mindocr.geometry.polygon import bounding_box, is_valid

_UNKNOWN, _PADDING = 95, 96
_SAMPLES = 7  # points along each side
_LEAST_AGREEMENT = 0.5


def read(job: Job) -> Iterator[Entry]:
    """Images in the order of their ids.

    A polygon is seven points along the upper and seven along the lower Bezier curve, rounded to hundredths. If there
    are no curves, or if they do not fit the annotation's box (counted), it is the box truncated to whole pixels, as in
    MindOCR.

    Raises:
        DataError: the file is malformed.
    """
    file = job.label_dir
    content = read_json(file)
    grouped: dict[int, list[tuple[dict[str, Any], str]]] = defaultdict(list)
    for number, annotation in enumerate(get(content, "annotations", list, str(file)), start=1):
        where = f"{file}: annotation {number}"
        grouped[get(annotation, "image_id", int, where)].append((annotation, where))
    names = {get(image, "id", int, str(file)): get(image, "file_name", str, str(file))
             for image in get(content, "images", list, str(file))}  # fmt: skip
    for key in sorted(grouped.keys() | names.keys()):
        image = _image(job, key, names.get(key))
        texts = [_text(annotation, where, job) for annotation, where in grouped[key]]
        yield Entry(image, texts, where=f"{file}: image {key}")


def _image(job: Job, key: int, name: str | None) -> Path:
    """The file: as listed, else the zero-padded id; a conflict between the two is reported."""
    padded = [place for digits in (7, 8) if (place := job.image_dir / f"{key:0{digits}}.jpg").is_file()]
    listed = place_of(job.image_dir, name, f"{job.label_dir}: image {key}") if name else None
    if listed is None or not listed.is_file():
        return padded[0] if padded else listed or job.image_dir / f"{key:07}.jpg"
    if padded and listed not in padded:
        job.warn(f"{job.label_dir}: image {key} is listed as {listed.name} (used), but {padded[0].name} exists too")
    return listed


def _text(annotation: dict[str, Any], where: str, job: Job) -> Text:
    x, y, w, h = json_box(annotation, where)
    points = rectangle(int(x), int(y), int(x + w), int(y + h))
    if "bezier_pts" in annotation:
        outline = _outline([json_number(value, where) for value in get(annotation, "bezier_pts", list, where)], where)
        overlap = polygon_iou(np.array(rectangle(x, y, x + w, y + h)), np.array(rectangle(*bounding_box(outline))))
        if overlap >= _LEAST_AGREEMENT and is_valid(outline):
            points = [[round(float(px), 2), round(float(py), 2)] for px, py in outline]
        else:
            job.report.notes["curves that do not fit their box, replaced by the box"] += 1
    return Text(points, _transcription(get(annotation, "rec", list, where), where))


def _outline(numbers: list[int | float], where: str) -> np.ndarray:
    """(14, 2) points along two cubic Bezier curves, upper side from the left, lower side from the right."""
    if len(numbers) != 16:
        raise DataError(f"{where}: expected bezier_pts of 16 numbers (8 points), got {len(numbers)}")
    t = np.linspace(0, 1, _SAMPLES)[:, None]
    weights = np.hstack([(1 - t) ** 3, 3 * (1 - t) ** 2 * t, 3 * (1 - t) * t**2, t**3])
    controls = np.array(numbers, dtype=np.float64).reshape(2, 4, 2)
    return np.concatenate([weights @ controls[0], weights @ controls[1]])


def _transcription(ids: list[Any], where: str) -> str:
    """0 to 94 are printable ASCII from the space on, 95 is an unknown character, 96 is padding."""
    if not all(isinstance(i, int) and 0 <= i <= _PADDING for i in ids):
        raise DataError(f"{where}: expected character ids from 0 to {_PADDING} in rec, got {ids[:8]}")
    return "".join("口" if i == _UNKNOWN else chr(32 + i) for i in ids if i != _PADDING)
