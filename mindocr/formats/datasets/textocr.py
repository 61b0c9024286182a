"""TextOCR: one JSON file per part, ``imgs``, ``anns`` and ``imgToAnns``; images of Open Images in ``train_images``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mindocr.formats.datasets.cocotext import name_and_size, read_tables
from mindocr.formats.datasets.common import Entry, Job, Text
from mindocr.formats.datasets.images import place_of
from mindocr.formats.datasets.reading import expect, flat_points, get

USES_SPLIT = True


def read(job: Job) -> Iterator[Entry]:
    """Images in the order of their names, found by file name (``<id>.jpg`` of ``train/<id>.jpg``); ``.`` = ignore.

    The ``points`` of an annotation are used; its ``bbox`` is not, as its meaning depends on the release.

    Raises:
        DataError: the file is malformed.
    """
    images, texts_of = read_tables(job.label_dir, _text)
    for key, image in images:
        where = f"{job.label_dir}: image {key}"
        if job.split is None or image.get("set", job.split) == job.split:
            name, size = name_and_size(image, where)
            yield Entry(place_of(job.image_dir, name, where), texts_of(key), size, where)


def _text(annotation: dict[str, Any], where: str) -> Text:
    transcription = expect(annotation.get("utf8_string") or "", str, f"{where}: 'utf8_string'")
    return Text(flat_points(get(annotation, "points", list, where), where), transcription, transcription == ".")
