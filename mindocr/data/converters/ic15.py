"""ICDAR2015, challenge 4 (incidental scene text): ``img_1.jpg`` is annotated in ``gt_img_1.txt``."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mindocr.data.converters.common import PathMode, Report, make_text, parse_number, read_text_lines, write_labels
from mindocr.data.sources import IMAGE_SUFFIXES
from mindocr.errors import DataError


def convert(
    image_dir: Path, label_dir: Path, output_path: Path, path_mode: PathMode = "relative", strict: bool = False
) -> Report:
    """Write the label file; a line of the source is ``x1,y1,x2,y2,x3,y3,x4,y4,text``, ``###`` = ignore.

    The text may hold commas and quotes, which belong to it. Lines are sorted by image name.

    Raises:
        DataError: no annotation there, a malformed line; with ``strict`` also images and annotations without partner.
    """
    report = Report(output_path)
    write_labels(_lines(image_dir, label_dir, path_mode, strict, report), report)
    return report


def _lines(
    image_dir: Path, label_dir: Path, path_mode: PathMode, strict: bool, report: Report
) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    files = [label_dir] if label_dir.is_file() else label_dir.glob("gt_*.txt")
    labels = {file.stem.removeprefix("gt_"): file for file in files}
    if not labels:
        raise DataError(f"{label_dir}: no gt_*.txt in this folder; expected ICDAR2015's gt_img_1.txt and so on")
    images = {file.stem: file for file in image_dir.iterdir() if file.suffix.lower() in IMAGE_SUFFIXES}
    for stem in sorted(labels.keys() | images.keys()):
        if stem not in labels:
            report.warn(f"{images[stem]}: no annotation gt_{stem}.txt in {label_dir}; image left out", strict)
        elif stem not in images:
            report.warn(f"{labels[stem]}: no image {stem} in {image_dir}; annotation left out", strict)
        else:
            image = images[stem]
            path = image.name if path_mode == "relative" else image.resolve().as_posix()
            yield path, _texts(labels[stem], report)


def _texts(file: Path, report: Report) -> list[dict[str, Any]]:
    texts = []
    for number, line in read_text_lines(file):
        where = f"{file}:{number}"
        fields = line.split(",", 8)
        if len(fields) < 9:
            raise DataError(f"{where}: expected x1,y1,x2,y2,x3,y3,x4,y4,text, got {len(fields)} fields: {line[:80]!r}")
        numbers = [parse_number(value, where) for value in fields[:8]]
        points = [[x, y] for x, y in zip(numbers[::2], numbers[1::2])]
        text = make_text(points, fields[8], fields[8] == "###", report)
        if text is not None:
            texts.append(text)
    return texts
