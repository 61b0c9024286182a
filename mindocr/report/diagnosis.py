"""Causes of missed texts and false positives: one tag for each, computed from the polygons and scores.

The rules are tried in the order of the code in :class:`_Rules`; the first that applies sets the tag, so the classes add
up to all missed texts and all false positives. Where a protocol matches one text with several detections, or several
texts with one, these matches have a tag too.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from mindocr.geometry import Overlap, Polygon, compare_many, expand_rectangle, min_area_quad, pairwise_iou
from mindocr.geometry.offset import offset
from mindocr.metrics.deteval import MERGE as MO
from mindocr.metrics.deteval import SPLIT as OM
from mindocr.metrics.matching import Image, MatchingProtocol
from mindocr.report.judged_image import JudgedImage

HALF = 0.5  # share of an area above which it counts as inside, or as covered
NEAR = 0.2  # IoU above which expanding or shrinking a detection is tried
TOUCH = 0.1  # IoU above which a detection is assumed to belong to a text
IN_REGION = 0.25  # share of a detection in a do-not-care region above which the region explains it
TWIN = 0.8  # IoU above which two ground-truth polygons are duplicates
SMALLEST = 8.0  # pixels of the network's image: label making leaves out smaller texts (DBNet, ``min_text_size``)
GROWTH = (-0.3, -0.2, -0.1, 0.1, 0.2, 0.3)  # distances of expansion that are tried, in short sides
WEAK_SHARE = 5  # percentile of the scores of matches below which a false positive has a low score

LABEL, REGION, SPLIT, MERGED = "label suspect", "ignored region", "split", "merged"
PART = "missed strip"
UNCLIP, SMALL, LOW, PLACED, NOTHING = "cut by unclip", "too small after resize", "low score", "misplaced", "no overlap"

TAGS = {
    SMALL: f"short side below {SMALLEST:g} pixels in the image that the network received",
    SPLIT: "one text was found in several pieces, or twice; also where the protocol gives credit for it",
    MERGED: "one detection covers several texts; also where the protocol gives credit for it",
    PART: "the detection has the height of the text, but a part of its length is missing",
    LOW: "missed text: there is a region, but its score is below box_thresh; "
    f"false positive: its score is lower than that of {100 - WEAK_SHARE} % of the matches",
    UNCLIP: "the polygon is too small or too large on all sides: it matches when expanded or shrunk by up to 30 % of "
    "its short side",
    REGION: "missed text: its detection was set aside for a do-not-care region; false positive: it overlaps such a "
    "region, but not enough to be set aside",
    PLACED: "text and detection overlap, but neither a larger nor a smaller polygon would match",
    NOTHING: "missed text: no detection is near; false positive: no text is near",
    LABEL: "missed text: its polygon crosses itself, is empty, outside the image or a duplicate; false positive: more "
    "confident than half of the matches, but no text is labelled there",
}


class Finding(NamedTuple):
    """The tag of a missed text or a false positive, and the numbers that led to it in one sentence."""

    tag: str
    why: str


class Diagnosis(NamedTuple):
    """Findings of one image, by position among its ground-truth polygons and among its detections.

    Attributes:
        misses, alarms: of missed texts and of false positives.
        shared_texts, shared_found: of texts and detections whose match consists of several of them.
    """

    misses: dict[int, Finding]
    alarms: dict[int, Finding]
    shared_texts: dict[int, Finding] = {}
    shared_found: dict[int, Finding] = {}


class Limits(NamedTuple):
    """Scores below ``low`` are weak for a false positive, from ``sure`` on as high as for matches; None = unknown."""

    low: float | None = None
    sure: float | None = None


def score_limits(cases: Sequence[JudgedImage]) -> Limits:
    """Limits from the scores of the matches: their 5th percentile and their median."""
    hits = [case.scores[i] for case in cases if case.scores is not None for i in case.hits]
    return Limits(float(np.percentile(hits, WEAK_SHARE)), float(np.median(hits))) if hits else Limits()


def diagnose(cases: Sequence[JudgedImage], protocol: MatchingProtocol, limits: Limits | None = None) -> list[Diagnosis]:
    """Tag every missed text and every false positive.

    Args:
        cases: the images.
        protocol: the protocol that evaluated them; it decides whether a changed polygon would match.
        limits: by default those of :func:`score_limits` over ``cases``.
    """
    limits = score_limits(cases) if limits is None else limits
    overlaps = compare_many([(case.truth, case.found) for case in cases], protocol.repair)
    weak = [case.weak() for case in cases]
    weak_overlaps = compare_many([(case.truth, polys) for case, (polys, _) in zip(cases, weak)], protocol.repair)
    return [
        _Rules(case, overlap, protocol, limits).diagnose(weak_overlap, scores)
        for case, overlap, weak_overlap, (_, scores) in zip(cases, overlaps, weak_overlaps, weak)
    ]


class _Rules:
    """The rules for one image.

    Matrices have the axes (ground truth, detection): ``in_text`` is the share of the detection that is inside the text,
    ``covered`` the share of the text that the detection covers, both in [0, 1].
    """

    def __init__(self, case: JudgedImage, overlap: Overlap, protocol: MatchingProtocol, limits: Limits) -> None:
        self._case, self._overlap, self._protocol, self._limits = case, overlap, protocol, limits
        self._in_text, self._covered = _shares(overlap)
        self._aside = np.zeros(len(case.found), dtype=bool)
        self._aside[case.result.det_dontcare] = True
        self._region = np.zeros(len(case.truth), dtype=bool)
        self._region[case.result.gt_dontcare] = True
        self._misses = {text: self._explained_miss(text) for text in case.misses}
        self._alarms = {found: self._explained_alarm(found) for found in case.alarms}
        self._find_wrong_size()

    def diagnose(self, weak: Overlap, weak_scores: Sequence[float]) -> Diagnosis:
        """All findings; ``weak`` compares the ground truth with the candidates of ``weak_scores``."""
        return Diagnosis(
            {text: known or self._lonely_miss(text, weak, weak_scores) for text, known in self._misses.items()},
            {found: known or self._lonely_alarm(found) for found, known in self._alarms.items()},
            *self._shared_matches(),
        )

    def _shared_matches(self) -> tuple[dict[int, Finding], dict[int, Finding]]:
        """Findings of the texts and of the detections of all splits and merges that the protocol matched."""
        texts: dict[int, Finding] = {}
        found: dict[int, Finding] = {}
        for group in self._case.result.groups:
            if (finding := group_finding(group)) is not None:
                texts.update(dict.fromkeys(group[1], finding))
                found.update(dict.fromkeys(group[2], finding))
        return texts, found

    def _explained_miss(self, text: int) -> Finding | None:
        """The tag of a missed text whose cause is its label or several polygons on either side, else None."""
        covered, in_text = self._covered[text], self._in_text[text]
        if problem := self._label_problem(text):
            return Finding(LABEL, problem)
        if any(self._fits(text, i) for i in np.flatnonzero(self._aside & (self._overlap.iou[text] > TOUCH))):
            return Finding(REGION, "a detection matches it, but was set aside for a do-not-care region")
        pieces = np.flatnonzero(~self._aside & (in_text > HALF))
        if len(pieces) > 1 and covered[pieces].sum() > HALF:
            return Finding(SPLIT, f"{len(pieces)} detections are in it and cover {covered[pieces].sum():.0%} of it")
        together = [(i, n) for i in np.flatnonzero(covered > HALF) if (n := self._texts_under(i)) > 1]
        if together:
            return Finding(MERGED, f"one detection covers it and {_several(together[0][1] - 1, 'other text')}")
        return None

    def _lonely_miss(self, text: int, weak: Overlap, weak_scores: Sequence[float]) -> Finding:
        """The tag of any other missed text."""
        if (side := self._short_side(self._case.truth[text])) < SMALLEST:
            return Finding(SMALL, f"short side {side:.1f} pixels in the network's image")
        if finding := _seen_weakly(text, weak, weak_scores):
            return finding
        inside = np.flatnonzero(~self._aside & (self._in_text[text] > HALF))
        if finding := _missing_part(self._case.truth[text], [self._case.found[i] for i in inside.tolist()]):
            return finding
        if any(self._meets(text, slice(None))):
            return Finding(PLACED, f"best IoU {self._overlap.iou[text].max():.2f}")
        peak = "" if self._case.peaks is None else f", highest probability inside {self._case.peaks[text]:.2f}"
        return Finding(NOTHING, f"no detection there{peak}")

    def _explained_alarm(self, found: int) -> Finding | None:
        """The tag of a false positive whose cause is several polygons on either side, else None."""
        covered, in_text, counts = self._covered[:, found], self._in_text[:, found], ~self._region
        if (under := self._texts_under(found)) > 1 and counts[covered > HALF].any():
            return Finding(MERGED, f"covers {_several(under, 'text')}")
        for text in np.flatnonzero(counts & (in_text > HALF)):
            if text in self._case.hit_truth or np.count_nonzero(~self._aside & (self._in_text[text] > HALF)) > 1:
                return Finding(SPLIT, f"{in_text[text]:.0%} of it is inside a text that has other detections")
        return None

    def _lonely_alarm(self, found: int) -> Finding:
        """The tag of any other false positive."""
        covered, in_text, counts = self._covered[:, found], self._in_text[:, found], ~self._region
        if (in_text[~counts] > IN_REGION).any() or (covered[~counts] > HALF).any():
            return Finding(REGION, f"{in_text[~counts].max():.0%} of it is inside a do-not-care region")
        for text in np.flatnonzero(counts & (in_text > HALF)).tolist():
            if finding := _missing_part(self._case.truth[text], [self._case.found[found]]):
                return finding
        if any(self._meets(counts, found)):
            return Finding(PLACED, f"best IoU {self._overlap.iou[counts, found].max():.2f}")
        if (side := self._short_side(self._case.found[found])) < SMALLEST:
            return Finding(SMALL, f"short side {side:.1f} pixels in the network's image")
        score = None if self._case.scores is None else self._case.scores[found]
        if score is not None and self._limits.low is not None and score < self._limits.low:
            return Finding(LOW, f"score {score:.2f}; 95 % of the matches have {self._limits.low:.2f} or more")
        if score is not None and self._limits.sure is not None and score >= self._limits.sure and not in_text.any():
            return Finding(
                LABEL, f"score {score:.2f}, higher than that of half of the matches: is a label missing here?"
            )
        return Finding(NOTHING, "no text there" if score is None else f"no text there, score {score:.2f}")

    def _label_problem(self, text: int) -> str:
        if not self._overlap.valid_a[text]:
            return "the ground-truth polygon crosses itself or encloses nothing"
        x0, y0, x1, y1 = self._overlap.boxes_a[text]
        height, width = self._case.size
        inside = max(min(x1, width) - max(x0, 0), 0) * max(min(y1, height) - max(y0, 0), 0)
        if inside < HALF * (x1 - x0) * (y1 - y0):
            return "more than half of the ground-truth polygon is outside the image"
        missed = set(self._case.misses)  # if two duplicates are both missed, only the second is reported
        others = [i for i in range(len(self._case.truth)) if i != text and (i < text or i not in missed)]
        twins = pairwise_iou([self._case.truth[text]], [self._case.truth[i] for i in others])[0] > TWIN
        return "another ground-truth polygon is nearly the same" if twins.any() else ""

    def _meets(self, text: int | np.ndarray, found: int | slice) -> np.ndarray:
        """Which of the pairs overlap enough to belong to each other."""
        pairs = text, found
        return (self._overlap.iou[pairs] > TOUCH) | (self._covered[pairs] > HALF) | (self._in_text[pairs] > HALF)

    def _texts_under(self, found: int) -> int:
        return int(np.count_nonzero(self._covered[:, found] > HALF))

    def _short_side(self, poly: Polygon) -> float:
        ratio_h, ratio_w = self._case.ratio
        return min_area_quad(np.asarray(poly, dtype=np.float32) * np.array((ratio_w, ratio_h), dtype=np.float32))[1][0]

    def _fits(self, text: int, found: int) -> bool:
        return self._match(text, [self._case.found[found]])[0]

    def _match(self, text: int, outlines: Sequence[Polygon]) -> list[bool]:
        """Whether each polygon, as the only detection, would match the text as the only ground truth."""
        alone = [Image([self._case.truth[text]], np.zeros(1, dtype=bool), [outline]) for outline in outlines]
        return [bool(result.pairs) for result in self._protocol.match(alone)]

    def _find_wrong_size(self) -> None:
        """Tag pairs of a missed text and a false positive that match when expanded or shrunk, highest IoU first."""
        iou = self._overlap.iou
        pairs = [(-iou[text, i], text, i) for text in self._misses for i in self._alarms if iou[text, i] > NEAR]
        for negative, text, i in sorted(pairs):
            if self._misses[text] or self._alarms[i]:
                continue
            side = min_area_quad(np.asarray(self._case.found[i], dtype=np.float32))[1][0]
            outlines = [moved(self._case.found[i], share * side) for share in GROWTH]
            matching = [s for s, matches in zip(GROWTH, self._match(text, outlines)) if matches]
            if matching:
                best = min(matching, key=abs)
                too, moved_by = ("small", "expanded by") if best > 0 else ("large", "shrunk by")
                why = f"too {too}: IoU {-negative:.2f}, matches when {moved_by} {abs(best):.0%} of its height"
                self._misses[text] = self._alarms[i] = Finding(UNCLIP, why)


def group_finding(group: tuple[str, list[int], list[int]]) -> Finding | None:
    """The finding of a match of :class:`mindocr.metrics.deteval.Ledger`; None for one text and one detection."""
    kind, texts, found = group
    if kind == OM:
        return Finding(SPLIT, f"the protocol matched {len(found)} pieces with one text")
    if kind == MO:
        return Finding(MERGED, f"the protocol matched one detection with {len(texts)} texts")
    return None


def _missing_part(text: Polygon, inside: Sequence[Polygon]) -> Finding | None:
    """The tag, if the detections inside a text cover less of its length than of its height."""
    if not inside:
        return None
    corners, _ = min_area_quad(np.asarray(text, dtype=np.float32))
    sides = corners[[1, 3]] - corners[0]
    lengths = np.maximum(np.hypot(*sides.T), 1e-6)
    points = (np.concatenate([np.asarray(poly, dtype=np.float64) for poly in inside]) - corners[0]) @ sides.T
    shares = np.clip(points / lengths**2, 0, 1)
    covered = np.ptp(shares, axis=0)
    along, across = covered[np.argsort(-lengths)]
    if across <= HALF or along >= across:
        return None
    missing = (1 - along) * lengths.max()
    return Finding(PART, f"{along:.0%} of its length is covered: {missing:.0f} pixels are missing")


def moved(poly: Polygon, distance: float) -> Polygon:
    """The polygon expanded by ``distance`` pixels (shrunk if negative); a quad stays a quad."""
    if len(poly) == 4:
        return expand_rectangle(np.asarray(poly), distance)
    parts = offset(poly, distance)
    return parts[0] if parts else np.asarray(poly)


def _seen_weakly(text: int, weak: Overlap, scores: Sequence[float]) -> Finding | None:
    in_text, covered = _shares(weak)
    near = np.flatnonzero((in_text[text] > HALF) | (covered[text] > HALF))
    if not len(near):
        return None
    best = max(scores[i] for i in near)
    return Finding(LOW, f"a region is there, but its score is only {best:.2f}")


def _shares(overlap: Overlap) -> tuple[np.ndarray, np.ndarray]:
    """Share of each detection inside each text, and of each text under each detection; (N, M), in [0, 1]."""
    area_a, area_b = np.maximum(overlap.areas_a, 1e-9), np.maximum(overlap.areas_b, 1e-9)
    return overlap.intersection / area_b, overlap.intersection / area_a[:, None]


def _several(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"
