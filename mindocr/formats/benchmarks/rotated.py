"""Rotated boxes in text files, without rounding corners to pixels."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from mindocr.errors import DataError
from mindocr.formats.datasets import td500
from mindocr.formats.datasets.common import Number, Points, Text
from mindocr.geometry import rotated_corners


def read_rotated_truth(file: Path) -> list[Text]:
    """MSRA-TD500's label files, see :func:`mindocr.formats.datasets.td500.read`.

    Raises:
        DataError: a line has none of the layouts.
    """
    return td500.read_texts(file, exact_corners)


def exact_corners(x: Number, y: Number, w: Number, h: Number, theta: Number, where: str) -> Points:
    """Corners of a box in pixels, rotated about its centre by ``theta`` radians, clockwise on the screen.

    Raises:
        DataError: a side is negative.
    """
    if w < 0 or h < 0:
        raise DataError(f"{where}: a box needs xmin <= xmax and ymin <= ymax, got {x}, {y}, {x + w}, {y + h}")
    return rotated_corners(np.array([[x, y, w, h, theta]]))[0].tolist()  # type: ignore[no-any-return]
