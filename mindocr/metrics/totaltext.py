"""Common part of the two Total-Text protocols: areas, and the detections that are removed before matching."""

from __future__ import annotations

import numpy as np

from mindocr.geometry import Overlap
from mindocr.metrics.matching import set_aside

DONTCARE_THRESHOLD = 0.5
PIXEL = 1.0  # square pixel that the official scripts add to a denominator against division by zero


def leave_out(ignore: np.ndarray, overlap: Overlap) -> tuple[np.ndarray, np.ndarray]:
    """Intersections of the texts and detections that count.

    Intersections must have been computed from polygons repaired by a zero-width buffer; areas are shoelace areas.
    Coordinates are not rounded; the official scripts read whole pixels.

    Returns:
        Intersections (N, M) in square pixels, 0 for do-not-care regions and for detections set aside; (M,) bool, the
        detections set aside: those with inter / (area + 1) > 0.5 for one do-not-care region.
    """
    aside = set_aside(overlap.intersection, ignore, overlap.areas_b + PIXEL, DONTCARE_THRESHOLD)
    counting = ~ignore[:, None] & ~aside
    return np.where(counting, overlap.intersection, 0), aside
