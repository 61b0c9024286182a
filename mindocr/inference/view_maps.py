"""Probability maps of views: cut-outs of the scaled image, and maps that are merged into one.

A large map holds uint8, where 255 stands for 1: a quarter of the memory, and precise to 0.2 %.
"""

from __future__ import annotations

import math

import cv2
import numpy as np

from mindocr.inference.tiling import Tile
from mindocr.inference.view_options import Merge

_ROWS = 1024  # of a map that are merged at once
_FEW_ROWS = 64  # that are converted at once


def cut(image: np.ndarray, tile: Tile, size: tuple[int, int]) -> np.ndarray:
    """A tile of the scaled image, with the pixels that resizing the whole image linearly would give, without doing so.

    Args:
        image: (H, W, 3) uint8.
        tile: in pixels of the scaled image.
        size: (h, w) of the scaled image.

    Returns:
        (tile.height, tile.width, 3) uint8.
    """
    height, width = image.shape[:2]
    if size == (height, width):
        return image[tile.top : tile.top + tile.height, tile.left : tile.left + tile.width]
    scale_y, scale_x = size[0] / height, size[1] / width
    y0, y1 = _source(tile.top, tile.height, scale_y, height)
    x0, x1 = _source(tile.left, tile.width, scale_x, width)
    # The centre of source pixel x is at x + 0.5, so it is at (x + 0.5) * scale in the scaled image.
    matrix = np.array([
        [scale_x, 0, scale_x * (x0 + 0.5) - 0.5 - tile.left],
        [0, scale_y, scale_y * (y0 + 0.5) - 0.5 - tile.top],
    ])  # fmt: skip
    return cv2.warpAffine(
        image[y0:y1, x0:x1], matrix, (tile.width, tile.height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )


def _source(start: int, length: int, scale: float, limit: int) -> tuple[int, int]:
    """Source pixels that an interval of the scaled image is computed from, with two to spare."""
    return max(math.floor(start / scale) - 2, 0), min(math.ceil((start + length) / scale) + 2, limit)


def resize_map(prob: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """A map (H, W) of float32 or uint8 at another size (h, w)."""
    return prob if prob.shape == size else cv2.resize(prob, size[::-1], interpolation=cv2.INTER_LINEAR)


def merge_into(total: np.ndarray, new: np.ndarray, count: int, how: Merge) -> None:
    """Merge one more map into the result of ``count`` maps, in place.

    Args:
        total: (H, W) float32 or uint8; the mean, or the largest value, of the maps so far.
        new: (H, W) of the same type.
    """
    if how == "max":
        np.fmax(total, new, out=total)  # NaN counts as no text
        return
    for top in range(0, len(total), _ROWS):
        part = total[top : top + _ROWS]
        mean = part + (np.nan_to_num(new[top : top + _ROWS]).astype(np.float32) - part) / (count + 1)
        part[:] = np.rint(mean) if part.dtype == np.uint8 else mean


def as_bytes(prob: np.ndarray) -> np.ndarray:
    """A map of float32 in [0, 1] as uint8."""
    stored = np.empty(prob.shape, dtype=np.uint8)
    for top in range(0, len(prob), _FEW_ROWS):
        stored[top : top + _FEW_ROWS] = np.rint(np.clip(prob[top : top + _FEW_ROWS], 0, 1) * 255)
    return stored
