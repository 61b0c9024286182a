"""Text on a flat sheet: lines of words drawn with one font, and the tight rectangle of every word."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from mindocr.synthetic.fonts import FontFace, load_font

CAPITAL_HEIGHT = 0.72  # of an em, approximately, in matplotlib's fonts


@dataclass(frozen=True)
class Style:
    """Typesetting of words.

    Attributes:
        spacing: extra space between letters, as a fraction of an em.
        gap: space between words, as a fraction of an em.
        leading: space between the ink of two lines, as a fraction of an em.
        centred: lines are centred instead of aligned left.
        outline: width of the outline around the letters, pixels.
    """

    spacing: float = 0.0
    gap: float = 0.5
    leading: float = 0.4
    centred: bool = False
    outline: int = 0


@dataclass(frozen=True)
class Sheet:
    """One sign before it is placed in the image.

    Attributes:
        ink: (h, w) uint8 coverage of the letters.
        rim: (h, w) uint8 coverage of letters and outline; the same array when there is no outline.
        words: texts, line after line.
        rects: (left, top, right, bottom) of each word's rim on the sheet, including some padding; disjoint.
    """

    ink: np.ndarray
    rim: np.ndarray
    words: tuple[str, ...]
    rects: tuple[tuple[float, float, float, float], ...]

    @property
    def extent(self) -> tuple[float, float, float, float]:
        """(left, top, right, bottom) around all words."""
        boxes = np.array(self.rects)
        return (*boxes[:, :2].min(axis=0).tolist(), *boxes[:, 2:].max(axis=0).tolist())


def write_sheet(face: FontFace, lines: Sequence[Sequence[str]], height: float, style: Style | None = None) -> Sheet:
    """Draw lines of words.

    Args:
        face: font.
        lines: words of each line.
        height: of a capital letter, pixels.
        style: typesetting; None = defaults of ``Style``.
    """
    style = style or Style()
    outline = style.outline
    em = max(round(height / CAPITAL_HEIGHT), 6)
    pad = 1.0 + 0.02 * em
    clear = 2 * (pad + outline) + 2  # distance between the ink of two words, so that their rectangles cannot touch
    rows = [[_draw_word(face.path, em, word, style.spacing) for word in line] for line in lines]
    word_gap = round(max(style.gap * em, clear))
    line_gap = round(max(style.leading * em, clear))
    widths = [sum(ink.shape[1] for ink, _ in row) + word_gap * (len(row) - 1) for row in rows]
    tops = [min(rise for _, rise in row) for row in rows]
    heights = [max(rise + ink.shape[0] for ink, rise in row) - top for row, top in zip(rows, tops)]
    margin = outline + round(pad) + 2
    size = (sum(heights) + line_gap * (len(rows) - 1) + 2 * margin, max(widths) + 2 * margin)
    sheet = np.zeros(size, np.uint8)
    rects = []
    y = margin
    for row, top, row_height, row_width in zip(rows, tops, heights, widths):
        x = margin + ((max(widths) - row_width) // 2 if style.centred else 0)
        for ink, rise in row:
            h, w = ink.shape
            v = y + rise - top
            sheet[v : v + h, x : x + w] = ink
            reach = outline + pad
            rects.append((x - reach, v - reach, x + w - 1 + reach, v + h - 1 + reach))
            x += w + word_gap
        y += row_height + line_gap
    rim = sheet
    if outline:
        rim = cv2.dilate(sheet, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * outline + 1,) * 2))
    return Sheet(sheet, rim, tuple(word for line in lines for word in line), tuple(rects))


def _draw_word(path: str, em: int, word: str, spacing: float) -> tuple[np.ndarray, int]:
    """(ink cropped to its bounding box, top of the box relative to a line one and a half em above the baseline)."""
    from PIL import Image, ImageDraw

    font = load_font(path, em)
    step = spacing * em
    baseline = round(1.5 * em)
    width = round(font.getlength(word) + step * len(word)) + 2 * em
    canvas = Image.new("L", (width, 2 * em + baseline))
    pen = ImageDraw.Draw(canvas)
    if spacing == 0.0:
        pen.text((em, baseline), word, fill=255, font=font, anchor="ls")
    else:
        x = float(em)
        for letter in word:
            pen.text((round(x), baseline), letter, fill=255, font=font, anchor="ls")
            x += font.getlength(letter) + step
    ink = np.asarray(canvas)
    left, top, w, h = cv2.boundingRect(ink)
    return ink[top : top + h, left : left + w], top
