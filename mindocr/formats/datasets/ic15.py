"""ICDAR2015, challenge 4 (incidental scene text): ``img_1.jpg`` is annotated in ``gt_img_1.txt``."""

from __future__ import annotations

from collections.abc import Iterator

from mindocr.formats.datasets.common import Entry, Job
from mindocr.formats.datasets.pairing import paired, read_quads, with_prefix


def read(job: Job) -> Iterator[Entry]:
    """Images in the order of their names; a line is ``x1,y1,x2,y2,x3,y3,x4,y4,text``, ``###`` = ignore.

    Raises:
        DataError: there is no annotation, or a line is malformed.
    """
    return paired(job, read_quads, with_prefix("gt_"), layout="gt_{}.txt")
