"""Reading of label files for inspection: a malformed line is recorded, and reading continues."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, NamedTuple

from mindocr.errors import DataError
from mindocr.formats.label_file import parse_texts, split_label_line
from mindocr.formats.synthtext_mat import read_synthtext


class Line(NamedTuple):
    """One line of a label file.

    Attributes:
        part: ``train`` or ``test``.
        file: the label file.
        number: line number, from 1; for SynthText, image number.
        raw: the line without its line end; empty for SynthText.
        name: image path as in the line; empty for a malformed line.
        img_path: path of the image file.
        texts: dicts ``{"transcription": str, "points": [[x, y], ...]}``, pixels; empty for a malformed line.
        error: error of a malformed line; else empty.
    """

    part: str
    file: Path
    number: int
    raw: str
    name: str = ""
    img_path: str = ""
    texts: tuple[dict[str, Any], ...] = ()
    error: str = ""

    @property
    def where(self) -> str:
        """``FILE:LINE``."""
        return f"{self.file}:{self.number}"


def read_part(part: str, folder: Path, file: Path) -> list[Line]:
    """Every line of a label file that is not blank, in order.

    Args:
        part: ``train`` or ``test``.
        folder: folder that image paths are relative to.
        file: label file, or SynthText's ``.mat`` file.

    Raises:
        DataError: the file cannot be read, or has no line.
    """
    lines = _from_matlab(part, folder, file) if file.suffix.lower() == ".mat" else _from_text(part, folder, file)
    if not lines:
        raise DataError(f"{file}: no line in this label file; create it with 'mindocr convert'")
    return lines


def _from_text(part: str, folder: Path, file: Path) -> list[Line]:
    try:
        content = file.read_bytes()
    except OSError as error:
        raise DataError(f"{file}: cannot read this label file: {error.strerror}") from None
    lines = []
    for number, raw in enumerate(content.removeprefix(b"\xef\xbb\xbf").split(b"\n"), start=1):
        if raw.strip():
            lines.append(_parse(part, folder, file, number, raw.removesuffix(b"\r")))
    return lines


def _parse(part: str, folder: Path, file: Path, number: int, raw: bytes) -> Line:
    # the same error handler restores bytes that are not UTF-8 when the line is written
    line = raw.decode("utf-8", errors="surrogateescape")
    if any("\udc80" <= sign <= "\udcff" for sign in line):
        return Line(part, file, number, line, error="not UTF-8; save the file as UTF-8")
    try:
        name, label = split_label_line(line, file, number)
        texts = parse_texts(label, f"{file}:{number}")
    except DataError as error:
        return Line(part, file, number, line, error=str(error).removeprefix(f"{file}:{number}: "))
    return Line(part, file, number, line, name, os.path.join(folder, name), tuple(texts))  # noqa: PTH118  as in training


def _from_matlab(part: str, folder: Path, file: Path) -> list[Line]:
    lines = []
    for number, record in enumerate(read_synthtext(file, folder), start=1):
        boxes, words = record.content
        texts = tuple({"transcription": word, "points": box.tolist()} for box, word in zip(boxes, words))
        lines.append(Line(part, file, number, "", os.path.relpath(record.img_path, folder), record.img_path, texts))
    return lines
