"""Painting a placed sign: board, colours with enough contrast to the wall, shadow, outline and letters."""

from __future__ import annotations

import cv2
import numpy as np

from mindocr.synthetic.background import random_colour
from mindocr.synthetic.signs import Sign

LUMA = np.array([0.299, 0.587, 0.114], np.float32)
SUBPIXEL = 4  # fractional bits of OpenCV's drawing coordinates


def paint_sign(rng: np.random.Generator, image: np.ndarray, ink: np.ndarray, sign: Sign, contrast: float) -> None:
    """Paint ``sign`` in place.

    Args:
        rng: source of colours and effects.
        image: (H, W, 3) float32 RGB, 0-255.
        ink: (H, W) uint8; the coverage of the letters (including their outline) is written into it.
        sign: a sign whose footprint is inside the image.
        contrast: smallest difference of luminance between letters and what is behind them, 0-255.
    """
    x0, y0 = np.floor(sign.footprint.min(axis=0)).astype(int)
    x1, y1 = np.ceil(sign.footprint.max(axis=0)).astype(int) + 1
    x0, y0, x1, y1 = max(x0, 0), max(y0, 0), min(x1, image.shape[1]), min(y1, image.shape[0])
    window = image[y0:y1, x0:x1]
    size = (window.shape[0], window.shape[1])
    letters = sign.warp.render(np.dstack([sign.sheet.ink, sign.sheet.rim]), (x0, y0), size)
    np.maximum(ink[y0:y1, x0:x1], letters[..., 1], out=ink[y0:y1, x0:x1])
    inside = _filled(sign.warp.outline(sign.sheet.extent, 2 if sign.warp.bend is None else 7), (x0, y0), size)
    if sign.plate is not None:
        _paint_plate(rng, window, sign.warp.outline(sign.plate, 2), (x0, y0), sign.height)
    colour = _letter_colour(rng, window, inside, contrast)
    if colour is None:  # the wall varies too much: reduce its contrast behind the letters
        _calm(rng, window, inside, sign.height)
        colour = _letter_colour(rng, window, inside, contrast)
    if colour is None:
        raise AssertionError("a wall of reduced contrast has a letter colour")
    if sign.smeared:
        letters = cv2.GaussianBlur(letters, (0, 0), sign.smeared)
    coverage = letters.astype(np.float32) / 255
    face, rim = coverage[..., 0], coverage[..., 1]
    effect = rng.random()
    if effect < 0.25 and sign.height > 12:
        _cast_shadow(rng, window, rim, colour, sign.height)
    if sign.sheet.rim is not sign.sheet.ink:
        edge = _with_luma(rng, _luma_of(colour) + (-90 if _luma_of(colour) > 127 else 90))
        window += rim[..., None] * (edge - window)
    fill: np.ndarray = colour
    if effect > 0.8:  # letters are lighter at one end
        ramp = np.linspace(1, rng.uniform(0.8, 1.15), size[0], dtype=np.float32)
        fill = colour * ramp[:, None, None]
    window += face[..., None] * np.float32(rng.uniform(0.88, 1.0)) * (fill - window)
    np.clip(window, 0, 255, out=window)


def _filled(points: np.ndarray, corner: tuple[int, int], size: tuple[int, int]) -> np.ndarray:
    mask = np.zeros(size, np.uint8)
    fixed = np.round((points - corner) * (1 << SUBPIXEL)).astype(np.int32)
    cv2.fillPoly(mask, [fixed], 255, cv2.LINE_AA, SUBPIXEL)
    return mask


def _paint_plate(
    rng: np.random.Generator, window: np.ndarray, points: np.ndarray, corner: tuple[int, int], height: float
) -> None:
    """A board, plain or with a border, nearly opaque."""
    board = _filled(points, corner, (window.shape[0], window.shape[1])).astype(np.float32)[..., None] / 255
    colour = random_colour(rng, 1.2)
    shade = 1 + np.float32(rng.uniform(-0.15, 0.15)) * np.linspace(-1, 1, window.shape[0], dtype=np.float32)
    window += board * np.float32(rng.uniform(0.85, 1.0)) * (colour * shade[:, None, None] - window)
    if rng.random() < 0.5:
        fixed = np.round((points - corner) * (1 << SUBPIXEL)).astype(np.int32)
        thick = max(round(height * rng.uniform(0.04, 0.12)), 1)
        edge = random_colour(rng, 1.0).tolist()
        canvas = np.ascontiguousarray(window)
        cv2.polylines(canvas, [fixed], True, edge, thick, cv2.LINE_AA, SUBPIXEL)
        window[:] = canvas


def _letter_colour(
    rng: np.random.Generator, window: np.ndarray, inside: np.ndarray, contrast: float
) -> np.ndarray | None:
    """(3,) colour whose luminance is ``contrast`` away from nearly all of the wall inside; None if there is none."""
    luma = window[inside > 127] @ LUMA
    ordered = np.sort(luma)
    low, high = (_quantile(ordered, 0.05), _quantile(ordered, 0.95)) if luma.size else (127.0, 127.0)
    darker, lighter = max(low - contrast, 0.0), max(255.0 - high - contrast, 0.0)
    if darker + lighter < 5:
        return None
    if rng.random() * (darker + lighter) < darker:
        return _with_luma(rng, float(rng.uniform(0, darker)))
    return _with_luma(rng, float(rng.uniform(high + contrast, 255)))


def _quantile(ordered: np.ndarray, share: float) -> float:
    """As ``np.quantile`` of sorted numbers, at a third of its time for a few thousand numbers."""
    place = (len(ordered) - 1) * share
    before = int(place)
    first, second = float(ordered[before]), float(ordered[min(before + 1, len(ordered) - 1)])
    return first + (second - first) * (place - before)


def _with_luma(rng: np.random.Generator, luma: float) -> np.ndarray:
    """(3,) float32 random colour of the given luminance."""
    luma = float(np.clip(luma, 0, 255))
    colour = random_colour(rng, 1.4) if rng.random() < 0.6 else np.full(3, luma, np.float32)
    present = _luma_of(colour)
    if luma <= present:
        return colour * np.float32(luma / max(present, 1.0))
    return colour + (255 - colour) * np.float32((luma - present) / max(255 - present, 1.0))


def _luma_of(colour: np.ndarray) -> float:
    return float(colour @ LUMA)


def _calm(rng: np.random.Generator, window: np.ndarray, inside: np.ndarray, height: float) -> None:
    """Pull the wall behind the letters towards its mean colour, lightened or darkened, with a soft edge."""
    mean = window[inside > 127].mean(axis=0)
    target = mean * 0.55 if float(mean @ LUMA) < 140 else mean + (255 - mean) * 0.5
    reach = 2 * max(round(height * rng.uniform(0.1, 0.2)), 1) + 1
    soft = cv2.blur(cv2.dilate(inside, np.ones((reach, reach), np.uint8)), (reach, reach))
    window += soft.astype(np.float32)[..., None] * np.float32(0.85 / 255) * (target - window)


def _cast_shadow(
    rng: np.random.Generator, window: np.ndarray, rim: np.ndarray, colour: np.ndarray, height: float
) -> None:
    """A soft shadow under light letters, a soft glow under dark ones, slightly shifted."""
    away = rng.uniform(0.04, 0.09, 2) * height * rng.choice([-1, 1], 2)
    move = np.array([[1, 0, away[0]], [0, 1, away[1]]], np.float32)
    cast = cv2.warpAffine(rim, move, rim.shape[::-1])
    cast = cv2.GaussianBlur(cast, (0, 0), max(0.05 * height, 0.7))
    target = np.float32(20 if _luma_of(colour) > 127 else 235)
    window += cast[..., None] * np.float32(rng.uniform(0.3, 0.6)) * (target - window)
