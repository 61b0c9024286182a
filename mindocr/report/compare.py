"""Two evaluations of the same images: differences of the scores with intervals, and the images that changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from pathlib import PurePosixPath
from typing import Any, NamedTuple

import numpy as np

from mindocr.errors import DataError
from mindocr.metrics.matching import MatchingProtocol, f_score
from mindocr.metrics.score import LEVEL, RESAMPLES
from mindocr.report.judged_image import JudgedImage

SCORES = ("f-score", "recall", "precision")
SHOWN = 3  # images named in a message
_BLOCK = 4_000_000  # random numbers in memory at a time
_CLOSE = 0.01  # pixels up to which two labels are the same


@dataclass(frozen=True)
class Evaluated:
    """One side of a comparison.

    Attributes:
        name: what the user calls it.
        protocol_name, protocol: the rules by which ``cases`` were evaluated.
        cases: the images.
        settings: its resolved configuration; empty if there is none.
        facts: further entries of the summary, such as the checkpoint.
    """

    name: str
    protocol_name: str
    protocol: MatchingProtocol
    cases: Sequence[JudgedImage]
    settings: Mapping[str, Any] = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)


class Difference(NamedTuple):
    """A score of both sides, second minus first, and the interval of this difference."""

    name: str
    first: float
    second: float
    change: float
    low: float
    high: float


@dataclass(frozen=True)
class Comparison:
    """The result.

    Attributes:
        first, second: both sides, with the images that both have, in the same order.
        differences: f-score, recall, precision.
        settings: (key, first value, second value) of settings that differ.
        only_first, only_second: names of images that the other side does not have; they are left out.
    """

    first: Evaluated
    second: Evaluated
    differences: Sequence[Difference]
    settings: Sequence[tuple[str, Any, Any]]
    only_first: Sequence[str]
    only_second: Sequence[str]

    def changes(self) -> list[float]:
        """F-score of each image, second minus first."""
        return [b.result.f_score - a.result.f_score for a, b in zip(self.first.cases, self.second.cases)]


def compare(first: Evaluated, second: Evaluated, seed: int = 0) -> Comparison:
    """Compare two evaluations on the images that both have.

    Images are paired by file name, with as many parent folders as make the names unique.

    Args:
        seed: random seed of the resamples.

    Raises:
        DataError: different protocols, no image in common, or an image whose labels differ.
    """
    if first.protocol_name != second.protocol_name or vars(first.protocol) != vars(second.protocol):
        raise DataError(
            f"different protocols: {first.name} was scored by {_told(first)}, {second.name} by {_told(second)}; "
            f"set --protocol to score both by the same rules, such as --protocol {first.protocol_name}"
        )
    pairs, only_first, only_second = pair_names(
        [case.image for case in first.cases], [case.image for case in second.cases]
    )
    if not pairs:
        raise DataError(
            f"no image in common: {first.name} has {_few(only_first)}, {second.name} has {_few(only_second)}; compare "
            "evaluations of the same data set"
        )
    sides = [first.cases[i] for i, _ in pairs], [second.cases[i] for _, i in pairs]
    _check_labels(first, second, *sides)
    counts = [_counts(side, cases) for side, cases in zip((first, second), sides)]
    return Comparison(
        Evaluated(first.name, first.protocol_name, first.protocol, sides[0], first.settings, first.facts),
        Evaluated(second.name, second.protocol_name, second.protocol, sides[1], second.settings, second.facts),
        paired_differences(counts[0], counts[1], first.protocol, seed),
        different_settings(first.settings, second.settings),
        only_first,
        only_second,
    )


def paired_differences(
    first: np.ndarray, second: np.ndarray, protocol: MatchingProtocol, seed: int = 0
) -> list[Difference]:
    """Differences of the scores with 95 % intervals by a paired bootstrap over images.

    Each of :data:`RESAMPLES` resamples draws as many images as there are, with replacement, the same for both sides.

    Args:
        first, second: (images, counts of the protocol) of both sides, images in the same order.
    """
    number = len(first)
    rng, block = np.random.default_rng(seed), max(1, _BLOCK // number)
    both = np.concatenate([first, second], axis=1)
    sums = np.concatenate([
        rng.multinomial(number, np.full(number, 1 / number), size=min(block, RESAMPLES - done)) @ both
        for done in range(0, RESAMPLES, block)
    ])  # fmt: skip
    width = first.shape[1]
    resampled = [_scores(each, protocol) for each in (sums[:, :width], sums[:, width:])]
    totals = [_scores(each.sum(axis=0), protocol) for each in (first, second)]
    tail = 100 * (1 - LEVEL) / 2
    rows = []
    for name in SCORES:
        low, high = np.percentile(resampled[1][name] - resampled[0][name], [tail, 100 - tail])
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


def _counts(side: Evaluated, cases: Sequence[JudgedImage]) -> np.ndarray:
    names = side.protocol.count_names
    if not all(set(names) <= set(case.result.counts) for case in cases):
        raise DataError(
            f"{side.name}: its counts are not those of {side.protocol_name}; set --protocol to score it by that one"
        )
    return np.array([[case.result.counts[name] for name in names] for case in cases], dtype=np.float64)


def _scores(sums: np.ndarray, protocol: MatchingProtocol) -> dict[str, Any]:
    recall, precision = protocol.score(dict(zip(protocol.count_names, sums.T)))
    return {"recall": recall, "precision": precision, "f-score": f_score(recall, precision)}


def _check_labels(
    first: Evaluated, second: Evaluated, ours: Sequence[JudgedImage], theirs: Sequence[JudgedImage]
) -> None:
    other = [a.image for a, b in zip(ours, theirs) if not _same_labels(a, b)]
    if other:
        raise DataError(
            f"different labels: {len(other)} of {len(ours)} images have other ground truth in {first.name} than in "
            f"{second.name}, such as {_few(other)}; evaluate both with the same label file"
        )


def _same_labels(a: JudgedImage, b: JudgedImage) -> bool:
    if len(a.truth) != len(b.truth) or list(a.ignore) != list(b.ignore):
        return False
    pairs = [(np.reshape(one, (-1, 2)), np.reshape(other, (-1, 2))) for one, other in zip(a.truth, b.truth)]
    return all(one.shape == other.shape and np.allclose(one, other, atol=_CLOSE) for one, other in pairs)


def _told(side: Evaluated) -> str:
    arguments = ", ".join(f"{key.strip('_').replace('_', ' ')} {value}" for key, value in vars(side.protocol).items())
    return side.protocol_name + (f" ({arguments})" if arguments else "")


def _few(names: Sequence[str]) -> str:
    if not names:
        return "none"
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more
