"""Plans of overlapping tiles for images that are larger than what a network takes at once. Pure functions.

All lengths are pixels of the scaled image, which is the image as the network sees it. The two axes are planned apart:
a tile is one interval of rows and one of columns, and its weight at a pixel is the product of the two weights.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np

from mindocr.errors import UserError

Choice = int | Literal["auto", "off"]

SMALLEST = 128  # side of a tile; with less there is hardly a tile that holds a whole word
USUAL = 1280  # side of a tile of a network whose settings do not limit the long side
OVERLAP = 0.25  # of the side
SPARE = 1.5  # auto: a picture of up to this many tiles' length is not cut, but resized as before


class Tile(NamedTuple):
    """A part of the scaled image: its top left corner and its size."""

    top: int
    left: int
    height: int
    width: int


@dataclass(frozen=True)
class Axis:
    """Tiles along one axis.

    Attributes:
        length: of the scaled image.
        side: of a tile; at most ``length``.
        starts: first pixel of each tile, ascending. The tiles cover all pixels.
    """

    length: int
    side: int
    starts: tuple[int, ...]

    def weights(self) -> list[np.ndarray]:
        """For each tile (side,) float32, above 0: at every pixel the weights of the tiles there sum to 1.

        A weight falls linearly towards an end of the tile where another tile goes on, and stays high at an end of the
        image. So a pixel near the border of a tile takes its value from the tile that sees more around it.
        """
        ramps = []
        for i, start in enumerate(self.starts):
            position = np.arange(self.side, dtype=np.float64)
            ramp = np.full(self.side, np.inf)
            if i:
                ramp = np.minimum(ramp, (position + 0.5) / max(self.starts[i - 1] + self.side - start, 1))
            if i + 1 < len(self.starts):
                ramp = np.minimum(ramp, (self.side - position - 0.5) / max(start + self.side - self.starts[i + 1], 1))
            ramps.append(np.minimum(ramp, 1.0))
        total = np.zeros(self.length)
        for start, ramp in zip(self.starts, ramps):
            total[start : start + self.side] += ramp
        return [(ramp / total[start : start + self.side]).astype(np.float32) for start, ramp in zip(self.starts, ramps)]


@dataclass(frozen=True)
class Plan:
    """Tiles of one size that cover an image; ``rows`` along the height, ``columns`` along the width."""

    rows: Axis
    columns: Axis

    def __len__(self) -> int:
        return len(self.rows.starts) * len(self.columns.starts)

    def __iter__(self) -> Iterator[Tile]:
        """The tiles, row by row."""
        for top in self.rows.starts:
            for left in self.columns.starts:
                yield Tile(top, left, self.rows.side, self.columns.side)


def plan_axis(length: int, side: int, overlap: int) -> Axis:
    """The fewest tiles along an axis, spread evenly, so that neighbours overlap by at least ``overlap``.

    Args:
        length: of the axis, from 1.
        side: of a tile, from 1; a shorter axis gets one shorter tile.
        overlap: from 0 to half of ``side``, so that no pixel is in more than two tiles unless rounding needs it.

    Raises:
        ValueError: a number is out of range.
    """
    if length < 1 or side < 1 or not 0 <= overlap <= side // 2:
        raise ValueError(f"tiles: expected length and side from 1, and 0 <= overlap <= side / 2, got {length}, {side}, "
                         f"{overlap}")  # fmt: skip
    if length <= side:
        return Axis(length, length, (0,))
    gaps = math.ceil((length - side) / (side - overlap))
    # Rounding down could widen a step by one pixel; the widest step is ceil((length - side) / gaps) <= side - overlap.
    return Axis(length, side, tuple((length - side) * i // gaps for i in range(gaps + 1)))


def plan_tiles(size: tuple[int, int], side: tuple[int, int], overlap: float = OVERLAP) -> Plan:
    """Tiles for a scaled image.

    Args:
        size: (h, w) of the scaled image.
        side: (h, w) of a tile.
        overlap: smallest overlap of neighbours as a share of the side, in [0, 0.5].
    """
    rows, columns = (plan_axis(length, one, int(one * overlap)) for length, one in zip(size, side))
    return Plan(rows, columns)


def tile_side(
    choice: Choice, limit: int | None, fixed: tuple[int, int] = (-1, -1), divisor: int = 32
) -> tuple[int, int]:
    """(h, w) of the tiles in network pixels.

    Args:
        choice: a side in pixels, or ``auto``.
        limit: longest side that the settings of the network leave as it is; None = they have no such limit.
        fixed: (h, w) of a network of one input size, which is then the size of a tile; -1 = any.
        divisor: sides are multiples of it.
    """
    if -1 not in fixed:
        return fixed
    wanted = choice if isinstance(choice, int) else (limit or USUAL)
    side = math.ceil(max(wanted, SMALLEST) / divisor) * divisor
    return side, side


def is_cut(size: tuple[int, int], side: tuple[int, int], choice: Choice) -> bool:
    """Whether a scaled image of ``size`` (h, w) is cut into tiles of ``side`` (h, w).

    With ``auto`` an image that is only a little longer than a tile is resized as without tiles: its texts keep two
    thirds of their size, and the network sees it as a whole.
    """
    spare = SPARE if choice == "auto" else 1
    return choice != "off" and any(length > one * spare for length, one in zip(size, side))


def parse_choice(text: str | int) -> Choice:
    """``auto``, ``off``, or the side of a tile in pixels.

    Raises:
        UserError: it is none of these, or the side is below ``SMALLEST``.
    """
    if text in ("auto", "off"):
        return text  # type: ignore[return-value]
    if isinstance(text, bool) or not str(text).isascii() or not str(text).isdigit() or int(text) < SMALLEST:
        raise UserError(f"tile: expected auto, off or the side of a tile from {SMALLEST} pixels, got {text!r}")
    return int(text)
