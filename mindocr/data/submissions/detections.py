"""Text files of results, one an image, as the benchmarks' own scripts want them; an empty file = nothing found.

Behind its coordinates a line may hold a confidence and a text, which no protocol here reads.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from mindocr.data.converters.common import Number, Text, rectangle
from mindocr.data.converters.reading import is_number, pair, parse_number, points_of_fields, read_text_lines
from mindocr.data.submissions.rotated import turned
from mindocr.errors import DataError


def read_quads(file: Path) -> list[Text]:
    """ICDAR 2015: ``x1,y1,x2,y2,x3,y3,x4,y4[,confidence][,text]``."""
    return _lines(file, lambda line, where: Text(pair(_numbers(line, 8, "x1,y1,...,x4,y4", where)), ""))


def read_boxes(file: Path) -> list[Text]:
    """ICDAR 2013: ``xmin,ymin,xmax,ymax[,confidence][,text]``."""
    return _lines(file, _box)


def read_rotated(file: Path) -> list[Text]:
    """MSRA-TD500: ``xmin,ymin,xmax,ymax,theta[,confidence]``, radians."""
    return _lines(file, _rotated)


def read_points(file: Path) -> list[Text]:
    """SCUT-CTW1500: ``x1,y1,...,xn,yn``, three points or more."""
    return _lines(file, lambda line, where: Text(_points(line, "x1,y1,...,xn,yn", where), ""))


def read_points_y_first(file: Path) -> list[Text]:
    """Total-Text: ``y1,x1,...,yn,xn``, three points or more."""
    return _lines(file, lambda line, where: Text([[x, y] for y, x in _points(line, "y1,x1,...,yn,xn", where)], ""))


def _lines(file: Path, parse: Callable[[str, str], Text]) -> list[Text]:
    return [parse(line, f"{file}:{number}") for number, line in read_text_lines(file)]


def _box(line: str, where: str) -> Text:
    xmin, ymin, xmax, ymax = _numbers(line, 4, "xmin,ymin,xmax,ymax", where)
    if xmax < xmin or ymax < ymin or xmax < 0 or ymax < 0:
        raise DataError(f"{where}: a box needs xmin <= xmax, ymin <= ymax and xmax, ymax >= 0, got {line[:80]!r}")
    return Text(rectangle(xmin, ymin, xmax, ymax), "")


def _rotated(line: str, where: str) -> Text:
    xmin, ymin, xmax, ymax, theta = _numbers(line, 5, "xmin,ymin,xmax,ymax,theta", where)
    return turned(xmin, ymin, xmax, ymax, theta, where)


def _numbers(line: str, count: int, layout: str, where: str) -> list[Number]:
    """The coordinates at the head of a line; a line with more of them belongs to another layout."""
    fields = line.split(",")
    numbers = next((i for i, field in enumerate(fields) if not is_number(field)), len(fields))
    confident = numbers > count and 0 <= float(fields[count]) <= 1
    if numbers < count or numbers > count + 1 + confident:
        raise DataError(f"{where}: expected {layout}, {count} numbers, got {numbers}: {line[:80]!r}")
    return [parse_number(field, where) for field in fields[:count]]


def _points(line: str, layout: str, where: str) -> list[list[Number]]:
    fields = line.split(",")
    if len(fields) < 6 or len(fields) % 2:
        raise DataError(f"{where}: expected {layout}, an even count of 6 numbers or more, got {len(fields)} fields")
    return points_of_fields(fields, where)
