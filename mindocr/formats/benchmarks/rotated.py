"""Rotated boxes in text files, kept exact: corners are not rounded to pixels."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from mindocr.errors import DataError
from mindocr.formats.datasets.common import UNREAD, Number, Text
from mindocr.formats.datasets.reading import parse_number, read_text_lines, split_quad
from mindocr.geometry import rotated_corners


def read_rotated_truth(file: Path) -> list[Text]:
    """MSRA-TD500's lines ``index difficult x y w h theta``, or ``xmin,ymin,xmax,ymax,theta,text``, or quadrilaterals.

    Raises:
        DataError: a line of another kind.
    """
    return [_truth(line, f"{file}:{number}") for number, line in read_text_lines(file)]


def _truth(line: str, where: str) -> Text:
    fields = line.split()
    if len(fields) == 7 and "," not in line:
        x, y, w, h, theta = (parse_number(field, where) for field in fields[2:])
        return turned(x, y, x + w, y + h, theta, where, fields[1] == "1")
    fields = line.split(",")
    if len(fields) == 6:
        xmin, ymin, xmax, ymax, theta = (parse_number(field, where) for field in fields[:5])
        return turned(xmin, ymin, xmax, ymax, theta, where, fields[5].strip() == "###")
    points, (transcription,) = split_quad(line, ["text"], where)
    return Text(points, transcription, transcription.strip() == "###")


def turned(
    xmin: Number, ymin: Number, xmax: Number, ymax: Number, theta: Number, where: str, ignored: bool = False
) -> Text:
    """An upright box in pixels turned about its centre by ``theta`` radians, clockwise on the screen.

    Raises:
        DataError: its sides are negative.
    """
    if xmax < xmin or ymax < ymin:
        raise DataError(f"{where}: a box needs xmin <= xmax and ymin <= ymax, got {xmin}, {ymin}, {xmax}, {ymax}")
    corners = rotated_corners(np.array([[xmin, ymin, xmax - xmin, ymax - ymin, theta]]))[0]
    return Text(corners.tolist(), UNREAD, ignored)
