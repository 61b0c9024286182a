"""ICDAR2013, challenge 2 (focused scene text), and ICDAR2011: ``img_1.jpg`` is annotated in ``gt_img_1.txt``."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from mindocr.formats.datasets.common import Entry, Job, Text, rectangle
from mindocr.formats.datasets.pairing import paired, with_prefix
from mindocr.formats.datasets.reading import read_text_lines, split_box


def read(job: Job) -> Iterator[Entry]:
    """Images in the order of their names.

    A line is left, top, right, bottom and a text in quotes, separated by spaces (train) or commas (test).

    Raises:
        DataError: there is no annotation, or a line is malformed.
    """
    return paired(job, read_boxes, with_prefix("gt_"), layout="gt_{}.txt")


def read_boxes(file: Path) -> list[Text]:
    """Texts of lines ``left, top, right, bottom, "text"``; commas and inner quotes are part of the text."""
    texts = []
    for number, line in read_text_lines(file):
        (left, top, right, bottom), transcription = split_box(line, f"{file}:{number}")
        texts.append(Text(rectangle(left, top, right, bottom), transcription, transcription == "###"))
    return texts
