"""ICDAR2017 MLT (challenge 8, nine languages): ``img_1.jpg``, PNG or GIF is annotated in ``gt_img_1.txt``."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from mindocr.formats.datasets.common import Entry, Job, Text
from mindocr.formats.datasets.pairing import by_number, paired, with_prefix
from mindocr.formats.datasets.reading import read_text_lines, split_quad


def read(job: Job) -> Iterator[Entry]:
    """Images in the order of their numbers; a line is four corners, script, text; the script is not used.

    Raises:
        DataError: there is no annotation, or a line is malformed.
    """
    return paired(job, read_scripts, with_prefix("gt_"), order=by_number, layout="gt_{}.txt")


def read_scripts(file: Path) -> list[Text]:
    """Texts of lines ``x1,y1,x2,y2,x3,y3,x4,y4,script,text``; the text may contain commas and quotes."""
    texts = []
    for number, line in read_text_lines(file):
        points, (_, transcription) = split_quad(line, ["script", "text"], f"{file}:{number}")
        texts.append(Text(points, transcription, transcription == "###"))
    return texts
