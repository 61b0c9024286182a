"""Two evaluations of a detector: differences of the scores with intervals, and the images that changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np

from mindocr.errors import DataError
from mindocr.metrics.matching import MatchingProtocol, f_score
from mindocr.report.judged_image import JudgedImage
from mindocr.report.paired import (
    Comparison,
    different_settings,
    few,
    pair_names,
    paired_differences,
    require_common,
)

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


@dataclass(frozen=True)
class DetectionComparison(Comparison[Evaluated]):
    """Differences of f-score, recall and precision."""

    def changes(self) -> list[float]:
        """F-score of each image, second minus first."""
        return [b.result.f_score - a.result.f_score for a, b in zip(self.first.cases, self.second.cases)]


def compare(first: Evaluated, second: Evaluated, seed: int = 0) -> DetectionComparison:
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
    require_common(pairs, (first, second), (only_first, only_second))
    sides = [first.cases[i] for i, _ in pairs], [second.cases[i] for _, i in pairs]
    _check_labels(first, second, *sides)
    counts = [_counts(side, cases) for side, cases in zip((first, second), sides)]
    return DetectionComparison(
        Evaluated(first.name, first.protocol_name, first.protocol, sides[0], first.settings, first.facts),
        Evaluated(second.name, second.protocol_name, second.protocol, sides[1], second.settings, second.facts),
        paired_differences(counts[0], counts[1], partial(scores_of, protocol=first.protocol), seed),
        different_settings(first.settings, second.settings),
        only_first,
        only_second,
    )


def scores_of(sums: np.ndarray, protocol: MatchingProtocol) -> dict[str, Any]:
    """F-score, recall and precision by name, each (...), of sums of the counts of a protocol, (..., counts)."""
    recall, precision = protocol.score(dict(zip(protocol.count_names, sums.T)))
    return {"f-score": f_score(recall, precision), "recall": recall, "precision": precision}


def _counts(side: Evaluated, cases: Sequence[JudgedImage]) -> np.ndarray:
    names = side.protocol.count_names
    if not all(set(names) <= set(case.result.counts) for case in cases):
        raise DataError(
            f"{side.name}: its counts are not those of {side.protocol_name}; set --protocol to score it by that one"
        )
    return np.array([[case.result.counts[name] for name in names] for case in cases], dtype=np.float64)


def _check_labels(
    first: Evaluated, second: Evaluated, ours: Sequence[JudgedImage], theirs: Sequence[JudgedImage]
) -> None:
    other = [a.image for a, b in zip(ours, theirs) if not _same_labels(a, b)]
    if other:
        raise DataError(
            f"different labels: {len(other)} of {len(ours)} images have other ground truth in {first.name} than in "
            f"{second.name}, such as {few(other)}; evaluate both with the same label file"
        )


def _same_labels(a: JudgedImage, b: JudgedImage) -> bool:
    if len(a.truth) != len(b.truth) or list(a.ignore) != list(b.ignore):
        return False
    pairs = [(np.reshape(one, (-1, 2)), np.reshape(other, (-1, 2))) for one, other in zip(a.truth, b.truth)]
    return all(one.shape == other.shape and np.allclose(one, other, atol=_CLOSE) for one, other in pairs)


def _told(side: Evaluated) -> str:
    arguments = ", ".join(f"{key.strip('_').replace('_', ' ')} {value}" for key, value in vars(side.protocol).items())
    return side.protocol_name + (f" ({arguments})" if arguments else "")
