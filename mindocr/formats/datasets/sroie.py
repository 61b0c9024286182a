"""SROIE (ICDAR2019, scanned receipts): ``X51001234567.jpg`` is annotated in ``X51001234567.txt``."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial

from mindocr.formats.datasets.common import Entry, Job
from mindocr.formats.datasets.pairing import paired, read_quads

_ENCODINGS = ("utf-8-sig", "gbk", "latin-1")


def read(job: Job) -> Iterator[Entry]:
    """Images in the order of their names; a line is ``x1,y1,x2,y2,x3,y3,x4,y4,text``, ``***`` = ignore.

    Receipts scanned twice, ``X51001234567(1).jpg``, are left out and counted.

    Raises:
        DataError: there is no annotation, or a line is malformed.
    """
    return paired(job, partial(read_quads, encodings=_ENCODINGS, ignore="***"), is_copy=_is_copy)


def _is_copy(stem: str) -> bool:
    return bool(re.fullmatch(r".*\(\d+\)", stem))
