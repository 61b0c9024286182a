"""How a network looks at an image: as a whole or in tiles, at which scales, mirrored or not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from mindocr.errors import UserError
from mindocr.inference.tiling import Choice, parse_choice

Merge = Literal["mean", "max"]
MERGES: tuple[str, ...] = get_args(Merge)
SCALES = (0.1, 10.0)


@dataclass(frozen=True)
class ViewOptions:
    """What is done besides running the network once on the resized image.

    Attributes:
        tile: ``auto``, ``off``, or the side of a tile in network pixels; see :mod:`mindocr.inference.tiling`.
        scales: the image is also resized by these factors, from 0.1 to 10; 1 is the size of the settings.
        flip: each view is also run mirrored, left to right.
        merge: how the probability maps of scales and mirrored views become one: their ``mean`` or their ``max``.

    Raises:
        UserError: a value is out of range.
    """

    tile: Choice = "off"
    scales: Sequence[float] = (1.0,)
    flip: bool = False
    merge: Merge = "mean"

    def __post_init__(self) -> None:
        object.__setattr__(self, "tile", parse_choice(self.tile))
        object.__setattr__(self, "scales", tuple(float(scale) for scale in self.scales))
        low, high = SCALES
        if not self.scales or not all(low <= scale <= high for scale in self.scales):
            raise UserError(f"scales: expected numbers from {low:g} to {high:g}, got {list(self.scales)}")
        if len(set(self.scales)) < len(self.scales):
            raise UserError(f"scales: each is given once, got {list(self.scales)}")
        if self.merge not in MERGES:
            raise UserError(f"merge: expected {' or '.join(MERGES)}, got {self.merge!r}")

    @property
    def is_plain(self) -> bool:
        """Whether the network runs once on each image, as without options."""
        return self.tile == "off" and tuple(self.scales) == (1.0,) and not self.flip

    def __str__(self) -> str:
        """The options as words of a log line, such as ``tile auto, scales 0.5 1, flip, merged by their mean``."""
        several = len(self.scales) > 1 or self.flip
        parts = [f"tile {self.tile}"] if self.tile != "off" else []
        parts += [f"scales {' '.join(f'{scale:g}' for scale in self.scales)}"] if tuple(self.scales) != (1.0,) else []
        parts += ["flip"] if self.flip else []
        return ", ".join([*parts, *([f"merged by their {self.merge}"] if several else [])]) or "one view"
