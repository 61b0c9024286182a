"""Texts that are larger than a tile: they are taken from a reduced view of the whole image."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np

from mindocr.geometry.many import areas_and_perimeters
from mindocr.geometry.overlap import pairwise_intersection
from mindocr.predictions.detection import Detection

COVERED = 0.5  # share of a text's area inside a larger text from which it is a part of that


def with_large_texts(found: Detection, whole: Detection, smallest: float) -> Detection:
    """Add the large texts of another detection of the same image.

    Args:
        found: texts that were found in tiles. A text of which at least half lies in an added one is dropped: it is a
            stroke or a part of that.
        whole: texts that were found in a reduced view of the whole image.
        smallest: short side of a text from which it is taken from ``whole``, pixels of the image.
    """
    large = [i for i, poly in enumerate(whole.polys) if _short_side(poly) >= smallest]
    if not large:
        return found
    polys, scores = [whole.polys[i] for i in large], [whole.scores[i] for i in large]
    areas, _ = areas_and_perimeters(found.polys)
    inside = pairwise_intersection(found.polys, polys).max(axis=1) if found.polys else np.zeros(0)
    kept = np.flatnonzero(inside < COVERED * np.maximum(areas, 1e-9)).tolist()
    return replace(
        found, polys=[*(found.polys[i] for i in kept), *polys], scores=[*(found.scores[i] for i in kept), *scores],
        highest=None,
    )  # fmt: skip


def _short_side(poly: np.ndarray) -> float:
    return float(min(cv2.minAreaRect(np.asarray(poly, dtype=np.float32))[1]))
