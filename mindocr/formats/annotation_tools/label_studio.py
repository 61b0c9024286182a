"""Label Studio: a list of tasks with regions in percent of the image size, and texts linked to them by an id."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, unquote, urlsplit

from mindocr.errors import DataError
from mindocr.formats.annotation_tools.common import Labelled, Options, text_of, write_json
from mindocr.formats.datasets.common import UNREAD, Entry, Job, Number, Points, Report, Text
from mindocr.formats.datasets.images import place_of
from mindocr.formats.datasets.reading import expect, get, json_number, nested_points, read_json
from mindocr.formats.label_file import shorten

_IGNORE = "Ignore"


def read(job: Job, options: Options) -> Iterator[Entry]:
    """Images in the order of the tasks, with the newest annotation that is not cancelled; others are counted.

    A region without a text is not ignored and gets the transcription ``text``; label ``Ignore`` or text ``###`` =
    ignore.

    Raises:
        DataError: the file is no JSON export of tasks, or it is malformed.
    """
    file = job.label_dir
    for number, task in enumerate(expect(read_json(file), list, str(file)), start=1):
        where = f"{file}: task {number}"
        data = get(task, "data", dict, where)
        name = get(data, "image" if "image" in data else "ocr", str, where)
        done = [a for a in get(task, "annotations", list, where) if not expect(a, dict, where).get("was_cancelled")]
        if not done:
            job.report.notes["tasks without an annotation left out"] += 1
            continue
        newest = max(enumerate(done), key=lambda pair: (str(pair[1].get("updated_at", "")), pair[0]))[1]
        yield Entry(_image(name, job, where), *_texts(get(newest, "result", list, where), where, job))


def _image(url: str, job: Job, where: str) -> Path:
    """Image path from a URL: upload (``/data/upload/3/1a2b3c4d-img.jpg``) or local storage (``?d=folder/img.jpg``)."""
    try:
        parts = urlsplit(url)
    except ValueError as error:
        raise DataError(f"{where}: {shorten(url)} is no URL of an image ({error})") from None
    stored = parse_qs(parts.query).get("d")
    name = stored[0] if stored else unquote(parts.path)
    found = place_of(job.image_dir, name.lstrip("/"), where)
    if found.is_file():
        return found
    return place_of(job.image_dir, re.sub(r"^[0-9a-f]{8}-", "", Path(name).name), where)


def _texts(results: list[Any], where: str, job: Job) -> tuple[list[Text], tuple[int, int] | None]:
    regions: dict[str, Points] = {}
    said: dict[str, str] = {}
    ignored = set()
    size = None
    for number, result in enumerate(results, start=1):
        place = f"{where}: result {number}"
        kind, key = (get(result, name, str, place) for name in ("type", "id"))
        value: dict[str, Any] = get(result, "value", dict, place)
        if kind == "textarea":
            listed = value.get("text", "")
            said[key] = " ".join(expect(t, str, place) for t in (listed if isinstance(listed, list) else [listed]))
        labels = value.get(kind)
        if isinstance(labels, list) and _IGNORE in labels:
            ignored.add(key)
        if "points" not in value and "width" not in value:
            continue
        if result.get("image_rotation", 0):
            raise DataError(f"{place}: the image was rotated in Label Studio (image_rotation); rotate the file instead")
        w, h = (json_number(get(result, f"original_{side}", int, place), place) for side in ("width", "height"))
        size = int(w), int(h)
        if "ellipse" in kind or "brush" in kind:
            job.warn(f"{place}: a region of type {kind} is no polygon; left out")
        elif key not in regions:
            regions[key] = _points(value, size, place)
    return [text_of(said.get(key, UNREAD), key in ignored, points) for key, points in regions.items()], size


def _points(value: dict[str, Any], size: tuple[int, int], where: str) -> Points:
    w, h = size
    if "points" in value:
        return [[_pixels(x, w), _pixels(y, h)] for x, y in nested_points(value["points"], where)]
    keys = ("x", "y", "width", "height", "rotation")
    x, y, wide, high, turn = (json_number(value.get(key, 0), where) for key in keys)
    left, top, wide, high = x * w / 100, y * h / 100, wide * w / 100, high * h / 100
    cos, sin = math.cos(math.radians(turn)), math.sin(math.radians(turn))
    corners = ((0, 0), (wide, 0), (wide, high), (0, high))
    return [[_neat(left + cos * dx - sin * dy), _neat(top + sin * dx + cos * dy)] for dx, dy in corners]


def _pixels(percent: Number, side: int) -> Number:
    return _neat(percent / 100 * side)


def _neat(value: float) -> Number:
    """The number without rounding errors of the conversion to percent and back."""
    short = round(value, 6)
    value = short if abs(short - value) < 1e-9 else value
    return int(value) if value.is_integer() else value


def write(labelled: list[Labelled], target: Path, options: Options, report: Report) -> None:
    """Write tasks for Label Studio's local storage (``?d=<path in the label file>``) with polygons and texts."""
    tasks = []
    for number, image in enumerate(labelled, start=1):
        w, h = image.size
        results: list[dict[str, Any]] = []
        for position, item in enumerate(image.items):
            points = [[x * 100 / w, y * 100 / h] for x, y in item.points]
            shared = {"id": f"region{position}", "to_name": "image", "original_width": w, "original_height": h,
                      "image_rotation": 0}  # fmt: skip
            shape = {"points": points, "closed": True}
            results += [
                {**shared, "type": "polygonlabels", "from_name": "label",
                 "value": {**shape, "polygonlabels": [_IGNORE if item.ignored else "Text"]}},
                {**shared, "type": "textarea", "from_name": "transcription",
                 "value": {**shape, "text": [item.transcription]}},
            ]  # fmt: skip
        annotation = {"id": number, "was_cancelled": False, "result": results}
        url = f"/data/local-files/?d={quote(image.path)}"
        tasks.append({"id": number, "data": {"image": url}, "annotations": [annotation]})
    write_json(target, tasks)
