"""Reading of label files for inspection: faults of a line are recorded, and reading continues.

A line whose meaning is certain in spite of a fault is inspected as it was meant, so that one run finds all problems.
"""

from __future__ import annotations

import os
from collections import defaultdict
from pathlib import Path
from typing import Any, NamedTuple

from mindocr.errors import DataError
from mindocr.formats.image_paths import BACKSLASHES, Found, ImageFolder, cause_of
from mindocr.formats.label_file import LabelLineError, parse_texts, split_label_line, split_lines
from mindocr.formats.label_units import are_shares, in_pixels
from mindocr.formats.synthtext_mat import read_synthtext

Texts = tuple[dict[str, Any], ...]


class Line(NamedTuple):
    """One label line.

    Attributes:
        part: ``train`` or ``test``.
        file: the label file.
        number: line number, from 1; for SynthText, image number.
        raw: the line without its line end, as it was meant if that differs; empty for SynthText.
        name: image path as in the line; empty for a malformed line.
        img_path: path of the image file.
        texts: dicts ``{"transcription": str, "points": [[x, y], ...]}``, as in the line; empty for a malformed line.
        faults: (kind of problem, detail) of the line itself.
        original: the line of the file from which this one and the next with ``""`` were made; None = ``raw``.
        found: path of the image relative to the image folder if that differs from ``name``.
        doubt: why the image counts as missing, for the end of a message; empty if nothing is known.
        shares: points are shares of the image size, not pixels.
    """

    part: str
    file: Path
    number: int
    raw: str
    name: str = ""
    img_path: str = ""
    texts: Texts = ()
    faults: tuple[tuple[str, str], ...] = ()
    original: str | None = None
    found: str = ""
    doubt: str = ""
    shares: bool = False

    @property
    def where(self) -> str:
        """``FILE:LINE``."""
        return f"{self.file}:{self.number}"

    def texts_in_pixels(self, size: tuple[int, int]) -> Texts:
        """The texts with points in pixels of the image, which is (w, h) large."""
        if not self.shares:
            return self.texts
        return tuple({**text, "points": in_pixels(text["points"], size)} for text in self.texts)


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
    lines: list[Line] = []
    for number, raw in split_lines(file):
        if raw.strip():
            # the same error handler restores bytes that are not UTF-8 when the line is written
            lines += _parse(Line(part, file, number, raw.decode("utf-8", errors="surrogateescape")))
    return _with_shares(_with_images(lines, folder))


def _parse(line: Line) -> list[Line]:
    """The label lines in a line: itself, or those that were meant."""
    if any("\udc80" <= sign <= "\udcff" for sign in line.raw):
        return [_malformed(line, "not UTF-8; save the file as UTF-8")]
    try:
        name, label = split_label_line(line.raw, line.file, line.number)
        return [line._replace(name=name, texts=tuple(parse_texts(label, line.where, name)))]
    except LabelLineError as error:
        fault = error.fault
        if not fault.lines:
            return [_malformed(line, fault.message)]
        meant = [one for piece in fault.lines for one in _parse(line._replace(raw=piece))]
        first, *rest = [one._replace(original="") for one in meant]
        return [first._replace(original=line.raw, faults=((fault.kind, fault.message), *first.faults)), *rest]
    except DataError as error:
        return [_malformed(line, str(error).removeprefix(f"{line.where}: "))]


def _malformed(line: Line, error: str) -> Line:
    return line._replace(faults=(("malformed_line", error),))


def _with_images(lines: list[Line], folder: Path) -> list[Line]:
    """The lines with the paths of their images, where necessary other ones than the lines have."""
    images = ImageFolder(folder)
    found: dict[int, Found] = {}
    used: dict[str, set[str]] = defaultdict(set)  # image -> paths in lines that lead there
    for i, line in enumerate(lines):
        path = os.path.join(folder, line.name)  # noqa: PTH118  as in training
        if not line.name:
            continue
        lines[i] = line._replace(img_path=path, doubt=_why_missing(line.name))
        if images.has(path):
            used[os.path.normpath(path)].add("")
        elif other := images.find(line.name):
            found[i] = other
            used[os.path.normpath(os.path.join(folder, other.path))].add(line.name.replace("\\", "/"))  # noqa: PTH118
    for i, other in found.items():
        path = os.path.join(folder, other.path)  # noqa: PTH118
        if other.shortened and len(used[os.path.normpath(path)]) > 1:
            lines[i] = lines[i]._replace(doubt=f"; {other.path} may be meant, but other paths may mean it too")
            continue
        kind = "backslash_path" if other.cause == BACKSLASHES else "other_path"
        fault = kind, f"{other.cause}; the image is {other.path}"
        lines[i] = lines[i]._replace(img_path=path, found=other.path, faults=(*lines[i].faults, fault))
    return lines


def _with_shares(lines: list[Line]) -> list[Line]:
    """Mark lines whose points are shares of the image size: with a fraction, or if no line has other points."""
    suspects = [i for i, line in enumerate(lines) if line.texts and all(are_shares(t["points"]) for t in line.texts)]
    certain = [i for i in suspects if any(_has_fraction(text["points"]) for text in lines[i].texts)]
    if certain and len(suspects) == sum(bool(line.texts) for line in lines):
        certain = suspects
    for i in certain:
        line = lines[i]
        largest = max(value for text in line.texts for point in text["points"] for value in point)
        fault = "points_are_shares", f"the largest coordinate of {len(line.texts)} texts is {largest:g}"
        lines[i] = line._replace(shares=True, faults=(*line.faults, fault))
    return lines


def _has_fraction(points: list[list[float]]) -> bool:
    return any(value != int(value) for point in points for value in point)


def _why_missing(name: str) -> str:
    cause = cause_of(name)
    return f"; {cause}, and no image of this name is in the image folder" if cause else ""


def _from_matlab(part: str, folder: Path, file: Path) -> list[Line]:
    lines = []
    for number, record in enumerate(read_synthtext(file, folder), start=1):
        boxes, words = record.content
        texts = tuple({"transcription": word, "points": box.tolist()} for box, word in zip(boxes, words))
        lines.append(Line(part, file, number, "", os.path.relpath(record.img_path, folder), record.img_path, texts))
    return lines
