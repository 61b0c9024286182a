"""Strict reading of annotation files: text lines, numbers, JSON and XML; each message names file and position."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeVar
from xml.etree import ElementTree
from xml.parsers import expat

from mindocr.errors import DataError
from mindocr.formats.datasets.common import Number, Points
from mindocr.formats.label_file import is_json_number, shorten

T = TypeVar("T")
UTF8 = ("utf-8-sig",)
_OTHER_FILES = {
    b"\xff\xfe": "this file is UTF-16 (Unicode of Windows editors); save it as UTF-8",
    b"\xfe\xff": "this file is UTF-16 (Unicode of Windows editors); save it as UTF-8",
    b"\0\5\x16\7": "macOS has added this file to store attributes of another one; remove it",
    b"PK\3\4": "this is a zip archive, not an annotation file; unpack it",
}
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?", re.ASCII)
_WHOLE = r"(-?\d{1,9})"
_BOX = re.compile(rf"\s*{'[ ,]+'.join([_WHOLE] * 4)}(?:\s*,\s*|\s+|$)(.*)", re.ASCII | re.DOTALL)


def read_text(path: Path, encodings: Sequence[str] = UTF8) -> str:
    """Read a text file in the first of ``encodings`` that decodes it.

    Raises:
        DataError: the file cannot be read or decoded.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise DataError(f"{path}: cannot read this annotation file: {error.strerror}") from None
    for begin, what in _OTHER_FILES.items():
        if content.startswith(begin):
            raise DataError(f"{path}: {what}")
    problem = ""
    for encoding in encodings:
        try:
            return content.decode(encoding)
        except UnicodeDecodeError as error:
            line = content.count(b"\n", 0, error.start) + 1
            problem = problem or f"{path}:{line}: not {' or '.join(encodings)} ({error.reason} at byte {error.start})"
    raise DataError(problem)


def read_text_lines(path: Path, encodings: Sequence[str] = UTF8) -> list[tuple[int, str]]:
    """(number from 1, line) of an annotation file, without blank lines and byte order marks.

    Only a line feed ends a line: form feeds and similar characters occur in transcriptions.

    Raises:
        DataError: the file cannot be read or decoded.
    """
    lines = enumerate(read_text(path, encodings).split("\n"), start=1)
    return [(i, tidy) for i, line in lines if (tidy := line.rstrip("\r").lstrip("\ufeff")).strip()]


def parse_number(text: str, where: str) -> Number:
    """A coordinate: a whole number becomes an int.

    Raises:
        DataError: the value is no finite number.
    """
    stripped = text.replace("\ufeff", "").strip()
    value = float(stripped) if _NUMBER.fullmatch(stripped) else float("inf")
    if not abs(value) < 1e9:
        raise DataError(f"{where}: expected a number of pixels, got {shorten(text)}")
    return int(value) if value.is_integer() and "." not in stripped else value


def layout_of(line: str) -> str:
    """What a line is that has another layout than numbers separated by commas, for messages; empty = not known."""
    text = line.strip()
    parts = text.split()
    if text.startswith("{"):
        return "this is JSON; JSON lines are read from one file for all images, not from a file for each"
    if text.startswith(("[", "(")):
        return "this is a list as Python prints it, such as the results of PaddleOCR; write numbers separated by commas"
    for sign, name in ((";", "semicolons"), ("\t", "tabs")):
        if sum(map(is_number, text.split(sign))) >= 4:
            return f"{name} are between the numbers; expected commas"
    if len(parts) >= 4 and all(map(is_number, parts[:4])):
        if len(parts) == 5 and all(0 <= float(part) <= 1 for part in parts[1:]):
            return "this is a line of YOLO, in fractions of the image; expected pixels, separated by commas"
        return "blanks are between the numbers; expected commas"
    fields = text.split(",")
    numbers = next((i for i, field in enumerate(fields) if not is_number(field)), len(fields))
    if fields and not numbers and sum(map(is_number, fields[1:])) >= 4:
        return "the text comes before the numbers; expected it after them"
    if numbers in (4, 5) and all(map(is_number, fields[:4])):
        return "four numbers are an upright box, which icdar2013 reads"
    return ""


def with_layout(message: str, line: str) -> str:
    """A message about a malformed line, with what the line is if that is known."""
    known = layout_of(line)
    return f"{message} ({known})" if known else message


def is_number(text: str) -> bool:
    """Whether a field is a number."""
    return bool(_NUMBER.fullmatch(text.replace("\ufeff", "").strip()))


def points_of_fields(fields: Sequence[str], where: str) -> Points:
    """Points from fields x1, y1, x2, y2 and so on."""
    return pair([parse_number(value, where) for value in fields])


def pair(numbers: Sequence[Number]) -> Points:
    """Points from x1, y1, x2, y2 and so on."""
    return [[x, y] for x, y in zip(numbers[::2], numbers[1::2])]


def split_quad(line: str, others: Sequence[str], where: str) -> tuple[Points, list[str]]:
    """Split a line ``x1,y1,x2,y2,x3,y3,x4,y4`` followed by other fields, the last of which may contain commas.

    Returns:
        The four corners, and as many fields as ``others`` names.

    Raises:
        DataError: there are fewer fields, or coordinates are no numbers.
    """
    fields = line.split(",", 7 + len(others))
    if len(fields) < 8 + len(others):
        layout = ",".join(["x1,y1,x2,y2,x3,y3,x4,y4", *others])
        message = f"{where}: expected {layout}, got {len(fields)} fields: {line[:80]!r}"
        raise DataError(with_layout(message, line))
    try:
        return points_of_fields(fields[:8], where), fields[8:]
    except DataError as error:
        raise DataError(with_layout(str(error), line)) from None


def split_box(line: str, where: str) -> tuple[list[int], str]:
    """Split a line of four whole numbers and a text, separated by commas or spaces; quotes around the text are removed.

    Raises:
        DataError: the line has another layout.
    """
    found = _BOX.fullmatch(line.replace("\ufeff", ""))
    if not found:
        message = f'{where}: expected four whole numbers and "text", got {line[:80]!r}'
        raise DataError(with_layout(message, line))
    return [int(value) for value in found.groups()[:4]], unquote(found[5].strip())


def unquote(text: str) -> str:
    """The text without the one pair of quotes around it, if there is one."""
    return text[1:-1] if len(text) >= 2 and text[0] == text[-1] == '"' else text


def read_json(path: Path, encodings: Sequence[str] = UTF8) -> Any:
    """The content of a JSON file.

    Raises:
        DataError: the file cannot be read, decoded or parsed.
    """
    return parse_json(read_text(path, encodings), str(path))


def parse_json(text: str, where: str) -> Any:
    """The value of a JSON text.

    Raises:
        DataError: not JSON.
    """
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        line = f":{error.lineno}" if isinstance(error, json.JSONDecodeError) else ""
        joined = "; a second value begins there: put a line break before it, or remove it"
        hint = joined if isinstance(error, json.JSONDecodeError) and error.msg == "Extra data" else ""
        raise DataError(f"{where}{line}: not JSON ({error}){hint}") from None


def expect(value: Any, kind: type[T], where: str) -> T:
    """The value itself, checked to be of this type.

    Raises:
        DataError: it has another type.
    """
    if not isinstance(value, kind):
        shown = value[:60] if isinstance(value, str) else shorten(value, 60)
        raise DataError(f"{where}: expected {kind.__name__}, got {type(value).__name__}: {shown}")
    return value


def get(item: Any, key: str, kind: type[T], where: str) -> T:
    """The value of a key of a JSON object.

    Raises:
        DataError: no object, no such key, or the value has another type.
    """
    if key not in expect(item, dict, where):
        raise DataError(f"{where}: no '{key}' among its keys ({', '.join(list(item)[:8])[:80] or 'none'})")
    return expect(item[key], kind, f"{where}: '{key}'")


def json_number(value: Any, where: str) -> Number:
    """A coordinate in JSON.

    Raises:
        DataError: the value is no finite number.
    """
    if not is_json_number(value):
        raise DataError(f"{where}: expected a number of pixels, got {shorten(value, 60)}")
    return value  # type: ignore[no-any-return]


def json_box(item: Any, where: str) -> tuple[Number, Number, Number, Number]:
    """(x, y, w, h) in pixels from the key ``bbox`` of a JSON object, as in COCO.

    Raises:
        DataError: no such key, or not four numbers.
    """
    box = [json_number(value, where) for value in get(item, "bbox", list, where)]
    if len(box) != 4:
        raise DataError(f"{where}: expected bbox [x, y, w, h], got {box}")
    x, y, w, h = box
    return x, y, w, h


def flat_points(values: Any, where: str) -> Points:
    """Points from a JSON list [x1, y1, x2, y2, ...].

    Raises:
        DataError: no list of an even number of numbers.
    """
    numbers = [json_number(value, where) for value in expect(values, list, where)]
    if len(numbers) % 2:
        raise DataError(f"{where}: expected x1, y1, x2, y2, ..., got {len(numbers)} numbers: {numbers[:8]}")
    return pair(numbers)


def nested_points(values: Any, where: str) -> Points:
    """Points from a JSON list [[x1, y1], [x2, y2], ...].

    Raises:
        DataError: no list of pairs of numbers.
    """
    points = [[json_number(v, where) for v in expect(point, list, where)] for point in expect(values, list, where)]
    if any(len(point) != 2 for point in points):
        raise DataError(f"{where}: expected points [[x, y], ...], got {shorten(values, 60)}")
    return points


def read_xml(path: Path) -> tuple[ElementTree.Element, dict[ElementTree.Element, int]]:
    """The root of an XML file, and the line on which each element begins.

    Raises:
        DataError: not XML, or it declares a document type: entities can make a small file huge or read other files.
    """
    builder = ElementTree.TreeBuilder()
    parser = expat.ParserCreate()
    lines: dict[ElementTree.Element, int] = {}

    def start(tag: str, attributes: dict[str, str]) -> None:
        lines[builder.start(tag, attributes)] = parser.CurrentLineNumber

    def refuse(*_: Any) -> None:
        raise DataError(
            f"{path}:{parser.CurrentLineNumber}: a document type (<!DOCTYPE ...>) is not accepted, because its "
            "entities are a security risk; remove it"
        )

    parser.StartDoctypeDeclHandler = refuse
    parser.StartElementHandler = start
    parser.EndElementHandler = builder.end
    parser.CharacterDataHandler = builder.data
    try:
        parser.Parse(path.read_bytes(), True)
    except OSError as error:
        raise DataError(f"{path}: cannot read this annotation file: {error.strerror}") from None
    except (expat.ExpatError, ValueError, LookupError) as error:  # LookupError: a codec that is not for text
        if isinstance(error, DataError):
            raise
        raise DataError(f"{path}:{parser.CurrentLineNumber}: not XML ({error})") from None
    return builder.close(), lines
