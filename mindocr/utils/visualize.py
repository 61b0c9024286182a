"""Pictures of results: polygons and probability maps drawn over images, pictures side by side and in a grid.

Images are (H, W, 3) uint8 RGB, or (H, W) grey; every function returns a new RGB image and does not change its input.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np

from mindocr.absent_names import absent
from mindocr.geometry import Polygon

Color = tuple[int, int, int]

GREEN: Color = (0, 220, 60)
RED: Color = (255, 60, 50)
BLUE: Color = (40, 140, 255)
YELLOW: Color = (255, 200, 0)
DARK: Color = (20, 20, 20)
LIGHT: Color = (245, 245, 245)

FONT = cv2.FONT_HERSHEY_SIMPLEX
SUBPIXEL_BITS = 4  # OpenCV draws with a precision of 1/16 pixel
HOTTEST = 225  # level of the brightest red in the colour map; higher levels are darker
LARGEST_PICTURE = 1 << 25  # pixels of a picture of results: 0.1 GB, as drawing needs several copies
GAP = 8  # pixels between pictures
TITLE_HEIGHT = 32


def fit_picture(image: np.ndarray, largest: int = LARGEST_PICTURE) -> tuple[np.ndarray, float]:
    """The image, reduced if it has more pixels than a picture may have, and its new size as a share of the old.

    Args:
        image: (H, W, 3) uint8.
        largest: pixels.
    """
    factor = math.sqrt(largest / max(image.shape[0] * image.shape[1], 1))
    if factor >= 1:
        return image, 1.0
    h, w = (max(int(length * factor), 1) for length in image.shape[:2])
    return cv2.resize(image, (w, h), interpolation=cv2.INTER_AREA), factor


def draw_polygons(
    image: np.ndarray,
    polys: Sequence[Polygon],
    scores: Sequence[float] | None = None,
    color: Color = GREEN,
    thickness: int = 0,
) -> np.ndarray:
    """Draw polygons with a dark border, visible on any background; a dot marks each first corner.

    Args:
        image: (H, W, 3) or (H, W) uint8.
        polys: polygons (K_i, 2), pixels (x, y); parts outside the image are not drawn.
        scores: one per polygon, written with two decimals at the corner nearest to the top left of the image; None = no
            scores are written.
        color: RGB, 0 to 255.
        thickness: pixels; 0 = chosen by the size of the image.

    Raises:
        ValueError: the numbers of scores and polygons differ.
    """
    if scores is not None and len(scores) != len(polys):
        raise ValueError(f"draw_polygons: {len(polys)} polygons but {len(scores)} scores")
    canvas = as_rgb(image)
    thickness = thickness or max(1, round(max(canvas.shape[:2]) / 500))
    paths = [np.rint(np.asarray(p, dtype=np.float64) * 2**SUBPIXEL_BITS).astype(np.int32) for p in polys if len(p)]
    cv2.polylines(canvas, paths, True, DARK, thickness + 2, cv2.LINE_AA, SUBPIXEL_BITS)
    cv2.polylines(canvas, paths, True, color, thickness, cv2.LINE_AA, SUBPIXEL_BITS)
    for path in paths:
        radius = (thickness + 2) * 2**SUBPIXEL_BITS
        cv2.circle(canvas, (int(path[0, 0]), int(path[0, 1])), radius, color, cv2.FILLED, cv2.LINE_AA, SUBPIXEL_BITS)
    for poly, score in zip(polys, scores if scores is not None else ()):
        if len(poly):
            x, y = min(poly, key=sum)  # of a line that runs upwards, the first corner lies below
            write_label(canvas, f"{score:.2f}", (float(x), float(y)), color)
    return canvas


def overlay_map(image: np.ndarray, prob: np.ndarray, opacity: float = 0.6) -> np.ndarray:
    """Draw a map over an image as a heat map: higher values are redder and less transparent; 0 is invisible.

    Args:
        image: (H, W, 3) or (H, W) uint8.
        prob: (h, w) in [0, 1], of any size; it is resized to the image.
        opacity: opacity of the value 1, in [0, 1].
    """
    canvas = as_rgb(image)
    height, width = canvas.shape[:2]
    values = cv2.resize(np.asarray(prob, dtype=np.float32), (width, height), interpolation=cv2.INTER_LINEAR)
    values = np.clip(np.nan_to_num(values), 0, 1)
    levels = np.rint(values * HOTTEST).astype(np.uint8)
    heat = cv2.cvtColor(cv2.applyColorMap(levels, cv2.COLORMAP_JET), cv2.COLOR_BGR2RGB)
    share = (values * opacity)[..., None]
    return np.rint(canvas * (1 - share) + heat * share).astype(np.uint8)


def side_by_side(
    images: Sequence[np.ndarray], titles: Sequence[str] | None = None, height: int | None = None
) -> np.ndarray:
    """Pictures in a row, scaled to one height; their aspect ratios do not change.

    Args:
        images: (H_i, W_i, 3) or (H_i, W_i) uint8, at least one.
        titles: one per picture, written above it.
        height: of the pictures in pixels; None = height of the first.

    Raises:
        ValueError: no picture, or the number of titles differs.
    """
    _check_titles(images, titles)
    height = height or images[0].shape[0]
    scaled = [_resize(image, height / image.shape[0]) for image in images]
    framed = [_with_title(image, titles[i] if titles else None) for i, image in enumerate(scaled)]
    gap = np.full((framed[0].shape[0], GAP, 3), LIGHT, dtype=np.uint8)
    return np.concatenate([part for image in framed for part in (gap, image)][1:], axis=1)


def grid(
    images: Sequence[np.ndarray],
    titles: Sequence[str] | None = None,
    columns: int | None = None,
    cell: tuple[int, int] = (300, 400),
) -> np.ndarray:
    """A contact sheet: every picture is fitted into a cell of the same size, row by row.

    Args:
        images: (H_i, W_i, 3) or (H_i, W_i) uint8, at least one.
        titles: one per picture, written above it.
        columns: cells in a row; None = chosen so that the sheet is about square.
        cell: (h, w) of a cell in pixels, without its title.

    Raises:
        ValueError: no picture, or the number of titles differs.
    """
    _check_titles(images, titles)
    columns = columns or math.ceil(math.sqrt(len(images) * cell[0] / cell[1]))
    framed = [_with_title(_fit(image, cell), titles[i] if titles else None) for i, image in enumerate(images)]
    cell_height, cell_width = framed[0].shape[:2]
    rows = math.ceil(len(framed) / columns)
    size = (rows * (cell_height + GAP) + GAP, columns * (cell_width + GAP) + GAP, 3)
    sheet = np.full(size, LIGHT, dtype=np.uint8)
    for i, image in enumerate(framed):
        top = GAP + i // columns * (cell_height + GAP)
        left = GAP + i % columns * (cell_width + GAP)
        sheet[top : top + cell_height, left : left + cell_width] = image
    return sheet


def write_label(canvas: np.ndarray, text: str, corner: tuple[float, float], color: Color) -> None:
    """Write a small text on a box of ``color`` in place; its bottom left is at ``corner``, moved into the image."""
    scale = max(0.45, min(canvas.shape[:2]) / 1100)
    (width, height), baseline = cv2.getTextSize(text, FONT, scale, 1)
    left = int(min(max(corner[0], 0), max(canvas.shape[1] - width - 2, 0)))
    bottom = int(min(max(corner[1] - 2, height + 4), canvas.shape[0] - baseline))
    cv2.rectangle(canvas, (left, bottom - height - 4), (left + width + 2, bottom + baseline - 2), color, cv2.FILLED)
    ink = DARK if np.dot(color, (0.299, 0.587, 0.114)) > 120 else LIGHT
    cv2.putText(canvas, text, (left + 1, bottom - 2), FONT, scale, ink, 1, cv2.LINE_AA)


def as_rgb(image: np.ndarray) -> np.ndarray:
    """A contiguous copy as (H, W, 3) uint8; a grey image gets three equal channels."""
    pixels = np.asarray(image)
    if pixels.ndim == 2 or pixels.shape[-1] == 1:
        pixels = np.repeat(pixels.reshape(*pixels.shape[:2], 1), 3, axis=2)
    return np.array(pixels, dtype=np.uint8, order="C")


def _check_titles(images: Sequence[np.ndarray], titles: Sequence[str] | None) -> None:
    if not len(images):
        raise ValueError("no picture to show")
    if titles is not None and len(titles) != len(images):
        raise ValueError(f"{len(images)} pictures but {len(titles)} titles")


def _resize(image: np.ndarray, scale: float) -> np.ndarray:
    height, width = image.shape[:2]
    size = (max(round(width * scale), 1), max(round(height * scale), 1))
    return cv2.resize(as_rgb(image), size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)


def _fit(image: np.ndarray, cell: tuple[int, int]) -> np.ndarray:
    """The picture scaled to fit the cell (h, w), centred."""
    scaled = _resize(image, min(cell[0] / image.shape[0], cell[1] / image.shape[1]))[: cell[0], : cell[1]]
    canvas = np.full((*cell, 3), DARK, dtype=np.uint8)
    top, left = (cell[0] - scaled.shape[0]) // 2, (cell[1] - scaled.shape[1]) // 2
    canvas[top : top + scaled.shape[0], left : left + scaled.shape[1]] = scaled
    return canvas


def _with_title(image: np.ndarray, title: str | None) -> np.ndarray:
    """The picture with a title bar above; a long title is written smaller, then cut off."""
    if title is None:
        return image
    plate = np.full((TITLE_HEIGHT, image.shape[1], 3), LIGHT, dtype=np.uint8)
    width = cv2.getTextSize(title, FONT, 0.55, 1)[0][0]
    scale = 0.55 * min(1.0, max(0.65, (image.shape[1] - 8) / max(width, 1)))
    cv2.putText(plate, title, (4, 22), FONT, scale, DARK, 1, cv2.LINE_AA)
    return np.concatenate([plate, image])


def __getattr__(name: str) -> Any:
    raise absent(f"{__name__}.{name}")
