"""ICDAR2019 MLT (ten languages): ``tr_img_00001.jpg`` is annotated in ``tr_img_00001.txt``."""

from __future__ import annotations

from collections.abc import Iterator

from mindocr.formats.datasets.common import Entry, Job
from mindocr.formats.datasets.mlt2017 import read_scripts
from mindocr.formats.datasets.pairing import by_number, paired


def read(job: Job) -> Iterator[Entry]:
    """Images in the order of their numbers; lines as in MLT 2017, files without a prefix.

    Raises:
        DataError: no annotation there, or a malformed line.
    """
    return paired(job, read_scripts, order=by_number)
