"""RCTW-17 (Chinese scenes): ``image_0.jpg`` is annotated in ``image_0.txt``."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from mindocr.formats.datasets.common import Entry, Job, Text
from mindocr.formats.datasets.pairing import paired
from mindocr.formats.datasets.reading import read_text_lines, split_quad, unquote


def read(job: Job) -> Iterator[Entry]:
    """Images in the order of their names; a line is ``x1,y1,x2,y2,x3,y3,x4,y4,difficult,"text"``.

    Raises:
        DataError: there is no annotation, or a line is malformed.
    """
    return paired(job, _texts)


def _texts(file: Path) -> list[Text]:
    texts = []
    for number, line in read_text_lines(file):
        points, (difficult, quoted) = split_quad(line, ["difficult", '"text"'], f"{file}:{number}")
        transcription = unquote(quoted.strip())
        texts.append(Text(points, transcription, difficult.strip() != "0" or transcription == "###"))
    return texts
