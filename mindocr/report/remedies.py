"""Cost of each class of errors: the f-score without them, computed from the counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from mindocr.metrics.matching import Image, MatchingProtocol, f_score
from mindocr.report.diagnosis import LABEL, TAGS, Diagnosis, group_finding
from mindocr.report.judged_image import JudgedImage

_HITS = ("matched", "recall_sum", "precision_sum")  # counts that a match raises by one, if the protocol has them


class Remedy(NamedTuple):
    """One class of errors, and the f-score without it.

    Attributes:
        tag: name of the class.
        misses, alarms: numbers of missed texts and false positives with this tag.
        f_score: the f-score without these errors, in [0, 1].
        gain: difference to the actual f-score.
        shared: number of matches of several detections or several texts with this tag.
    """

    tag: str
    misses: int
    alarms: int
    f_score: float
    gain: float
    shared: int = 0


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


def remedies(
    diagnoses: Sequence[Diagnosis],
    counts: Mapping[str, float],
    protocol: MatchingProtocol,
    cases: Sequence[JudgedImage] = (),
) -> list[Remedy]:
    """Every class that occurs, largest gain first.

    Args:
        diagnoses: diagnoses of all images.
        counts: counts of the protocol, summed over the same images.
        protocol: computes recall and precision from counts.
        cases: the same images, for the matches of several detections or several texts.
    """
    now = f_score(*protocol.score(counts))
    rows = []
    for tag in TAGS:
        misses = sum(finding.tag == tag for each in diagnoses for finding in each.misses.values())
        alarms = sum(finding.tag == tag for each in diagnoses for finding in each.alarms.values())
        shared, change = _matched_one_by_one(cases, protocol, tag)
        if misses or alarms or shared:
            without = counts_without(counts, tag, misses, alarms)
            without = {name: number + change.get(name, 0) for name, number in without.items()}
            then = float(f_score(*protocol.score(without)))
            rows.append(Remedy(tag, misses, alarms, then, then - float(now), shared))
    return sorted(rows, key=lambda row: -row.gain)


def _matched_one_by_one(
    cases: Sequence[JudgedImage], protocol: MatchingProtocol, tag: str
) -> tuple[int, dict[str, float]]:
    """Number of shared matches with a tag, and the changes of the counts if each of their texts had its own detection.

    The protocol evaluates each such image again, with the texts themselves in place of these detections.
    """
    number, change = 0, dict.fromkeys(protocol.count_names, 0.0)
    for case in cases:
        groups = [group for group in case.result.groups if (found := group_finding(group)) and found.tag == tag]
        if not groups:
            continue
        number += len(groups)
        gone = {found for _, _, several in groups for found in several}
        kept = [poly for i, poly in enumerate(case.found) if i not in gone]
        own = [case.truth[text] for _, texts, _ in groups for text in texts]
        (again,) = protocol.match([Image(case.truth, np.asarray(case.ignore, dtype=bool), [*kept, *own])])
        for name in change:
            change[name] += again.counts[name] - case.result.counts[name]
    return number, change
