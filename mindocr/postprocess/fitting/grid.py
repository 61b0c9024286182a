"""The settings that a search tries: all combinations of the values of each argument."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from mindocr.errors import ConfigError
from mindocr.postprocess.db import DBPostprocess
from mindocr.postprocess.regions import BoxType, ScoreMode
from mindocr.registry import suggest

HEIGHT_STEPS = np.linspace(-0.8, 0.8, 9)  # differences of the ratios for low and high texts from the common ratio
MOST_VALUES = 200  # limit for one argument


@dataclass(frozen=True)
class Growth:
    """How regions are expanded: by one ratio, or by ratios that depend on their height."""

    expand_ratio: float
    expand_by_height: tuple[tuple[float, float], ...] | None = None


@dataclass(frozen=True)
class Setting:
    """One combination."""

    binary_thresh: float
    box_type: BoxType
    growth: Growth
    min_size: float
    box_thresh: float

    def arguments(self) -> dict[str, Any]:
        """Arguments of ``DBPostprocess``, as YAML writes them."""
        pairs = self.growth.expand_by_height
        return {
            "binary_thresh": self.binary_thresh,
            "box_thresh": self.box_thresh,
            "expand_ratio": self.growth.expand_ratio,
            "expand_by_height": [list(pair) for pair in pairs] if pairs else None,
            "min_size": self.min_size,
            "box_type": self.box_type,
        }


@dataclass(frozen=True)
class Grid:
    """Values to combine, and arguments that are the same in all combinations.

    Attributes:
        binary_thresh, box_type, growth, min_size, box_thresh: values to try, as for ``DBPostprocess``.
        score_mode, approx_eps, max_candidates, dilation: the same in all combinations.
    """

    binary_thresh: tuple[float, ...]
    box_type: tuple[BoxType, ...]
    growth: tuple[Growth, ...]
    min_size: tuple[float, ...]
    box_thresh: tuple[float, ...]
    score_mode: ScoreMode = "fast"
    approx_eps: float = 0.005
    max_candidates: int = 1000
    dilation: bool = False

    @property
    def shape(self) -> tuple[int, ...]:
        """Number of values of each argument, in the order of :class:`Setting`."""
        return (*map(len, (self.binary_thresh, self.box_type, self.growth, self.min_size, self.box_thresh)),)

    def __len__(self) -> int:
        return int(np.prod(self.shape))

    def setting(self, index: int) -> Setting:
        """The combination number ``index``; the last argument changes fastest."""
        a, b, c, d, e = np.unravel_index(index, self.shape)
        return Setting(self.binary_thresh[a], self.box_type[b], self.growth[c], self.min_size[d], self.box_thresh[e])

    def nearest(self, indices: np.ndarray, setting: Setting) -> int:
        """Among the combinations ``indices``, the number of the one that is the fewest grid steps from ``setting``."""
        wanted = (setting.binary_thresh, setting.box_type, setting.growth, setting.min_size, setting.box_thresh)
        positions = [
            values.index(value) if value in values else 0
            for values, value in zip(
                (self.binary_thresh, self.box_type, self.growth, self.min_size, self.box_thresh), wanted
            )
        ]
        steps = np.abs(np.stack(np.unravel_index(indices, self.shape)) - np.array(positions)[:, None]).sum(axis=0)
        return int(indices[np.argmin(steps)])


def setting_of(postprocess: DBPostprocess) -> Setting:
    """The current setting of a post-processing."""
    pairs = postprocess.expand_by_height
    by_height = tuple((float(height), float(ratio)) for height, ratio in pairs) if pairs else None
    return Setting(
        postprocess.binary_thresh,
        postprocess.box_type,
        Growth(postprocess.expand_ratio, by_height),
        postprocess.min_size,
        postprocess.box_thresh,
    )


DEFAULTS: Mapping[str, tuple] = {
    "binary_thresh": (0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5),
    "box_thresh": tuple(round(0.3 + 0.05 * i, 2) for i in range(13)),
    "expand_ratio": tuple(round(1.2 + 0.1 * i, 1) for i in range(12)),
    "min_size": (2.0, 3.0, 5.0),
    "box_type": (),
}


def make_grid(postprocess: DBPostprocess, words: Sequence[str] = ()) -> Grid:
    """Build the grid from the default values or those of ``words``, and the current setting.

    Args:
        postprocess: its current setting is tried too, and its other arguments do not change.
        words: ``KEY=VALUES``, values as ``0.4,0.5,0.6`` or ``0.4:0.6:0.1`` (first, last, step).

    Raises:
        ConfigError: a word has another form, or a value is outside the range of the argument.
    """
    values: dict[str, Sequence] = {**DEFAULTS, **dict(map(_parse, words))}
    now = setting_of(postprocess)
    kinds = tuple(dict.fromkeys([now.box_type, *values["box_type"]]))
    grid = Grid(
        binary_thresh=_with(values["binary_thresh"], now.binary_thresh),
        box_type=kinds,
        growth=tuple(dict.fromkeys([now.growth, *map(Growth, _with(values["expand_ratio"], now.growth.expand_ratio))])),
        min_size=_with(values["min_size"], now.min_size),
        box_thresh=_with(values["box_thresh"], now.box_thresh),
        score_mode=postprocess.score_mode,
        approx_eps=postprocess.approx_eps,
        max_candidates=postprocess.max_candidates,
        dilation=postprocess.dilation,
    )
    for growth in grid.growth:  # the constructor checks the range
        DBPostprocess(expand_ratio=growth.expand_ratio)
    for key in ("binary_thresh", "box_thresh", "min_size"):
        for value in getattr(grid, key):
            DBPostprocess(**{key: value})
    return grid


def around(grid: Grid, best: Setting, low: float, high: float) -> Grid:
    """Build a second grid with expansion ratios that depend on the height of a text.

    Args:
        grid: the grid of the first search.
        best: the best setting in it; its binary threshold and box type are kept, and its ratio is varied.
        low, high: heights of low and of high texts, map pixels.
    """
    ratio = best.growth.expand_ratio
    ratios = [round(ratio + step, 2) for step in HEIGHT_STEPS if ratio + step > 0]
    pairs = [Growth(ratio, ((low, a), (high, b))) for a in ratios for b in ratios if a != b]
    return replace(grid, binary_thresh=(best.binary_thresh,), box_type=(best.box_type,), growth=(best.growth, *pairs))


def _with(values: Sequence[float], present: float) -> tuple[float, ...]:
    return tuple(sorted({*map(float, values), float(present)}))


def _parse(word: str) -> tuple[str, tuple]:
    key, equals, text = word.partition("=")
    if key not in DEFAULTS or not equals or not text:
        raise ConfigError(
            f"--grid: expected KEY=VALUES such as box_thresh=0.4:0.8:0.05 or min_size=3,5, got '{word}'"
            f"{suggest(key, DEFAULTS)}; keys: {', '.join(DEFAULTS)}"
        )
    if key == "box_type":
        kinds = tuple(text.split(","))
        if not set(kinds) <= {"quad", "poly"}:
            raise ConfigError(f"--grid: box_type: expected quad, poly or quad,poly, got '{text}'")
        return key, kinds
    try:
        if ":" not in text:
            return key, tuple(float(part) for part in text.split(","))
        first, last, step = (float(part) for part in text.split(":"))
        count = round((last - first) / step) + 1
    except (ValueError, ZeroDivisionError):
        raise ConfigError(f"--grid: {key}: expected numbers as 0.4,0.5 or 0.4:0.6:0.1, got '{text}'") from None
    if not 1 <= count <= MOST_VALUES:
        raise ConfigError(f"--grid: {key}: '{text}' is {count} values; expected 1 to {MOST_VALUES}")
    return key, tuple(round(first + step * i, 6) for i in range(count))
