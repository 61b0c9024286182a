"""Masks of annotation tools, run-length encoded in three ways, and their outlines as polygons."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np

from mindocr.formats.datasets.common import Points
from mindocr.formats.label_file import is_json_number, shorten
from mindocr.geometry.polygon import orient_clockwise

MAX_PIXELS = 1 << 26  # of a mask; larger ones are refused before memory is allocated
_TOLERANCE = 1.0  # pixels that the outline may leave out of a mask's border
_FEW = 8  # points of an outline that is kept as it is


def decode_coco(segmentation: dict[str, Any]) -> np.ndarray:
    """A mask of COCO: runs of 0 and 1 in turn, down the columns, as numbers or as the text of pycocotools.

    Args:
        segmentation: ``{"size": [h, w], "counts": ...}``.

    Returns:
        (H, W) uint8 of 0 and 1.

    Raises:
        ValueError: it is malformed; the message says how.
    """
    size, counts = segmentation.get("size"), segmentation.get("counts")
    if not isinstance(size, list) or len(size) != 2 or not all(_is_count(side) and side > 0 for side in size):
        raise ValueError(f"its size is {shorten(size, 40)}, not [h, w]")
    h, w = size
    if h * w > MAX_PIXELS:
        raise ValueError(f"it has {w} x {h} pixels, more than {MAX_PIXELS}")
    runs = _numbers(counts) if isinstance(counts, str) else counts
    if not isinstance(runs, list) or not all(_is_count(run) for run in runs):
        raise ValueError(f"its counts are {shorten(counts, 40)}, not run lengths")
    if sum(runs) != h * w:
        raise ValueError(f"its runs have {sum(runs)} pixels, its size {h * w}")
    values = np.arange(len(runs), dtype=np.uint8) % 2
    return np.ascontiguousarray(np.repeat(values, runs).reshape(w, h).T)


def decode_brush(packed: Sequence[Any], w: int, h: int) -> np.ndarray:
    """A mask of Label Studio's brush: packed bits of four channels per pixel, of which the last one is used.

    The bits state the number of values (32 bits), the bits per value minus 1 (5 bits), and four lengths of run
    lengths minus 1 (4 bits each). Then follow runs: one bit, 1 = one value repeated; two bits, which of the four
    lengths; the run length minus 1; one value or as many as the run has.

    Args:
        packed: bytes as numbers.
        w: width of the image.
        h: height of the image.

    Returns:
        (H, W) uint8 of 0 and 1.

    Raises:
        ValueError: it is malformed; the message says how.
    """
    if not isinstance(packed, list) or not all(_is_count(byte) and byte < 256 for byte in packed):
        raise ValueError(f"its bytes are {shorten(packed, 40)}")
    if w * h > MAX_PIXELS:
        raise ValueError(f"it has {w} x {h} pixels, more than {MAX_PIXELS}")
    bits = _Bits(bytes(packed))
    count = bits.read(32)
    if count != 4 * w * h:
        raise ValueError(f"it has {count} values, an image of {w} x {h} pixels needs {4 * w * h}")
    value_bits = bits.read(5) + 1
    run_bits = [bits.read(4) + 1 for _ in range(4)]
    values = np.zeros(count, dtype=bool)
    at = 0
    while at < count:
        repeated = bits.read(1)
        end = at + bits.read(run_bits[bits.read(2)]) + 1
        if end > count:
            raise ValueError("a run ends after the last pixel")
        if repeated:
            values[at:end] = bits.read(value_bits) > 0
        else:
            for position in range(at, end):
                values[position] = bits.read(value_bits) > 0
        at = end
    return values.reshape(h, w, 4)[:, :, 3].astype(np.uint8)


def outline(mask: np.ndarray) -> tuple[Points, int]:
    """The outline of the largest connected part of a mask, along the edges of its pixels, clockwise.

    Args:
        mask: (H, W), values above 0 belong to it.

    Returns:
        The points in pixels, and the number of parts; no points for an empty mask.
    """
    rows, columns = (np.flatnonzero(mask.any(axis=axis)) for axis in (1, 0))
    if not len(rows):
        return [], 0
    top, left = int(rows[0]), int(columns[0])
    inside = (mask[top : rows[-1] + 1, left : columns[-1] + 1] > 0).astype(np.uint8)
    # The corners of the pixels: a contour of the pixels themselves would run through their centres.
    corners = np.zeros((inside.shape[0] + 1, inside.shape[1] + 1), dtype=np.uint8)
    for y, x in ((0, 0), (0, 1), (1, 0), (1, 1)):
        corners[y : y + inside.shape[0], x : x + inside.shape[1]] |= inside
    contours, _ = cv2.findContours(corners, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    largest = max(contours, key=cv2.contourArea)
    fewer = cv2.approxPolyDP(largest, _TOLERANCE, True)
    chosen = fewer if len(largest) > _FEW and len(fewer) > 2 else largest
    points = orient_clockwise(chosen.reshape(-1, 2).astype(np.float64))
    return [[int(x) + left, int(y) + top] for x, y in points], len(contours)


class _Bits:
    """Numbers of any length in bits, from the first bit of the first byte on."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._at = 0

    def read(self, count: int) -> int:
        end = self._at + count
        if end > 8 * len(self._content):
            raise ValueError("it ends too early")
        part = self._content[self._at // 8 : -(-end // 8)]
        value = int.from_bytes(part, "big") >> (-end % 8)
        self._at = end
        return value & ((1 << count) - 1)


def _numbers(text: str) -> list[int]:
    """Run lengths from the text of pycocotools: five bits a character, the lowest first; bit 6 = more follow.

    From the fourth on, the difference to the last but one is stored.
    """
    numbers: list[int] = []
    value = shift = 0
    for letter in text:
        code = ord(letter) - 48
        if not 0 <= code < 64 or shift > 60:
            raise ValueError(f"its counts contain {shorten(letter)}")
        value |= (code & 31) << shift
        shift += 5
        if code & 32:
            continue
        if code & 16:
            value -= 1 << shift
        numbers.append(value + (numbers[-2] if len(numbers) > 2 else 0))
        value = shift = 0
    if shift:
        raise ValueError("its counts end within a number")
    return numbers


def _is_count(value: Any) -> bool:
    return is_json_number(value) and isinstance(value, int) and value >= 0
