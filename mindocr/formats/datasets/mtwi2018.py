"""MTWI 2018 (Chinese web images): ``T1.abc_!!0-item.jpg`` is annotated in ``T1.abc_!!0-item.txt``."""

from __future__ import annotations

from collections.abc import Iterator

from mindocr.formats.datasets.common import Entry, Job
from mindocr.formats.datasets.pairing import paired, read_quads


def read(job: Job) -> Iterator[Entry]:
    """Images in the order of their names; a line is ``x1,y1,x2,y2,x3,y3,x4,y4,text`` in fractions of pixels.

    Some images of the set cannot be decoded; they are counted and left out.

    Raises:
        DataError: there is no annotation, or a line is malformed.
    """
    return paired(job, read_quads)
