"""Units of points: pixels, or by mistake shares of the image size."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mindocr.errors import DataError

LARGEST_SHARE = 1.5  # shares a little above 1 belong to texts that leave the image

Points = Sequence[Sequence[float]]


def are_shares(points: Points) -> bool:
    """Whether points can only be shares of the image size: near 0 to 1, so that as pixels the text would be nothing."""
    return all(abs(x) <= LARGEST_SHARE and abs(y) <= LARGEST_SHARE for x, y in points)


def covers_a_pixel(points: Points) -> bool:
    """Whether the axis-aligned box of a text is at least one pixel wide and high, and its points are no shares."""
    xs, ys = zip(*points)
    return max(xs) - min(xs) >= 1 and max(ys) - min(ys) >= 1 and not are_shares(points)


def in_pixels(points: Points, size: tuple[int, int]) -> list[list[float]]:
    """Shares as pixels, rounded to hundredths.

    Args:
        points: (x, y) as shares of the image size.
        size: (w, h) of the image.
    """
    return [[plain(x * size[0]), plain(y * size[1])] for x, y in points]


def refuse_small_texts(file: Path, texts: Sequence[dict[str, Any]]) -> None:
    """Report a label file whose texts are all smaller than a pixel.

    Raises:
        DataError: always; it names the cause if all points are shares of the image size.
    """
    if all(are_shares(text["points"]) for text in texts):
        largest = max(value for text in texts for point in text["points"] for value in point)
        raise DataError(
            f"{file}: all points of its {len(texts)} texts lie between 0 and 1 (the largest is {largest:g}): they are "
            "shares of the image size, but pixels are expected; multiply x by the width and y by the height of each "
            "image; 'mindocr check-data --fix' does that"
        )
    raise DataError(
        f"{file}: none of its {len(texts)} texts covers a pixel, so there is nothing to learn or to detect; points "
        f"must be the corners of a text in pixels, got {texts[0]['points']}"
    )


def plain(value: float) -> int | float:
    """A coordinate rounded to hundredths, whole numbers without a decimal point."""
    rounded = round(float(value), 2)
    return int(rounded) if rounded.is_integer() else rounded
