"""Total-Text (curved words): ``img1.jpg`` is annotated in ``poly_gt_img1.txt`` or ``poly_gt_img1.mat``."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from mindocr.errors import DataError
from mindocr.formats.datasets.common import Entry, Job, Points, Text
from mindocr.formats.datasets.images import files_in
from mindocr.formats.datasets.pairing import paired
from mindocr.formats.datasets.reading import is_number, parse_number, points_of_fields, read_text_lines
from mindocr.formats.matlab import read_matlab

_RECORD = re.compile(
    r"x:\s*\[\[(?P<x>[^\]]*)\]\]\s*,\s*y:\s*\[\[(?P<y>[^\]]*)\]\]\s*,\s*ornt:\s*\[(?P<ornt>[^\]]*)\]\s*,\s*"
    r"transcriptions:\s*\[(?P<texts>.*)\]\s*",
    re.DOTALL,
)
_LITERAL = r"""u?(?:'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")"""
_COLUMNS = 6


def read(job: Job) -> Iterator[Entry]:
    """Images in the order of their names.

    Three formats are known: records ``x: [[...]], y: [[...]], ornt: [u'c'], transcriptions: [u'Oak']``, which may
    span several lines; MATLAB files; lines ``x1,y1,...,xn,yn,text`` in ``gt_img1.txt``. ``#`` = ignore.

    Raises:
        DataError: there is no annotation, or one is malformed.
    """
    matlab = job.label_dir.is_dir() and bool(files_in(job.label_dir, (".mat",)))
    suffix = ".mat" if matlab or job.label_dir.suffix.lower() == ".mat" else ".txt"
    return paired(job, read_texts, _image_names, (suffix,), layout=f"poly_gt_{{}}{suffix}")


def _image_names(stem: str) -> list[str]:
    name = re.fullmatch(r"(?:poly_)?gt_(.+)", stem)
    return [name[1]] if name else []


def read_texts(file: Path) -> list[Text]:
    """Read the texts of one label file in any of these formats."""
    if file.suffix.lower() == ".mat":
        return _from_mat(file)
    lines = read_text_lines(file)
    if lines and not lines[0][1].lstrip().startswith("x:"):
        return [_from_flat(line, f"{file}:{number}") for number, line in lines]
    records: list[tuple[int, str]] = []
    for number, line in lines:
        if line.lstrip().startswith("x:"):
            records.append((number, line))
        else:
            records[-1] = (records[-1][0], f"{records[-1][1]} {line}")
    return [_from_record(record, f"{file}:{number}") for number, record in records]


def _from_record(record: str, where: str) -> Text:
    found = _RECORD.fullmatch(record.strip())
    if not found:
        raise DataError(
            f"{where}: expected x: [[...]], y: [[...]], ornt: [...], transcriptions: [...], got {record[:80]!r}"
        )
    points = _points(found["x"].replace(",", " ").split(), found["y"].replace(",", " ").split(), where)
    transcription = ",".join(_literals(found["texts"]))
    ignored = "#" in (transcription, *_literals(found["ornt"])) or not transcription.strip(", ")
    return Text(points, transcription, ignored)


def _literals(listed: str) -> list[str]:
    """Strings of a Python list; if its quotes do not match, the part between the first and the last quote."""
    listed = listed.strip()
    if re.fullmatch(rf"{_LITERAL}(?:[\s,]+{_LITERAL})*,?", listed, re.DOTALL):
        try:
            return [ast.literal_eval(literal.replace("\n", " ")) for literal in re.findall(_LITERAL, listed, re.DOTALL)]
        except (ValueError, SyntaxError):
            pass  # an invalid escape: used without unescaping
    return [re.sub(r"^u?['\"]|['\"]$", "", listed)] if listed else []


def _points(xs: list[str], ys: list[str], where: str) -> Points:
    if len(xs) != len(ys):
        raise DataError(f"{where}: {len(xs)} x and {len(ys)} y; expected equal numbers")
    return [[parse_number(x, where), parse_number(y, where)] for x, y in zip(xs, ys)]


def _from_flat(line: str, where: str) -> Text:
    """A transcription may be a number: if an odd number of fields are all numbers, the last is the transcription."""
    fields = line.split(",")
    count = next((i for i, field in enumerate(fields) if not is_number(field)), len(fields))
    count -= count % 2
    if count < 2 or count == len(fields):
        raise DataError(f"{where}: expected x1,y1,...,xn,yn,text, got {line[:80]!r}")
    transcription = ",".join(fields[count:])
    return Text(points_of_fields(fields[:count], where), transcription, transcription.strip() in ("#", "###"))


def _from_mat(file: Path) -> list[Text]:
    content = read_matlab(file, ("polygt", "gt"), "a label file of Total-Text")
    table = content.get("polygt", content.get("gt"))
    if table is None or table.ndim != 2 or (table.size and table.shape[1] < _COLUMNS):
        raise DataError(f"{file}: expected a variable polygt of n rows and {_COLUMNS} columns")
    return [_from_row(row, f"{file}: row {number}") for number, row in enumerate(table, start=1)]


def _from_row(row: np.ndarray, where: str) -> Text:
    xs, ys = (np.ravel(row[column]).tolist() for column in (1, 3))
    transcription, orientation = ("".join(map(str, np.ravel(row[column]))).strip() for column in (4, 5))
    points = _points([str(x) for x in xs], [str(y) for y in ys], where)
    return Text(points, transcription, "#" in (transcription, orientation) or not transcription)
