"""Reads the evaluations that ``mindocr eval`` has written, one line of JSON for each image."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from mindocr.errors import DataError
from mindocr.formats.datasets.images import index_images, look_at
from mindocr.formats.label_file import read_lines
from mindocr.metrics.matching import ImageResult
from mindocr.report.judged_image import JudgedImage
from mindocr.report.recognition.word import Word

IMAGES, SETTINGS, SCORES = "per_image.jsonl", "config.yaml", "scores.json"
Case = TypeVar("Case", JudgedImage, Word)
FOLDER = "eval"  # of an evaluation, in the folder of a run


def find_evaluation(path: Path) -> Path | None:
    """The folder with the files of an evaluation: the path itself or its folder ``eval``; None if there is none."""
    return next((folder for folder in (path, path / FOLDER) if (folder / IMAGES).is_file()), None)


def settings_file(folder: Path) -> Path | None:
    """The configuration of an evaluation: beside its results, or that of the run in whose folder ``eval`` they are."""
    places = [folder / SETTINGS, *([folder.parent / SETTINGS] if folder.name == FOLDER else [])]
    return next((place for place in places if place.is_file()), None)


def read_facts(folder: Path) -> dict[str, Any]:
    """Where the scores come from, as far as ``scores.json`` says so: checkpoint and date."""
    try:
        about = json.loads((folder / SCORES).read_text(encoding="utf-8")).get("evaluated") or {}
    except (OSError, ValueError, AttributeError):
        return {}
    return {key: about[key] for key in ("checkpoint", "date") if key in about}


def read_images(folder: Path) -> list[JudgedImage]:
    """The images of an evaluation, in its order.

    Raises:
        DataError: a line that cannot be read, or an image that occurs twice; names file and line.
    """
    file = folder / IMAGES
    cases: list[JudgedImage] = []
    lines: dict[str, int] = {}
    for number, line in read_lines(file):
        where = f"{file}:{number}"
        case = case_of(line, where, _case, "image of text detection")
        if case.image in lines:
            raise DataError(f"{where}: image '{case.image}' occurs twice, first at line {lines[case.image]}")
        lines[case.image] = number
        cases.append(case)
    if not cases:
        raise DataError(f"{file}: no image in it; evaluate again with 'mindocr eval'")
    return cases


def found_in(folder: Path, cases: Sequence[Case]) -> list[Case]:
    """The same with the path of each image that the folder has, by name without the ending."""
    by_name = index_images(folder)
    return [replace(case, image=str(by_name.get(Path(case.image).stem, case.image))) for case in cases]


def with_pictures(cases: list[JudgedImage]) -> list[JudgedImage]:
    """The same with the sizes of those images whose file exists."""
    seen = [(case, *look_at(Path(case.image))) for case in cases]
    return [
        case if problem else replace(case, picture=file, size=(size[1], size[0])) for case, file, size, problem in seen
    ]


def case_of(line: str, where: str, build: Callable[[Any], Case], what: str) -> Case:
    """What a line describes.

    Args:
        line: JSON.
        where: file and line, for the error.
        build: makes the case of the value of the line.
        what: the kind of case, for the error.

    Raises:
        DataError: the line is no JSON, or describes something else.
    """
    value = _value_of(line, where)
    try:
        return build(value)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        why = f"no {error}" if isinstance(error, KeyError) else str(error)
        raise DataError(f"{where}: not an evaluated {what} ({why}); evaluate again with 'mindocr eval'") from None


def _value_of(line: str, where: str) -> Any:
    try:
        return json.loads(line)
    except ValueError as error:
        raise DataError(f"{where}: not JSON ({error}); evaluate again with 'mindocr eval'") from None


def holds_texts(folder: Path) -> bool:
    """Whether the evaluation is one of text recognition, by its first line."""
    file = folder / IMAGES
    for number, line in read_lines(file):
        value = _value_of(line, f"{file}:{number}")
        found = value.get("found") if isinstance(value, dict) else None
        return isinstance(found, dict) and "text" in found
    return False


def _case(value: Any) -> JudgedImage:
    truth, found = value["truth"], value["found"]
    polys, ignore = [_poly(poly) for poly in truth["polys"]], np.array(truth["ignore_tags"], dtype=bool)
    outlines = [_poly(poly) for poly in found["polygons"]]
    return JudgedImage(
        str(value["image"]), _extent([*polys, *outlines]), polys, ignore, outlines, _result(value), found["scores"]
    )


def _result(value: Mapping[str, Any]) -> ImageResult:
    pairs = [(int(truth), int(found)) for truth, found in value["pairs"]]
    counts = {str(name): float(number) for name, number in value["counts"].items()}
    asides = list(map(int, value["gt_dontcare"])), list(map(int, value["det_dontcare"]))
    return ImageResult(counts, float(value["recall"]), float(value["precision"]), pairs, *asides)


def _poly(points: Any) -> np.ndarray:
    return np.array(points, dtype=np.float64).reshape(-1, 2)


def _extent(polys: list[np.ndarray]) -> tuple[int, int]:
    """(h, w) that contain every polygon."""
    width, height = np.ceil(np.concatenate([np.ones((1, 2)), *polys]).max(axis=0)).astype(int).tolist()
    return height, width
