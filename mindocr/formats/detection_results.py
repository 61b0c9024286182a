"""Lines that state the texts found in one image, in formats of other programs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path, PurePath

import numpy as np

from mindocr.formats.annotation_tools import icdar
from mindocr.formats.annotation_tools.common import Item, Labelled
from mindocr.formats.label_file import quoted, to_json
from mindocr.geometry import Polygon


def mindocr_line(image: str, polys: Sequence[Polygon], size: tuple[int, int]) -> str:
    """``name<TAB>[[[x, y], ...], ...]`` as in MindOCR's ``det_results.txt``: no folder, whole pixels, no scores.

    Args:
        image: path of the image.
        polys: polygons (K_i, 2), pixels of the image; they are rounded and clipped to its pixels.
        size: (h, w) of the image in pixels.
    """
    last = (size[1] - 1, size[0] - 1)
    rounded = [np.clip(np.rint(np.asarray(poly, dtype=float)), 0, last).astype(int).tolist() for poly in polys]
    return f"{quoted(PurePath(image).name)}\t{json.dumps(rounded)}"


def json_line(image: str, polys: Sequence[Polygon], scores: Sequence[float], size: tuple[int, int]) -> str:
    """``{"image", "image_size", "polygons", "scores"}`` in one line, as ``mindocr score`` reads it.

    Args:
        image: path of the image.
        polys: polygons (K_i, 2), pixels of the image; rounded to 0.1 pixel.
        scores: one for each polygon; rounded to 4 digits.
        size: (h, w) of the image in pixels.
    """
    polygons = [np.round(np.asarray(poly, dtype=float), 1).tolist() for poly in polys]
    rounded = [round(float(score), 4) for score in scores]
    return to_json({"image": image, "image_size": list(size), "polygons": polygons, "scores": rounded})


def icdar_lines(image: str, polys: Sequence[Polygon], size: tuple[int, int]) -> list[str]:
    """``x1,y1,...,x4,y4`` for each text, as the evaluation of ICDAR 2015 reads it.

    A polygon that is no quadrilateral is replaced by the smallest rotated rectangle around it; a text without area
    after rounding is left out.

    Args:
        image: path of the image.
        polys: polygons (K_i, 2), pixels of the image; they are rounded and clipped to its pixels.
        size: (h, w) of the image in pixels.
    """
    items = [Item(np.asarray(poly, dtype=float).tolist(), "") for poly in polys]
    return icdar.lines_of(Labelled(image, Path(image), (size[1], size[0]), items, image), "ic15")
