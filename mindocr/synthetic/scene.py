"""One scene: signs are planned, placed without overlap, painted on a wall, and photographed."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from mindocr.synthetic.background import make_background
from mindocr.synthetic.fonts import FontFace
from mindocr.synthetic.options import SceneOptions
from mindocr.synthetic.paint import paint_sign
from mindocr.synthetic.photograph import photograph
from mindocr.synthetic.signs import Sign, plan_sign

IGNORED = "###"
PLACES_TRIED = 14


@dataclass(frozen=True)
class Word:
    """One label.

    Attributes:
        text: transcription, or ``###`` if it is unreadable.
        points: (K, 2) int64 (x, y) pixels inside the image, clockwise from the text's top left; disjoint from other
            words.
        curved: the text follows an arc.
        height: height of the letters in the image, pixels.
    """

    text: str
    points: np.ndarray
    curved: bool
    height: float


@dataclass(frozen=True)
class Scene:
    """An image and its labels.

    Attributes:
        image: (H, W, 3) uint8 RGB.
        words: labels.
        ink: (H, W) uint8 coverage of all letters, before the image is blurred.
        quality: JPEG quality of the image file.
    """

    image: np.ndarray
    words: tuple[Word, ...]
    ink: np.ndarray
    quality: int


def make_scene(
    options: SceneOptions, faces: tuple[FontFace, ...], photos: tuple[str, ...], seed: tuple[int, ...]
) -> Scene:
    """Generate the scene of ``seed``; it depends only on the arguments.

    Args:
        options: size, labels, difficulty.
        faces: fonts.
        photos: photographs for backgrounds; empty = only generated walls.
        seed: whole numbers not below 0, such as (seed of the set, split, index).
    """
    rng = np.random.default_rng(np.random.SeedSequence(seed))
    image = make_background(rng, options, photos)
    ink = np.zeros(options.image_size, np.uint8)
    taken = np.zeros(options.image_size, np.uint8)
    few, many = options.ranges.signs
    height, width = options.image_size
    wanted = round(rng.integers(few, many + 1) * max(height, width) / min(height, width))
    signs: list[Sign] = []
    failures = 0
    while len(signs) < wanted and failures < 2 * wanted:
        readable = not signs or rng.random() >= options.ranges.unreadable
        sign = plan_sign(rng, options, faces, readable, shrink=0.85**failures)
        placed = _place(rng, sign, taken) if sign else None
        if placed:
            paint_sign(rng, image, ink, placed, options.ranges.min_contrast)
            signs.append(placed)
        else:
            failures += 1
    smallest = min((sign.height for sign in signs if sign.readable), default=20.0)
    image = photograph(rng, image, options.ranges, options.scale, smallest)
    low, high = options.ranges.quality
    words = tuple(
        Word(text if sign.readable else IGNORED, points, sign.warp.bend is not None, sign.height)
        for sign in signs
        for text, points in zip(sign.sheet.words, sign.labels(options.labels))
    )
    return Scene(image, words, ink, int(rng.integers(low, high + 1)))


def _place(rng: np.random.Generator, sign: Sign, taken: np.ndarray) -> Sign | None:
    """The sign moved to a free position, which is then marked in ``taken``; None if there is none."""
    footprint = sign.footprint
    low, high = np.floor(footprint.min(axis=0)), np.ceil(footprint.max(axis=0))
    height, width = taken.shape
    room = np.array([width, height]) - (high - low) - 3
    if room.min() < 0:
        return None
    for _ in range(PLACES_TRIED):
        dx, dy = np.floor(rng.random(2) * (room + 1)) + 1 - low
        points = footprint + (dx, dy)
        x0, y0 = np.floor(points.min(axis=0)).astype(int)
        x1, y1 = np.ceil(points.max(axis=0)).astype(int) + 1
        part = np.zeros((y1 - y0, x1 - x0), np.uint8)
        cv2.fillPoly(part, [np.round(points - (x0, y0)).astype(np.int32)], 1)
        window = taken[y0:y1, x0:x1]
        if not np.any(window & part):
            window |= part
            return sign.moved(float(dx), float(dy))
    return None
