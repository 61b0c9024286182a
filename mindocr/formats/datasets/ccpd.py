"""CCPD and CCPD-Green (Chinese licence plates): the annotation is the image's file name."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from mindocr.errors import DataError
from mindocr.formats.datasets.common import Entry, Job, Points, Text
from mindocr.formats.datasets.images import files_in, place_of
from mindocr.formats.datasets.reading import parse_number, read_text_lines
from mindocr.images.read import IMAGE_SUFFIXES

USES_SPLIT = True
PROVINCES = "皖沪津渝冀晋蒙辽吉黑苏浙京闽赣鲁豫鄂湘粤桂琼川贵云藏陕甘青宁新警学O"
LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZO"
SIGNS = "ABCDEFGHJKLMNPQRSTUVWXYZ0123456789O"
_WITHOUT_PLATE = "ccpd_np"


def read(job: Job) -> Iterator[Entry]:
    """Images in the order of a list, ``label_dir`` (a file such as ``splits/train.txt``, or its folder and ``split``).

    Without lists, as for CCPD-Green, ``label_dir`` is the folder of images too; then all images below it are read.
    Images in ``ccpd_np`` have no plate, so no text.

    Raises:
        DataError: no image, or a file name is not in CCPD's format.
    """
    for image, where in _images(job):
        if _WITHOUT_PLATE in image.relative_to(job.image_dir).parts[:-1]:
            yield Entry(image, [], where=where)
        else:
            yield Entry(image, [plate(image.stem, where)], where=where)


def plate(stem: str, where: str) -> Text:
    """The plate that a file name describes: its corners, in the order of the name, and its characters.

    Raises:
        DataError: the name has another format.
    """
    fields = stem.split("-")
    if len(fields) != 7:
        raise DataError(
            f"{where}: expected 7 fields separated by '-' (area, tilt, box, corners, characters, brightness, blur), "
            f"got {len(fields)}: {stem[:80]!r}"
        )
    corners: Points = [[parse_number(v, where) for v in point.split("&")] for point in fields[3].split("_")]
    if len(corners) != 4 or any(len(point) != 2 for point in corners):
        raise DataError(f"{where}: expected four corners x&y_x&y_x&y_x&y, got {fields[3]!r}")
    tables = [PROVINCES, LETTERS, *[SIGNS] * 6]
    indices = fields[4].split("_")
    if len(indices) not in (7, 8) or not all(i.isdecimal() and int(i) < len(t) for i, t in zip(indices, tables)):
        raise DataError(f"{where}: expected 7 or 8 indices of characters, got {fields[4]!r}")
    return Text(corners, "".join(table[int(i)] for i, table in zip(indices, tables)))


def _images(job: Job) -> Iterator[tuple[Path, str]]:
    listed = job.label_dir
    if listed.is_dir() and any((listed / f"{name}.txt").is_file() for name in ("train", "val", "test")):
        if job.split is None:
            raise DataError(f"{listed}: lists of several parts; set --label_dir to one of them, or add --split train")
        listed = listed / f"{job.split}.txt"
    if not listed.is_dir():
        for number, line in read_text_lines(listed):
            where = f"{listed}:{number}"
            yield place_of(job.image_dir, line.strip(), where), where
        return
    images = files_in(job.image_dir, IMAGE_SUFFIXES, job)
    if not images:
        raise DataError(f"{job.image_dir}: no image in this folder")
    yield from ((image, str(image)) for image in images)
