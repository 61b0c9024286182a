"""Page of an exported file: what it is, and how it was compared with the checkpoint that it was made from."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from mindocr.registry import POSTPROCESSES
from mindocr.utils.html import picture_uri, render

_TEMPLATE = Path(__file__).with_name("templates") / "certificate.html.j2"
_LONGEST = 64  # characters of a setting that are shown
_SIDE = 420  # pixels of the longer side of a picture


def render_page(description: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> str:
    """The page as HTML.

    Args:
        description: content of ``<file>.json``, see :mod:`mindocr.inference.certificate`.
        arrays: content of ``<file>.npz``; generated images in it are shown.
    """
    certificate = description["certificate"]
    name = description["about"].get("postprocess", {}).get("name")
    kind = POSTPROCESSES.get(name).gives if name is not None else None  # type: ignore[attr-defined]
    images = [(each, _largest(each), _picture(arrays, i, each, kind)) for i, each in enumerate(certificate["images"])]
    largest = max([worst for _, worst, _ in images] + [certificate["batch"] or 0.0])
    return render(
        _TEMPLATE,
        file=description["file"],
        about=_settings(description["about"]),
        certificate=certificate,
        images=images,
        largest=largest,
        scores=_scores(certificate["score"]),
    )


def _largest(image: Mapping[str, Any]) -> float:
    return max(image["differences"].values(), default=0.0)


def _picture(arrays: Mapping[str, np.ndarray], number: int, image: Mapping[str, Any], kind: Any) -> str | None:
    """A generated image with its results drawn on it."""
    content = arrays.get(f"{number}.image")
    if content is None:
        return None
    pixels = cv2.cvtColor(cv2.imdecode(np.asarray(content, np.uint8), cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)
    prediction = image["prediction"]
    drawn = pixels if kind is None or prediction is None else kind.from_json(prediction).draw(pixels)
    return picture_uri(drawn, _SIDE)


def _settings(about: Mapping[str, Any]) -> list[tuple[str, list[str]]]:
    """Name and lines of each entry of the file; a long dictionary is cut."""
    shown = []
    for key, value in about.items():
        if isinstance(value, Mapping):
            lines = [f"{name}: {_short(each)}" for name, each in value.items()]
        elif isinstance(value, list | tuple):
            lines = [_short(each) for each in value]
        else:
            lines = [_short(value)]
        shown.append((key, lines))
    return shown


def _short(value: Any) -> str:
    if isinstance(value, Mapping) and len(value) == 1:
        name, arguments = next(iter(value.items()))
        return name if not arguments else f"{name} {arguments}"
    text = str(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}... ({len(text)} characters)"


def _scores(score: Mapping[str, Any]) -> list[tuple[str, float, float]]:
    """Name, the checkpoint's value and the file's of each score."""
    return [(name, score["checkpoint"][name], value) for name, value in score.get("file", {}).items()]
