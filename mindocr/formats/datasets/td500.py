"""MSRA-TD500 (lines of text in any direction): ``IMG_0030.JPG`` is annotated in ``IMG_0030.gt`` beside it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from mindocr.errors import DataError
from mindocr.formats.datasets.common import UNREAD, Entry, Job, Number, Points, Text
from mindocr.formats.datasets.images import files_in
from mindocr.formats.datasets.pairing import paired
from mindocr.formats.datasets.reading import parse_number, points_of_fields, read_text_lines
from mindocr.geometry.rotated import rotated_corners

Corners = Callable[[Number, Number, Number, Number, Number, str], Points]  # from x, y, w, h, theta, and file and line


def read(job: Job) -> Iterator[Entry]:
    """Images in the order of their names.

    Three layouts of lines are known, by their number of fields: seven separated by spaces, ``index difficult x y w h
    theta`` (as published); six separated by commas, ``xmin,ymin,xmax,ymax,theta,None`` (evaluation); nine or more,
    ``x1,y1,x2,y2,x3,y3,x4,y4,text``. There are no transcriptions: a text that is not ignored gets ``text``.

    Raises:
        DataError: there is no annotation, or a line has none of the layouts.
    """
    published = job.label_dir.is_dir() and bool(files_in(job.label_dir, (".gt",)))
    suffix = ".gt" if published or job.label_dir.suffix == ".gt" else ".txt"
    return paired(job, read_texts, lambda stem: [stem, stem.removeprefix("gt_")], (suffix,), layout="{}.gt")


def whole_corners(x: Number, y: Number, w: Number, h: Number, theta: Number, where: str) -> Points:
    """Corners of a box rotated about its centre by ``theta`` radians, clockwise on the screen, in whole pixels.

    They are rounded; MindOCR truncates them, which moves boxes by half a pixel.
    """
    corners = rotated_corners(np.array([[x, y, w, h, theta]]))[0]
    return [[int(px), int(py)] for px, py in np.rint(corners)]


def read_texts(file: Path, corners: Corners = whole_corners) -> list[Text]:
    """Read the texts of one label file with any of these layouts; ``corners`` converts rotated boxes to polygons."""
    return [_text(line, f"{file}:{number}", corners) for number, line in read_text_lines(file)]


def _text(line: str, where: str, corners: Corners) -> Text:
    fields = line.split()
    if len(fields) == 7 and "," not in line:
        _, difficult, *box = fields
        x, y, w, h, theta = (parse_number(value, where) for value in box)
        return Text(corners(x, y, w, h, theta, where), UNREAD, difficult == "1")
    fields = line.split(",", 8)
    if len(fields) == 6:
        xmin, ymin, xmax, ymax, theta = (parse_number(value, where) for value in fields[:5])
        outline = corners(xmin, ymin, xmax - xmin, ymax - ymin, theta, where)
        return Text(outline, UNREAD, fields[5].strip() == "###")
    if len(fields) == 9:
        return Text(points_of_fields(fields[:8], where), fields[8].strip() or UNREAD, fields[8].strip() == "###")
    raise DataError(
        f"{where}: expected 'index difficult x y w h theta', 'xmin,ymin,xmax,ymax,theta,text' or eight coordinates and "
        f"a text, got {line[:80]!r}"
    )
