"""Plan of one sign: its words, font, size, rotation, perspective and bend, before it is placed."""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np

from mindocr.synthetic.fonts import FontFace
from mindocr.synthetic.lettering import Sheet, Style, write_sheet
from mindocr.synthetic.options import LabelStyle, SceneOptions
from mindocr.synthetic.warp import Bend, Warp, random_warp
from mindocr.synthetic.words import random_word

LONGEST = 0.9  # largest share of the image's side that a sign may fill
DEGREES_PER_POINT = 20.0


@dataclass(frozen=True)
class Sign:
    """A sheet of words with its transformation into the image.

    Attributes:
        sheet: letters and word rectangles.
        warp: transformation from sheet to image.
        readable: False if every word is labelled ``###``.
        smeared: blur of the letters, standard deviation in pixels.
        plate: sheet rectangle of a board behind the letters, or None.
        height: height of a capital letter in the image, pixels.
        footprint: (K, 2) polygon in the image that no other sign may overlap; it contains labels and board with a
            margin.
    """

    sheet: Sheet
    warp: Warp
    readable: bool
    smeared: float
    plate: tuple[float, float, float, float] | None
    height: float
    footprint: np.ndarray

    def moved(self, dx: float, dy: float) -> Sign:
        """The same sign shifted by (dx, dy)."""
        return replace(self, warp=self.warp.moved(dx, dy), footprint=self.footprint + (dx, dy))

    def labels(self, style: LabelStyle) -> list[np.ndarray]:
        """(K, 2) int64 polygons of the words, clockwise from the top left of the text."""
        bend = self.warp.bend
        found = []
        for rect in self.sheet.rects:
            if bend is None:
                points = self.warp.outline(rect, 2 if style != "polygons" else 4)
            else:
                degrees = np.rad2deg((rect[2] - rect[0]) / bend.radius)
                points = self.warp.outline(rect, int(np.clip(np.ceil(degrees / DEGREES_PER_POINT) + 1, 4, 7)))
                if style == "quads":
                    points = smallest_quad(points)
            found.append(np.round(points).astype(np.int64))
        return found


def plan_sign(
    rng: np.random.Generator,
    options: SceneOptions,
    faces: tuple[FontFace, ...],
    readable: bool,
    shrink: float = 1.0,
) -> Sign | None:
    """Draw a random sign around the origin.

    Args:
        rng: source of every random number.
        options: size, curved share, difficulty.
        faces: fonts to choose from.
        readable: if False, the words are too small or too blurred to read.
        shrink: factor of the largest height, below 1 when larger signs did not fit.

    Returns:
        The plan, or None when the drawn words do not fit into the image at a readable size.
    """
    ranges, scale = options.ranges, options.scale
    face = _face(rng, faces)
    smallest, largest = max(ranges.heights[0] * scale, 10.0), ranges.heights[1] * scale
    tiny = not readable and rng.random() < 0.7
    if tiny:
        height = rng.uniform(4.5, 7.0) * max(scale, 1.0)
    else:
        top = max(largest * shrink, smallest * 1.05)
        # between uniform in pixels (mostly large) and uniform in ratio (mostly small)
        height = smallest * float((top / smallest) ** (rng.random() ** 0.75))
    curved = bool(rng.random() < options.curved)
    lines = [[_word(rng, face, at_least=4)]] if curved else _lines(rng, face, height, scale)
    style = Style(
        spacing=float(rng.choice([0.0, 0.0, 0.0, 0.04, 0.1])),
        gap=rng.uniform(0.35, 0.7),
        leading=rng.uniform(0.25, 0.6),
        centred=bool(rng.random() < 0.6),
        outline=max(round(height * rng.uniform(0.03, 0.08)), 1) if height > 14 and rng.random() < 0.15 else 0,
    )
    sheet = write_sheet(face, lines, height, style)
    widest = LONGEST * options.image_size[1]
    if sheet.ink.shape[1] > widest:
        height *= widest / sheet.ink.shape[1]
        if height < smallest and not tiny:
            return None
        sheet = write_sheet(face, lines, height, style)
    bend = _bend(rng, sheet, 40.0 if options.labels == "quads" else 140.0) if curved else None
    reach = ranges.wild_tilt if rng.random() < 0.2 else ranges.tilt
    slant = ranges.slant * (0.5 if curved else 1.0)
    warp = random_warp(rng, (sheet.ink.shape[0], sheet.ink.shape[1]), rng.uniform(-reach, reach), slant, bend)
    extent = sheet.extent
    border = height * rng.uniform(0.15, 0.5)
    plate = _grown(extent, border) if not curved and rng.random() < 0.35 else None
    gap = max(0.2 * height, 3.0 * max(scale, 1.0))
    around = _grown(plate or extent, gap)
    footprint = warp.outline(around, 2 if bend is None else 9)
    if bend is not None and options.labels == "quads":
        footprint = smallest_quad(footprint)
    smeared = 0.0 if readable or tiny else height * rng.uniform(0.22, 0.3)
    return Sign(sheet, warp, readable, smeared, plate, height, footprint)


def smallest_quad(points: np.ndarray) -> np.ndarray:
    """(4, 2) smallest rotated rectangle around (K, 2) points, clockwise, from the corner nearest to the first point."""
    box = cv2.boxPoints(cv2.minAreaRect(points.astype(np.float32))).astype(np.float64)
    following = np.roll(box, -1, axis=0)
    if np.sum(box[:, 0] * following[:, 1] - box[:, 1] * following[:, 0]) < 0:
        box = box[::-1]
    return np.roll(box, -int(np.argmin(np.linalg.norm(box - points[0], axis=1))), axis=0)


def _face(rng: np.random.Generator, faces: tuple[FontFace, ...]) -> FontFace:
    """A random font; if the user has own fonts, half of the signs use those."""
    own = [face for face in faces if face.own]
    pool = own if own and rng.random() < 0.5 else faces
    return pool[rng.integers(len(pool))]


def _lines(rng: np.random.Generator, face: FontFace, height: float, scale: float) -> list[list[str]]:
    """Words of one straight sign: usually one word, else one or a few rows of words."""
    form = rng.random()
    if form < 0.6 or height > 45 * scale:
        return [[_word(rng, face)]]
    if form < 0.8:
        return [[_word(rng, face) for _ in range(rng.integers(2, 4))]]
    return [[_word(rng, face) for _ in range(rng.integers(1, 3))] for _ in range(rng.integers(2, 4))]


def _word(rng: np.random.Generator, face: FontFace, at_least: int = 1) -> str:
    """A word that the font can write; at least ``at_least`` letters long if the font has such words."""
    if face.chinese and (not face.latin or rng.random() < 0.5):
        return face.chinese[rng.integers(len(face.chinese))]
    word = random_word(rng)
    while len(word) < at_least:
        word = random_word(rng)
    return word


def _bend(rng: np.random.Generator, sheet: Sheet, most_degrees: float) -> Bend:
    """An arc of 35 degrees or more, or less if letters would collide near its centre."""
    height, width = sheet.ink.shape
    most = min(np.deg2rad(most_degrees), width / (1.3 * height))
    arc = rng.uniform(min(np.deg2rad(35.0), most), most)
    return Bend(width / arc, width / 2, height / 2, 1 if rng.random() < 0.65 else -1)


def _grown(rect: tuple[float, float, float, float], by: float) -> tuple[float, float, float, float]:
    return rect[0] - by, rect[1] - by, rect[2] + by, rect[3] + by
