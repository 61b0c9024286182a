"""Cost of each class of errors: the f-score without them, computed from the counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from mindocr.metrics.matching import MatchingProtocol, f_score
from mindocr.report.diagnosis import LABEL, TAGS, Diagnosis

_HITS = ("matched", "recall_sum", "precision_sum")  # counts that a match raises by one, if the protocol has them


class Remedy(NamedTuple):
    """One class of errors, and the f-score without it.

    Attributes:
        tag: name of the class.
        misses, alarms: numbers of missed texts and false positives with this tag.
        f_score: the f-score without these errors, in [0, 1].
        gain: difference to the actual f-score.
    """

    tag: str
    misses: int
    alarms: int
    f_score: float
    gain: float


def counts_without(counts: Mapping[str, float], tag: str, misses: int, alarms: int) -> dict[str, float]:
    """Counts without one class of errors.

    Every missed text of the class gets one matching detection, and every false positive of the class is removed. A
    false positive that becomes the match is counted in both ways. Suspect labels instead no longer count on either
    side, like do-not-care regions.
    """
    without = dict(counts)
    if tag == LABEL:
        without["gt_care"] -= misses
        without["det_care"] -= alarms
        return without
    for name in _HITS:
        if name in without:
            without[name] += misses
    without["det_care"] += misses - alarms
    return without


def remedies(diagnoses: Sequence[Diagnosis], counts: Mapping[str, float], protocol: MatchingProtocol) -> list[Remedy]:
    """Every class that occurs, largest gain first.

    Args:
        diagnoses: diagnoses of all images.
        counts: counts of the protocol, summed over the same images.
        protocol: computes recall and precision from counts.
    """
    now = f_score(*protocol.score(counts))
    rows = []
    for tag in TAGS:
        misses = sum(finding.tag == tag for each in diagnoses for finding in each.misses.values())
        alarms = sum(finding.tag == tag for each in diagnoses for finding in each.alarms.values())
        if misses or alarms:
            then = float(f_score(*protocol.score(counts_without(counts, tag, misses, alarms))))
            rows.append(Remedy(tag, misses, alarms, then, then - float(now)))
    return sorted(rows, key=lambda row: -row.gain)
