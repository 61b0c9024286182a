"""labelme and X-AnyLabeling: a JSON file for each image, with polygons and other shapes."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mindocr.errors import DataError
from mindocr.formats.annotation_tools.common import Labelled, Options, entries, text_of, write_json
from mindocr.formats.annotation_tools.labelme_shapes import polygon_of
from mindocr.formats.annotation_tools.shapes import is_flagged
from mindocr.formats.datasets.common import UNREAD, Entry, Job, Report, Text
from mindocr.formats.datasets.images import note_hidden
from mindocr.formats.datasets.reading import expect, get, read_json
from mindocr.formats.image_finder import Wanted, possible_names
from mindocr.formats.label_file import shorten
from mindocr.utils.search import find_files


def read(job: Job, options: Options) -> Iterator[Entry]:
    """Images in the order of their JSON files.

    The transcription is the ``description``, else the ``label`` unless that is a class name. ``difficult`` and
    ``ignore``, as keys or flags of a shape, = ignore. Shapes without an area are left out and reported. JSON files of
    other programs in the folder are counted.

    Raises:
        DataError: there is no JSON file, or one is malformed, or two are for the same image.
    """
    source = job.label_dir
    files = [source]
    if source.is_dir():
        listed = find_files(source, (".json",))
        note_hidden(listed, job)
        files = listed.files
    found: list[tuple[Wanted, list[Text]]] = []
    for file in files:
        content = read_json(file)
        if source.is_dir() and not (isinstance(content, dict) and "shapes" in content):
            job.report.notes[f"JSON files of other programs left out, such as {file.name}"] += 1
            continue
        shapes = get(content, "shapes", list, str(file))
        texts = [_text(shape, f"{file}: shape {i}", job, options) for i, shape in enumerate(shapes, start=1)]
        found.append((_wanted(file, content, job), [text for text in texts if text is not None]))
    if not found:
        raise DataError(f"{source}: no JSON file of labelme in this folder")
    return entries(job, found)


def _wanted(file: Path, content: dict[str, Any], job: Job) -> Wanted:
    """The image: relative to the JSON file, or to the same subfolder of the image folder."""
    w, h = content.get("imageWidth"), content.get("imageHeight")
    stated = (w, h) if isinstance(w, int) and isinstance(h, int) and min(w, h) > 0 else None
    folders = [file.parent]
    if job.label_dir.is_dir():
        folders.append(job.image_dir / file.parent.relative_to(job.label_dir))
    names = possible_names(get(content, "imagePath", str, str(file)))
    return Wanted(names, str(file), stated, tuple(folders), lenient=True)


def _text(shape: Any, where: str, job: Job, options: Options) -> Text | None:
    label = get(shape, "label", str, where)
    said = shape.get("description") or (UNREAD if label in options.class_names else label)
    text = expect(said, str, f"{where}: 'description'")
    try:
        points = polygon_of(shape, where, job)
    except ValueError as error:
        if isinstance(error, DataError):
            raise
        job.warn(f"{where}: {error}; left out, its text is {shorten(text)}")
        return None
    flags = expect(shape.get("flags") or {}, dict, f"{where}: flags")
    attributes = expect(shape.get("attributes") or {}, dict, f"{where}: attributes")
    own = {"difficult": shape.get("difficult"), "ignore": shape.get("ignore")}
    return text_of(text, any(map(is_flagged, (flags, attributes, own))), points)


def write(labelled: list[Labelled], target: Path, options: Options, report: Report) -> None:
    """Write a JSON file for each image into a folder, with the images' folder structure; images are not embedded."""
    taken: set[Path] = set()
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
        folder = image.image.parents[image.path.count("/")].resolve()  # folders below it may be links
        path = os.path.relpath(folder / image.path, file.resolve().parent).replace(os.sep, "/")
        write_json(file, {
            "version": "5.0.0", "flags": {}, "shapes": shapes, "imagePath": path, "imageData": None,
            "imageHeight": image.size[1], "imageWidth": image.size[0],
        })  # fmt: skip
