"""Pictures of the worst cases: the region of a text, a complete image with its labels, or two images side by side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np

from mindocr.formats.label_file import IGNORED
from mindocr.geometry import Polygon, bounding_box
from mindocr.images.read import read_image
from mindocr.inspection.images import decoders_words
from mindocr.inspection.kinds import Problem
from mindocr.inspection.labels import Line
from mindocr.inspection.survey import Inspection
from mindocr.utils.visualize import BLUE, GREEN, RED, YELLOW, draw_polygons, side_by_side

WITHOUT_PICTURE = ("malformed_line", "lines_run_together", "other_notation", "missing_image", "other_path",
                   "backslash_path", "undecodable_image", "cut_short_image", "repeated_line",
                   "unlisted_image")  # fmt: skip
_MARGIN = 30  # pixels around a text, at least
_LEAST_SIDE = 320  # pixels; smaller regions are enlarged
_MOST_OUTSIDE = 400  # pixels beyond the image that are still shown
_BESIDE = 240  # pixels; height of two pictures side by side
_GREY = 128


def picture_of(inspection: Inspection, problem: Problem) -> np.ndarray | None:
    """(H, W, 3) uint8 RGB for one problem, or None for kinds without a picture.

    The text with the problem is red, other texts are blue. In complete images, texts that count are green, ignored
    texts are yellow.
    """
    if problem.kind in WITHOUT_PICTURE:
        return None
    line = inspection.lines[problem.line]
    image = read_line_image(inspection, line)
    if problem.other >= 0:
        other = inspection.lines[problem.other]
        return side_by_side([image, read_line_image(inspection, other)], [line.name, other.name], height=_BESIDE)
    texts = line.texts_in_pixels((image.shape[1], image.shape[0]))
    if problem.text == 0:
        return draw_texts(image, texts)
    polys = [np.array(text["points"], dtype=np.float64) for text in texts]
    return place_of_text(image, polys, problem.text - 1)


def place_of_text(image: np.ndarray, polys: Sequence[Polygon], chosen: int) -> np.ndarray:
    """The region around one text, enlarged if it is small; grey outside the image.

    Args:
        image: (H, W, 3) uint8 RGB.
        polys: polygons of the image, pixels.
        chosen: number of the text, from 0.
    """
    h, w = image.shape[:2]
    xmin, ymin, xmax, ymax = bounding_box(polys[chosen])
    margin = max(_MARGIN, xmax - xmin, ymax - ymin) / 2 + _MARGIN / 2
    left, right = _range(xmin - margin, xmax + margin, w)
    top, bottom = _range(ymin - margin, ymax + margin, h)
    view = np.full((bottom - top, right - left, 3), _GREY, dtype=np.uint8)
    inside = slice(max(top, 0), min(bottom, h)), slice(max(left, 0), min(right, w))
    if inside[0].start < inside[0].stop and inside[1].start < inside[1].stop:
        part = image[inside]
        y, x = inside[0].start - top, inside[1].start - left
        view[y : y + part.shape[0], x : x + part.shape[1]] = part
    scale = max(1.0, _LEAST_SIDE / max(view.shape[:2]))
    if scale > 1:
        view = cv2.resize(view, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)
    moved = [(np.asarray(poly, dtype=np.float64) - (left, top)) * scale for poly in polys]
    others = [poly for i, poly in enumerate(moved) if i != chosen]
    return draw_polygons(draw_polygons(view, others, color=BLUE, thickness=1), [moved[chosen]], color=RED, thickness=2)


def _range(low: float, high: float, size: int) -> tuple[int, int]:
    """Whole pixels around [low, high], at least one, not far beyond an image side of ``size`` pixels."""
    first = min(max(int(np.floor(low)), -_MOST_OUTSIDE), size + _MOST_OUTSIDE - 1)
    return first, max(min(int(np.ceil(high)), size + _MOST_OUTSIDE), first + 1)


def read_line_image(inspection: Inspection, line: Line) -> np.ndarray:
    """(H, W, 3) uint8 RGB, the image of a line as training uses it."""
    with decoders_words():  # their messages are already reported
        return read_image(line.img_path, ignore_orientation=inspection.settings.ignore_orientation)


def draw_texts(image: np.ndarray, texts: Sequence[dict[str, Any]]) -> np.ndarray:
    """The complete image with its texts: those that count are green, ignored ones are yellow.

    Args:
        image: (H, W, 3) uint8 RGB.
        texts: texts with points in pixels.
    """
    for color, wanted in ((YELLOW, True), (GREEN, False)):
        polys = [np.array(text["points"]) for text in texts if (text["transcription"] in IGNORED) is wanted]
        image = draw_polygons(image, polys, color=color)
    return image
