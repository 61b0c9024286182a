"""``JSON-MIN`` exports of Label Studio: the keys of a task and of its annotation in one object, without ids."""

from __future__ import annotations

from typing import Any

from mindocr.errors import DataError
from mindocr.formats.datasets.common import Job
from mindocr.formats.datasets.reading import expect
from mindocr.formats.label_file import to_json

_GEOMETRY = ("x", "y", "width", "height", "rotation", "radiusX", "radiusY", "points", "rle", "vertices")
_TASK_KEYS = ("annotator", "annotation_id", "lead_time", "created_at", "updated_at")


def is_simple(task: Any) -> bool:
    """Whether a task is from a JSON-MIN export."""
    known = isinstance(task, dict) and "data" not in task and "annotations" not in task
    return known and (any(key in task for key in _TASK_KEYS) or any(map(_is_list_of_regions, task.values())))


def results_of(task: dict[str, Any], where: str, job: Job) -> list[dict[str, Any]]:
    """The results of the task, as in a JSON export.

    Regions of several controls with the same shape are one region. Texts are assigned in order if there are as many as
    regions.

    Raises:
        DataError: the numbers of texts and of regions differ.
    """
    regions: dict[str, list[dict[str, Any]]] = {}  # by their shape
    for value in task.values():
        for region in value if _is_list_of_regions(value) else []:
            shape = to_json({key: region[key] for key in _GEOMETRY if key in region})
            regions.setdefault(shape, []).append(region)
    texts = _texts(task, len(regions), where)
    job.report.notes["tasks of a JSON-MIN export, with texts assigned to regions by their order"] += 1
    results: list[dict[str, Any]] = []
    for number, same in enumerate(regions.values()):
        shared = {"id": str(number), **{key: value for key, value in same[0].items() if key.startswith("original_")}}
        results.append({**shared, "type": "region", "value": same[0]})
        labels = [(key, value) for region in same for key, value in region.items() if key.endswith("labels")]
        results += [{**shared, "type": key, "value": {key: value}} for key, value in labels]
        if texts:
            results.append({**shared, "type": "textarea", "value": {"text": texts[number]}})
    return results


def _is_list_of_regions(value: Any) -> bool:
    if not isinstance(value, list) or not value or not all(isinstance(item, dict) for item in value):
        return False
    return all(any(key in item for key in _GEOMETRY) for item in value)


def _texts(task: dict[str, Any], regions: int, where: str) -> list[Any]:
    """The text of each region; empty if there are no texts. A text area is the list whose length fits."""
    found: list[tuple[str, list[Any]]] = []
    for key in ("transcription", "text", "ocr_text"):
        value = task.get(key)
        if isinstance(value, str):
            found.append((key, [value]))
        elif isinstance(value, list):
            found.append((key, [_words(item, f"{where}: '{key}'") for item in value]))
    others = [] if found else [
        (key, [_words(item, f"{where}: '{key}'") for item in value])
        for key, value in task.items()
        if isinstance(value, list) and value and all(isinstance(item, str) or _has_text(item) for item in value)
    ]  # fmt: skip
    for key, texts in found + others:
        if len(texts) != regions:
            raise DataError(
                f"{where}: this is a JSON-MIN export, which has {regions} regions but {len(texts)} texts in '{key}', "
                "and nothing that links them; export 'JSON' from Label Studio instead"
            )
        return texts
    return []


def _has_text(item: Any) -> bool:
    return isinstance(item, dict) and "text" in item


def _words(item: Any, where: str) -> Any:
    return item["text"] if _has_text(item) else expect(item, str, where)
