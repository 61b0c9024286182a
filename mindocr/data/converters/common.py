"""What converters share: images paired with annotations, polygons made tidy, lines written, everything counted."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import cv2
import numpy as np

from mindocr.data.annotation import format_label_line
from mindocr.errors import DataError
from mindocr.geometry.polygon import is_valid, orient_clockwise

logger = logging.getLogger(__name__)

PathMode = Literal["relative", "abs"]
Number = int | float
Points = list[list[Number]]


@dataclass
class Report:
    """What a conversion did.

    Attributes:
        output_path: the label file written.
        images: lines written.
        texts: texts written, ignored ones among them.
        ignored: texts written as ``###``.
        repaired: polygons whose corners were put in order or whose shape was mended.
        dropped: texts left out because they enclose no area.
        warnings: images without annotation and annotations without image.
    """

    output_path: Path
    images: int = 0
    texts: int = 0
    ignored: int = 0
    repaired: int = 0
    dropped: int = 0
    warnings: list[str] = field(default_factory=list)

    def warn(self, message: str, strict: bool) -> None:
        """Note a defect of the data set.

        Raises:
            DataError: with ``strict``.
        """
        if strict:
            raise DataError(message)
        logger.warning("%s", message)
        self.warnings.append(message)

    def __str__(self) -> str:
        return (
            f"{self.output_path}: {self.images} images, {self.texts} texts of which {self.ignored} ignored; "
            f"{self.repaired} polygons repaired, {self.dropped} dropped, {len(self.warnings)} warnings"
        )


def read_text_lines(path: Path) -> list[tuple[int, str]]:
    """(number from 1, line) of an annotation file without blank lines; UTF-8, byte order marks left out.

    Only a line feed ends a line: form feeds and the like stand inside transcriptions.

    Raises:
        DataError: the file cannot be read or is not UTF-8.
    """
    try:
        content = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise DataError(f"{path}: cannot read this annotation file: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: not UTF-8 ({error.reason} at byte {error.start})") from None
    lines = ((i, line.rstrip("\r").lstrip("\ufeff")) for i, line in enumerate(content.split("\n"), start=1))
    return [(i, line) for i, line in lines if line.strip()]


def parse_number(text: str, where: str) -> Number:
    """A coordinate: a whole number stays one.

    Raises:
        DataError: not a number.
    """
    try:
        value = float(text)
        return int(value) if value.is_integer() else value
    except (ValueError, OverflowError):
        raise DataError(f"{where}: expected a number of pixels, got {text!r}") from None


def make_text(points: Points, transcription: str, ignored: bool, report: Report) -> dict[str, Any] | None:
    """One text of a label line, counted in the report; None when its polygon encloses no area.

    Valid polygons are turned clockwise if need be. An invalid quadrilateral gets its corners sorted around their
    centre, any other invalid polygon becomes its convex hull.
    """
    tidy = tidy_polygon(points)
    if tidy is None:
        report.dropped += 1
        return None
    report.repaired += tidy != points
    report.texts += 1
    if ignored or not transcription.strip():
        report.ignored += 1
        transcription = "###"
    return {"transcription": transcription, "points": tidy}


def tidy_polygon(points: Points) -> Points | None:
    """The polygon clockwise and valid, made of the very numbers that came; None when it has no area."""
    array = np.array(points, dtype=np.float64)
    if not is_valid(array):
        order = _around_centre(array) if len(points) == 4 else _hull(array)
        points = [points[i] for i in order]
        array = array[order]
        if not is_valid(array):
            return None
    clockwise = orient_clockwise(array)
    return points if np.array_equal(clockwise, array) else [points[0], *points[:0:-1]]


def write_labels(lines: Iterable[tuple[str, list[dict[str, Any]]]], report: Report) -> None:
    """Write (image path, texts) as UTF-8 with line feeds, and count the images.

    Raises:
        DataError: the file cannot be written.
    """
    written = [format_label_line(path, texts) for path, texts in lines]
    try:
        report.output_path.parent.mkdir(parents=True, exist_ok=True)
        report.output_path.write_bytes("".join(f"{line}\n" for line in written).encode())
    except OSError as error:
        raise DataError(f"{report.output_path}: cannot write the label file: {error.strerror}") from None
    report.images = len(written)


def _around_centre(points: np.ndarray) -> list[int]:
    """Order of four corners by their direction from the centre: clockwise on the screen."""
    x, y = (points - points.mean(axis=0)).T
    return list(np.argsort((np.arctan2(y, x) + np.pi) % (2 * np.pi), kind="stable"))


def _hull(points: np.ndarray) -> list[int]:
    """Indices of the corners of the convex hull, in order, beginning with the first that was given."""
    hull: list[int] = cv2.convexHull(points.astype(np.float32), returnPoints=False).ravel().tolist()
    start = hull.index(min(hull))
    return hull[start:] + hull[:start]
