"""JSON lines: ``{"image": name, "polygons": [[[x, y], ...], ...], "ignore": [false, ...]}``, one image per line.

Results have no ``ignore`` and may have ``scores``: a number for each polygon, higher means more confident.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from mindocr.errors import DataError
from mindocr.formats.benchmarks.detections import Detected
from mindocr.formats.datasets.common import Text
from mindocr.formats.datasets.reading import expect, get, json_number, nested_points, parse_json
from mindocr.formats.label_file import is_json_number, shorten
from mindocr.geometry import rotated_corners


def parse_json_line(
    line: str, where: str, role: str, rotated_boxes: bool
) -> tuple[str, str, list[Text] | list[Detected]]:
    """The image's name, ``where``, and its texts.

    ``ignore`` is required in ground truth (``role`` is ``gt``) and not read in results. ``scores`` is optional in
    results and not read in ground truth. ``rects`` is read instead of ``polygons`` when rotated boxes are requested and
    the line has it. Other keys are not read.

    Raises:
        DataError: not JSON, a key is missing or has the wrong type, lists differ in length, a score is not finite.
    """
    item = parse_json(line, where)
    image = get(item, "image", str, where)
    if rotated_boxes and "rects" in item:
        boxes = [_box(box, f"{where}: 'rects'") for box in get(item, "rects", list, where)]
        polygons = rotated_corners(np.array(boxes).reshape(-1, 5)).tolist()
    else:
        polygons = [nested_points(poly, f"{where}: 'polygons'") for poly in get(item, "polygons", list, where)]
    if role != "gt":
        scores = _scores(item, len(polygons), where) if "scores" in item else [None] * len(polygons)
        return image, where, [Detected(polygon, score) for polygon, score in zip(polygons, scores)]
    flags = get(item, "ignore", list, where)
    if len(flags) != len(polygons):
        raise DataError(f"{where}: {len(polygons)} polygons but {len(flags)} flags in 'ignore'")
    return image, where, [Text(p, "", expect(f, bool, f"{where}: 'ignore'")) for p, f in zip(polygons, flags)]


def _scores(item: dict[str, Any], count: int, where: str) -> list[float]:
    scores = get(item, "scores", list, where)
    if len(scores) != count:
        raise DataError(f"{where}: {count} polygons but {len(scores)} numbers in 'scores'; write one for each polygon")
    for score in scores:
        if not is_json_number(score):
            raise DataError(f"{where}: 'scores': a score must be a finite number, got {shorten(score)}")
    return scores


def _box(values: Any, where: str) -> list[float]:
    numbers = [float(json_number(value, where)) for value in expect(values, list, where)]
    if len(numbers) != 5:
        raise DataError(f"{where}: expected [x, y, w, h, theta], got {values}")
    return numbers
