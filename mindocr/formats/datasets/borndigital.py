"""Born-digital images (ICDAR2011 to 2015, challenge 1): ``img_1.png`` or GIF is annotated in ``gt_img_1.txt``."""

from __future__ import annotations

from collections.abc import Iterator

from mindocr.formats.datasets.common import Entry, Job
from mindocr.formats.datasets.icdar2013 import read_boxes
from mindocr.formats.datasets.pairing import by_number, paired, with_prefix


def read(job: Job) -> Iterator[Entry]:
    """Images in the order of their numbers; a line is ``left, top, right, bottom, "text"`` (task 1.1).

    Raises:
        DataError: there is no annotation, or a line is malformed.
    """
    return paired(job, read_boxes, with_prefix("gt_"), order=by_number, layout="gt_{}.txt")
