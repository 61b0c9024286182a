"""The four target maps of DBNet (AAAI 2020, "Label generation").

Masks: 1 = the pixel counts in the loss. Pixels and polygons use one grid: the pixel in column c and row r is drawn as
the point (c, r), and post-processing reads contours from the same grid.
"""

from __future__ import annotations

import math

import numpy as np

from mindocr.data.sample import DetSample
from mindocr.data.transforms.protocol import image_size
from mindocr.errors import ConfigError
from mindocr.geometry.many import areas_and_perimeters, bounds
from mindocr.geometry.offset import inset, offset_distance
from mindocr.geometry.polygon import bounding_box
from mindocr.geometry.raster import border_distance, fill_polygon
from mindocr.registry import TRANSFORMS


@TRANSFORMS.register
class ShrinkBinaryMap:
    """Target of the probability map: polygons shrunk by D = A (1 - r^2) / L.

    Ignored texts, texts whose axis-aligned box has a side below ``min_text_size``, and those that vanish when shrunk
    get mask 0 in the complete polygon and are marked as ignored, also for a BorderMap after this op.

    Difference from the reference: if shrinking divides a text, all pieces are drawn, not only the first.

    Args:
        min_text_size: pixels.
        shrink_ratio: r, in (0, 1].
        final_shrink_ratio: r in the last epoch, see :func:`ratio_of`; empty = the same in all epochs.
    """

    reads: tuple[str, ...] = ("image", "polys", "ignore_tags")
    writes = ("binary_map", "mask", "ignore_tags")

    def __init__(
        self, min_text_size: int = 8, shrink_ratio: float = 0.4, final_shrink_ratio: float | None = None
    ) -> None:
        self.min_text_size = min_text_size
        self.ratios = _check_ratios("ShrinkBinaryMap", shrink_ratio, final_shrink_ratio)
        if final_shrink_ratio is not None:
            self.reads = (*self.reads, "progress")

    def __call__(self, sample: DetSample) -> DetSample:
        h, w = image_size(sample)
        binary_map = np.zeros((h, w), dtype=np.uint8)
        mask = np.ones((h, w), dtype=np.uint8)
        ignored = np.array(sample["ignore_tags"], dtype=bool)
        boxes = bounds(sample["polys"])
        unusable = ignored | ((boxes[:, 2:] - boxes[:, :2]).min(axis=1, initial=np.inf) < self.min_text_size)
        areas, perimeters = areas_and_perimeters(sample["polys"])
        ratio = ratio_of(sample, self.ratios)
        for i, poly in enumerate(sample["polys"]):
            distance = offset_distance(areas[i], perimeters[i], ratio)
            pieces = [] if unusable[i] else inset(poly, distance)
            if not pieces:
                ignored[i] = True
                fill_polygon(mask, poly, 0)
            for piece in pieces:
                fill_polygon(binary_map, piece, 1)
        return {**sample, "binary_map": binary_map, "mask": mask, "ignore_tags": ignored}


@TRANSFORMS.register
class BorderMap:
    """Target of the threshold map: ``thresh_max`` on text borders, ``thresh_min`` from D = A (1 - r^2) / L pixels on.

    The mask covers each text expanded by D. The expanded shape is computed from the distances, which is exact and needs
    no polygon clipper. Ignored texts are left out.

    Args:
        shrink_ratio: r, in (0, 1].
        final_shrink_ratio: r in the last epoch, see :func:`ratio_of`; empty = the same in all epochs.
        thresh_min: value far from any border, in [0, 1].
        thresh_max: value on the border, in [0, 1].
    """

    reads: tuple[str, ...] = ("image", "polys", "ignore_tags")
    writes = ("thresh_map", "thresh_mask")

    def __init__(
        self,
        shrink_ratio: float = 0.4,
        thresh_min: float = 0.3,
        thresh_max: float = 0.7,
        final_shrink_ratio: float | None = None,
    ) -> None:
        self.ratios = _check_ratios("BorderMap", shrink_ratio, final_shrink_ratio)
        if final_shrink_ratio is not None:
            self.reads = (*self.reads, "progress")
        if not 0 <= thresh_min < thresh_max <= 1:
            raise ConfigError(
                f"BorderMap: expected 0 <= thresh_min < thresh_max <= 1, got {thresh_min} and {thresh_max}"
            )
        self.thresh_min = thresh_min
        self.thresh_max = thresh_max

    def __call__(self, sample: DetSample) -> DetSample:
        h, w = image_size(sample)
        thresh_map = np.full((h, w), self.thresh_min, dtype=np.float32)
        thresh_mask = np.zeros((h, w), dtype=np.uint8)
        counted = [poly for poly, ignored in zip(sample["polys"], sample["ignore_tags"]) if not ignored]
        ratio = ratio_of(sample, self.ratios)
        for poly, area, perimeter in zip(counted, *areas_and_perimeters(counted)):
            distance = offset_distance(area, perimeter, ratio)
            if distance > 0:
                self._draw(thresh_map, thresh_mask, poly, distance)
        return {**sample, "thresh_map": thresh_map, "thresh_mask": thresh_mask}

    def _draw(self, thresh_map: np.ndarray, mask: np.ndarray, poly: np.ndarray, reach: float) -> None:
        """Raise the map around one text, inside the box within ``reach``, and set the mask; both in place."""
        h, w = mask.shape
        left, top, right, bottom = bounding_box(poly)
        xmin, ymin = max(math.floor(left - reach), 0), max(math.floor(top - reach), 0)
        xmax, ymax = min(math.ceil(right + reach), w - 1), min(math.ceil(bottom + reach), h - 1)
        if xmin > xmax or ymin > ymax:
            return
        # slightly above the reach, to distinguish larger distances from exactly this distance
        values = border_distance(poly, (xmin, ymin, xmax, ymax), limit=reach + 0.5)
        box = slice(ymin, ymax + 1), slice(xmin, xmax + 1)
        mask[box] |= values <= np.float32(reach + 1e-3)
        fill_polygon(mask, poly, 1)
        values *= np.float32((self.thresh_min - self.thresh_max) / reach)
        values += np.float32(self.thresh_max)
        np.maximum(thresh_map[box], values, out=thresh_map[box])  # outside the reach: below thresh_min


def ratio_of(sample: DetSample, ratios: tuple[float, float]) -> float:
    """Shrink ratio of a sample: from the first to the second, evenly with the epochs (PP-OCRv4, "DSR").

    In epoch e of E it is r + (final - r) * e / E, so the last epoch has the second. Outside training it is the first.
    """
    first, last = ratios
    return first + (last - first) * sample.get("progress", 0.0)


def _check_ratios(op: str, first: float, last: float | None) -> tuple[float, float]:
    for key, ratio in (("shrink_ratio", first), ("final_shrink_ratio", first if last is None else last)):
        if not 0 < ratio <= 1:
            raise ConfigError(f"{op}: {key} must be in (0, 1], got {ratio}")
    return first, first if last is None else last
