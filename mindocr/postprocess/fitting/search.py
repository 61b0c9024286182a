"""Evaluates every setting of a grid on probability maps and finds the best one.

Regions depend only on ``binary_thresh`` and ``box_type``; the expanded regions and their overlap with the ground truth
also depend on the ratio; ``box_thresh`` and ``min_size`` only remove some of them. Each of these results is computed
once and shared by all settings that agree in it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import product
from typing import NamedTuple

import numpy as np

from mindocr.geometry import Overlap, Polygon, compare_many
from mindocr.metrics.matching import Image, MatchingProtocol, f_score
from mindocr.postprocess.base import to_source
from mindocr.postprocess.fitting.grid import Grid, Setting
from mindocr.postprocess.regions import GROWN_MARGIN, Regions, choose, find_regions, grow, growth_distances

SAME = 1e-9  # f-scores that differ by less are equal


class JudgedImage(NamedTuple):
    """One image: probability map (H, W) float32, (4,) shape as for ``DBPostprocess``, polygons and ignore flags."""

    prob: np.ndarray
    shape: np.ndarray
    truth: Sequence[Polygon]
    ignore: np.ndarray


@dataclass(frozen=True)
class Found:
    """The best setting of a grid, its metric scores in [0, 1], and the number of settings tried."""

    setting: Setting
    recall: float
    precision: float
    f_score: float
    tried: int


@dataclass(frozen=True)
class CountImage:
    """Computes the counts of one image under every setting; an object, so that it can be sent to other processes.

    Args:
        grid: the settings.
        protocol: decides what matches.
        load: returns the case of a source, such as a file path.
    """

    grid: Grid
    protocol: MatchingProtocol
    load: Callable[[str], JudgedImage]

    def __call__(self, source: str) -> np.ndarray:
        """(settings, counts of the protocol) float64."""
        return count_image(self.load(source), self.grid, self.protocol)


def count_image(case: JudgedImage, grid: Grid, protocol: MatchingProtocol) -> np.ndarray:
    """Counts of one image under every setting, (settings, counts of the protocol) float64."""
    counts = np.zeros((*grid.shape, len(protocol.count_names)))
    for (a, threshold), (b, kind) in product(enumerate(grid.binary_thresh), enumerate(grid.box_type)):
        nothing: Counter[str] = Counter()
        regions = find_regions(
            case.prob, kind, threshold, grid.score_mode, grid.approx_eps, min(grid.min_size), nothing,
            dilation=grid.dilation,
        )  # fmt: skip
        regions = regions.take(np.flatnonzero(regions.scores >= min(grid.box_thresh)))
        _count_growths(case, regions, grid, protocol, counts[a, b])
    return counts.reshape(len(grid), -1)


class _Variant(NamedTuple):
    """Regions expanded in one way: polygons in source pixels, their positions among the regions, their short sides."""

    polys: Sequence[Polygon]
    indices: np.ndarray
    shorts: np.ndarray


def _count_growths(
    case: JudgedImage, regions: Regions, grid: Grid, protocol: MatchingProtocol, counts: np.ndarray
) -> None:
    """Fill (growths, sizes, box thresholds, counts) for regions of one threshold and kind."""
    variants = []
    for growth in grid.growth:
        distances = growth_distances(regions.heights, growth.expand_ratio, growth.expand_by_height)
        grown = grow(regions, distances, max(grid.min_size) + GROWN_MARGIN, Counter())
        polys, kept = to_source(grown.outlines, case.shape, regions.kind == "poly")
        variants.append(_Variant(polys, grown.indices[kept], grown.shorts[kept]))
    overlaps = compare_many([(case.truth, variant.polys) for variant in variants], protocol.repair)
    for c, (variant, overlap) in enumerate(zip(variants, overlaps)):
        known: dict[bytes, list[float]] = {}  # many thresholds keep the same polygons
        for (d, size), (e, box_thresh) in product(enumerate(grid.min_size), enumerate(grid.box_thresh)):
            chosen = np.zeros(len(regions), dtype=bool)
            large = regions.shorts >= size if regions.kind == "quad" else np.ones(len(regions), dtype=bool)
            candidates = np.flatnonzero(large)
            chosen[candidates[choose(regions.scores[candidates], box_thresh, grid.max_candidates, Counter())]] = True
            mask = chosen[variant.indices] & (variant.shorts >= size + GROWN_MARGIN)
            key = mask.tobytes()
            if key not in known:
                known[key] = _judge(case, variant.polys, overlap, mask, protocol)
            counts[c, d, e] = known[key]


def _judge(
    case: JudgedImage, polys: Sequence[Polygon], overlap: Overlap, mask: np.ndarray, protocol: MatchingProtocol
) -> list[float]:
    part = overlap._replace(
        areas_b=overlap.areas_b[mask],
        boxes_b=overlap.boxes_b[mask],
        valid_b=overlap.valid_b[mask],
        intersection=overlap.intersection[:, mask],
        iou=overlap.iou[:, mask],
    )
    found = [polys[i] for i in np.flatnonzero(mask).tolist()]
    result = protocol.judge(Image(case.truth, case.ignore, found), part)
    return [result.counts[name] for name in protocol.count_names]


def best_setting(counts: Iterable[np.ndarray], grid: Grid, protocol: MatchingProtocol, now: Setting) -> Found:
    """The setting with the highest f-score over all images; among equal ones, the nearest to the current setting.

    Args:
        counts: result of :func:`count_image` for each image.
        grid: the settings.
        protocol: the protocol of the counts.
        now: the current setting.
    """
    total = np.zeros((len(grid), len(protocol.count_names)))
    for image in counts:
        total += image
    # Credits are multiples of 0.2. Rounding makes their sum independent of the order of images.
    recall, precision = protocol.score(dict(zip(protocol.count_names, total.round(6).T)))
    scores = f_score(recall, precision)
    index = grid.nearest(np.flatnonzero(scores >= scores.max() - SAME), now)
    return Found(grid.setting(index), float(recall[index]), float(precision[index]), float(scores[index]), len(grid))


def region_heights(case: JudgedImage, setting: Setting, grid: Grid) -> np.ndarray:
    """Heights of the regions that a setting keeps, before expansion, in map pixels."""
    regions = find_regions(
        case.prob,
        setting.box_type,
        setting.binary_thresh,
        grid.score_mode,
        grid.approx_eps,
        setting.min_size,
        Counter(),
        dilation=grid.dilation,
    )
    return regions.heights[regions.scores >= setting.box_thresh]
