"""Label lines: ``image path<TAB>[{"transcription": text, "points": [[x, y], ...]}, ...]``: strict reading, and writing.

Points are pixels (x, y), origin top left. The transcription ``###`` or ``*`` marks an ignored text.

A path with a tab, a line end or bytes that are not UTF-8 is a JSON string in double quotes, see :func:`quoted`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from mindocr.errors import DataError
from mindocr.formats.line_faults import Fault, diagnose

IGNORED = ("###", "*")
_EXAMPLE = 'image.jpg<TAB>[{"transcription": "text", "points": [[x, y], [x, y], [x, y], [x, y]]}]'


class LabelLineError(DataError):
    """A line that is no label line.

    Attributes:
        fault: what is wrong with it, and the lines that were meant.
    """

    def __init__(self, where: str, fault: Fault, expected: str = "") -> None:
        super().__init__(f"{where}: {fault.message}{expected}")
        self.fault = fault


def parse_label_line(line: str, source: str | Path, number: int) -> tuple[str, list[dict[str, Any]]]:
    """Split a label line into the image's path and its texts.

    Args:
        line: the line, with or without its line end; a byte order mark at its start is removed.
        source: label file, for messages.
        number: line number from 1, for messages.

    Returns:
        The path as in the line, and dicts ``{"points": [[x, y], ...], "transcription": str}`` in pixels.

    Raises:
        DataError: ``FILE:LINE: what was found, what was expected, what to do``.
    """
    path, label = split_label_line(line, source, number)
    return path, parse_texts(label, f"{source}:{number}", path)


def split_label_line(line: str, source: str | Path, number: int) -> tuple[str, str]:
    """Split a label line at its first tab into the image's path and the JSON list, which is not parsed.

    A path in double quotes, as :func:`quoted` writes it, is returned without them.
    """
    line = line.lstrip("\ufeff").rstrip("\r\n")
    path, tab, label = line.partition("\t")
    if not tab or "[{" in path:
        raise LabelLineError(f"{source}:{number}", diagnose(line), f"; expected {_EXAMPLE}")
    if not path.strip():
        raise DataError(f"{source}:{number}: no image path before the tab; expected {_EXAMPLE}")
    return _unquoted(path), label


def parse_texts(label: str, where: str, path: str = "") -> list[dict[str, Any]]:
    """Read the JSON list of a label line.

    Args:
        label: the part of the line after its first tab.
        where: ``FILE:LINE``, begins each message.
        path: the part before the tab, for columns in messages.

    Raises:
        DataError: not JSON, not a list of texts, a missing key, a wrong type, fewer than 3 points, a number that is not
            finite.
    """
    line = f"{path}\t{label}"
    try:
        texts = json.loads(label)
    except (ValueError, RecursionError):
        raise LabelLineError(where, diagnose(line)) from None
    if not isinstance(texts, list):
        if isinstance(texts, str):
            raise LabelLineError(where, diagnose(line))
        hint = "; put the text in [ ]" if isinstance(texts, dict) and texts else ""
        raise DataError(f"{where}: expected a JSON list of texts after the tab, got {shorten(label)}{hint}")
    return [_check_text(text, f"{where}: text {i + 1} of {len(texts)}") for i, text in enumerate(texts)]


def _check_text(text: Any, where: str) -> dict[str, Any]:
    if not isinstance(text, dict):
        raise DataError(f'{where}: expected {{"transcription": ..., "points": ...}}, got {shorten(text)}')
    for key in ("transcription", "points"):
        if key not in text:
            raise DataError(f"{where}: no '{key}' among its keys ({', '.join(text)[:80] or 'none'}); add it")
    transcription, points = text["transcription"], text["points"]
    if not isinstance(transcription, str):
        raise DataError(f"{where}: transcription must be a string in quotes, got {shorten(transcription)}")
    if not isinstance(points, list) or not all(_is_point(point) for point in points):
        raise DataError(
            f"{where}: points must be a list of [x, y] pairs of finite numbers (pixels), got {shorten(points)}"
            f"{_hint_on_points(points)}"
        )
    if len(points) < 3:
        raise DataError(
            f"{where}: a polygon needs at least 3 points (four or more is usual), got {len(points)}: {points}; "
            "give its corners clockwise, or remove the text"
        )
    kept = {"points": points, "transcription": transcription}
    if "score" in text:
        if not is_json_number(text["score"]):
            raise DataError(f"{where}: score must be a finite number, got {shorten(text['score'])}")
        kept["score"] = text["score"]
    return kept


def _is_point(point: Any) -> bool:
    if not isinstance(point, list) or len(point) != 2:
        return False
    return all(is_json_number(value) for value in point)


def _hint_on_points(points: Any) -> str:
    """What to do about points that are no list of pairs, as the end of a sentence; empty if it is unknown."""
    if not isinstance(points, list) or not points:
        return ""
    if all(is_json_number(value) for value in points):
        return "; group the numbers in pairs"
    values = [value for point in points if isinstance(point, list) for value in point]
    if any(isinstance(value, float) and not abs(value) < float("inf") for value in values):
        return "; NaN and Infinity are no coordinates: write the corner's place, or remove the text"
    if any(isinstance(value, str) for value in values):
        return "; write numbers without quotes"
    return ""


def is_json_number(value: Any) -> bool:
    """Whether a value from JSON is a finite number."""
    # the comparison is False for NaN, and also for integers too large for a float
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e9


def format_label_line(path: str, texts: Sequence[dict[str, Any]], *, quote: bool = False) -> str:
    """Format a label line (without line end) for :func:`parse_label_line`; non-ASCII letters are not escaped.

    Args:
        path: path of the image.
        texts: as :func:`parse_label_line` returns them.
        quote: accept any path, see :func:`quoted`. Other programs may not read such a line.

    Raises:
        DataError: the path contains a tab or a line end, or a text is malformed.
    """
    if quote:
        return f"{quoted(path)}\t{_texts_of(path, texts)}"
    if not path.strip() or any(sign in path for sign in "\t\r\n"):
        raise DataError(f"image path {path!r} is empty or contains a tab or line end; rename the file")
    if path.startswith("\ufeff") or not _is_writable(path):
        raise DataError(f"image path {path!r} is not UTF-8, or begins with a byte order mark; rename the file")
    return f"{quoted(path)}\t{_texts_of(path, texts)}"


def quoted(path: str) -> str:
    """The path as it stands in a line: itself, or a JSON string in double quotes if a line could not hold it.

    A path is quoted if it contains a tab or a line end, has bytes that are not UTF-8 (surrogates in a ``str``), begins
    with a byte order mark, is blank, or is itself in double quotes.
    """
    plain = path.strip() and not any(sign in path for sign in "\t\r\n") and not path.startswith("\ufeff")
    return path if plain and _is_writable(path) and _unquoted(path) == path else json.dumps(path)


def _unquoted(path: str) -> str:
    """The inverse of :func:`quoted`. The name of an image file does not end with a quote."""
    if len(path) < 2 or not path.startswith('"') or not path.endswith('"'):
        return path
    try:
        name = json.loads(path)
    except ValueError:
        return path
    return name if isinstance(name, str) else path


def _texts_of(path: str, texts: Sequence[dict[str, Any]]) -> str:
    checked = [_check_text(text, f"{path}: text {i + 1}") for i, text in enumerate(texts)]
    ordered = [{key: text[key] for key in ("transcription", "points", "score") if key in text} for text in checked]
    return to_json(ordered)


def to_json(value: Any, indent: int | None = None) -> str:
    """JSON that can be written as UTF-8: only unpaired surrogates make it escape non-ASCII letters."""
    text = json.dumps(value, ensure_ascii=False, indent=indent)
    return text if _is_writable(text) else json.dumps(value, indent=indent)


def read_lines(path: Path) -> Iterator[tuple[int, str]]:
    """Yield (number from 1, line) of a UTF-8 text file, without blank lines and without a byte order mark.

    Line feeds end lines (a carriage return before one is removed), and so do lone carriage returns, as in files of old
    Macs, where a label line or JSON object follows them. Other line separators of Unicode may be part of a
    transcription.

    Raises:
        DataError: the file is missing, unreadable or not UTF-8.
    """
    for number, raw in split_lines(path):
        try:
            line = raw.decode("utf-8")
        except UnicodeDecodeError as error:
            raise DataError(
                f"{path}:{number}: not UTF-8 ({error.reason} at byte {error.start}); save the file as UTF-8"
            ) from None
        if line.strip():
            yield number, line


def split_lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """Yield (number from 1, line without its line end) of a file, as :func:`read_lines` does, but not decoded.

    Raises:
        DataError: the file is missing, unreadable or UTF-16.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise DataError(f"{path}: cannot read this label file: {error.strerror}") from None
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise DataError(
            f"{path}: not UTF-8 but UTF-16, as the > of Windows PowerShell 5 writes it; save the file as UTF-8"
        )
    number = 0
    for physical in content.removeprefix(b"\xef\xbb\xbf").split(b"\n"):
        physical = physical.rstrip(b"\r")
        for raw in physical.split(b"\r") if b"\r" in physical and _are_lines(physical.split(b"\r")) else [physical]:
            number += 1
            yield number, raw


def _are_lines(pieces: Sequence[bytes]) -> bool:
    """Whether all pieces that are not blank are label lines or JSON objects, by their look."""
    filled = [piece for piece in pieces if piece.strip()]
    return all(b"\t" in piece.split(b"[", 1)[0] for piece in filled) or all(
        piece.startswith(b"{") and piece.rstrip().endswith(b"}") for piece in filled
    )


def shorten(value: Any, limit: int = 80) -> str:
    """Representation of a value for messages, in at most ``limit`` characters."""
    try:
        text = repr(value)
    except (RecursionError, ValueError):  # nested a thousand deep, or a number of thousands of digits
        return f"a {type(value).__name__} too large to show"
    return text if len(text) <= limit else text[: limit - 3] + "..."


def _is_writable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
