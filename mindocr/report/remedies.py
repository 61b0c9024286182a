"""What each class of mistakes costs: the score that there would be without it, from the counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from mindocr.metrics.matching import MatchingProtocol, f_score
from mindocr.report.diagnosis import LABEL, TAGS, Diagnosis

_HITS = ("matched", "recall_sum", "precision_sum")  # counts that a match raises by one, whichever the protocol has


class Remedy(NamedTuple):
    """One class: its size, and the totals if it were mended.

    Attributes:
        tag: the class.
        misses, alarms: how many have the tag.
        f_score: what the f-score would be, in [0, 1].
        gain: by how much that is more than now.
    """

    tag: str
    misses: int
    alarms: int
    f_score: float
    gain: float


def mended(counts: Mapping[str, float], tag: str, misses: int, alarms: int) -> dict[str, float]:
    """Counts without one class of mistakes.

    Every missed text of the class gets one matching detection and every false alarm of it is gone; a false alarm that
    turns into the match is both. Suspect labels instead leave the count on either side, as do-not-care regions do.
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
    """Every class that occurs, the one that costs most first.

    Args:
        diagnoses: of all images.
        counts: summed over the same images, as the protocol names them.
        protocol: turns counts into recall and precision.
    """
    now = f_score(*protocol.score(counts))
    rows = []
    for tag in TAGS:
        misses = sum(finding.tag == tag for each in diagnoses for finding in each.misses.values())
        alarms = sum(finding.tag == tag for each in diagnoses for finding in each.alarms.values())
        if misses or alarms:
            then = float(f_score(*protocol.score(mended(counts, tag, misses, alarms))))
            rows.append(Remedy(tag, misses, alarms, then, then - float(now)))
    return sorted(rows, key=lambda row: -row.gain)
