"""Image sampling through a sequence of affine steps, in one pass.

Coordinates are continuous: an image of w x h pixels covers [0, w] x [0, h], so the centre of the pixel in column c
is at c + 0.5. Matrices are 3 x 3 and map (x, y, 1) of one canvas to the next.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce

import cv2
import numpy as np

from mindocr.geometry.polygon import transform
from mindocr.geometry.raster import fill_polygon
from mindocr.images.headers import Size

_TO_INDEX = np.array([[1, 0, -0.5], [0, 1, -0.5], [0, 0, 1]])
_FROM_INDEX = np.array([[1, 0, 0.5], [0, 1, 0.5], [0, 0, 1]])


@dataclass(frozen=True)
class Step:
    """One geometric step.

    Attributes:
        matrix: (3, 3) float64, affine, from the canvas before to the canvas after.
        size: (h, w) of the canvas after.
        content: (h, w) of the part at the top left that shows the image; the rest of the canvas is black.
    """

    matrix: np.ndarray
    size: Size
    content: Size


@dataclass(frozen=True)
class Patch:
    """Part of another image, to be pasted onto the first canvas.

    Attributes:
        poly: (N, 2) float32, the part, in pixels of the other image.
        matrix: (3, 3) float64, affine, from the other image to the first canvas, on which the part lies completely.
    """

    poly: np.ndarray
    matrix: np.ndarray

    def after(self, steps: Sequence[Step]) -> Patch:
        """The same part on the canvas after the steps; it may lie beyond that canvas."""
        return Patch(self.poly, _total(steps) @ self.matrix)

    def is_on(self, size: Size) -> bool:
        """Whether a canvas of (h, w) shows any of it."""
        (poly,) = transform([self.poly], self.matrix)
        return bool((poly.max(axis=0) >= 0).all() and (poly.min(axis=0) < size[::-1]).all())


@dataclass(frozen=True)
class Pasted:
    """An image and the patches that are taken from it.

    Attributes:
        image: (H, W, 3), of the same type as the image that is pasted onto.
        patches: their matrices lead to the first canvas.
        factor: each pixel of ``image`` represents ``factor`` x ``factor`` pixels of the other image.
    """

    image: np.ndarray
    patches: Sequence[Patch]
    factor: int = 1


def warp(image: np.ndarray, steps: Sequence[Step], factor: int = 1, pasted: Pasted | None = None) -> np.ndarray:
    """Transform an image by all steps at once, with bilinear sampling; parts outside an intermediate canvas are black.

    An image that becomes smaller than half is first reduced by area averaging, so that no pixel is skipped.

    Args:
        image: (H, W, 3) uint8 or float32; not changed.
        steps: at least one.
        factor: each pixel of ``image`` already represents ``factor`` x ``factor`` pixels of the first canvas.
        pasted: parts of another image that lie on the first canvas.

    Returns:
        (h, w, 3) of the last step's size, same dtype; the input array itself when nothing changes.
    """
    total = _total(steps) @ np.diag([factor, factor, 1.0])
    h, w = steps[-1].size
    if (
        pasted is None
        and np.array_equal(total, np.eye(3))
        and all(step.content == image.shape[:2] == step.size for step in steps)
    ):
        return image
    shown_h, shown_w = steps[-1].content
    canvas = (np.empty if (shown_h, shown_w) == (h, w) else np.zeros)((h, w, 3), dtype=image.dtype)
    region = canvas[:shown_h, :shown_w]
    _sample(image, total, region)
    if pasted is not None:
        for patch in pasted.patches:
            _paste(region, pasted, patch.after(steps))
    onward = np.eye(3)
    for before, after in zip(reversed(steps[:-1]), reversed(steps[1:])):
        onward = onward @ after.matrix
        _black_out(region, onward, before.content)
    return canvas


def spare_factor(steps: Sequence[Step]) -> int:
    """Factor by which an image may be reduced before the steps without later enlargement: 1, 2, 4 or 8."""
    return _spare_factor(_total(steps))


def spare_factor_of(patches: Sequence[Patch]) -> int:
    """Factor by which the other image may be reduced before the patches are taken from it: 1, 2, 4 or 8."""
    return min(_spare_factor(patch.matrix) for patch in patches)


def _spare_factor(matrix: np.ndarray) -> int:
    (a, b), (c, d) = matrix[:2, :2].tolist()
    # the larger singular value: the scale of the direction that is reduced least
    scale = (math.hypot(a + d, b - c) + math.hypot(a - d, b + c)) / 2
    return next((factor for factor in (8, 4, 2) if scale * factor <= 1 + 1e-6), 1)


def _total(steps: Sequence[Step]) -> np.ndarray:
    return reduce(lambda done, step: step.matrix @ done, steps, np.eye(3))


def _paste(canvas: np.ndarray, pasted: Pasted, patch: Patch) -> None:
    """Fill the patch's polygon with the pixels of the other image, in place."""
    (poly,) = transform([patch.poly], patch.matrix)
    left, top = np.floor(poly.min(axis=0)).astype(int).clip(min=0)
    right, bottom = np.ceil(poly.max(axis=0)).astype(int).clip(max=canvas.shape[1::-1]) + 1
    region = canvas[top:bottom, left:right]
    if not region.size:
        return
    mask = np.zeros(region.shape[:2], dtype=np.uint8)
    fill_polygon(mask, poly - (left, top), 1)
    # only the part of the other image that is seen, with the neighbours that are interpolated
    h, w = pasted.image.shape[:2]
    x0, y0 = (np.floor(patch.poly.min(axis=0) / pasted.factor).astype(int) - 2).clip(0, (w - 1, h - 1)).tolist()
    x1, y1 = (np.ceil(patch.poly.max(axis=0) / pasted.factor).astype(int) + 3).clip((x0 + 1, y0 + 1), (w, h)).tolist()
    shift = np.array([[1.0, 0, -left], [0, 1, -top], [0, 0, 1]])
    part = np.diag([pasted.factor, pasted.factor, 1.0]) @ np.array([[1.0, 0, x0], [0, 1, y0], [0, 0, 1]])
    pixels = np.empty_like(region)
    _sample(pasted.image[y0:y1, x0:x1], shift @ patch.matrix @ part, pixels, cv2.BORDER_REPLICATE)
    np.copyto(region, pixels, where=mask[:, :, None] > 0)


def _sample(image: np.ndarray, matrix: np.ndarray, out: np.ndarray, border: int | None = None) -> None:
    h, w = out.shape[:2]
    scale = math.sqrt(abs(matrix[0, 0] * matrix[1, 1] - matrix[0, 1] * matrix[1, 0]))
    if scale <= 0.5:
        image, matrix = _reduce(image, matrix, int(1 / scale + 1e-6))
    index_matrix = _TO_INDEX @ _inverse(matrix) @ _FROM_INDEX
    # if nothing outside the image is visible, replicate its border instead of fading to black
    if border is None:
        inside = _lies_within((h, w), matrix, (image.shape[0], image.shape[1]))
        border = cv2.BORDER_REPLICATE if inside else cv2.BORDER_CONSTANT
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    cv2.warpAffine(image, index_matrix[:2], (w, h), dst=out, flags=flags, borderMode=border)


def _reduce(image: np.ndarray, matrix: np.ndarray, factor: int) -> tuple[np.ndarray, np.ndarray]:
    """Average blocks of factor x factor pixels; the matrix is changed to start from the smaller image."""
    h, w = image.shape[:2]
    small_h, small_w = max(h // factor, 1), max(w // factor, 1)
    small = cv2.resize(image, (small_w, small_h), interpolation=cv2.INTER_AREA)
    return small, matrix @ np.diag([w / small_w, h / small_h, 1.0])


def _black_out(region: np.ndarray, onward: np.ndarray, content: Size) -> None:
    """Set the pixels of the region that are outside ``content`` of an earlier canvas to black, in place."""
    h, w = region.shape[:2]
    if _lies_within((h, w), onward, content):
        return
    corners = np.array([[0, 0, 1], [content[1], 0, 1], [content[1], content[0], 1], [0, content[0], 1]], dtype=float)
    quad = (_TO_INDEX @ onward @ corners.T)[:2].T
    visible = np.zeros((h, w), dtype=np.uint8)
    cv2.fillConvexPoly(visible, np.rint(quad * 16).astype(np.int32), 1, shift=4)
    region[visible == 0] = 0


def _lies_within(size: Size, matrix: np.ndarray, content: Size) -> bool:
    """Whether the matrix maps all pixel centres of a canvas of this size into ``content``."""
    h, w = size
    centres = np.array([[0.5, 0.5, 1], [w - 0.5, 0.5, 1], [w - 0.5, h - 0.5, 1], [0.5, h - 0.5, 1]])
    x, y, _ = _inverse(matrix) @ centres.T
    return bool(x.min() >= 0 and y.min() >= 0 and x.max() <= content[1] and y.max() <= content[0])


def _inverse(matrix: np.ndarray) -> np.ndarray:
    """Inverse of an affine matrix by Cramer's rule: LAPACK's threads would cost more time than the computation."""
    (a, b, x), (c, d, y) = matrix[:2].tolist()
    determinant = a * d - b * c
    a, b, c, d = d / determinant, -b / determinant, -c / determinant, a / determinant
    return np.array([[a, b, -a * x - b * y], [c, d, -c * x - d * y], [0, 0, 1]])
