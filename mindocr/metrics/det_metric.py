"""The metric that evaluation uses: images one by one, sums over all of them, any protocol."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np

from mindocr.errors import ConfigError
from mindocr.geometry import Polygon
from mindocr.metrics.matching import ImageResult, f_score
from mindocr.metrics.protocols import build_protocol
from mindocr.registry import METRICS


@METRICS.register
class DetMetric:
    """Recall, precision and f-score of detected outlines, micro-averaged: counts are summed over images first.

    Args:
        main_indicator: the result by which the best checkpoint is chosen: ``f-score``, ``recall`` or ``precision``.
        protocol: whose rules decide what matches.

    Attributes:
        images: the :class:`ImageResult` of every image seen by this process, in order.
        counts: sums over those images and over everything merged in, ``images`` among them.
    """

    def __init__(
        self,
        main_indicator: Literal["f-score", "recall", "precision"] = "f-score",
        protocol: Literal["icdar2015"] = "icdar2015",
    ) -> None:
        if main_indicator not in ("f-score", "recall", "precision"):
            raise ConfigError(
                f"metric.main_indicator: expected 'f-score', 'recall' or 'precision', got {main_indicator!r}"
            )
        self.main_indicator = main_indicator
        self.protocol = build_protocol(protocol)
        self.reset()

    def reset(self) -> None:
        """Forget every image."""
        self.images: list[ImageResult] = []
        self.counts: dict[str, float] = dict.fromkeys(("images", *self.protocol.count_names), 0)

    def update(
        self, pred_polys: Sequence[Polygon], gt_polys: Sequence[Polygon], ignore_tags: Sequence[bool] | np.ndarray
    ) -> ImageResult:
        """Judge one image and add it up.

        Args:
            pred_polys: detected outlines (K_i, 2), pixels (x, y) of the source image.
            gt_polys: true outlines, in the same pixels.
            ignore_tags: one flag per true outline, True = do not care.

        Raises:
            ValueError: another number of flags than of true outlines, or a coordinate that is not finite.
        """
        ignore = np.asarray(ignore_tags, dtype=bool).reshape(-1)
        if len(ignore) != len(gt_polys):
            raise ValueError(f"DetMetric: {len(gt_polys)} true outlines but {len(ignore)} ignore tags")
        result = self.protocol.match(gt_polys, ignore, pred_polys)
        self.images.append(result)
        self.merge({"images": 1, **result.counts})
        return result

    def merge(self, counts: Mapping[str, float]) -> None:
        """Add the counts of another process that judged other images.

        Raises:
            ValueError: names that are not those of this protocol.
        """
        if set(counts) != set(self.counts):
            raise ValueError(f"DetMetric: cannot add counts {sorted(counts)} to {sorted(self.counts)}")
        for name, number in counts.items():
            self.counts[name] += number

    def result(self) -> dict[str, Any]:
        """Totals: ``recall``, ``precision``, ``f-score`` in [0, 1], and ``counts`` by name."""
        recall, precision = self.protocol.score(self.counts)
        return {
            "recall": recall,
            "precision": precision,
            "f-score": f_score(recall, precision),
            "counts": dict(self.counts),
        }
