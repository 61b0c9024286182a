"""DBNet's box formation: threshold the probability map, take contours, score them, grow them back to full text size.

DBNet (AAAI 2020): regions of the probability map are shrunk texts, so each is grown by D' = A' r' / L'.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Sequence
from typing import Literal

import cv2
import numpy as np

from mindocr.errors import ConfigError
from mindocr.geometry import Polygon, expand, expand_rectangle, order_clockwise, score_inside
from mindocr.postprocess.base import Detection, check_shapes, to_source
from mindocr.registry import POSTPROCESSES

logger = logging.getLogger(__name__)

MAPS = {"binary": 0, "thresh": 1, "thresh_binary": 2}
GROWN_MARGIN = 2  # pixels that a region must have gained by growing, as in the reference
Candidate = tuple[Polygon, float]  # grown outline in map pixels, score


@POSTPROCESSES.register
class DBPostprocess:
    """Probability maps -> text outlines in source pixels.

    Args:
        binary_thresh: a pixel is text when its probability is above it, in [0, 1].
        box_thresh: a region is kept when its mean probability reaches it, in [0, 1].
        max_candidates: no more than this many regions of an image are grown, those of the highest score.
        expand_ratio: r' in D' = A' r' / L'; larger boxes for larger values. (The DBNet authors use 2.0 for ``poly``.)
        box_type: ``quad`` gives rotated rectangles, from the top left corner; ``poly`` gives outlines of any shape,
            from the point of smallest x + y. Both run clockwise on the screen.
        score_mode: pixels that the mean is taken over. ``fast``: inside the simplified outline (the rectangle for
            ``quad``); ``slow``: inside the contour itself.
        min_size: shortest side in map pixels. Applies to the rectangle of ``quad`` before it grows; once grown, both
            kinds must be 2 pixels above it.
        approx_eps: how far a ``poly`` outline may stray from the contour, as a share of the contour's length.
        pred_name: which map to read when the network gives three: ``binary`` (probability), ``thresh`` or
            ``thresh_binary``.
        rescale_fields: ``["polys"]`` maps back to source pixels; an empty list leaves map pixels.

    Differences from the DBNet authors' code: ``max_candidates`` keeps the best regions, not the first; the rectangle is
    grown in closed form; outlines keep their fractions instead of whole pixels.

    Raises:
        ConfigError: a threshold outside [0, 1], a ratio or size below 0, fewer than one candidate.
    """

    def __init__(
        self,
        binary_thresh: float = 0.3,
        box_thresh: float = 0.7,
        max_candidates: int = 1000,
        expand_ratio: float = 1.5,
        box_type: Literal["quad", "poly"] = "quad",
        score_mode: Literal["fast", "slow"] = "fast",
        min_size: float = 3,
        approx_eps: float = 0.002,
        pred_name: Literal["binary", "thresh", "thresh_binary"] = "binary",
        rescale_fields: Sequence[Literal["polys"]] = ("polys",),
    ) -> None:
        ranges = {
            "binary_thresh": (binary_thresh, 0, 1),
            "box_thresh": (box_thresh, 0, 1),
            "max_candidates": (max_candidates, 1, float("inf")),
            "expand_ratio": (expand_ratio, 0, float("inf")),
            "min_size": (min_size, 0, float("inf")),
            "approx_eps": (approx_eps, 0, 1),
        }
        problems = [f"{k}: expected {a} to {b}, got {v}" for k, (v, a, b) in ranges.items() if not a <= v <= b]
        if problems:
            raise ConfigError("DBPostprocess: " + "; ".join(problems))
        self.binary_thresh = binary_thresh
        self.box_thresh = box_thresh
        self.max_candidates = max_candidates
        self.expand_ratio = expand_ratio
        self.box_type = box_type
        self.score_mode = score_mode
        self.min_size = min_size
        self.approx_eps = approx_eps
        self.pred_name = pred_name
        self.rescale = "polys" in rescale_fields
        self.last_rejections: dict[str, int] = {}

    def __call__(self, prob: np.ndarray, shape_list: np.ndarray) -> list[Detection]:
        """Find the texts of a batch.

        Args:
            prob: (N, H, W), (N, 1, H, W) or (N, 3, H, W), probabilities in [0, 1]. Not a number counts as no text.
            shape_list: (N, 4) = (source height, source width, ratio_h, ratio_w); network pixel = source pixel * ratio.

        Returns:
            One :class:`Detection` an image. ``last_rejections`` adds up why candidates of this batch were given up.

        Raises:
            ValueError: maps or shapes that do not fit together.
        """
        maps = self._select(np.asarray(prob))
        shapes = check_shapes(shape_list, len(maps))
        if not self.rescale:
            shapes[:, :2], shapes[:, 2:] = maps.shape[1:], 1
        detections = [self._detect(*pair) for pair in zip(maps, shapes)]
        total: Counter[str] = Counter()
        for detection in detections:
            total.update(detection.rejections)
        self.last_rejections = dict(total)
        return detections

    def _select(self, prob: np.ndarray) -> np.ndarray:
        """The map to read, (N, H, W) float32, contiguous."""
        if prob.ndim == 4:
            channel = MAPS[self.pred_name]
            if channel >= prob.shape[1]:
                raise ValueError(
                    f"DBPostprocess: pred_name '{self.pred_name}' is map {channel}, but the network gave "
                    f"{prob.shape[1]}; use pred_name: binary, the only map outside training"
                )
            prob = prob[:, channel]
        if prob.ndim != 3 or 0 in prob.shape[1:]:
            raise ValueError(f"DBPostprocess: expected maps (N, H, W) or (N, C, H, W), got shape {prob.shape}")
        return np.ascontiguousarray(prob, dtype=np.float32)

    def _detect(self, prob: np.ndarray, shape: np.ndarray) -> Detection:
        """Texts of one map (H, W)."""
        rejected: Counter[str] = Counter()
        bitmap = (prob > self.binary_thresh).view(np.uint8)
        contours, _ = cv2.findContours(bitmap, cv2.RETR_LIST, cv2.CHAIN_APPROX_SIMPLE)
        form = self._quads if self.box_type == "quad" else self._outlines
        candidates = form(prob, contours, rejected)
        polys, kept = to_source([poly for poly, _ in candidates], shape)
        rejected["outside the image"] += len(candidates) - len(kept)
        detection = Detection(polys, [candidates[i][1] for i in kept], {k: n for k, n in rejected.items() if n})
        if not polys:
            detection.highest = float(np.nanmax(prob, initial=0.0))
            logger.debug(
                "no text: %d contours above binary_thresh %g, highest probability %.4g, given up: %s",
                len(contours), self.binary_thresh, detection.highest, detection.rejections or "none",
            )  # fmt: skip
        return detection

    def _quads(self, prob: np.ndarray, contours: Sequence[np.ndarray], rejected: Counter[str]) -> list[Candidate]:
        """Rectangles around contours, all grown and ordered at once."""
        corners, sides, scores = [], [], []
        for contour in contours:
            _, _, w, h = cv2.boundingRect(contour)
            # sqrt(2) times the upright box's short side bounds the rectangle's short side: most specks stop here
            if (min(w, h) - 1) * 1.4143 < self.min_size:
                rejected["too small"] += 1
                continue
            rectangle = cv2.minAreaRect(contour)
            if min(rectangle[1]) < self.min_size:
                rejected["too small"] += 1
                continue
            quad = cv2.boxPoints(rectangle)
            score = score_inside(prob, contour if self.score_mode == "slow" else quad)
            if score < self.box_thresh:
                rejected["low score"] += 1
                continue
            corners.append(quad)
            sides.append(rectangle[1])
            scores.append(score)
        best = self._best(scores, rejected)
        if not best:
            return []
        wide, high = np.array([sides[i] for i in best], dtype=np.float64).T
        distance = wide * high * self.expand_ratio / np.maximum(2 * (wide + high), 1e-12)
        quads = order_clockwise(expand_rectangle(np.stack([corners[i] for i in best]), distance))
        large = np.minimum(wide, high) + 2 * distance >= self.min_size + GROWN_MARGIN
        rejected["too small after growing"] += int(np.count_nonzero(~large))
        return [(quad, scores[i]) for quad, i, keep in zip(quads, best, large) if keep]

    def _outlines(self, prob: np.ndarray, contours: Sequence[np.ndarray], rejected: Counter[str]) -> list[Candidate]:
        """Simplified contours, each grown by the polygon clipper."""
        outlines, scores = [], []
        for contour in contours:
            if len(contour) < 4:
                rejected["fewer than 4 points"] += 1
                continue
            outline = cv2.approxPolyDP(contour, self.approx_eps * cv2.arcLength(contour, True), True)
            if len(outline) < 4:
                rejected["fewer than 4 points"] += 1
                continue
            score = score_inside(prob, contour if self.score_mode == "slow" else outline)
            if score < self.box_thresh:
                rejected["low score"] += 1
                continue
            outlines.append(outline)
            scores.append(score)
        candidates = []
        for i in self._best(scores, rejected):
            grown = self._grow(outlines[i], rejected)
            if grown is not None:
                candidates.append((grown, scores[i]))
        return candidates

    def _grow(self, outline: np.ndarray, rejected: Counter[str]) -> Polygon | None:
        """The outline (K, 1, 2) moved outwards by D', or None when it does not stay one region of sufficient size."""
        distance = cv2.contourArea(outline) * self.expand_ratio / cv2.arcLength(outline, True)
        parts = expand(outline, distance)
        if len(parts) > 1:
            parts = [part for part in parts if cv2.contourArea(part) >= 1]
        if len(parts) != 1:
            rejected["several parts after growing" if parts else "no area"] += 1
            return None
        smallest = self.min_size + GROWN_MARGIN
        if 2 * distance < smallest and min(cv2.minAreaRect(parts[0])[1]) < smallest:
            rejected["too small after growing"] += 1
            return None
        start = int(np.argmin(parts[0].sum(axis=1)))
        return np.roll(parts[0], -start, axis=0)

    def _best(self, scores: Sequence[float], rejected: Counter[str]) -> list[int]:
        """Positions of the ``max_candidates`` highest scores, in their original order."""
        if len(scores) <= self.max_candidates:
            return list(range(len(scores)))
        rejected["beyond max_candidates"] += len(scores) - self.max_candidates
        return sorted(np.argsort(-np.asarray(scores), kind="stable")[: self.max_candidates].tolist())
