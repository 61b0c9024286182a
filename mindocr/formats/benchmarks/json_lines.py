"""JSON lines: ``{"image": name, "polygons": [[[x, y], ...], ...], "ignore": [false, ...]}``, one image per line.

Results have no ``ignore`` and may have ``scores``: a number for each polygon, higher means more confident. Both may
have ``texts``, a text for each polygon. The results of ``mindocr read`` are read too: ``{"image", "lines":
[{"transcription", "points", "score"}, ...]}``; where the lines have ``words``, these are taken.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from mindocr.errors import DataError
from mindocr.formats.benchmarks.detections import NO_TEXTS, Detected
from mindocr.formats.datasets.common import Text
from mindocr.formats.datasets.reading import expect, get, json_number, nested_points, parse_json
from mindocr.formats.label_file import is_json_number, shorten
from mindocr.geometry import rotated_corners


def parse_json_line(
    line: str, where: str, role: str, rotated_boxes: bool, with_texts: bool = False
) -> tuple[str, str, list[Text] | list[Detected]]:
    """The image's name, ``where``, and its texts.

    ``ignore`` is required in ground truth (``role`` is ``gt``) and not read in results. ``scores`` is optional in
    results and not read in ground truth. ``rects`` is read instead of ``polygons`` when rotated boxes are requested and
    the line has it. ``texts`` is required if ``with_texts``, and not read otherwise. Other keys are not read.

    Raises:
        DataError: not JSON, a key is missing or has the wrong type, lists differ in length, a score is not finite.
    """
    item = parse_json(line, where)
    image = get(item, "image", str, where)
    if role != "gt" and "lines" in item and "polygons" not in item:
        lines = [expect(line, dict, f"{where}: 'lines'") for line in get(item, "lines", list, where)]
        parts = [part for line in lines for part in (get(line, "words", list, where) if "words" in line else [line])]
        return image, where, [_part(part, f"{where}: 'lines'") for part in parts]
    if rotated_boxes and "rects" in item:
        boxes = [_box(box, f"{where}: 'rects'") for box in get(item, "rects", list, where)]
        polygons = rotated_corners(np.array(boxes).reshape(-1, 5)).tolist()
    else:
        polygons = [nested_points(poly, f"{where}: 'polygons'") for poly in get(item, "polygons", list, where)]
    if role != "gt":
        scores = _scores(item, len(polygons), where) if "scores" in item else [None] * len(polygons)
        texts = _texts(item, len(polygons), where) if with_texts else [None] * len(polygons)
        return image, where, list(map(Detected, polygons, scores, texts))
    flags = get(item, "ignore", list, where)
    if len(flags) != len(polygons):
        raise DataError(f"{where}: {len(polygons)} polygons but {len(flags)} flags in 'ignore'")
    flags = [expect(flag, bool, f"{where}: 'ignore'") for flag in flags]
    texts = _texts(item, len(polygons), where) if with_texts else [""] * len(polygons)
    return image, where, list(map(Text, polygons, texts, flags))


def _part(item: Any, where: str) -> Detected:
    """A line or a word as ``mindocr read`` writes it."""
    points = nested_points(get(item, "points", list, where), f"{where}: 'points'")
    score = json_number(item["score"], f"{where}: 'score'") if "score" in item else None
    return Detected(points, score, get(item, "transcription", str, where))


def _texts(item: dict[str, Any], count: int, where: str) -> list[str]:
    if "texts" not in item:
        raise DataError(f"{where}: no 'texts', a text for each of 'polygons'. {NO_TEXTS}")
    texts = get(item, "texts", list, where)
    if len(texts) != count:
        raise DataError(f"{where}: {count} polygons but {len(texts)} entries in 'texts'; write one for each polygon")
    return [expect(text, str, f"{where}: 'texts'") for text in texts]


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
