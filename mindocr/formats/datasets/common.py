"""Shared by the converters: repair of polygons, checks of images, writing of label lines, counts."""

from __future__ import annotations

import logging
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, NamedTuple

import cv2
import numpy as np

from mindocr.errors import DataError
from mindocr.formats.datasets.images import NO_IMAGE, look_at
from mindocr.formats.label_file import IGNORED, format_label_line
from mindocr.geometry.polygon import is_valid, orient_clockwise
from mindocr.utils import files

logger = logging.getLogger(__name__)

PathMode = Literal["relative", "abs"]
BoxMode = Literal["xywh", "xyxy"]
Number = int | float
Points = list[list[Number]]

UNREAD = "text"  # transcription of a text that is not ignored, if the data set has none
_LOGGED = 10


class Text(NamedTuple):
    """A text as in the data set: points (x, y) in pixels, transcription, whether it is ignored."""

    points: Points
    transcription: str
    ignored: bool = False


class Entry(NamedTuple):
    """An image with its texts.

    Attributes:
        image: its file.
        texts: its texts.
        size: (w, h) as stated in the annotation, or None.
        where: the annotation, for messages.
        problem: why the image cannot be used; empty = it can, if the file exists.
    """

    image: Path
    texts: list[Text]
    size: tuple[int, int] | None = None
    where: str = ""
    problem: str = ""


@dataclass
class Report:
    """Counts and warnings of a conversion.

    Attributes:
        output_path: the label file written.
        images: lines written.
        texts: texts written, including ignored ones.
        ignored: texts written as ``###``.
        turned: polygons reversed to clockwise order.
        repaired: polygons with sorted corners or a repaired shape.
        dropped: texts left out because they have no area.
        missing: annotated images that do not exist.
        notes: other actions, with counts.
        warnings: images without annotation, annotations without image, and other defects.
    """

    output_path: Path
    images: int = 0
    texts: int = 0
    ignored: int = 0
    turned: int = 0
    repaired: int = 0
    dropped: int = 0
    missing: int = 0
    notes: Counter[str] = field(default_factory=Counter)
    warnings: list[str] = field(default_factory=list)

    def warn(self, message: str, strict: bool) -> None:
        """Record a defect of the data set; the first ten are logged.

        Raises:
            DataError: with ``strict``.
        """
        if strict:
            raise DataError(message)
        self.warnings.append(message)
        if len(self.warnings) <= _LOGGED:
            logger.warning("%s", message)
        elif len(self.warnings) == _LOGGED + 1:
            logger.warning("more warnings are only counted; --strict stops at the first one")

    def __str__(self) -> str:
        notes = "".join(f"; {count} {what}" for what, count in sorted(self.notes.items()))
        notes += f"; {self.missing} images missing" if self.missing else ""
        return (
            f"{self.output_path}: {self.images} images, {self.texts} texts of which {self.ignored} ignored; "
            f"{self.turned} polygons turned clockwise, {self.repaired} repaired, {self.dropped} dropped{notes}; "
            f"{len(self.warnings)} warnings"
        )


MakeText = Callable[[Text, Report], dict[str, Any] | None]


@dataclass(frozen=True)
class Job:
    """One conversion: its options and its report.

    Attributes:
        image_dir: folder with the images; paths in the label file are relative to it.
        label_dir: folder or file with the annotations.
        report: counts.
        path_mode: image paths in the label file relative to ``image_dir``, or absolute.
        strict: stop at the first defect of the data set instead of counting defects.
        split: part of the data set, if several parts are in one place.
        box_mode: meaning of the four numbers of a box, for data sets whose documents do not define it.
        drop_empty: leave out images without a text that is not ignored.
        min_text_width: leave out texts that are narrower than this fraction of the width of their image.
        image_names: keep only images whose whole name, without folder and ending, matches this pattern.
    """

    image_dir: Path
    label_dir: Path
    report: Report
    path_mode: PathMode = "relative"
    strict: bool = False
    split: str | None = None
    box_mode: BoxMode = "xywh"
    drop_empty: bool = False
    min_text_width: float = 0.0
    image_names: re.Pattern[str] | None = None

    def warn(self, message: str) -> None:
        """Record a defect of the data set; with ``strict`` it is an error."""
        self.report.warn(message, self.strict)


def write_labels(entries: Iterable[Entry], job: Job, make: MakeText | None = None) -> None:
    """Write a line for each usable image as UTF-8 with line feeds; the file is written atomically.

    An old file with other content, which may have been corrected by hand, is kept under another name.

    Args:
        entries: images with their texts.
        job: the conversion.
        make: converts a text for its label line; None = :func:`make_text`.

    Raises:
        DataError: the file cannot be written, or none of the annotated images exists.
    """
    output = job.report.output_path
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        with files.replacing(output, old="keep") as part:
            with part.open("w", encoding="utf-8", newline="\n") as file:
                file.writelines(f"{line}\n" for line in _lines(entries, job, make or make_text))
            if not job.report.images and job.report.missing:
                raise DataError(
                    f"{job.image_dir}: none of the {job.report.missing} annotated images is in this folder "
                    f"({job.report.warnings[0]}); check --image_dir"
                )
    except OSError as error:
        raise DataError(f"{output}: cannot write the label file: {error.strerror}") from None


def make_text(text: Text, report: Report) -> dict[str, Any] | None:
    """One text of a label line, counted in the report; None when its polygon has no area.

    A text is ignored if the data set marks it so or if it has no transcription.
    """
    tidy = tidy_polygon(text.points)
    if tidy is None:
        report.dropped += 1
        return None
    if tidy != text.points:
        if is_valid(np.array(text.points, dtype=np.float64)):
            report.turned += 1
        else:
            report.repaired += 1
    report.texts += 1
    return {"transcription": _marked(text, text.ignored or not text.transcription.strip(), report), "points": tidy}


def keep_text(text: Text, report: Report) -> dict[str, Any] | None:
    """As :func:`make_text`, but the polygon and an empty transcription do not change.

    Only a polygon of fewer than three points is dropped, as a label line cannot hold it.
    """
    if len(text.points) < 3:
        report.dropped += 1
        return None
    report.texts += 1
    return {"transcription": _marked(text, text.ignored, report), "points": text.points}


def _marked(text: Text, ignored: bool, report: Report) -> str:
    """The transcription, or ``###`` for an ignored text without an ignore mark; counts ignored texts."""
    marked = "###" if ignored and text.transcription not in IGNORED else text.transcription
    report.ignored += marked in IGNORED
    return marked


def tidy_polygon(points: Points) -> Points | None:
    """The polygon in clockwise order and valid, with unchanged coordinates; None when it has no area.

    A valid counter-clockwise polygon is reversed and keeps its first point. The corners of an invalid quadrilateral are
    sorted around their centre, any other invalid polygon becomes its convex hull.
    """
    if len(points) < 3:
        return None
    array = np.array(points, dtype=np.float64)
    if not is_valid(array):
        order = _around_centre(array) if len(points) == 4 else _hull(array)
        points = [points[i] for i in order]
        array = array[order]
        if not is_valid(array):
            return None
    clockwise = orient_clockwise(array)
    return points if np.array_equal(clockwise, array) else [points[0], *points[:0:-1]]


def hull(points: Points) -> Points:
    """Corners of the convex hull, with unchanged coordinates; fewer than 3 points are returned as they are."""
    return points if len(points) < 3 else [points[i] for i in _hull(np.array(points, dtype=np.float64))]


def rectangle(xmin: Number, ymin: Number, xmax: Number, ymax: Number) -> Points:
    """The four corners of an upright box, clockwise from the top left."""
    return [[xmin, ymin], [xmax, ymin], [xmax, ymax], [xmin, ymax]]


def _lines(entries: Iterable[Entry], job: Job, make: MakeText) -> Iterator[str]:
    report = job.report
    annotated: dict[str, str] = {}
    for entry in entries:
        if job.image_names is not None and not job.image_names.fullmatch(entry.image.stem):
            report.notes["images of other names left out"] += 1
            continue
        if entry.problem:
            report.missing += 1
            job.warn(f"{entry.where}: {entry.image}: {entry.problem}; annotation left out")
            continue
        image, size, problem = look_at(entry.image)
        if problem:
            report.missing += problem == NO_IMAGE
            job.warn(f"{entry.image}: {problem}; annotation left out")
            continue
        if str(image) in annotated:
            first, second = (f" ({where})" if where else "" for where in (annotated[str(image)], entry.where))
            raise DataError(
                f"{image}: this image is annotated twice{first}{second and ', again' + second}; remove one of the two "
                "annotations, or set --image_dir to a folder in which they are different images"
            )
        annotated[str(image)] = entry.where
        wide = [text for text in entry.texts if _width(text) >= job.min_text_width * size[0]]
        if len(wide) < len(entry.texts):
            report.notes["narrow texts left out"] += len(entry.texts) - len(wide)
        texts = [item for item in (make(text, report) for text in wide) if item is not None]
        if job.drop_empty and all(item["transcription"] == "###" for item in texts):
            report.notes["images with only ignored texts or none left out"] += 1
            report.texts -= len(texts)
            report.ignored -= len(texts)
            continue
        if image != entry.image:
            report.notes["GIF images replaced by PNG"] += 1
        if _lies_on_its_side(size, entry.size, texts):
            job.warn(
                f"{image}: its labels fit the image rotated by 90 degrees (it is {size[0]} x {size[1]} as decoded "
                "with EXIF rotation); rotate the image, or save it without its EXIF orientation"
            )
        report.images += 1
        path = image.relative_to(job.image_dir) if job.path_mode == "relative" else image.resolve()
        yield format_label_line(path.as_posix(), texts)


def _width(text: Text) -> float:
    """Width of the upright box around a text, in pixels."""
    xs = [x for x, _ in text.points]
    return max(xs, default=0) - min(xs, default=0)


def _lies_on_its_side(size: tuple[int, int], stated: tuple[int, int] | None, texts: list[dict[str, Any]]) -> bool:
    """Whether the labels fit the image rotated by 90 degrees: judged by their stated size, else by their points."""
    w, h = size
    if w == h:
        return False
    if stated is not None:
        return stated == (h, w)
    points = [point for item in texts for point in item["points"]]
    xmax, ymax = (max((point[axis] for point in points), default=0) for axis in (0, 1))
    return (xmax > w or ymax > h) and xmax <= h and ymax <= w


def _around_centre(points: np.ndarray) -> list[int]:
    """Order of four corners by their angle around the centre, clockwise on the screen."""
    x, y = (points - points.mean(axis=0)).T
    return list(np.argsort((np.arctan2(y, x) + np.pi) % (2 * np.pi), kind="stable"))


def _hull(points: np.ndarray) -> list[int]:
    """Indices of the corners of the convex hull, in order, beginning with the smallest index."""
    order: list[int] = cv2.convexHull(points.astype(np.float32), returnPoints=False).ravel().tolist()
    start = order.index(min(order))
    return order[start:] + order[:start]
