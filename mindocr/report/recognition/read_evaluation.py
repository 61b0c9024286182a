"""Reads the texts of an evaluation that ``mindocr eval`` has written, one line of JSON for each text."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from mindocr.errors import DataError
from mindocr.formats.label_file import read_lines
from mindocr.metrics.rec_metric import ACCURACIES, TextResult
from mindocr.report.compare_runs import IMAGES, case_of
from mindocr.report.recognition.word import Word, normal


def read_words(folder: Path) -> list[Word]:
    """The texts of an evaluation, in its order.

    Raises:
        DataError: a line that cannot be read, or no line; names file and line.
    """
    file = folder / IMAGES
    kind = "text of text recognition"
    words = [case_of(line, f"{file}:{number}", _word, kind) for number, line in read_lines(file)]
    if not words:
        raise DataError(f"{file}: no text in it; evaluate again with 'mindocr eval'")
    return words


def _word(value: Any) -> Word:
    truth, found = value["truth"], value["found"]
    polygon = np.array(truth.get("polygon") or (), dtype=np.float32).reshape(-1, 2)
    return Word(
        str(value["image"]),
        polygon if len(polygon) else None,
        normal(str(truth["text"])),
        normal(str(found["text"])),
        float(found["confidence"]),
        _result(value),
    )


def _result(value: Mapping[str, Any]) -> TextResult:
    right = {name: bool(value["right"][name]) for name in ACCURACIES}
    in_label, read, read_right = map(int, value["spaces"])
    return TextResult(
        right, float(value["similarity"]), tuple(map(str, value["unknown"])), (in_label, read, read_right)
    )
