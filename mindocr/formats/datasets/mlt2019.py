"""ICDAR2019 MLT (ten languages): ``tr_img_00001.jpg`` is annotated in ``tr_img_00001.txt``."""

from __future__ import annotations

from collections.abc import Iterator

from mindocr.formats.datasets.common import Entry, Job
from mindocr.formats.datasets.mlt2017 import read_scripts
from mindocr.formats.datasets.pairing import by_number, paired


def read(job: Job) -> Iterator[Entry]:
    """Images in the order of their numbers; lines as in MLT 2017, file names without a prefix.

    Raises:
        DataError: there is no annotation, or a line is malformed.
    """
    return paired(job, read_scripts, order=by_number)
