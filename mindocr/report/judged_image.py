"""One evaluated image, with all the data that the report can show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import numpy as np

from mindocr.geometry import Polygon
from mindocr.metrics.matching import ImageResult


class Candidates(NamedTuple):
    """Detections of an image without a limit on the score.

    Attributes:
        polys: polygons in the order of the detector.
        scores: (N,) float64.
        places: (N,) positions in ``polys``: first those of ``found``, then the weaker ones, highest scores first.
    """

    polys: Sequence[Polygon]
    scores: np.ndarray
    places: np.ndarray


@dataclass(frozen=True)
class JudgedImage:
    """One image. Polygons are (K_i, 2) in pixels (x, y) of the source image.

    Attributes:
        image: its name.
        size: (h, w) of the source image in pixels.
        truth: N ground-truth polygons.
        ignore: (N,) bool, True = do not care.
        found: M detections, as they were evaluated.
        result: the result of the protocol.
        scores: M scores, higher means more confident, in [0, 1] from our detectors; None if the results have none.
        candidates, candidate_scores: detections without a limit on the score, in the order of the detector, including
            ``found``; both empty if they are not known.
        ratio: (ratio_h, ratio_w), network pixel = source pixel * ratio; (1, 1) if it is not known.
        peaks: N highest probabilities inside the ground-truth polygons, or None without a probability map.
        picture: file of the image, None if there is none.
        maps: grey pictures of the source image's area, 255 = 1.0, as ``data:`` URLs, with the keys ``probability`` and
            ``threshold``; only those that exist.
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
        """Positions of the matched texts."""
        return {truth for truth, _ in self.result.pairs}

    @property
    def hits(self) -> set[int]:
        """Positions of the matched detections."""
        return {found for _, found in self.result.pairs}

    @property
    def misses(self) -> list[int]:
        """Positions of the missed texts: those that count and have no match."""
        return sorted(set(range(len(self.truth))) - self.hit_truth - set(self.result.gt_dontcare))

    @property
    def alarms(self) -> list[int]:
        """Positions of the false positives: detections that count and have no match."""
        return sorted(set(range(len(self.found))) - self.hits - set(self.result.det_dontcare))

    def weak(self) -> tuple[list[Polygon], list[float]]:
        """Candidates whose score was too low to be a detection, and their scores."""
        lowest = min(self.scores) if self.scores else np.inf
        kept = [i for i, score in enumerate(self.candidate_scores) if score < lowest]
        return [self.candidates[i] for i in kept], [self.candidate_scores[i] for i in kept]

    def everything(self) -> Candidates:
        """All detections with scores: the candidates, or ``found`` where no candidates are known."""
        lowest = min(self.scores) if self.scores else np.inf
        scores = np.asarray(self.candidate_scores, dtype=np.float64)
        strong = np.flatnonzero(scores >= lowest)
        weak = np.flatnonzero(scores < lowest)
        weak = weak[np.argsort(-scores[weak], kind="stable")]
        if len(strong) == len(self.found):
            return Candidates(self.candidates, scores, np.concatenate([strong, weak]))
        polys = [*self.found, *(self.candidates[i] for i in weak.tolist())]
        found = np.asarray(self.scores if self.scores is not None else [], dtype=np.float64)
        return Candidates(polys, np.concatenate([found, scores[weak]]), np.arange(len(polys)))
