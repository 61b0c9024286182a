"""SCUT-CTW1500 (curved text lines): ``0001.jpg`` in ``0001.xml`` (train), ``1001.jpg`` in ``0001001.txt`` (test)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from mindocr.errors import DataError
from mindocr.formats.datasets.common import UNREAD, Entry, Job, Points, Text
from mindocr.formats.datasets.images import files_in
from mindocr.formats.datasets.pairing import paired
from mindocr.formats.datasets.reading import (
    is_number,
    parse_number,
    points_of_fields,
    read_text_lines,
    read_xml,
)
from mindocr.formats.label_file import shorten

_CORNERS = 14
_SEPARATOR = ",####"


def read(job: Job) -> Iterator[Entry]:
    """Images in the order of their names; every polygon has 14 points.

    Train files are XML. A line of a test file is ``x1,y1,...,x14,y14,####text``, ``#######`` at its end = ignore. Older
    label files have 32 numbers per line, a box and 14 points relative to its corner, and no text.

    Raises:
        DataError: there is no annotation, or one is malformed.
    """
    suffixes = (".xml",) if job.label_dir.is_dir() and files_in(job.label_dir, (".xml",)) else (".txt", ".xml")
    return paired(job, read_texts, lambda stem: [stem, stem[3:]], suffixes, layout="{0}.xml or 000{0}.txt")


def read_texts(file: Path) -> list[Text]:
    """Read the texts of one label file in any of these formats."""
    if file.suffix.lower() == ".xml":
        return _from_xml(file)
    return [_from_line(line, f"{file}:{number}") for number, line in read_text_lines(file)]


def _from_xml(file: Path) -> list[Text]:
    root, lines = read_xml(file)
    texts = []
    for box in root.iter("box"):
        where = f"{file}:{lines[box]}"
        outline, label = box.findtext("segs"), box.findtext("label") or ""
        if not outline:
            raise DataError(f"{where}: no 'segs' in this box; expected 28 numbers, separated by commas")
        texts.append(Text(_polygon(outline.split(","), where), label, label.strip() == "###"))
    if not texts and root.find(".//image") is None:
        raise DataError(f"{file}: no 'image' and no 'box' in this XML file; expected a label file of CTW1500")
    return texts


def _from_line(line: str, where: str) -> Text:
    head, separator, transcription = line.partition(_SEPARATOR)
    fields = head.split(",", -1 if separator else 2 * _CORNERS)
    if not separator and len(line.split(",")) == 32 and all(is_number(value) for value in line.split(",")):
        numbers = [parse_number(value, where) for value in line.split(",")]
        corner = numbers[:2]
        return Text([[corner[0] + x, corner[1] + y] for x, y in zip(numbers[4::2], numbers[5::2])], UNREAD)
    if not separator and len(fields) > 2 * _CORNERS:
        transcription = fields.pop()
    elif not separator:
        transcription = UNREAD
    return Text(_polygon(fields, where), transcription, transcription.strip() == "###")


def _polygon(fields: list[str], where: str) -> Points:
    if len(fields) != 2 * _CORNERS:
        got = f"{len(fields)} fields: {shorten(fields[:4])}"
        raise DataError(f"{where}: expected 28 numbers (14 points) and a text, got {got}")
    return points_of_fields(fields, where)
