"""ICDAR2019 LSVT (Chinese street views, full annotations): one JSON file, a list of texts for each image's name."""

from __future__ import annotations

from collections.abc import Iterator

from mindocr.formats.datasets.common import Entry, Job
from mindocr.formats.datasets.ic19_art import read_named


def read(job: Job) -> Iterator[Entry]:
    """Images in the order of their numbers; unreadable texts (``illegibility``) are ignored.

    Raises:
        DataError: the file is missing or malformed, or holds weak labels, which have no boxes.
    """
    return read_named(job, "train_full_labels.json")
