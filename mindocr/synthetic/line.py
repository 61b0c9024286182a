"""One generated text line: lettering, background, perspective, blur, noise and compression."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from mindocr.errors import DataError
from mindocr.synthetic.background import add_clutter, add_pattern, make_wall, photo_crop, random_colour
from mindocr.synthetic.fonts import FontFace
from mindocr.synthetic.glyphs import Fonts
from mindocr.synthetic.lettering import Sheet, Style, write_sheet
from mindocr.synthetic.options import DIFFICULTIES, Difficulty, DifficultyName
from mindocr.synthetic.paint import paint_sign
from mindocr.synthetic.photograph import photograph
from mindocr.synthetic.signs import Sign
from mindocr.synthetic.texts import Texts
from mindocr.synthetic.warp import Warp, random_warp

DESIGN_HEIGHT = 48.0  # lengths of the difficulties suit letters in an image of this height
CAPITALS = 0.8  # height of drawn capitals as a share of the image's height; one size a font, so that it is kept
TILT = 0.35  # of the tilt of a sign in a scene: a line is cut out along its text
MIN_HEIGHT = 16
TRIES = 50


@dataclass(frozen=True)
class LineOptions:
    """Look of generated lines.

    Args:
        height: of every image in pixels, at least 16; the width follows from the text.
        difficulty: ``easy``, ``normal`` or ``hard``: tilt, perspective, contrast, texture, blur, noise, compression.
        vertical: share of lines that are written from top to bottom, 0-1. As in reading, the image is turned by 90
            degrees anticlockwise. Spaces are left out.

    Raises:
        DataError: a value is out of its range.
    """

    height: int = 48
    difficulty: DifficultyName = "normal"
    vertical: float = 0.0

    def __post_init__(self) -> None:
        if self.height < MIN_HEIGHT:
            raise DataError(f"height: expected at least {MIN_HEIGHT} pixels, got {self.height}")
        if self.difficulty not in DIFFICULTIES:
            raise DataError(f"difficulty: expected {', '.join(DIFFICULTIES)}, got {self.difficulty!r}")
        if not 0.0 <= self.vertical <= 1.0:
            raise DataError(f"vertical: expected a share between 0 and 1, got {self.vertical}")

    @property
    def ranges(self) -> Difficulty:
        """The ranges of the chosen difficulty."""
        return DIFFICULTIES[self.difficulty]


@dataclass(frozen=True)
class Line:
    """An image of one text line and its label.

    Attributes:
        text: what the image says.
        jpeg: the image as a JPEG file.
        left_out: characters of the drawn text that no single font had, and that are neither in the image nor in
            ``text``.
    """

    text: str
    jpeg: bytes
    left_out: str

    def image(self) -> np.ndarray:
        """(H, W, 3) uint8 RGB, with the traces of the compression."""
        return cv2.imdecode(np.frombuffer(self.jpeg, np.uint8), cv2.IMREAD_COLOR_RGB)


def make_line(options: LineOptions, texts: Texts, fonts: Fonts, photos: tuple[str, ...], seed: tuple[int, ...]) -> Line:
    """Generate the line of ``seed``; it depends only on the arguments.

    Args:
        options: height and difficulty.
        texts: source of the text.
        fonts: fonts, with the characters that each can draw.
        photos: photographs for half of the backgrounds; empty = only generated ones.
        seed: whole numbers not below 0, such as (seed of the set, split, index).

    Raises:
        DataError: no text of the wanted length is found, or a photograph cannot be decoded.
    """
    rng = np.random.default_rng(np.random.SeedSequence(seed))
    face, text, left_out = _text(rng, texts, fonts)
    vertical = bool(rng.random() < options.vertical) and len(text.replace(" ", "")) > 1
    if vertical:
        text = text.replace(" ", "")
    sheet = _sheet(rng, face, text, options, vertical)
    sign, size = _place(rng, sheet, options)
    image = _background(rng, size, options, photos)
    paint_sign(rng, image, np.zeros(size, np.uint8), sign, options.ranges.min_contrast)
    image = _lower_resolution(rng, image, sign.height, options.ranges)
    pixels = photograph(rng, image, options.ranges, options.height / DESIGN_HEIGHT, sign.height)
    low, high = options.ranges.quality
    quality = [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(low, high + 1))]
    _, data = cv2.imencode(".jpg", pixels[..., ::-1], quality)
    return Line(text, data.tobytes(), left_out)


def _text(rng: np.random.Generator, texts: Texts, fonts: Fonts) -> tuple[FontFace, str, str]:
    """A font, a text that it can draw, and the characters that had to be left out."""
    low = texts.options.length[0]
    left_out = ""
    for _ in range(TRIES):
        face, text, lacking = fonts.choose(rng, texts.draw(rng))
        left_out += lacking
        if len(text) >= low:
            return face, text, left_out
    raise DataError(
        f"{TRIES} texts had fewer than {low} characters that one font can draw; set font_dir to a folder with fonts "
        "that have all characters of a line"
    )


def _sheet(rng: np.random.Generator, face: FontFace, text: str, options: LineOptions, vertical: bool) -> Sheet:
    height = CAPITALS * options.height
    style = Style(
        spacing=float(rng.choice([0.0, 0.0, 0.0, 0.04, 0.1])),
        leading=rng.uniform(0.1, 0.3),
        centred=True,
        outline=max(round(height * rng.uniform(0.03, 0.07)), 1) if rng.random() < 0.12 else 0,
    )
    if not vertical:
        return write_sheet(face, [[text]], height, style)
    sheet = write_sheet(face, [[character] for character in text], height, style)
    left, top, right, bottom = sheet.extent
    far = sheet.ink.shape[1] - 1
    ink = np.ascontiguousarray(np.rot90(sheet.ink))
    rim = ink if sheet.rim is sheet.ink else np.ascontiguousarray(np.rot90(sheet.rim))
    return Sheet(ink, rim, (text,), ((top, far - right, bottom, far - left),))


def _place(rng: np.random.Generator, sheet: Sheet, options: LineOptions) -> tuple[Sign, tuple[int, int]]:
    """The line as a sign that fills an image of the wanted height, and the size of that image."""
    ranges, extent = options.ranges, sheet.extent
    across, down = extent[2] - extent[0], extent[3] - extent[1]
    tilt = min(TILT * ranges.tilt, np.rad2deg(0.4 * down / across))  # a long line would become a small one
    warp = random_warp(rng, (sheet.ink.shape[0], sheet.ink.shape[1]), rng.uniform(-tilt, tilt), ranges.slant)
    outline = warp.outline(extent, 2)
    (left, top), (right, bottom) = outline.min(axis=0), outline.max(axis=0)
    above, below = rng.uniform(0.02, 0.22, 2) * (bottom - top)
    before, behind = rng.uniform(0.02, 0.35, 2) * (bottom - top)
    scale = options.height / (bottom - top + above + below)
    width = max(round((right - left + before + behind) * scale), 1)
    fit = np.array([[scale, 0.0, (before - left) * scale], [0.0, scale, (above - top) * scale], [0.0, 0.0, 1.0]])
    plate = None
    if rng.random() < 0.12:
        border = down * rng.uniform(0.05, 0.15)
        plate = (extent[0] - border, extent[1] - border, extent[2] + border, extent[3] + border)
    size = (options.height, width)
    whole = np.array([[0, 0], [width - 1, 0], [width - 1, size[0] - 1], [0, size[0] - 1]], np.float64)
    letters = CAPITALS * options.height * scale
    return Sign(sheet, Warp(fit @ warp.matrix), True, 0.0, plate, letters, whole), size


def _background(
    rng: np.random.Generator, size: tuple[int, int], options: LineOptions, photos: tuple[str, ...]
) -> np.ndarray:
    """(H, W, 3) float32 RGB: a piece of a photograph, one colour, a gradient, or a wall with patterns and clutter."""
    if photos and rng.random() < 0.5:
        return photo_crop(rng, photos[rng.integers(len(photos))], size)
    kind, texture, scale = rng.random(), options.ranges.texture, options.height / DESIGN_HEIGHT
    if kind < 0.3:
        return np.full((*size, 3), random_colour(rng), np.float32)
    if kind < 0.5:
        along = int(rng.integers(2))
        shape = (1, -1, 1) if along else (-1, 1, 1)
        blend = np.linspace(0, rng.uniform(0.3, 1.0), size[along], dtype=np.float32).reshape(shape)
        first, second = random_colour(rng), random_colour(rng)
        return np.ascontiguousarray(np.broadcast_to(first + blend * (second - first), (*size, 3)))
    image = make_wall(rng, size, texture, scale)
    if rng.random() < 0.25:
        image = add_pattern(rng, image, texture, scale)
    if rng.random() < 0.3:
        add_clutter(rng, image, int(rng.integers(1, options.ranges.clutter // 3 + 2)), scale)
    return image


def _lower_resolution(rng: np.random.Generator, image: np.ndarray, letters: float, ranges: Difficulty) -> np.ndarray:
    """One image in four is reduced, so that its letters keep the smallest height of the difficulty, and enlarged."""
    most = min(letters / ranges.heights[0], 3.0)
    if rng.random() >= 0.25 or most <= 1.1:
        return image
    factor = rng.uniform(1.0, most)
    height, width = image.shape[:2]
    small = (max(round(width / factor), 1), max(round(height / factor), 1))
    reduced = cv2.resize(image, small, interpolation=cv2.INTER_AREA)
    return cv2.resize(reduced, (width, height), interpolation=cv2.INTER_LINEAR)
