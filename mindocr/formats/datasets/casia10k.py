"""CASIA-10K (Chinese scenes): ``PAL00001.jpg`` is annotated in ``PAL00001.txt`` beside it."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from mindocr.formats.datasets.common import Entry, Job
from mindocr.formats.datasets.pairing import paired, read_quads

_ENCODINGS = ("utf-8-sig", "gb18030")


def read(job: Job) -> Iterator[Entry]:
    """Images in the order of their names; a line is ``x1,y1,x2,y2,x3,y3,x4,y4,text``, UTF-8 or GB 18030.

    Raises:
        DataError: there is no annotation, or a line is malformed.
    """
    return paired(job, partial(read_quads, encodings=_ENCODINGS), _image_names)


def _image_names(stem: str) -> list[str]:
    """The name up to its first dot; the lists CASIA-10K_train.txt and CASIA-10K_test.txt have none."""
    return [] if stem.startswith("CASIA-10K_") else [stem.partition(".")[0]]
