"""COCO-Text (1.4 and 2): one JSON file for all parts, ``imgs``, ``anns``, ``imgToAnns``; images of COCO train2014."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mindocr.errors import DataError
from mindocr.formats.datasets.common import Entry, Job, Points, Text, rectangle
from mindocr.formats.datasets.images import place_of
from mindocr.formats.datasets.reading import expect, flat_points, get, json_box, read_json

USES_SPLIT = True


def read(job: Job) -> Iterator[Entry]:
    """Images of one part, in the order of their names; illegible texts and those without a transcription are ignored.

    Coordinates are truncated to whole pixels, as MindOCR does. Images without any text keep their line; ``drop_empty``
    leaves them out.

    Raises:
        DataError: no part was chosen, or the file is malformed.
    """
    if job.split is None:
        raise DataError(f"{job.label_dir}: COCO-Text has its parts in one file; add --split train or --split val")
    images, texts_of = read_tables(job.label_dir, _text)
    chosen = [image for image in images if image[1].get("set") == job.split]
    if not chosen:
        parts = sorted({str(image.get("set")) for _, image in images})
        job.warn(f"{job.label_dir}: no image of the part '{job.split}'; available parts: {', '.join(parts) or 'none'}")
    elif not any(texts_of(key) for key, _ in chosen):
        raise DataError(f"{job.label_dir}: the part '{job.split}' has no annotations (like the test part)")
    for key, image in chosen:
        where = f"{job.label_dir}: image {key}"
        name, size = name_and_size(image, where)
        yield Entry(place_of(job.image_dir, name, where), texts_of(key), size, where)


def read_tables(file: Path, make: Any) -> tuple[list[tuple[str, dict[str, Any]]], Any]:
    """Read the tables that COCO-Text and TextOCR share.

    Args:
        file: JSON with the objects ``imgs``, ``anns`` and ``imgToAnns`` (or ``img2Anns``).
        make: ``(annotation, where) -> Text``.

    Returns:
        (key, image) sorted by file name, and a function from a key to the texts of the image.

    Raises:
        DataError: a table is missing or malformed.
    """
    content = expect(read_json(file), dict, str(file))
    images, annotations = (get(content, key, dict, str(file)) for key in ("imgs", "anns"))
    links = get(content, "img2Anns" if "img2Anns" in content else "imgToAnns", dict, str(file))

    def texts_of(key: str) -> list[Text]:
        texts = []
        for number in expect(links.get(key, []), list, f"{file}: annotations of image {key}"):
            where = f"{file}: annotation {number}"
            if str(number) not in annotations:
                raise DataError(f"{where}: image {key} refers to it, but it does not exist")
            texts.append(make(expect(annotations[str(number)], dict, where), where))
        return texts

    def by_file(item: tuple[str, dict[str, Any]]) -> str:
        return name_and_size(item[1], f"{file}: image {item[0]}")[0]

    return sorted(images.items(), key=by_file), texts_of


def name_and_size(image: Any, where: str) -> tuple[str, tuple[int, int] | None]:
    """The file name of an image in these tables, and its (w, h) if stated."""
    name = get(image, "filename" if "filename" in expect(image, dict, where) else "file_name", str, where)
    if "width" in image and "height" in image:
        return name, (get(image, "width", int, where), get(image, "height", int, where))
    return name, None


def _text(annotation: dict[str, Any], where: str) -> Text:
    transcription = expect(annotation.get("utf8_string") or "", str, f"{where}: 'utf8_string'")
    points: Points = [[int(x), int(y)] for x, y in _outline(annotation, where)]
    return Text(points, transcription, annotation.get("legibility") == "illegible" or transcription == "###")


def _outline(annotation: dict[str, Any], where: str) -> Points:
    outline = annotation.get("mask") or annotation.get("polygon")
    if outline:
        return flat_points(outline, where)
    x, y, w, h = json_box(annotation, where)
    return rectangle(x, y, x + w, y + h)
