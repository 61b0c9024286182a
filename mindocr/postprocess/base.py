"""What every post-processing returns, and the way back from the network's image to the source image."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from mindocr.geometry import Polygon, area

SMALLEST_AREA = 1.0  # square pixels of the source image; below it a region is nothing


@dataclass
class Detection:
    """Texts found in one image.

    Attributes:
        polys: outlines (K_i, 2) float32, pixels (x, y) of the source image, clockwise on the screen.
        scores: one per outline, in [0, 1].
        rejections: how many candidates were given up, by reason; empty when none was.
        highest: highest probability in the map, filled in when nothing was found (None otherwise), to tell a network
            that sees nothing from thresholds that are set too high.
    """

    polys: list[Polygon] = field(default_factory=list)
    scores: list[float] = field(default_factory=list)
    rejections: dict[str, int] = field(default_factory=dict)
    highest: float | None = None

    def __len__(self) -> int:
        return len(self.polys)


def check_shapes(shape_list: np.ndarray, count: int) -> np.ndarray:
    """Return ``shape_list`` as (N, 4) float64 after checking it.

    Args:
        shape_list: (N, 4), per image (source height, source width, ratio_h, ratio_w); network = source * ratio.
        count: number of images N.

    Raises:
        ValueError: another shape, or a size or ratio that is not positive.
    """
    shapes = np.asarray(shape_list, dtype=np.float64)
    if shapes.shape != (count, 4):
        raise ValueError(
            f"shape_list: expected ({count}, 4) = (source height, source width, ratio_h, ratio_w) for each of the "
            f"{count} maps, got shape {shapes.shape}"
        )
    if not (np.isfinite(shapes).all() and (shapes > 0).all()):
        bad = int(np.flatnonzero(~(np.isfinite(shapes) & (shapes > 0)).all(axis=1))[0])
        raise ValueError(f"shape_list[{bad}]: sizes and ratios must be positive, got {shapes[bad].tolist()}")
    return shapes


def to_source(polys: Sequence[Polygon], shape: np.ndarray) -> tuple[list[Polygon], list[int]]:
    """Map outlines from network pixels to source pixels and limit them to the source image.

    Args:
        polys: outlines (K_i, 2) in pixels of the network's image.
        shape: (4,) source height, source width, ratio_h, ratio_w.

    Returns:
        Outlines that keep an area of at least a square pixel, coordinates in [0, width] x [0, height], float32; and
        the positions they had in ``polys``.
    """
    if not len(polys):
        return [], []
    height, width, ratio_h, ratio_w = shape
    points = np.concatenate(polys) / (ratio_w, ratio_h)
    np.clip(points, 0, (width, height), out=points)
    outlines = np.split(points.astype(np.float32), np.cumsum([len(poly) for poly in polys])[:-1])
    kept = [i for i, outline in enumerate(outlines) if area(outline) >= SMALLEST_AREA]
    return [outlines[i] for i in kept], kept
