"""Chinese Text in the Wild: one JSON object per line (``train.jsonl``), sentences as characters with their corners."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mindocr.errors import DataError
from mindocr.formats.datasets.common import Entry, Job, Points, Text, hull
from mindocr.formats.datasets.images import place_of
from mindocr.formats.datasets.reading import expect, get, nested_points, parse_json, read_text_lines


def read(job: Job) -> Iterator[Entry]:
    """Images in the order of the file; a sentence becomes the convex hull of its characters' corners.

    Raises:
        DataError: no file, a malformed line, or no annotations in the file (``test_cls.jsonl``).
    """
    if job.label_dir.is_dir():
        raise DataError(f"{job.label_dir}: set --label_dir to the file (train.jsonl or val.jsonl)")
    for number, line in read_text_lines(job.label_dir):
        where = f"{job.label_dir}:{number}"
        item = expect(parse_json(line, where), dict, where)
        if "annotations" not in item:
            raise DataError(f"{where}: no 'annotations'; use train.jsonl or val.jsonl, the test files have none")
        texts = [_sentence(characters, where) for characters in get(item, "annotations", list, where)]
        texts += [Text(_corners(area, where), "###", True) for area in get(item, "ignore", list, where)]
        size = (get(item, "width", int, where), get(item, "height", int, where)) if "width" in item else None
        yield Entry(place_of(job.image_dir, get(item, "file_name", str, where), where), texts, size, where)


def _sentence(characters: Any, where: str) -> Text:
    items = expect(characters, list, f"{where}: sentence")
    points = [point for item in items for point in _corners(item, where)]
    return Text(hull(points), "".join(get(item, "text", str, where) for item in items))


def _corners(item: Any, where: str) -> Points:
    points = nested_points(get(item, "polygon", list, where), f"{where}: 'polygon'")
    return [[float(x), float(y)] for x, y in points]
