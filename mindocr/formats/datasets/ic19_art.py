"""ICDAR2019 ArT (text of any shape): one JSON file, a list of texts for each image's name (``gt_0``).

It contains images of Total-Text, CTW1500 and LSVT: do not train on it and test on those.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mindocr.errors import DataError
from mindocr.formats.datasets.common import Entry, Job, Text
from mindocr.formats.datasets.images import index_images
from mindocr.formats.datasets.pairing import by_number
from mindocr.formats.datasets.reading import expect, get, nested_points, read_json


def read(job: Job) -> Iterator[Entry]:
    """Images in the order of their numbers; unreadable texts (``illegibility``) are ignored.

    Raises:
        DataError: the file is missing or malformed.
    """
    return read_named(job, "train_labels.json")


def read_named(job: Job, name: str) -> Iterator[Entry]:
    """Images of a JSON object ``{"gt_0": [{"transcription", "points", "illegibility"}, ...], ...}``.

    Args:
        job: the conversion.
        name: name of the file, if ``label_dir`` is a folder.

    Raises:
        DataError: the file is missing or malformed.
    """
    file = job.label_dir / name if job.label_dir.is_dir() else job.label_dir
    labels = expect(read_json(file), dict, str(file))
    images = index_images(job.image_dir, [[stem] for stem in labels], job)
    for stem in sorted(labels.keys() | images.keys(), key=by_number):
        where = f"{file}: '{stem}'"
        if stem not in labels:
            job.warn(f"{images[stem]}: not listed in {file}; image left out")
            continue
        items = expect(labels[stem], list, where)
        texts = [_text(item, f"{where}: text {i}") for i, item in enumerate(items, start=1)]
        yield Entry(images.get(stem, job.image_dir / f"{stem}.jpg"), texts, where=where)


def _text(item: Any, where: str) -> Text:
    if "points" not in expect(item, dict, where):
        raise DataError(f"{where}: no 'points'; files of texts without boxes (weak labels) cannot train a detector")
    points = nested_points(item["points"], f"{where}: 'points'")
    transcription = get(item, "transcription", str, where)
    illegible = item.get("illegibility", False)
    if illegible not in (True, False):
        raise DataError(f"{where}: 'illegibility' must be true or false, got {illegible!r}")
    return Text(points, transcription, bool(illegible) or transcription == "###")
