"""One judged image, with everything about it that the report can show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from mindocr.geometry import Polygon
from mindocr.metrics.matching import ImageResult


@dataclass(frozen=True)
class Case:
    """One image. Outlines are (K_i, 2) in pixels (x, y) of the source image.

    Attributes:
        image: what it is called.
        size: (h, w) of the source image in pixels.
        truth: N true outlines.
        ignore: (N,) bool, True = do not care.
        found: M detections, as they were judged.
        result: the protocol's judgement.
        scores: M scores, higher = surer, in [0, 1] from our detectors; None where the results have none.
        candidates, candidate_scores: what the detector would find without a limit on the score, in the order in which
            it would find it, ``found`` among them; both empty where that is not known.
        ratio: (ratio_h, ratio_w), network pixel = source pixel * ratio; (1, 1) where it is not known.
        peaks: N highest probabilities inside the true outlines, or None without a probability map.
        picture: the image's file, None where there is none.
        maps: grey pictures of the source image's area, 255 = 1.0, as ``data:`` addresses: ``probability`` and
            ``threshold``; only those that there are.
    """

    image: str
    size: tuple[int, int]
    truth: Sequence[Polygon]
    ignore: np.ndarray
    found: Sequence[Polygon]
    result: ImageResult
    scores: Sequence[float] | None = None
    candidates: Sequence[Polygon] = ()
    candidate_scores: Sequence[float] = ()
    ratio: tuple[float, float] = (1.0, 1.0)
    peaks: Sequence[float] | None = None
    picture: Path | None = None
    maps: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def hit_truth(self) -> set[int]:
        """Positions of the texts that were found."""
        return {truth for truth, _ in self.result.pairs}

    @property
    def hits(self) -> set[int]:
        """Positions of the detections that found a text."""
        return {found for _, found in self.result.pairs}

    @property
    def misses(self) -> list[int]:
        """Positions of the texts that count and were not found."""
        return sorted(set(range(len(self.truth))) - self.hit_truth - set(self.result.gt_dontcare))

    @property
    def alarms(self) -> list[int]:
        """Positions of the detections that count and found nothing."""
        return sorted(set(range(len(self.found))) - self.hits - set(self.result.det_dontcare))

    def weak(self) -> tuple[list[Polygon], list[float]]:
        """Candidates whose score was too low to be judged, and their scores."""
        lowest = min(self.scores) if self.scores else np.inf
        kept = [i for i, score in enumerate(self.candidate_scores) if score < lowest]
        return [self.candidates[i] for i in kept], [self.candidate_scores[i] for i in kept]
