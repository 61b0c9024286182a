"""labelme: a JSON file for each image, with polygons and rectangles."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mindocr.errors import DataError
from mindocr.formats.annotation_tools.common import Labelled, Options, json_bytes, text_of, write_bytes
from mindocr.formats.datasets.common import UNREAD, Entry, Job, Points, Report, Text, rectangle
from mindocr.formats.datasets.images import place_of
from mindocr.formats.datasets.reading import expect, get, nested_points, read_json
from mindocr.utils.files import keep_old

logger = logging.getLogger(__name__)


def read(job: Job, options: Options) -> Iterator[Entry]:
    """Images in the order of their JSON files.

    The transcription is the ``description``, else the ``label`` unless that is a class name. Flags ``ignore`` and
    ``difficult`` = ignore. Other shapes than polygons and rectangles are left out and reported.

    Raises:
        DataError: there is no JSON file, or one is malformed.
    """
    source = job.label_dir
    files = sorted(source.rglob("*.json")) if source.is_dir() else [source]
    if not files:
        raise DataError(f"{source}: no JSON file of labelme in this folder")
    for file in files:
        content = read_json(file)
        shapes = get(content, "shapes", list, str(file))
        texts = [_text(shape, f"{file}: shape {i}", job, options) for i, shape in enumerate(shapes, start=1)]
        size = content.get("imageWidth"), content.get("imageHeight")
        stated = size if all(isinstance(value, int) for value in size) else None
        yield Entry(_image(file, content, job), [text for text in texts if text is not None], stated)


def _image(file: Path, content: dict[str, Any], job: Job) -> Path:
    """Path of the image: relative to the JSON file if that is in the image folder, else that name in the folder."""
    name = get(content, "imagePath", str, str(file)).replace("\\", "/")
    folder = job.image_dir.resolve()
    beside = Path(os.path.normpath(file.resolve().parent / name))
    if beside.is_relative_to(folder) and beside.is_file():
        return job.image_dir / beside.relative_to(folder)
    return place_of(job.image_dir, Path(name).name, str(file))


def _text(shape: Any, where: str, job: Job, options: Options) -> Text | None:
    kind = expect(shape, dict, where).get("shape_type", "polygon")
    points = nested_points(get(shape, "points", list, where), where)
    if kind == "rectangle" and len(points) in (2, 4):
        points = _rectangle(points) if len(points) == 2 else points
    elif kind != "polygon":
        job.warn(f"{where}: a {kind} of {len(points)} points is no polygon of a text; left out")
        return None
    label = get(shape, "label", str, where)
    text = shape.get("description") or (UNREAD if label in options.class_names else label)
    flags = expect(shape.get("flags") or {}, dict, f"{where}: flags")
    return text_of(expect(text, str, where), bool(flags.get("ignore") or flags.get("difficult")), points)


def _rectangle(corners: Points) -> Points:
    (xa, ya), (xb, yb) = corners
    return rectangle(min(xa, xb), min(ya, yb), max(xa, xb), max(ya, yb))


def write(labelled: list[Labelled], target: Path, options: Options, report: Report) -> None:
    """Write a JSON file for each image into a folder, with the images' folder structure; images are not embedded.

    Files there with other content, which may have been corrected by hand, are kept under other names.
    """
    taken: set[Path] = set()
    kept: list[Path] = []
    for image in labelled:
        relative = Path(image.path)
        file = target / relative.with_suffix(".json")
        if file in taken:
            file = target / relative.with_name(f"{relative.name}.json")
        taken.add(file)
        shapes = [
            {"label": item.transcription, "points": item.points, "group_id": None, "description": "",
             "shape_type": "polygon", "flags": {"ignore": True} if item.ignored else {}}
            for item in image.items
        ]  # fmt: skip
        path = os.path.relpath(image.image.resolve(), file.resolve().parent).replace(os.sep, "/")
        content = json_bytes({
            "version": "5.0.0", "flags": {}, "shapes": shapes, "imagePath": path, "imageData": None,
            "imageHeight": image.size[1], "imageWidth": image.size[0],
        })  # fmt: skip
        if file.is_file() and file.read_bytes() != content:
            kept.append(keep_old(file))
        write_bytes(file, content)
    if kept:
        logger.warning("%s: %d files with other content were there; they are kept, such as %s", target, len(kept),
                       kept[0].relative_to(target))  # fmt: skip
