"""Two evaluations of the same images: what detection and recognition have in common."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import PurePosixPath
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

import numpy as np

from mindocr.errors import DataError
from mindocr.metrics.score import LEVEL, RESAMPLES

SHOWN = 3  # names in a message
_BLOCK = 4_000_000  # random numbers in memory at a time


class Side(Protocol):
    """One of the evaluations: what the user calls it, its resolved configuration, and where the scores come from."""

    @property
    def name(self) -> str: ...

    @property
    def settings(self) -> Mapping[str, Any]: ...

    @property
    def facts(self) -> Mapping[str, Any]: ...


AnySide = TypeVar("AnySide", bound=Side)


class Difference(NamedTuple):
    """A score of both sides, second minus first, and the interval of this difference."""

    name: str
    first: float
    second: float
    change: float
    low: float
    high: float


@dataclass(frozen=True)
class Comparison(Generic[AnySide]):
    """The result.

    Attributes:
        first, second: both sides, with what both have, in the same order.
        differences: of the scores.
        settings: (key, first value, second value) of settings that differ.
        only_first, only_second: names of images that the other side does not have; they are left out.
    """

    first: AnySide
    second: AnySide
    differences: Sequence[Difference]
    settings: Sequence[tuple[str, Any, Any]]
    only_first: Sequence[str]
    only_second: Sequence[str]


def paired_differences(
    first: np.ndarray, second: np.ndarray, scores: Callable[[np.ndarray], Mapping[str, Any]], seed: int = 0
) -> list[Difference]:
    """Differences of the scores with 95 % intervals by a paired bootstrap over images.

    Each of :data:`RESAMPLES` resamples draws as many images as there are, with replacement, the same for both sides.

    Args:
        first, second: (images, counts) of both sides, images in the same order.
        scores: the scores by name of sums of the counts, (..., counts); NaN where there is none, which is left out.
    """
    number = len(first)
    rng, block = np.random.default_rng(seed), max(1, _BLOCK // number)
    both = np.concatenate([first, second], axis=1)
    sums = np.concatenate([
        rng.multinomial(number, np.full(number, 1 / number), size=min(block, RESAMPLES - done)) @ both
        for done in range(0, RESAMPLES, block)
    ])  # fmt: skip
    width = first.shape[1]
    resampled = [scores(each) for each in (sums[:, :width], sums[:, width:])]
    totals = [scores(each.sum(axis=0)) for each in (first, second)]
    tail = 100 * (1 - LEVEL) / 2
    rows = []
    for name in totals[0]:
        low, high = np.nanpercentile(resampled[1][name] - resampled[0][name], [tail, 100 - tail])
        a, b = float(totals[0][name]), float(totals[1][name])
        rows.append(Difference(name, a, b, b - a, float(low), float(high)))
    return rows


def pair_names(first: Sequence[str], second: Sequence[str]) -> tuple[list[tuple[int, int]], list[str], list[str]]:
    """Pair images by name; returns pairs of positions, and the names that only one side has."""
    parts = [[PurePosixPath(name.replace("\\", "/")).parts for name in names] for names in (first, second)]
    longest = max((len(each) for names in parts for each in names), default=1)
    depth = next(n for n in count(1) if n >= longest or all(len({p[-n:] for p in x}) == len(x) for x in parts))
    places = {each[-depth:]: i for i, each in enumerate(parts[1])}
    pairs = [(i, places[each[-depth:]]) for i, each in enumerate(parts[0]) if each[-depth:] in places]
    taken = [{i for i, _ in pairs}, {i for _, i in pairs}]
    left = [[name for i, name in enumerate(names) if i not in used] for names, used in zip((first, second), taken)]
    return pairs, left[0], left[1]


def different_settings(first: Mapping[str, Any], second: Mapping[str, Any]) -> list[tuple[str, Any, Any]]:
    """(dotted key, first value, second value) of what differs; None where a side does not have the key."""
    if not first or not second:
        return []
    a, b = dict(_flat(first)), dict(_flat(second))
    return [(key, a.get(key), b.get(key)) for key in dict.fromkeys([*a, *b]) if a.get(key) != b.get(key)]


def _flat(value: Any, path: str = "") -> list[tuple[str, Any]]:
    if isinstance(value, Mapping) and value:
        return [item for key, each in value.items() for item in _flat(each, f"{path}.{key}" if path else str(key))]
    if isinstance(value, list) and any(isinstance(each, Mapping) for each in value):
        return [item for i, each in enumerate(value) for item in _flat(each, f"{path}[{i}]")]
    return [(path, value)]


def few(names: Sequence[str]) -> str:
    """The first of the names, and how many more there are."""
    if not names:
        return "none"
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more


def require_common(pairs: Sequence[Any], sides: Sequence[Side], left: Sequence[Sequence[str]]) -> None:
    """Check that both sides have an image in common.

    Args:
        pairs: of images; an error if there is none.
        sides: both.
        left: for both, the names of images that only it has.
    """
    if not pairs:
        raise DataError(
            f"no image in common: {sides[0].name} has {few(left[0])}, {sides[1].name} has {few(left[1])}; compare "
            "evaluations of the same data set"
        )
