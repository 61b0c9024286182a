"""Text files of results, one per image, as the benchmarks' scripts expect them; an empty file = no detection.

After the coordinates a line may have a score in [0, 1], which the files call confidence, and a transcription. Readers
of detections do not read the transcription. Those of texts take all that follows the coordinates; whether a confidence
is in front of it can only be seen from all files, see :func:`without_confidences`. No protocol uses scores; the report
draws its precision-recall curve from them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from mindocr.errors import DataError
from mindocr.formats.benchmarks.rotated import exact_corners
from mindocr.formats.datasets.common import Number, Points, rectangle
from mindocr.formats.datasets.reading import (
    is_number,
    pair,
    parse_number,
    points_of_fields,
    read_text_lines,
    unquote,
    with_layout,
)

NO_TEXTS = "Score detections without texts by a protocol of detection, such as icdar2015"


class Detected(NamedTuple):
    """A detection.

    Attributes:
        points: (x, y) in pixels as in the file.
        score: higher means more confident; None if it is not known.
        text: what was read there; None if the file does not say it.
    """

    points: Points
    score: float | None = None
    text: str | None = None


def read_quads(file: Path) -> list[Detected]:
    """ICDAR 2015: ``x1,y1,x2,y2,x3,y3,x4,y4[,confidence][,text]``."""
    return _lines(file, _quad)


def read_boxes(file: Path) -> list[Detected]:
    """ICDAR 2013: ``xmin,ymin,xmax,ymax[,confidence][,text]``."""
    return _lines(file, _box)


def read_quad_texts(file: Path) -> list[Detected]:
    """ICDAR 2015, end to end: ``x1,y1,x2,y2,x3,y3,x4,y4,text``; the text may contain commas."""
    return _lines(file, _quad_text)


def read_box_texts(file: Path) -> list[Detected]:
    """ICDAR 2013, end to end: ``xmin,ymin,xmax,ymax,text``; the text may contain commas."""
    return _lines(file, _box_text)


def without_confidences(texts: Sequence[Detected]) -> list[Detected]:
    """The detections of all files, with the confidence in front of each text as their score, if all texts have one.

    A confidence is a number in [0, 1] with a comma behind it.
    """
    parts = [(text.text or "").partition(",") for text in texts]
    if all(comma and is_number(first) and _confidence(first) is not None for first, comma, _ in parts):
        texts = [Detected(text.points, _confidence(first), rest) for text, (first, _, rest) in zip(texts, parts)]
    return [text._replace(text=transcription_of(text.text or "")) for text in texts]


def transcription_of(field: str) -> str:
    """The last field of a line as ICDAR's scripts read it: without quotes around it, and then without escapes.

    Without quotes it is the text itself, with any blanks around it.
    """
    inner = unquote(field.strip())
    return inner.replace("\\\\", "\\").replace('\\"', '"') if inner != field.strip() else field


def read_rotated(file: Path) -> list[Detected]:
    """MSRA-TD500: ``xmin,ymin,xmax,ymax,theta[,confidence]``, radians."""
    return _lines(file, _rotated)


def read_points(file: Path) -> list[Detected]:
    """SCUT-CTW1500: ``x1,y1,...,xn,yn``, three points or more."""
    return _lines(file, lambda line, where: Detected(_points(line, "x1,y1,...,xn,yn", where)))


def read_points_y_first(file: Path) -> list[Detected]:
    """Total-Text: ``y1,x1,...,yn,xn``, three points or more."""
    return _lines(file, lambda line, where: Detected([[x, y] for y, x in _points(line, "y1,x1,...,yn,xn", where)]))


def _lines(file: Path, parse: Callable[[str, str], Detected]) -> list[Detected]:
    return [parse(line, f"{file}:{number}") for number, line in read_text_lines(file)]


def _quad(line: str, where: str) -> Detected:
    numbers, score = _numbers(line, 8, "x1,y1,...,x4,y4", where)
    return Detected(pair(numbers), score)


def _box(line: str, where: str) -> Detected:
    numbers, score = _numbers(line, 4, "xmin,ymin,xmax,ymax", where)
    return Detected(_upright(numbers, line, where), score)


def _rotated(line: str, where: str) -> Detected:
    (xmin, ymin, xmax, ymax, theta), score = _numbers(line, 5, "xmin,ymin,xmax,ymax,theta", where)
    return Detected(exact_corners(xmin, ymin, xmax - xmin, ymax - ymin, theta, where), score)


def _quad_text(line: str, where: str) -> Detected:
    numbers, text = _with_text(line, 8, "x1,y1,...,x4,y4,text", where)
    return Detected(pair(numbers), text=text)


def _box_text(line: str, where: str) -> Detected:
    numbers, text = _with_text(line, 4, "xmin,ymin,xmax,ymax,text", where)
    return Detected(_upright(numbers, line, where), text=text)


def _with_text(line: str, count: int, layout: str, where: str) -> tuple[list[Number], str]:
    """Coordinates at the start of a line, and all that follows them."""
    fields = line.split(",", count)
    if sum(map(is_number, fields[:count])) == count and len(fields) == count:
        raise DataError(f"{where}: no text after the coordinates; expected {layout}. {NO_TEXTS}")
    if len(fields) <= count or not all(map(is_number, fields[:count])):
        raise DataError(with_layout(f"{where}: expected {layout}, got {line[:80]!r}", line))
    return [parse_number(field, where) for field in fields[:count]], fields[count]


def _upright(numbers: Sequence[Number], line: str, where: str) -> Points:
    xmin, ymin, xmax, ymax = numbers
    if xmax < xmin or ymax < ymin or xmax < 0 or ymax < 0:
        raise DataError(f"{where}: a box needs xmin <= xmax, ymin <= ymax and xmax, ymax >= 0, got {line[:80]!r}")
    return rectangle(xmin, ymin, xmax, ymax)


def _numbers(line: str, count: int, layout: str, where: str) -> tuple[list[Number], float | None]:
    """Coordinates at the start of a line and the score after them; a line with more numbers has another layout."""
    fields = line.split(",")
    numbers = next((i for i, field in enumerate(fields) if not is_number(field)), len(fields))
    score = _confidence(fields[count]) if numbers > count else None
    if numbers < count or numbers > count + 1 + (score is not None):
        raise DataError(with_layout(f"{where}: expected {layout}, {count} numbers, got {numbers}: {line[:80]!r}", line))
    return [parse_number(field, where) for field in fields[:count]], score


def _confidence(number: str) -> float | None:
    """A score in [0, 1], or None for other numbers, which are transcriptions, such as a house number."""
    value = float(number.replace("\ufeff", ""))
    return value if 0 <= value <= 1 else None


def _points(line: str, layout: str, where: str) -> list[list[Number]]:
    fields = line.split(",")
    if len(fields) < 6 or len(fields) % 2:
        message = f"{where}: expected {layout}, an even count of 6 numbers or more, got {len(fields)} fields"
        raise DataError(with_layout(message, line))
    return points_of_fields(fields, where)
