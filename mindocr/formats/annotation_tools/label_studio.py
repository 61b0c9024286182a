"""Label Studio: a list of tasks with regions in percent of the image size, and texts linked to them by an id.

Two exports are read: ``JSON``, and ``JSON-MIN``, whose texts have no ids and are assigned to regions by their order.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

from mindocr.errors import DataError
from mindocr.formats.annotation_tools.common import Labelled, Options, entries, write_json
from mindocr.formats.annotation_tools.label_studio_regions import Place, Size, texts_of
from mindocr.formats.annotation_tools.label_studio_simple import is_simple, results_of
from mindocr.formats.datasets.common import Entry, Job, Report, Text
from mindocr.formats.datasets.images import look_at
from mindocr.formats.datasets.reading import expect, get, read_json
from mindocr.formats.image_finder import Wanted, find_images, possible_names, without_upload_id
from mindocr.formats.label_file import shorten
from mindocr.images.read import IMAGE_SUFFIXES

_USUAL_KEYS = ("image", "ocr")


def read(job: Job, options: Options) -> Iterator[Entry]:
    """Images in the order of the tasks, with the newest annotation that is not cancelled; others are counted.

    A region without a text is not ignored and gets the transcription ``text``; label ``Ignore`` or text ``###`` =
    ignore.

    Raises:
        DataError: the file is no JSON export of tasks, or it is malformed.
    """
    file = job.label_dir
    found: list[tuple[Wanted, list[Text]]] = []
    tasks = expect(read_json(file), list, str(file))
    for number, task in enumerate(tasks, start=1):
        where = f"{file}: task {number}"
        if is_simple(task):
            data, results = task, results_of(task, where, job)
        else:
            data, listed = get(task, "data", dict, where), _newest(task, where, job)
            if listed is None:
                continue
            results = listed
        key = _image_key(data, options, where)
        wanted = _wanted(get(data, key, str, where), where)
        place = Place(where, job, _lazy_size(wanted, job), options.text_key, key)
        texts, size = texts_of(results, place)
        found.append((Wanted(wanted.names, where, size, lenient=wanted.lenient), texts))
    if not found:
        notes = ", ".join(f"{count} {what}" for what, count in job.report.notes.items()) or "no task in it"
        raise DataError(f"{file}: no annotated task: {notes}; export the tasks after their annotations were submitted")
    return entries(job, found)


def _newest(task: Any, where: str, job: Job) -> list[Any] | None:
    """The results of the newest annotation that was not cancelled, or None."""
    notes = job.report.notes
    key = "completions" if "completions" in task else "annotations"  # before version 1.0
    listed = expect(task.get(key) or [], list, f"{where}: '{key}'")
    done = [a for a in listed if not expect(a, dict, f"{where}: an annotation").get("was_cancelled")]
    if not done:
        predicted = bool(task.get("predictions"))
        notes[f"tasks {'with predictions only' if predicted else 'without an annotation'} left out"] += 1
        return None
    if len(done) > 1:
        notes["older annotations of the same tasks left out"] += len(done) - 1
    newest = max(enumerate(done), key=lambda pair: (str(pair[1].get("updated_at", "")), pair[0]))[1]
    return get(newest, "result", list, where)


def _image_key(data: dict[str, Any], options: Options, where: str) -> str:
    """The key that names the image: the option, ``image`` or ``ocr``, or the only one whose value looks like an image.

    Raises:
        DataError: there is none, or several.
    """
    keys = shorten(", ".join(map(str, data)) or "none", 120).strip("'")
    if options.image_key:
        if options.image_key not in data:
            raise DataError(f"{where}: no '{options.image_key}' among its keys ({keys}); correct --image_key")
        return options.image_key
    usual = [key for key in _USUAL_KEYS if isinstance(data.get(key), str)]
    likely = [key for key, value in data.items() if isinstance(value, str) and _looks_like_image(value)]
    chosen = [key for key in usual if key in likely] or likely or usual
    if len(chosen) == 1 or (chosen and chosen[0] in _USUAL_KEYS):
        return chosen[0]
    several = [key for key, value in data.items() if isinstance(value, list) and any(map(_looks_like_image, value))]
    if several and not chosen:
        raise DataError(f"{where}: '{several[0]}' is a list of images (pages); export tasks that have one image each")
    found = f"several name an image: {', '.join(chosen)}" if chosen else "none of them names an image"
    raise DataError(f"{where}: which of its keys names the image? {found} (keys: {keys}); set --image_key")


def _looks_like_image(value: Any) -> bool:
    return isinstance(value, str) and any(
        name.lower().endswith(IMAGE_SUFFIXES) for name in possible_names(value[:4096])
    )


def _wanted(url: str, where: str) -> Wanted:
    """The image of a URL: upload (``/data/upload/3/1a2b3c4d-img.jpg``), local storage (``?d=folder/img.jpg``), others.

    The name of an upload says nothing about its folder, and begins with eight digits that the tool has added.
    """
    if url.startswith("data:"):
        raise DataError(f"{where}: the task contains the image itself (data:...); import image files into Label Studio")
    names = possible_names(url)
    if not re.search(r"(^|/)(data|media)/upload/", names[0]):
        return Wanted(names, where)
    name = names[0].rpartition("/")[2]
    return Wanted(tuple(dict.fromkeys((name, without_upload_id(name)))), where, lenient=True)


def _lazy_size(wanted: Wanted, job: Job) -> Callable[[], Size]:
    """The size of the image itself, read only for results that do not state one."""

    def size() -> Size:
        image, problem = find_images(job.image_dir, [wanted])[0]
        _, found, unreadable = look_at(image) if not problem else (image, (0, 0), problem)
        if unreadable:
            raise DataError(f"{wanted.where}: no 'original_width' in a result, and {image}: {unreadable}")
        return found

    return size


def write(labelled: list[Labelled], target: Path, options: Options, report: Report) -> None:
    """Write tasks for Label Studio's local storage (``?d=<path in the label file>``) with polygons and texts."""
    tasks = []
    for number, image in enumerate(labelled, start=1):
        w, h = image.size
        results: list[dict[str, Any]] = []
        for position, item in enumerate(image.items):
            points = [[x * 100 / w, y * 100 / h] for x, y in item.points]
            shared = {"id": f"region{position}", "to_name": "image", "original_width": w, "original_height": h,
                      "image_rotation": 0}  # fmt: skip
            shape = {"points": points, "closed": True}
            results += [
                {**shared, "type": "polygonlabels", "from_name": "label",
                 "value": {**shape, "polygonlabels": ["Ignore" if item.ignored else "Text"]}},
                {**shared, "type": "textarea", "from_name": "transcription",
                 "value": {**shape, "text": [item.transcription]}},
            ]  # fmt: skip
        annotation = {"id": number, "was_cancelled": False, "result": results}
        url = f"/data/local-files/?d={quote(image.path)}"
        tasks.append({"id": number, "data": {"image": url}, "annotations": [annotation]})
    write_json(target, tasks)
