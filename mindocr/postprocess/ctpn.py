"""CTPN's text lines: strips of 16 pixels with high scores, without repetitions, connected from left to right.

Tian et al., ECCV 2016, "Detecting Text in Natural Image with Connectionist Text Proposal Network". The defaults are
those of the MindSpore reference; configs/det/ctpn/README.md lists the values of two others.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from mindocr.errors import ConfigError, DataError
from mindocr.geometry.suppression import keep_best
from mindocr.geometry.text_anchors import STRIDE, Heights, anchor_grid, count_of, decode, heights_of, per_anchor
from mindocr.postprocess.base import check_shapes, to_source
from mindocr.postprocess.text_lines import Lines, Links, chains, follow, lines_of
from mindocr.predictions.detection import Detection
from mindocr.registry import POSTPROCESSES

_READS = ("text_scores", "box_deltas")
_SIDES = "side_offsets"


class _Strips(NamedTuple):
    """Strips of one image, best first: boxes (N, 4) and scores (N,), and where a line would end there, (N,) x."""

    boxes: np.ndarray
    scores: np.ndarray
    sides: np.ndarray | None

    def take(self, chosen: np.ndarray | slice) -> _Strips:
        return _Strips(self.boxes[chosen], self.scores[chosen], None if self.sides is None else self.sides[chosen])


@POSTPROCESSES.register
class CTPNPostProcess:
    """Computes text lines in source pixels from the scores and the vertical positions of anchors.

    Strips with a score up to ``score_thresh`` change nothing in any step, so they are left out first.

    Args:
        anchor_heights: heights of the anchors of the network in pixels, or ``mindspore`` or ``paper`` for its list.
        score_thresh: a strip is used if its score is above this value, in [0, 1].
        max_proposals: at most this many strips of an image are used, those of the highest score.
        proposal_nms: of strips whose IoU is at least this value, only the best remains; empty = all remain.
        max_strips: at most this many strips remain after that.
        connect_nms: the same as ``proposal_nms`` for the strips that are connected.
        min_height: lower strips are left out, pixels of the network's image.
        max_gap: largest distance of the left sides of two neighbours in a line, pixels of the network's image.
        min_overlap: least overlap of two neighbours in y, as a share of the lower one, in [0, 1].
        min_similarity: least ratio of the smaller to the larger height of two neighbours, in [0, 1].
        box_thresh: a line is kept if the mean score of its strips is above this value, in [0, 1].
        min_ratio: a line is kept if its width / height is above this value.
        min_width: a line is kept if it is wider than this, pixels of the network's image.
        line_nms: of lines whose IoU is at least this value, only the best remains; empty = all remain.
        normalize_scores: scale the scores of the connected strips of an image to [0, 1] before ``box_thresh``; equal
            scores stay.
        oriented: rotated rectangles along the line instead of upright boxes.
        side_refinement: the network also outputs ``side_offsets``, which move the left and right ends of lines.

    Differences from the MindSpore reference: a strip is compared with the rivals of its neighbour, as in the authors'
    code (the reference compares it with its own); only upright boxes there, and no side refinement.

    Raises:
        ConfigError: a value outside its range.
    """

    reads: tuple[str, ...] = _READS
    columns: tuple[str, ...] = ("shape_list",)
    gives = Detection
    text_threshold = "score_thresh"
    fit_values: Mapping[str, tuple[float | int, ...]] = {
        "score_thresh": (0.5, 0.6, 0.7, 0.8), "box_thresh": (0.7, 0.8, 0.85, 0.9, 0.95), "max_gap": (16, 32, 48, 60),
    }  # fmt: skip

    def __init__(
        self,
        anchor_heights: Heights = "mindspore",
        score_thresh: float = 0.7,
        max_proposals: int = 2000,
        proposal_nms: float | None = 0.7,
        max_strips: int = 1000,
        connect_nms: float = 0.2,
        min_height: float = 0,
        max_gap: int = 60,
        min_overlap: float = 0.7,
        min_similarity: float = 0.7,
        box_thresh: float = 0.9,
        min_ratio: float = 0.5,
        min_width: float = 32,
        line_nms: float | None = None,
        normalize_scores: bool = False,
        oriented: bool = False,
        side_refinement: bool = False,
    ) -> None:
        many = float("inf")
        ranges = {
            "score_thresh": (score_thresh, 0, 1), "max_proposals": (max_proposals, 1, many),
            "proposal_nms": (proposal_nms, 0.01, 1), "max_strips": (max_strips, 1, many),
            "connect_nms": (connect_nms, 0.01, 1), "min_height": (min_height, 0, many), "max_gap": (max_gap, 1, many),
            "min_overlap": (min_overlap, 0, 1), "min_similarity": (min_similarity, 0, 1),
            "box_thresh": (box_thresh, 0, 1), "min_ratio": (min_ratio, 0, many), "min_width": (min_width, 0, many),
            "line_nms": (line_nms, 0.01, 1),
        }  # fmt: skip
        problems = [
            f"{key}: expected {low:g} to {high:g}, got {value}"
            for key, (value, low, high) in ranges.items()
            if value is not None and not low <= value <= high
        ]
        try:
            self.anchor_heights = heights_of(anchor_heights)
        except ValueError as error:
            problems.append(f"anchor_heights: {error}")
        if problems:
            raise ConfigError("CTPNPostProcess: " + "; ".join(problems))
        self.score_thresh, self.max_proposals, self.proposal_nms = score_thresh, max_proposals, proposal_nms
        self.max_strips, self.connect_nms, self.min_height = max_strips, connect_nms, min_height
        self.max_gap, self.min_overlap, self.min_similarity = max_gap, min_overlap, min_similarity
        self.box_thresh, self.min_ratio, self.min_width = box_thresh, min_ratio, min_width
        self.line_nms, self.normalize_scores, self.oriented = line_nms, normalize_scores, oriented
        self.side_refinement = side_refinement
        self.reads = self.declare({"side_refinement": side_refinement})["reads"]

    @classmethod
    def declare(cls, arguments: Mapping[str, Any]) -> dict[str, tuple[Any, ...]]:
        """``reads`` and ``columns`` with these arguments, and the number of anchors, which other parts must have."""
        reads = (*_READS, _SIDES) if arguments.get("side_refinement") else _READS
        agrees = (("anchors", count_of(arguments.get("anchor_heights", "mindspore"))),)
        return {"reads": reads, "columns": cls.columns, "agrees": agrees}

    def __call__(self, text_scores: np.ndarray, box_deltas: np.ndarray, *rest: np.ndarray) -> list[Detection]:
        """Find the text lines of a batch.

        Args:
            text_scores: (N, k, R, C) in [0, 1], for k anchors at each place of the feature map. NaN counts as no text.
            box_deltas: (N, 2 k, R, C) dy and dh of each anchor, or (N, 4 k, R, C) dx, dy, dw and dh; dx and dw are not
                used.
            rest: with side refinement (N, k, R, C) distance of the end of a line to the centre of the anchor, in
                widths of an anchor; then ``shape_list`` (N, 4) = (source height, source width, ratio_h, ratio_w);
                network pixel = source pixel * ratio.

        Returns:
            One :class:`Detection` for each image.

        Raises:
            DataError: outputs of other shapes, such as those of a model file that is no such detector.
        """
        *sides, shape_list = rest
        outputs = [np.asarray(each) for each in (text_scores, box_deltas, *sides)]
        self._check(outputs)
        shapes = check_shapes(shape_list, len(outputs[0]))
        return [self._detect(*each) for each in zip(shapes, *outputs)]

    def text_map(self, outputs: Mapping[str, np.ndarray]) -> np.ndarray:
        """Highest score of the anchors at each place, (H, W) in pixels of the network's image, for reports."""
        best = np.nan_to_num(outputs[_READS[0]], nan=0.0).max(axis=0)
        return best.repeat(STRIDE, axis=0).repeat(STRIDE, axis=1)

    def _check(self, outputs: Sequence[np.ndarray]) -> None:
        scores, deltas, *sides = outputs
        count = len(self.anchor_heights)
        good = scores.ndim == 4 and scores.shape[1] == count
        good = good and deltas.shape in [(len(scores), n * count, *scores.shape[2:]) for n in (2, 4)]
        if not good or any(each.shape != scores.shape for each in sides):
            raise DataError(
                f"CTPNPostProcess: expected text_scores (N, {count}, R, C), box_deltas (N, {2 * count} or {4 * count}, "
                f"R, C){' and side_offsets like text_scores' if self.side_refinement else ''}, got "
                f"{', '.join(str(each.shape) for each in outputs)}; anchor_heights must be those of the network"
            )

    def _detect(self, shape: np.ndarray, scores: np.ndarray, deltas: np.ndarray, *sides: np.ndarray) -> Detection:
        """Text lines of one image."""
        rejected: Counter[str] = Counter()
        strips = self._connectable(self._proposals(scores, deltas, *sides))
        following = follow(strips.boxes, strips.scores, Links(self.max_gap, self.min_overlap, self.min_similarity))
        members = chains(following)
        rejected["single strip"] = len(strips.scores) - len(np.unique(members[members >= 0]))
        lines = lines_of(members, strips.boxes, strips.scores, self.oriented, strips.sides)
        lines = self._plausible(lines, shape[:2] * shape[2:], rejected)
        polys, kept = to_source(list(lines.quads.astype(np.float32)), shape)
        rejected["outside the image"] = len(lines.scores) - len(kept)
        reasons = {reason: number for reason, number in rejected.items() if number}
        highest = None if polys else float(np.nanmax(scores, initial=0.0))
        return Detection(polys, lines.scores[kept].tolist(), reasons, highest)

    def _proposals(self, scores: np.ndarray, deltas: np.ndarray, *sides: np.ndarray) -> _Strips:
        """The best strips above ``score_thresh``, without those that repeat another one."""
        count, rows, columns = scores.shape
        flat = per_anchor(scores, count)[:, 0]
        chosen = best_first(flat, self.score_thresh, self.max_proposals)
        anchors = _anchors(self.anchor_heights, rows, columns)[chosen]
        boxes = decode(anchors, per_anchor(deltas, count)[chosen]).astype(np.float64)
        ends = None
        if sides:
            offsets = per_anchor(sides[0], count)[chosen, 0].astype(np.float64)
            ends = anchors[:, 0] + STRIDE * (offsets + 0.5)
        strips = _Strips(boxes, flat[chosen].astype(np.float64), ends)
        high = boxes[:, 3] - boxes[:, 1] + 1
        strips = strips.take(np.isfinite(boxes).all(axis=1) & (high >= self.min_height))
        if self.proposal_nms is not None:
            strips = strips.take(keep_best(strips.boxes, self.proposal_nms))
        return strips.take(slice(self.max_strips))

    def _connectable(self, strips: _Strips) -> _Strips:
        """Strips that hardly overlap, with the scores from which those of the lines are computed."""
        strips = strips.take(keep_best(strips.boxes, self.connect_nms))
        if self.normalize_scores and len(strips.scores) and np.ptp(strips.scores) > 0:
            low = strips.scores.min()
            return strips._replace(scores=(strips.scores - low) / np.ptp(strips.scores))
        return strips

    def _plausible(self, lines: Lines, size: np.ndarray, rejected: Counter[str]) -> Lines:
        """Lines inside the image of ``size`` (height, width) whose score and shape are those of a text."""
        quads = np.clip(lines.quads, 0, size[::-1] - 1)
        x, y = quads[..., 0], quads[..., 1]
        high = (np.abs(y[:, 3] - y[:, 0]) + np.abs(y[:, 2] - y[:, 1])) / 2 + 1
        wide = (np.abs(x[:, 1] - x[:, 0]) + np.abs(x[:, 2] - x[:, 3])) / 2 + 1
        good, long = lines.scores > self.box_thresh, (wide > self.min_width) & (wide > self.min_ratio * high)
        rejected["low score"] = np.count_nonzero(~good)
        rejected["too short"] = np.count_nonzero(good & ~long)
        kept = np.flatnonzero(good & long)
        kept = kept[np.argsort(-lines.scores[kept], kind="stable")]
        if self.line_nms is not None:
            boxes = np.concatenate([quads[kept].min(axis=1), quads[kept].max(axis=1)], axis=1)
            alone = keep_best(boxes, self.line_nms)
            rejected["repeated line"] = np.count_nonzero(~alone)
            kept = kept[alone]
        return Lines(quads[kept], lines.scores[kept])


@lru_cache(maxsize=8)  # images of a data set have few sizes
def _anchors(heights: tuple[int, ...], rows: int, columns: int) -> np.ndarray:
    return anchor_grid(heights, rows, columns)


def best_first(scores: np.ndarray, above: float, most: int) -> np.ndarray:
    """Positions of the highest scores, best first; among equal scores, the first ones.

    Args:
        scores: (A,); NaN is never chosen.
        above: only scores above this value.
        most: largest number of positions.
    """
    good = np.flatnonzero(scores > above)
    if len(good) > most:
        least = np.partition(scores[good], len(good) - most)[len(good) - most]
        good = good[scores[good] >= least]
    return good[np.argsort(-scores[good], kind="stable")][:most]
